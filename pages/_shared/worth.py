"""What an answer is worth, in one sentence from the card: misses in plain sight."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from core.domain import Prediction
from core.tasks import TaskSpec
from core.wording import in_sentence, plural
from core.workflows.models import Card
from core.workflows.points import ANY_FINDING, OperatingPoint

if TYPE_CHECKING:
    from core.workflows.shipped_points import ShippedPoint


def sentence(card: Card, class_name: str, title: str, *, group_name: str) -> str | None:
    """Return how often the version finds a class where nothing leaked, or None if not measured.

    Parameters
    ----------
    card : Card
    class_name, title : str
        Key and plain-language name of the class.
    group_name : str
        What a group is: series, patient, slide.
    """
    for part in card.metrics:
        figure = part.figures.get(f"sensitivity_{class_name}")
        if part.leakage or figure is None or figure.value is None:
            continue
        found = f"it found {figure.value * 100:.0f} % of {in_sentence(title)} pictures"
        _, low, high = figure.leading
        interval = (
            f"{low * 100:.0f}–{high * 100:.0f} %, " if low is not None and high is not None else ""
        )
        groups = f" in {figure.n_groups:,} {plural(group_name)}" if figure.n_groups else ""
        unseen = f"On {plural(group_name)} it had not seen, "
        return f"{unseen}{found} ({interval}n {figure.n:,}{groups})."
    return None


def points_said(
    points: Mapping[str, OperatingPoint | ShippedPoint], prediction: Prediction, task: TaskSpec
) -> list[str]:
    """Return what the points in force find and what they cost: of the flagged findings, else one.

    Parameters
    ----------
    points : mapping of finding, or "any_finding", to OperatingPoint or ShippedPoint
        Signed ones, and those that came with the version.
    prediction : Prediction
    task : TaskSpec

    Returns
    -------
    list of str
        One sentence a flagged finding with a point, or of the most probable finding with one where
        none is flagged; one more for the rule of any finding. Empty without points.
    """
    ranked = sorted(
        (name for name in task.findings if name in points),
        key=lambda name: -prediction.probabilities[name],
    )
    shown = [name for name in ranked if name in prediction.flagged] or ranked[:1]
    lines = [_point_said(points[name], task.class_spec(name).title, task) for name in shown]
    if ANY_FINDING in points:
        lines.append(_point_said(points[ANY_FINDING], "finding", task))
    return lines


def _point_said(point: OperatingPoint | ShippedPoint, title: str, task: TaskSpec) -> str:
    is_any, what = point.class_name == ANY_FINDING, in_sentence(title)
    at = f"≥ {point.threshold:.3f}" if is_any else f"{what} ≥ {point.threshold:.3f}"
    if isinstance(point, OperatingPoint):
        by = f"by {point.signed_by}" if is_any else f"signed by {point.signed_by}"
        head = "At the point for any finding" if is_any else "At this point"
        return f"{_found_said(point, f'{head} ({at}, {by})', plural(what), task)}."
    head = "At the version's own point for any finding" if is_any else "At the version's own point"
    said = _found_said(point, f"{head} ({at})", plural(what), task)
    return f"{said}, on {plural(task.group_name)} of its test part."


def _found_said(point: OperatingPoint | ShippedPoint, head: str, what: str, task: TaskSpec) -> str:
    """Return what a threshold finds, with interval and n, and its price; without a full stop."""
    value, low, high = point.sensitivity
    if value is None:
        return f"{head} it is not known how many {what} the model finds: none was there to check"
    interval = (
        f"{low * 100:.0f}–{high * 100:.0f} %, " if low is not None and high is not None else ""
    )
    groups = f", {point.n_groups:,} {plural(task.group_name)}" if point.n_groups is not None else ""
    said = f"{head} the model finds {value * 100:.0f} % of {what} ({interval}n {point.n_positive:,}"
    spared = point.specificity[0]
    alarms = ""
    if spared is not None:
        alarms = f" and calls {100 * (1 - spared):.0f} of 100 pictures without one suspicious"
    return f"{said}{groups}){alarms}"
