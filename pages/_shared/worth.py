"""What an answer is worth, in one sentence from the card: misses in plain sight."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from core.domain import Prediction
from core.tasks import TaskSpec
from core.wording import in_sentence, plural
from core.workflows.models import Card
from core.workflows.points import ANY_FINDING, OperatingPoint, PointsInForce

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


def points_said(points: PointsInForce, prediction: Prediction, task: TaskSpec) -> list[str]:
    """Return what the signed points find and what they cost: of the flagged findings, else one.

    Parameters
    ----------
    points : PointsInForce
    prediction : Prediction
    task : TaskSpec

    Returns
    -------
    list of str
        One sentence a flagged finding with a signed point, or of the most probable finding with
        one where none is flagged; one more for the rule of any finding. Empty without points.
    """
    signed = points.signed
    ranked = sorted(
        (name for name in task.findings if name in signed),
        key=lambda name: -prediction.probabilities[name],
    )
    shown = [name for name in ranked if name in prediction.flagged] or ranked[:1]
    lines = [_point_said(signed[name], task.class_spec(name).title, task) for name in shown]
    if ANY_FINDING in signed:
        lines.append(_point_said(signed[ANY_FINDING], "finding", task))
    return lines


def shipped_said(
    points: Iterable[ShippedPoint], prediction: Prediction, task: TaskSpec
) -> list[str]:
    """Return what the thresholds that came with the version find, a sentence each.

    Parameters
    ----------
    points : iterable of ShippedPoint
    prediction : Prediction
    task : TaskSpec

    Returns
    -------
    list of str
        Of the flagged findings, else of the most probable one that has a threshold.
    """
    ranked = sorted(points, key=lambda point: -prediction.probabilities[point.class_name])
    shown = [point for point in ranked if point.class_name in prediction.flagged] or ranked[:1]
    return [_shipped_said(point, task) for point in shown]


def _shipped_said(point: ShippedPoint, task: TaskSpec) -> str:
    title = in_sentence(task.class_spec(point.class_name).title)
    head = f"At the version's own point ({title} ≥ {point.threshold:.3f})"
    said = _found_said(point, head, plural(title), task)
    return f"{said}, on {plural(task.group_name)} of its test part."


def _point_said(point: OperatingPoint, title: str, task: TaskSpec) -> str:
    head = (
        f"At this point ({in_sentence(title)} ≥ {point.threshold:.3f}, signed by {point.signed_by})"
    )
    if point.class_name == ANY_FINDING:
        head = f"At the point for any finding (≥ {point.threshold:.3f}, by {point.signed_by})"
    return f"{_found_said(point, head, plural(in_sentence(title)), task)}."


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
