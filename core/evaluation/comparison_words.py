"""A comparison in sentences: the reason of its verdict, and what to doubt about it."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from core.evaluation.comparison import FEW_GROUPS, Comparison, leading
from core.evaluation.mcnemar import Misses

_NO_TITLES: Mapping[str, str] = MappingProxyType({})
_ENOUGH = 2000  # no more cases than this are named as needed
_DISCORDANT = 5  # fewer cases that only one missed: a resample hardly knows how they scatter


def reason(made: Comparison, titles: Mapping[str, str] = _NO_TITLES) -> str:
    """Return why the verdict is what it is, in one sentence; ``titles`` names the classes."""
    name = titles.get(made.class_name, made.class_name)
    if not made.gap.misses.n:
        return f"No case is {name}: its sensitivity is undefined, so nothing can be said."
    if made.same:
        return "A and B answer every case alike: nothing would change."
    low, high = leading(made.gap.difference)
    margin = points(-made.margin)
    if low is None or high is None:
        unit = "group" if made.n_groups is not None else "case"
        return f"Fewer than two {unit}s hold {name}: there is no interval to judge by."
    interval = f"{points(low)} to {points(high)}"
    if made.verdict == "may replace":
        return (
            f"The sensitivity for {name} changes by {interval} points (95 %): the worst of it "
            f"stays above the margin of {margin}."
        )
    if made.verdict == "may not":
        return (
            f"The sensitivity for {name} changes by {interval} points (95 %): even the best of it "
            f"lies below the margin of {margin}."
        )
    return (
        f"The sensitivity for {name} changes by {interval} points (95 %), which holds the margin "
        f"of {margin}: these cases are too few to say."
    )


def doubts(made: Comparison, titles: Mapping[str, str] = _NO_TITLES) -> tuple[str, ...]:
    """Return what a reader of the verdict has to know, most important first."""
    name = titles.get(made.class_name, made.class_name)
    said = [*_none_found(made, name), *_harmed(made, titles), *_too_few(made, name)]
    n_groups = made.gap.difference.n_groups
    if n_groups is not None and 2 <= n_groups < FEW_GROUPS and not made.same:
        said.append(
            f"Only {n_groups} groups hold {name}: with so few, the 95 % interval "
            "covered 91 to 95 % in simulation."
        )
    if made.n_groups is not None and not made.same:
        said.append("The p values take every case as independent; the intervals respect groups.")
    if made.areas.p is None:
        said.append(_no_area_test(made, name))
    return (*said, *made.notes)


def _none_found(made: Comparison, name: str) -> list[str]:
    """Say that B finds no case of the class: two that find none differ by nothing, and pass."""
    table = made.gap.misses
    if not table.n or table.both_found + table.only_a_missed:
        return []
    said = f"B finds none of the {table.n:,} cases of {name}"
    if table.n == 1:
        said = f"B misses the only case of {name}"
    if table.only_b_missed:
        return [f"{said}."]
    return [f"{said}, and A finds none either: that B finds no fewer is no merit."]


def _harmed(made: Comparison, titles: Mapping[str, str]) -> list[str]:
    """Name classes and slices in which B is certainly worse by more than the margin."""
    others = [gap for gap in made.classes if gap.class_name != made.class_name]
    harmed = [gap for gap in (*others, *made.slices) if made.verdict_in(gap) == "may not"]
    if not harmed:
        return []
    names = [
        gap.class_name
        if gap.column is None
        else f"{made.class_name} where {gap.column} is {gap.band}"
        for gap in harmed
    ]
    looked = len(others) + len(made.slices)
    return [
        f"B finds less beyond the margin in: {'; '.join(names)} ({looked} other classes and slices "
        "were looked at, and no correction was made for that)."
    ]


def _too_few(made: Comparison, name: str) -> list[str]:
    """Say where the verdict rests on so few cases that an exact bound would not carry it."""
    table, bound = made.gap.misses, made.gap.misses.newly_missed.high
    if made.same or bound is None or made.verdict != "may replace" or bound < made.margin:
        return []
    if table.n_discordant >= _DISCORDANT:
        return []
    needed = positives_needed(table, made.margin)
    more = f" It would take {needed:,} with no more misses." if needed else ""
    return [
        f"B newly misses {table.only_b_missed} of {table.n:,} cases of {name}, and "
        f"could newly miss up to {bound:.0%} (exact, 97.5 %): few cases carry this verdict.{more}"
    ]


def positives_needed(table: Misses, margin: float) -> int | None:
    """Return with how many positives the exact bound of new misses falls below the margin.

    The misses seen stay as they are; None where 2,000 would not do.

    >>> positives_needed(Misses(20, 0, 0, 0), 0.05)
    72
    """
    for n in range(table.n, _ENOUGH + 1):
        bound = Misses(n - table.only_b_missed, 0, table.only_b_missed, 0).newly_missed.high
        if bound is not None and bound < margin:
            return n
    return None


def _no_area_test(made: Comparison, name: str) -> str:
    n_positive = made.gap.misses.n
    if made.areas.difference is None:
        side = "no case is" if n_positive == 0 else "every case is"
        return f"The AUC is undefined: {side} {name}."
    if made.areas.standard_error is None:
        return "DeLong's test needs two cases on either side: its p is undefined."
    return "The areas differ without any spread: DeLong's p is undefined."


def points(share: float) -> str:
    """Return a difference of shares in points, with its sign.

    >>> points(-0.0312), points(0.005), points(0.0)
    ('−3.1', '+0.5', '0.0')
    """
    value = round(share * 100, 1)
    return "0.0" if value == 0 else f"{'−' if value < 0 else '+'}{abs(value):.1f}"
