"""An :class:`core.domain.Answer` in the shape of the ``predict`` contract, and as text."""

from __future__ import annotations

from typing import Any

from core.domain import Answer, Figure, GateVerdict, Status


def gate_document(gate: GateVerdict | None) -> dict[str, Any] | None:
    """Return the gate's verdict as a document; None where the picture never reached the gate."""
    if gate is None:
        return None
    return {"inside": gate.inside, "distance": gate.distance, "threshold": gate.threshold}


def answer_document(answer: Answer) -> dict[str, Any]:
    """Return the answer with the keys of the ``predict`` contract, and a few more."""
    prediction = answer.prediction if answer.status is Status.OK else None
    quality = answer.image.quality if answer.image else None
    return {
        "file": answer.file,
        "status": answer.status,
        "reason": answer.reason,
        "predicted": prediction.predicted if prediction else None,
        "flagged": prediction.flagged if prediction else None,
        "thresholds": prediction.thresholds if prediction else None,
        "probabilities": prediction.probabilities if prediction else None,
        "gate": gate_document(answer.gate),
        "steps_applied": answer.seen.steps_applied if answer.seen else [],
        "steps_left_out": answer.seen.steps_left_out if answer.seen else [],
        "quality": {"score": quality.score, "reason": quality.reason} if quality else None,
        "notes": [
            *(answer.image.notes if answer.image else ()),
            *(answer.seen.notes if answer.seen else ()),
        ],
        "model_version": answer.model_version,
    }


def answer_text(answer: Answer) -> str:
    """Return the answer as a person reads it in a terminal."""
    lines = [answer.file]
    if answer.prediction is None or answer.status is not Status.OK:
        lines.append(f"  {answer.status}: {answer.reason}")
    else:
        ranked = sorted(answer.prediction.probabilities.items(), key=lambda item: -item[1])
        width = max(len(name) for name, _ in ranked)
        lines += [f"  {name:<{width}}  {value:6.1%}" for name, value in ranked]
        if answer.prediction.flagged:
            lines.append(f"  flagged: {', '.join(answer.prediction.flagged)}")
    if answer.seen:
        lines.append(f"  steps applied: {', '.join(answer.seen.steps_applied) or 'none'}")
        lines += [f"  {note}" for note in answer.seen.notes]
    if answer.image and answer.image.quality:
        quality = answer.image.quality
        lines.append(f"  quality: {quality.score:.2f}, {quality.reason}")
    lines.append(f"  model version: {answer.model_version}")
    return "\n".join(lines)


def figure_text(figure: Any) -> str:
    """Return a figure with the interval that leads and its n, or "undefined"."""
    if not isinstance(figure, Figure) or figure.value is None:
        return "undefined"
    _, low, high = figure.leading
    interval = "" if low is None or high is None else f" ({low:.3f}–{high:.3f})"
    groups = f" in {figure.n_groups} groups" if figure.low_grouped is not None else ""
    return f"{figure.value:.3f}{interval}, n {figure.n}{groups}"
