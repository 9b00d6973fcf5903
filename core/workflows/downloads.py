"""Tables that a person takes away: answers and card figures as CSV, with version and threshold."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from core.domain import Answer
from core.inference.card import Card

USE = "research use, not for primary diagnosis"
NO_THRESHOLD = "argmax"


@dataclass(frozen=True, slots=True, eq=False)
class NamedAnswer:
    """An answer, the name under which its picture came, and the choices made for it."""

    name: str
    sha256: str
    answer: Answer


def answers_csv(
    answers: Iterable[NamedAnswer],
    *,
    task_key: str,
    class_names: tuple[str, ...],
    version_digest: str,
) -> bytes:
    """Return one row a picture: what was answered, on what, and why not.

    Probabilities are cells without a value where there is no answer: never 0.
    """
    rows = [_row(item, class_names) for item in answers]
    provenance = {"task": task_key, "version_digest": version_digest, "use": USE}
    return _csv(rows, provenance)


def _row(item: NamedAnswer, class_names: tuple[str, ...]) -> dict[str, Any]:
    answer = item.answer
    prediction, gate, image, seen = answer.prediction, answer.gate, answer.image, answer.seen
    return {
        "file": item.name,
        "sha256": item.sha256,
        "frame": image.frame + 1 if image else None,
        "status": answer.status.value,
        "reason": answer.reason,
        "predicted": prediction.predicted if prediction else None,
        "flagged": " ".join(prediction.flagged) if prediction else None,
        **{
            f"p_{name}": prediction.probabilities[name] if prediction else None
            for name in class_names
        },
        "gate_distance": gate.distance if gate else None,
        "gate_threshold": gate.threshold if gate else None,
        "steps_applied": " ".join(seen.steps_applied) if seen else None,
        "steps_already_carried": " ".join(seen.steps_left_out) if seen else None,
        "quality": image.quality.score if image and image.quality else None,
        "model_version": answer.model_version,
        "threshold": NO_THRESHOLD,
    }


def card_csv(card: Card, *, version_digest: str) -> bytes:
    """Return one row a figure of the card: split, whether it leaks, value and both intervals."""
    rows = [
        {
            "split": part.split,
            "how_it_was_split": part.title,
            "leakage": part.leakage,
            "figure": name,
            **figure.model_dump(),
        }
        for part in card.metrics
        for name, figure in part.figures.items()
    ]
    provenance = {
        "task": card.task,
        "model_version": card.version,
        "version_digest": version_digest,
        "threshold": NO_THRESHOLD,
        "use": USE,
    }
    return _csv(rows, provenance)


def _csv(rows: list[dict[str, Any]], provenance: dict[str, Any]) -> bytes:
    import pandas as pd  # not needed before somebody takes a table away

    from core.reporting.csv_table import csv_bytes

    return csv_bytes(pd.DataFrame(rows), provenance=provenance)
