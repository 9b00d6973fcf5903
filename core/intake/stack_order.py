"""The order of slices, whatever the order of their files: by position, number, or file name.

One rule for a whole stack, the first that every slice can follow. A mixture of rules has no order:
a before b by position, b before c by number and c before a by name would be a circle.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from core.intake.file_names import NaturalKey, natural_key
from core.intake.geometry import Cosines, is_same_orientation, normal, projection
from core.intake.stack import OrderedBy, Slice

HUNDREDTHS = 2  # decimals of a millimetre: nearer positions are the same one


def order_slices(slices: Iterable[Slice]) -> tuple[tuple[Slice, ...], OrderedBy]:
    """Return readable slices in order, and what the order rests on.

    By position: slices of one orientation stand together (the orientation of most slices first),
    ordered by their position along the normal; at one position by instance number. Everything that
    is then still equal is ordered by natural file name and frame, so that the order of the files
    never matters.
    """
    by_name = sorted(slices, key=_by_name)
    if by_name and all(item.position_mm and item.orientation for item in by_name):
        ordered = [item for part in by_orientation(by_name) for item in _along_normal(part)]
        return tuple(ordered), OrderedBy.POSITION
    if by_name and all(item.instance_number is not None for item in by_name):
        numbered = sorted(by_name, key=lambda item: (item.instance_number or 0, item.frame or 0))
        return tuple(numbered), OrderedBy.INSTANCE_NUMBER
    return tuple(by_name), OrderedBy.FILE_NAME


def by_orientation(slices: Sequence[Slice]) -> list[list[Slice]]:
    """Return slices parted by orientation, the largest part first; order within parts is kept."""
    parts: list[tuple[Cosines, list[Slice]]] = []
    for item in slices:
        if item.orientation is None:
            continue
        for orientation, part in parts:
            if is_same_orientation(orientation, item.orientation):
                part.append(item)
                break
        else:
            parts.append((item.orientation, [item]))
    return sorted((part for _, part in parts), key=lambda part: -len(part))


def heights(part: Sequence[Slice]) -> list[float]:
    """Return how far each slice of one orientation lies along the normal, in mm."""
    if not part or part[0].orientation is None:
        return []
    along = normal(min(part, key=_by_name).orientation or part[0].orientation)
    return [
        round(projection(item.position_mm, along), HUNDREDTHS)
        for item in part
        if item.position_mm is not None
    ]


def _along_normal(part: Sequence[Slice]) -> list[Slice]:
    placed = zip(heights(part), part, strict=True)
    ranked = sorted(placed, key=lambda pair: (pair[0], pair[1].instance_number or 0))
    return [item for _, item in ranked]


def _by_name(item: Slice) -> tuple[NaturalKey, int]:
    return natural_key(item.name), item.frame or 0
