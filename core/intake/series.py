"""A listing of files to the series among them, each an ordered :class:`core.intake.stack.Stack`.

Series are kept apart by SeriesInstanceUID; pictures without tags by their folder. They are never
merged: which one is meant a person says.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import PurePosixPath

from core.domain import PictureKind
from core.errors import IntakeError
from core.intake.file_names import looks_like_picture, may_be_picture, natural_key
from core.intake.file_sources import Listing, check_number_of_files, passed_over
from core.intake.geometry import ends, plane
from core.intake.orientation import edges_from_cosines
from core.intake.slices import FileSlices, look_at
from core.intake.sniff import sniff
from core.intake.stack import OrderedBy, Slice, Stack
from core.intake.stack_notes import slice_distance, stack_notes
from core.intake.stack_order import by_orientation, order_slices
from core.intake.zip_archive import is_zip

ARCHIVE = "archives, which are never opened inside a series"
NO_PICTURE = "files that are no pictures"
UNREAD = "files that cannot be read or are too large, no pictures by their names"
_MOST_NAMED = 20


@dataclass(slots=True)
class _Sorted:
    """The files of a listing, by what they turned out to be."""

    series: dict[tuple[str, ...], list[FileSlices]] = field(default_factory=dict)
    unreadable: list[Slice] = field(default_factory=list)
    others: Counter[str] = field(default_factory=Counter)


def read_series(
    listing: Listing, *, on_progress: Callable[[int, int], None] | None = None
) -> tuple[Stack, ...]:
    """Return the series of a listing; every file's header is read, no pixel is decoded.

    Files are read one at a time and let go. A file that cannot be read belongs to no series for
    certain, so it stands at the end of each, with its reason.

    Parameters
    ----------
    listing : Listing
    on_progress : callable or None
        Told (done, total) after every file; what it raises ends the reading.

    Raises
    ------
    IntakeError
        If no file is a picture, or all together have too many frames.
    """
    found, n_slices = _Sorted(), 0
    for number, name in enumerate(listing.names, start=1):
        n_slices += _sort_in(found, name, listing)
        check_number_of_files(n_slices)
        if on_progress is not None:
            on_progress(number, len(listing.names))
    if not found.series and not found.unreadable:
        raise IntakeError(
            "There is no picture among the files.",
            remedy="Give PNG, JPEG, TIFF, BMP or DICOM files, a folder of them or a zip.",
        )
    notes = (*listing.notes, *passed_over(found.others))
    files = sorted(found.series.values(), key=_by_number) or [[]]
    return tuple(_stack(part, found.unreadable, listing, notes) for part in files)


def choose_series(stacks: Sequence[Stack], choice: int | None) -> Stack:
    """Return the series of that number, counted from 1; the only one needs no number.

    Raises
    ------
    IntakeError
        If there are several and none was chosen, or there is none of that number.
    """
    if choice is None and len(stacks) == 1:
        return stacks[0]
    told = "; ".join(f"{n}: {stack.title}" for n, stack in enumerate(stacks[:_MOST_NAMED], 1))
    there_are = f"There {'is 1 series' if len(stacks) == 1 else f'are {len(stacks)} series'}"
    more = " and more" if len(stacks) > _MOST_NAMED else ""
    if choice is None:
        raise IntakeError(
            f"{there_are}, which are never merged ({told}{more}).",
            remedy=f"Choose one by its number, 1 to {len(stacks)}.",
            column="choose",
        )
    if not 1 <= choice <= len(stacks):
        raise IntakeError(
            f"{there_are} ({told}{more}), none has the number {choice}.",
            remedy=f"Choose 1 to {len(stacks)}.",
            column="choose",
        )
    return stacks[choice - 1]


def _sort_in(found: _Sorted, name: str, listing: Listing) -> int:
    """Put a file where it belongs; return how many slices it has."""
    try:
        data = listing.source.read(name)
    except IntakeError as error:
        # Not known to be no picture, so it may not vanish; but a viewer's program may.
        if listing.is_named or may_be_picture(name):
            found.unreadable.append(Slice(name, problem=str(error)))
        else:
            found.others[UNREAD] += 1
        return 0
    try:
        file = look_at(name, data)
    except IntakeError as error:
        if listing.is_named or looks_like_picture(name) or _is_of_a_kind(data):
            found.unreadable.append(Slice(name, problem=str(error)))
        else:
            found.others[ARCHIVE if is_zip(data) else NO_PICTURE] += 1
        return 0
    if file.other is None:
        found.series.setdefault(_key(file, name, listing), []).append(file)
    elif listing.is_named:
        problem = f"The file holds no picture ({file.other})."
        found.unreadable.append(Slice(name, problem=problem))
    else:
        found.others[file.other] += 1
    return len(file.slices)


def _is_of_a_kind(data: bytes) -> bool:
    """Return whether the bytes begin as a picture does, damaged as they may be."""
    try:
        sniff(data)
    except IntakeError:
        return False
    return True


def _key(file: FileSlices, name: str, listing: Listing) -> tuple[str, ...]:
    if file.series:
        return ("uid", file.series)
    is_dicom = file.slices[0].kind is PictureKind.DICOM
    folder = "" if listing.is_named else str(PurePosixPath(name).parent)
    return ("dicom" if is_dicom else "pictures", folder)


def _by_number(files: Sequence[FileSlices]) -> tuple[float, object]:
    number = files[0].series_number
    return (
        float("inf") if number is None else number,
        min(natural_key(item.name) for file in files for item in file.slices),
    )


def _stack(
    files: Sequence[FileSlices],
    unreadable: Sequence[Slice],
    listing: Listing,
    notes: tuple[str, ...],
) -> Stack:
    ordered, ordered_by = order_slices(item for file in files for item in file.slices)
    if unreadable:
        n = len(unreadable)
        said = (
            "1 file cannot be read and stands" if n == 1 else f"{n} files cannot be read and stand"
        )
        notes = (*notes, f"{said} last.")
    orientations = [part[0].orientation for part in by_orientation(ordered)]
    one = orientations[0] if len(orientations) == 1 else None
    spacings = {item.spacing_mm for item in ordered}
    return Stack(
        title=_title(ordered),
        slices=(*ordered, *unreadable),
        ordered_by=ordered_by,
        source=listing.source,
        slice_distance_mm=slice_distance(ordered) if ordered_by is OrderedBy.POSITION else None,
        spacing_mm=spacings.pop() if len(spacings) == 1 else None,
        edges=edges_from_cosines(one) if one else None,
        ends=ends(one) if one and ordered_by is OrderedBy.POSITION else None,
        notes=(*stack_notes(ordered, ordered_by), *notes),
    )


def _title(slices: Sequence[Slice]) -> str:
    """Return what a series is, by allow-listed facts: a description might name a patient."""
    n = "1 slice" if len(slices) == 1 else f"{len(slices)} slices"
    if not slices:
        return "no readable slice"
    first = slices[0]
    if first.kind is not PictureKind.DICOM:
        return f"pictures without position, {n}"
    words = [first.modality or "DICOM", *([plane(first.orientation)] if first.orientation else [])]
    return f"{', '.join(words)}, {n} of {first.columns} x {first.rows}"
