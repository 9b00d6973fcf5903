"""Tables that a person takes away: answers and card figures as CSV, with version and threshold."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from core.domain import Answer
from core.inference.card import Card
from core.workflows.points import ARGMAX, threshold_text

USE = "research use, not for primary diagnosis"


def answer_row(
    answer: Answer, *, name: str, sha256: str, class_names: Sequence[str]
) -> dict[str, Any]:
    """Return one line of the table of answers: what was answered, on what, and why not.

    Parameters
    ----------
    answer : Answer
    name, sha256 : str
        Under which name the picture came, and the digest of its bytes.
    class_names : sequence of str
        One column each; without an answer they hold None, never 0.
    """
    prediction, gate, image, seen = answer.prediction, answer.gate, answer.image, answer.seen
    return {
        "file": name,
        "sha256": sha256,
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
        "threshold": threshold_text(prediction.thresholds) if prediction else None,
    }


def answers_csv(rows: Sequence[dict[str, Any]], *, task_key: str, version_digest: str) -> bytes:
    """Return the lines of ``answer_row`` as CSV."""
    return _csv(rows, {"task": task_key, "version_digest": version_digest, "use": USE})


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
        "threshold": ARGMAX,
        "use": USE,
    }
    return _csv(rows, provenance)


def _csv(rows: Sequence[dict[str, Any]], provenance: dict[str, Any]) -> bytes:
    import pandas as pd  # not needed before somebody takes a table away

    from core.reporting.csv_table import csv_bytes

    return csv_bytes(pd.DataFrame(list(rows)), provenance=provenance)
