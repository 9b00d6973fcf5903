"""What a person should know about a stack, one sentence each: gaps, doubles, what is mixed."""

from __future__ import annotations

import statistics
from collections import Counter
from collections.abc import Hashable, Iterable, Sequence
from itertools import pairwise

from core.intake.geometry import plane
from core.intake.stack import OrderedBy, Slice
from core.intake.stack_order import by_orientation, heights

_GAP = 1.5  # times the usual distance
_UNEVEN = 0.1  # share of the usual distance
_SAID = 5  # places that are listed


def stack_notes(slices: Sequence[Slice], ordered_by: OrderedBy) -> tuple[str, ...]:
    """Return what should be said about ordered, readable slices.

    Parameters
    ----------
    slices : sequence of Slice
        As :func:`core.intake.stack_order.order_slices` returns them.
    ordered_by : OrderedBy
    """
    notes = [*_order_notes(slices, ordered_by), *_mixed_notes(slices)]
    if ordered_by is OrderedBy.POSITION:
        notes += _place_notes(slices)
    elif ordered_by is OrderedBy.INSTANCE_NUMBER:
        notes += _number_notes(slices)
    return tuple(notes)


def slice_distance(slices: Sequence[Slice]) -> float | None:
    """Return the median distance of neighbouring positions in mm, of most slices' orientation."""
    parts = by_orientation(slices)
    steps = _steps(heights(parts[0])) if parts else []
    return statistics.median(steps) if steps else None


def _steps(places: Sequence[float]) -> list[float]:
    """Return the distances between neighbouring positions, equal ones left out."""
    return [b - a for a, b in pairwise(places) if b > a]


def _order_notes(slices: Sequence[Slice], ordered_by: OrderedBy) -> list[str]:
    if len(slices) < 2 or ordered_by is OrderedBy.POSITION:
        return []
    n_without = sum(item.position_mm is None or item.orientation is None for item in slices)
    names = {"instance number": "instance numbers", "file name": "names"}
    return [
        f"{n_without} of {len(slices)} slices state no position; the order is that of their "
        f"{names[ordered_by]}."
    ]


def _mixed_notes(slices: Sequence[Slice]) -> list[str]:
    planes = [plane(part[0].orientation) for part in by_orientation(slices) if part[0].orientation]
    notes = []
    if len(planes) > 1:
        notes.append(
            f"The slices lie in {len(planes)} directions ({', '.join(planes)}), which stand one "
            "after the other."
        )
    sizes = (f"{item.columns} x {item.rows}" for item in slices if item.rows and item.columns)
    spacings = (
        f"{item.spacing_mm[0]:g} x {item.spacing_mm[1]:g} mm" for item in slices if item.spacing_mm
    )
    modalities = (item.modality or "none" for item in slices if item.kind == "dicom")
    for words, values in (
        ("sizes", sizes),
        ("pixel spacings", spacings),
        ("modalities", modalities),
    ):
        notes += _mixed(words, values)
    return notes


def _mixed(words: str, values: Iterable[str]) -> list[str]:
    counts = Counter(values)
    if len(counts) < 2:
        return []
    told = ", ".join(f"{n} of {value}" for value, n in counts.most_common(_SAID))
    more = " and others" if len(counts) > _SAID else ""
    return [f"The slices have {len(counts)} different {words}: {told}{more}."]


def _place_notes(slices: Sequence[Slice]) -> list[str]:
    """Return what positions tell, each orientation of a stack by itself."""
    notes, first = [], 1
    for part in by_orientation(slices):
        places = heights(part)
        notes += [*_double_notes(places, "position"), *_gap_notes(places, first)]
        first += len(part)
    return notes


def _gap_notes(places: Sequence[float], first: int) -> list[str]:
    """Return the gaps between slices, counted from ``first``."""
    steps = _steps(places)
    if len(steps) < 2:
        return []
    usual = statistics.median(steps)
    gaps = [
        (first + index, round((b - a) / usual) - 1)
        for index, (a, b) in enumerate(pairwise(places))
        if b - a > _GAP * usual
    ]
    if gaps:
        n = sum(missing for _, missing in gaps)
        where = ", ".join(f"{missing} after slice {number}" for number, missing in gaps[:_SAID])
        more = f" and in {len(gaps) - _SAID} more places" if len(gaps) > _SAID else ""
        return [f"By the usual distance of {usual:g} mm, {n} {_slices(n)} missing: {where}{more}."]
    if max(steps) - min(steps) > _UNEVEN * usual:
        return [
            f"The distances between slices differ: {min(steps):g} to {max(steps):g} mm, "
            f"{usual:g} mm as a rule."
        ]
    return []


def _number_notes(slices: Sequence[Slice]) -> list[str]:
    by_frame = [item.instance_number or 0 for item in slices if not item.frame]
    notes = _double_notes(by_frame, "instance number")
    known = sorted(set(by_frame))
    n = known[-1] - known[0] + 1 - len(known) if known else 0
    if n:
        after = [a for a, b in pairwise(known) if b > a + 1]
        where = ", ".join(map(str, after[:_SAID]))
        notes.append(f"By their numbers, {n} {_slices(n)} missing, after number {where}.")
    return notes


def _double_notes(values: Sequence[Hashable], what: str) -> list[str]:
    n = len(values) - len(set(values))
    if not n:
        return []
    return [f"{n} {_slices(n, 'has', 'have')} the {what} of another one; all are kept."]


def _slices(n: int, one: str = "is", many: str = "are") -> str:
    return f"slice {one}" if n == 1 else f"slices {many}"
