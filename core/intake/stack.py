"""A series as frozen values: slices that are decoded when they are needed, in one order."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from core.domain import PictureKind, StudyImage
from core.errors import IntakeError
from core.intake.file_sources import FileSource
from core.intake.geometry import Cosines, Point
from core.intake.read import read_study


class OrderedBy(StrEnum):
    """What the order of a stack rests on."""

    POSITION = "position"
    INSTANCE_NUMBER = "instance number"
    FILE_NAME = "file name"


@dataclass(frozen=True, slots=True)
class Slice:
    """What one slice says about itself before it is decoded.

    Attributes
    ----------
    name : str
        Of its file, as its source knows it.
    frame : int or None
        Zero-based, where the file holds several.
    kind : PictureKind or None
        None where the file cannot be read; ``problem`` then says why.
    rows, columns : int or None
    modality : str or None
    position_mm : tuple of 3 float or None
        Of the first pixel's centre, in patient coordinates (PS3.3 C.7.6.2.1.1).
    orientation : tuple of 6 float or None
        Direction cosines of a row and of a column, each of length 1.
    spacing_mm : tuple of float or None
        (row, column) spacing.
    instance_number : int or None
    problem : str or None
    """

    name: str
    frame: int | None = None
    kind: PictureKind | None = None
    rows: int | None = None
    columns: int | None = None
    modality: str | None = None
    position_mm: Point | None = None
    orientation: Cosines | None = None
    spacing_mm: tuple[float, float] | None = None
    instance_number: int | None = None
    problem: str | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Stack:
    """The slices of one series in order; made by :func:`core.intake.series.read_series`.

    Attributes
    ----------
    title : str
        What the series is, without any text of its files: "CT, axial, 40 slices of 512 x 512".
    slices : tuple of Slice
        In order; those whose place is not known stand last.
    ordered_by : OrderedBy
    source : FileSource
    slice_distance_mm : float or None
        Median distance of neighbouring slices.
    spacing_mm : tuple of float or None
        (row, column) spacing, where all slices agree.
    edges : tuple of str or None
        Letters of what lies at the (left, top) edge, such as ("R", "A"), where all agree.
    ends : tuple of str or None
        Letters of what lies towards the (first, last) slice, such as ("F", "H").
    notes : tuple of str
        Gaps, doubles, what is mixed, what was passed over: one sentence each.
    """

    title: str
    slices: tuple[Slice, ...]
    ordered_by: OrderedBy
    source: FileSource = field(repr=False)
    slice_distance_mm: float | None = None
    spacing_mm: tuple[float, float] | None = None
    edges: tuple[str, str] | None = None
    ends: tuple[str, str] | None = None
    notes: tuple[str, ...] = ()

    def __len__(self) -> int:
        """Return the number of slices."""
        return len(self.slices)

    def data(self, index: int) -> bytes:
        """Return the bytes of the file of a slice, counted from 0.

        Raises
        ------
        IntakeError
            If the file cannot be read.
        """
        found = self.slices[index]
        if found.problem is not None:
            raise IntakeError(found.problem, remedy="")
        return self.source.read(found.name)

    def image(self, index: int, *, default_window: tuple[float, float] | None = None) -> StudyImage:
        """Decode one slice, counted from 0; nothing is kept.

        Raises
        ------
        IntakeError
            If it cannot be read; the other slices are not affected.
        """
        frame = self.slices[index].frame
        return read_study(self.data(index), frame=frame, default_window=default_window)
