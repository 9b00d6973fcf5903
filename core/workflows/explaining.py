"""``explain``: where the score of one class is sensitive, as numbers, a map and an overlay."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from core.domain import Answer, ByteArray, Explanation, FloatArray, GateVerdict, Status
from core.errors import ArgumentError, DatasetError, IntakeError
from core.intake import read_study
from core.saliency.grad_cam import peak_place, upsample
from core.saliency.methods import DEFAULT_METHOD, METHODS, method_spec
from core.saliency.overlay import overlay
from core.saliency.run import explain_with
from core.workflows.analyse import answer_image
from core.workflows.analyst import Analyst, open_analyst
from core.workflows.ensemble_answering import network_of
from core.workflows.files import carried_steps, check_steps, read_file

__all__ = [
    "DEFAULT_METHOD",
    "METHODS",
    "ExplainedFile",
    "explain_file",
    "heatmap_of",
    "open_analyst",
]


@dataclass(frozen=True, slots=True, eq=False)
class ExplainedFile:
    """The answer of ``explain`` (docs/command-line.md), with the map and the picture it lies over.

    ``heatmap`` : (rows, columns) float32 in [0, 1] of the decoded picture; None without a map.
    ``picture`` : the decoded picture as it is shown, uint8; None where it could not be read.
    """

    file: str
    status: Status
    reason: str | None
    class_name: str | None
    method: str
    layer: str | None
    raw_peak: float | None
    has_evidence: bool | None
    peak: tuple[float, float] | None
    gate: GateVerdict | None
    model_version: str
    heatmap: FloatArray | None = None
    picture: ByteArray | None = None

    def overlay(self, *, opacity: float = 0.5, colour_map: str = "inferno") -> ByteArray | None:
        """Return the picture with the map over it (rows, columns, 3), or None without a map."""
        if self.heatmap is None or self.picture is None:
            return None
        return overlay(self.picture, self.heatmap, opacity=opacity, colour_map=colour_map)

    def to_document(self) -> dict[str, Any]:
        """Return the keys of docs/command-line.md, explain."""
        gate = self.gate
        return {
            "file": self.file,
            "status": str(self.status),
            "reason": self.reason,
            "class": self.class_name,
            "method": self.method,
            "layer": self.layer,
            "raw_peak": self.raw_peak,
            "has_evidence": self.has_evidence,
            "peak": list(self.peak) if self.peak else None,
            "gate": None
            if gate is None
            else {"inside": gate.inside, "distance": gate.distance, "threshold": gate.threshold},
            "model_version": self.model_version,
        }


def explain_file(
    path: Path | str,
    analyst: Analyst,
    *,
    class_name: str | None = None,
    method: str = DEFAULT_METHOD,
    frame: int | None = None,
    already_applied: Sequence[str] | None = None,
) -> ExplainedFile:
    """Explain one class of one file; also where the gate refuses, and then ``reason`` says so.

    ``analyst`` comes from ``open_analyst(task, version)``; ``class_name`` None: the class with
    the highest score; ``method``: a key of ``METHODS``; the rest is as for
    ``core.workflows.analyse.analyse_files``.

    Raises
    ------
    ArgumentError
        If method or class do not exist.
    ModelVersionError
        If the version has not what the method needs.
    ExplanationError
        If the method failed on this picture.
    RecipeError
        If ``already_applied`` names a step that does not exist.
    """
    method_spec(method)
    check_steps(already_applied or ())
    if class_name is not None and class_name not in analyst.task.class_names:
        raise ArgumentError(
            f"Task {analyst.task.key} has no class {class_name!r}.",
            remedy=f"Classes: {', '.join(analyst.task.class_names)}.",
        )
    try:
        carried = carried_steps(Path(path), already_applied)
        image = read_study(read_file(Path(path)), frame=frame, default_window=analyst.task.window)
    except (IntakeError, DatasetError) as error:
        answer = Answer(str(path), Status.ERROR, str(error), analyst.version_name)
        return _without_map(answer, method)
    answer = answer_image(
        analyst, image, file=str(path), already_applied=carried, explain_refused=True
    )
    if answer.seen is None or answer.gate is None or answer.status is Status.ERROR:
        return _without_map(answer, method)
    return _explained(analyst, answer, class_name or _strongest(analyst, answer), method)


def heatmap_of(answer: Answer, class_name: str) -> FloatArray | None:
    """Return the map of a class over the decoded picture, (rows, columns) float32 in [0, 1].

    None where there is no explanation; all zeros where there is no positive evidence.
    """
    explanation = _of_class(answer, class_name)
    return None if explanation is None else _laid_over(answer, explanation)


def _laid_over(answer: Answer, explanation: Explanation) -> FloatArray | None:
    if answer.image is None or answer.seen is None:
        return None
    rows, columns = answer.image.rows, answer.image.columns
    return upsample(explanation.grid, rows, columns, padded_to_square=answer.seen.is_padded)


def _strongest(analyst: Analyst, answer: Answer) -> str:
    """Return the called class; for a refused picture that of the untouched view's logits."""
    if answer.prediction is not None:
        return answer.prediction.predicted
    if answer.seen is None:
        return analyst.task.class_names[0]
    logits = analyst.answering.look(answer.seen).logits()
    return analyst.task.class_names[int(np.argmax(logits))]


def _explained(analyst: Analyst, answer: Answer, class_name: str, method: str) -> ExplainedFile:
    explanation = _explanation(analyst, answer, class_name, method)
    heatmap = None if explanation is None else _laid_over(answer, explanation)
    if explanation is None or heatmap is None or answer.image is None:
        return _without_map(answer, method, class_name=class_name, why=analyst.answering.why_no_map)
    return ExplainedFile(
        file=answer.file,
        status=answer.status,
        reason=answer.reason,
        class_name=class_name,
        method=method,
        layer=explanation.layer,
        raw_peak=explanation.raw_peak,
        has_evidence=explanation.has_evidence,
        peak=peak_place(heatmap),
        gate=answer.gate,
        model_version=analyst.version_name,
        heatmap=heatmap,
        picture=answer.image.pixels,
    )


def _explanation(
    analyst: Analyst, answer: Answer, class_name: str, method: str
) -> Explanation | None:
    """Return the map of one class: what the answer carries already, or worked out now."""
    if method == DEFAULT_METHOD:
        return _of_class(answer, class_name)
    if answer.seen is None:
        return None
    batch = answer.seen.pixels[None].astype(np.float32)
    index = analyst.task.class_names.index(class_name)
    found = explain_with(method, network_of(analyst.version, answer.seen), batch, [index])
    grid = found.grids[0].copy()
    return Explanation(class_name, method, found.layer, grid, float(grid.max(initial=0.0)))


def _of_class(answer: Answer, class_name: str) -> Explanation | None:
    return {item.class_name: item for item in answer.explanations}.get(class_name)


def _without_map(
    answer: Answer, method: str, *, class_name: str | None = None, why: str | None = None
) -> ExplainedFile:
    return ExplainedFile(
        file=answer.file,
        status=answer.status,
        reason=answer.reason or why,
        class_name=class_name,
        method=method,
        layer=None,
        raw_peak=None,
        has_evidence=None,
        peak=None,
        gate=answer.gate,
        model_version=answer.model_version,
        picture=answer.image.pixels if answer.image else None,
    )
