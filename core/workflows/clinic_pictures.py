"""One picture of the clinic: itself, the maps of two classes, its scores, what it resembles.

The engine runs here (OpenVINO), so this is asked for the pictures in view only, and kept.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.domain import Answer, ByteArray
from core.errors import CoreError, IntakeError
from core.evaluation.runs import EvaluationRun
from core.inference.gate import Gate, Neighbour
from core.workflows.run_pictures import PictureSource, answer_for, picture_source, thumbnail
from core.workflows.showing import explanation_of, overlay_of
from core.workflows.stored_runs import StoredRun

LONGEST = 320  # a pane of a card is about 200 screen pixels wide
NEIGHBOUR = 96
N_NEIGHBOURS = 5
OPACITY = 0.45
NO_NEIGHBOURS = "This version does not hold which training pictures its gate compares with."


@dataclass(frozen=True, slots=True)
class ClassMap:
    """The map of one class: the picture with the map over it as PNG; None without evidence."""

    png: bytes | None
    raw_peak: float | None


@dataclass(frozen=True, slots=True)
class LookAlike:
    """A training picture near to this one, with its label; ``png`` None where it is away."""

    file: str
    label: str
    distance: float
    png: bytes | None


@dataclass(frozen=True, slots=True)
class CasePicture:
    """What a card shows beside the run's own figures.

    Attributes
    ----------
    png : bytes or None
        The picture, at most 320 pixels a side; None where it cannot be had, with ``problem``.
    problem : str
        What happened and what to do; empty where nothing is wrong.
    maps : mapping of class to ClassMap
        Empty where the run's model draws none.
    quality, quality_reason : float in 0..1 or None, str
    gate_distance, gate_threshold : float or None
    own_left_out : bool
        Whether pictures of its own group were left out of the distance and the look-alikes.
    now : mapping of class to float
        What the shipped weights answer today; empty where the gate refuses.
    look_alikes : tuple of LookAlike
        Nearest first; empty with a sentence in ``look_alikes_said``.
    look_alikes_said : str
    """

    png: bytes | None = None
    problem: str = ""
    maps: Mapping[str, ClassMap] = field(default_factory=dict)
    quality: float | None = None
    quality_reason: str = ""
    gate_distance: float | None = None
    gate_threshold: float | None = None
    own_left_out: bool = False
    now: Mapping[str, float] = field(default_factory=dict)
    look_alikes: tuple[LookAlike, ...] = ()
    look_alikes_said: str = ""


def case_picture(
    stored: StoredRun,
    cases: EvaluationRun,
    file: str,
    classes: tuple[str, ...],
    *,
    source: PictureSource | None = None,
) -> CasePicture:
    """Return one picture of a run with the maps of some classes; never raises for the picture.

    Parameters
    ----------
    stored : StoredRun
    cases : EvaluationRun
        Says which training pictures are of the same group.
    file : str
    classes : tuple of str
        The missed and the called class; a name that the version does not know is left out.
    source : PictureSource or None
        Where it is kept already.
    """
    source = source or picture_source(stored)
    try:
        data = source.read(file)
        small = thumbnail(data, size=LONGEST)
    except IntakeError as error:
        return CasePicture(problem=str(error))
    if stored.facts.model_version is None:
        return CasePicture(png=small, look_alikes_said="Neighbours need a version of this product.")
    try:
        answer = answer_for(stored, source, file)
    except CoreError as error:
        return CasePicture(png=small, problem=str(error))
    return _with_scores(stored, cases, answer, _drawn(answer, small, classes))


def content_key(source: PictureSource, file: str) -> str:
    """Return what changes when the picture behind a name changes; "" where it cannot be had."""
    if source.drawn:
        return "drawn"  # a drawing is its name
    try:
        return hashlib.sha256(source.read(file)).hexdigest()
    except IntakeError:
        return ""


def _drawn(answer: Answer, small: bytes, classes: tuple[str, ...]) -> CasePicture:
    image = answer.image
    if image is None or answer.seen is None:
        return CasePicture(png=small, problem=answer.reason or "")
    maps = {}
    for name in dict.fromkeys(classes):
        explanation = explanation_of(answer, name)
        if explanation is None:
            continue
        over = overlay_of(answer, name, pixels=image.pixels, opacity=OPACITY)
        maps[name] = ClassMap(None if over is None else _png(over, LONGEST), explanation.raw_peak)
    return CasePicture(
        png=_png(image.pixels, LONGEST),  # through the same window as the maps
        maps=maps,
        quality=image.quality.score if image.quality else None,
        quality_reason=image.quality.reason if image.quality else "",
        now=dict(answer.prediction.probabilities) if answer.prediction else {},
    )


def _with_scores(
    stored: StoredRun, cases: EvaluationRun, answer: Answer, drawn: CasePicture
) -> CasePicture:
    """Add the distance to the training pictures and the nearest of them, its own group left out."""
    if answer.gate is None or answer.seen is None:
        return drawn
    from core.workflows.analyst import open_analyst

    analyst = open_analyst(str(stored.facts.task), stored.facts.model_version)
    gate = analyst.answering.gate
    known = replace(drawn, gate_distance=answer.gate.distance, gate_threshold=answer.gate.threshold)
    if not gate.prototype_file:
        return replace(known, look_alikes_said=NO_NEIGHBOURS)
    features = analyst.answering.look(answer.seen).gate_features
    near, own_left_out = _others(gate, features, cases, answer.file)
    if not near:
        return replace(known, look_alikes_said="No training picture of another group is held.")
    distances = [item.distance for item in near[: gate.n_neighbours]]
    training = _training_source(stored, analyst.version.card.training_data.name)
    return replace(
        known,
        gate_distance=float(np.mean(distances)) if own_left_out else answer.gate.distance,
        own_left_out=own_left_out,
        look_alikes=tuple(
            LookAlike(item.file, item.label, item.distance, _small(training, item.file))
            for item in near[:N_NEIGHBOURS]
        ),
    )


def _others(
    gate: Gate, features: NDArray[Any], cases: EvaluationRun, file: str
) -> tuple[list[Neighbour], bool]:
    """Return training pictures, nearest first, without those of the picture's own group.

    An out-of-fold run judges pictures that the shipped version was later fitted on: their own
    series stands among the prototypes and would always be nearest.
    """
    ranked = gate.nearest(features, n=len(gate.prototype_file))
    own = {file}
    if cases.group is not None:
        own |= set(cases.file[cases.group == cases.group[cases.file == file][0]].tolist())
    others = [item for item in ranked if item.file not in own]
    return others, len(others) < len(ranked)


def _training_source(stored: StoredRun, training_data: str) -> PictureSource:
    if stored.facts.data == training_data:
        return picture_source(stored)
    return picture_source(replace(stored, facts=replace(stored.facts, data=training_data)))


def _small(source: PictureSource, file: str) -> bytes | None:
    if not source.attached:
        return None
    try:
        return thumbnail(source.read(file), size=NEIGHBOUR)
    except IntakeError:
        return None  # a training picture that is away has a name and a label all the same


def _png(pixels: ByteArray, longest: int) -> bytes:
    import cv2

    scale = longest / max(pixels.shape[:2])
    if scale < 1:
        size = (max(1, round(pixels.shape[1] * scale)), max(1, round(pixels.shape[0] * scale)))
        pixels = np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA), np.uint8)
    ordered = pixels if pixels.ndim == 2 else np.ascontiguousarray(pixels[:, :, ::-1])
    return bytes(cv2.imencode(".png", ordered)[1])
