"""The sentences of the miss clinic: the same on the page and in its exports."""

from __future__ import annotations

from core.domain import Figure
from core.evaluation.flags import ANY_FINDING
from core.evaluation.label_errors import RULE
from core.evaluation.misses import MISS
from core.wording import in_sentence
from core.workflows.clinic import Clinic, ClinicCase
from core.workflows.clinic_pictures import CasePicture

ARGMAX_SAID = "The most probable class is the called one: no operating point is in force"


def title_of(clinic: Clinic, name: str) -> str:
    """Return the plain-language name of a class, as the task has it."""
    titles = {item.key: item.title for item in clinic.task.classes}
    return "Any finding" if name == ANY_FINDING else titles.get(name, name)


def headline(clinic: Clinic) -> str:
    """Return how many, of how many, in how many groups, and how many in the worst one."""
    found = clinic.summary
    what = _what(clinic)
    if not found.n_wrong:
        return f"{what}: none of {found.n:,}" if found.n else f"{what}: this run holds no such case"
    said = f"{found.n_wrong:,} {_verb(clinic, found.n_wrong)} of {found.n:,}"
    if found.n_groups is None or found.n_groups_hit is None or found.n_largest is None:
        return said
    said += f", in {found.n_groups_hit:,} of {_groups(clinic, found.n_groups)}"
    if found.n_groups_hit > 1 and found.n_largest > 1:
        said += f"; {found.n_largest:,} of them in one {clinic.group_name}"
    return said


def detail(clinic: Clinic) -> str:
    """Return the rate with its intervals, what it is a rate of, and what decides the call."""
    name = "Miss rate" if clinic.kind == MISS else "False-alarm rate"
    return f"{name} {rate_said(clinic.summary.rate, clinic.group_name)}. {called_said(clinic)}."


def called_said(clinic: Clinic) -> str:
    """Return what decides whether a class is called, without a full stop."""
    points = clinic.points
    if not points.thresholds:
        return ARGMAX_SAID
    said = []
    for name, value in sorted(points.thresholds.items()):
        signed = points.signed.get(name)
        by = f", signed by {signed.signed_by}" if signed else ", shipped with the version"
        said.append(f"{title_of(clinic, name)} at {value:.3g} or more{by}")
    return f"Operating points in force: {'; '.join(said)}"


def rate_said(rate: Figure, group_name: str) -> str:
    """Return a rate with n; the interval that respects groups leads."""
    if rate.value is None:
        return "undefined (no such case)"
    value = f"{rate.value * 100:.1f} %"
    plain = _ends(rate.low, rate.high)
    if rate.low_grouped is None:
        return f"{value} (95 %: {plain}, n {rate.n:,}, as if pictures were independent)"
    return (
        f"{value} (95 %: {_ends(rate.low_grouped, rate.high_grouped)} respecting {group_name}, "
        f"n {rate.n:,} in {rate.n_groups:,}; {plain} as if pictures were independent)"
    )


def _ends(low: float | None, high: float | None) -> str:
    if low is None or high is None:
        return "no interval"
    return f"{low * 100:.1f} to {high * 100:.1f} %"


def distance_said(clinic: Clinic, case: ClinicCase) -> str:
    """Return how far the case lay from the right call."""
    far = f"{abs(case.distance):.3f}"
    is_miss = clinic.kind == MISS
    if case.threshold is not None:
        side = "below" if (case.distance >= 0) == is_miss else "above"
        return f"{far} {side} its threshold {case.threshold:.3g}"
    if clinic.points.thresholds:
        return f"{far} short of being flagged" if is_miss else f"{far} beyond being let pass"
    return f"{far} behind the called class" if is_miss else f"{far} ahead of the next class"


def gate_said(clinic: Clinic, picture: CasePicture) -> str | None:
    """Return the distance to the training pictures, and whether its own group is among them."""
    if picture.gate_distance is None or picture.gate_threshold is None:
        return None
    own = f", its own {clinic.group_name} left out" if picture.own_left_out else ""
    if not own and clinic.stored.facts.split == "out_of_fold":
        own = f", its own {clinic.group_name} among them"
    return f"{picture.gate_distance:.2f}, limit {picture.gate_threshold:.2f}{own}"


def labels_said(clinic: Clinic) -> str:
    """Return by which rule labels are doubted, on how many pictures; or why they cannot be."""
    if clinic.labels is None:
        return (
            "Labels cannot be doubted on this run: only out-of-fold and own-test runs come from "
            "networks that had not seen the pictures."
        )
    n_all = int(clinic.labels.is_suspected.sum())
    n_here = int(clinic.labels.is_suspected[clinic.wrong.row].sum())
    return (
        f"Label doubted on {n_here:,} of these, {n_all:,} of all {clinic.cases.n:,}, by {RULE}. "
        "It marks disagreement: of a model that errs often, most of these are its own errors."
    )


def _what(clinic: Clinic) -> str:
    words = _verb(clinic, 2).rstrip(",")
    return words[:1].upper() + words[1:]


def _verb(clinic: Clinic, n: int) -> str:
    pictures = "picture" if n == 1 else "pictures"
    if clinic.class_name == ANY_FINDING:
        if clinic.kind == MISS:
            return f"{pictures} with a finding missed"
        return f"{pictures} without a finding called one,"
    title = in_sentence(title_of(clinic, clinic.class_name))
    if clinic.kind == MISS:
        is_finding = clinic.class_name in clinic.task.findings
        return f"{title} {pictures} {'missed' if is_finding else f'not called {title}'}"
    return f"{pictures} called {title} that {'is' if n == 1 else 'are'} not,"


def _groups(clinic: Clinic, n: int) -> str:
    word = clinic.group_name
    return f"{n:,} {word if n == 1 or word.endswith('s') else f'{word}s'}"
