"""The frozen values that one stage hands to the next; numpy only.

``StudyImage`` (intake) -> ``SeenImage`` (recipe) -> ``EngineOutput`` (engine) ->
``GateVerdict`` + ``Prediction`` + ``Explanation`` (inference, saliency) -> ``Answer`` (workflow);
``EvaluationRun`` and ``Figure`` are the values of the metric pages.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.errors import IntakeError

FloatArray = NDArray[np.float32]
ByteArray = NDArray[np.uint8]
EVIDENCE_ABOVE = 1e-6  # raw peak of a map, in score points: below it is float32 noise


def _frozen(array: NDArray[Any]) -> NDArray[Any]:
    """Return the array, read-only, so that a value shared between sessions cannot change."""
    array.setflags(write=False)
    return array


class PictureKind(StrEnum):
    """What the bytes are, read from the bytes and never from a file name."""

    PNG = "png"
    JPEG = "jpeg"
    TIFF = "tiff"
    BMP = "bmp"
    DICOM = "dicom"
    DRAWN = "drawn"  # a phantom of our own


class Status(StrEnum):
    """Outcome for one file (docs/command-line.md, predict)."""

    OK = "ok"
    REFUSED = "refused"
    ERROR = "error"


@dataclass(frozen=True, slots=True)
class Window:
    """A linear window (DICOM PS3.3 C.11.2.1.2): values low..high are shown as black..white."""

    low: float
    high: float
    name: str = ""

    @property
    def centre(self) -> float:
        """Window level, in the unit of the values."""
        return (self.low + self.high) / 2

    @property
    def width(self) -> float:
        """Window width, in the unit of the values."""
        return self.high - self.low


@dataclass(frozen=True, slots=True)
class Quality:
    """How good a picture is, 0 (worst) to 1, with the reason in words (docs/quality.md)."""

    score: float
    reason: str
    parts: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class SourceInstance:
    """The DICOM instance that a picture was read from: what a result must name to lie beside it.

    Identifiers and geometry only (PS3.3 C.7.6.2, C.12.1); nothing that says who the patient is.

    Attributes
    ----------
    study_instance_uid, series_instance_uid, sop_instance_uid, sop_class_uid : str
    rows, columns : int
    frame_number : int or None
        One-based, as DICOM counts; None where the object holds one frame only.
    modality, laterality, burned_in : str
        Coded strings of the file; "" where it says nothing.
    is_lossy : bool
        Whether the file says that it went through a lossy compression.
    frame_of_reference_uid : str or None
    pixel_spacing_mm, imager_pixel_spacing_mm : (row, column) spacing or None
    image_orientation : 6 direction cosines or None
    image_position_mm : (x, y, z) of the first pixel's centre, or None
    slice_thickness_mm : float or None
    patient_orientation : (row, column) direction in letters, such as ("L", "F"), or None
    """

    study_instance_uid: str
    series_instance_uid: str
    sop_instance_uid: str
    sop_class_uid: str
    rows: int
    columns: int
    frame_number: int | None = None
    modality: str = ""
    laterality: str = ""
    burned_in: str = ""
    is_lossy: bool = False
    frame_of_reference_uid: str | None = None
    pixel_spacing_mm: tuple[float, float] | None = None
    imager_pixel_spacing_mm: tuple[float, float] | None = None
    image_orientation: tuple[float, ...] | None = None
    image_position_mm: tuple[float, ...] | None = None
    slice_thickness_mm: float | None = None
    patient_orientation: tuple[str, str] | None = None


@dataclass(frozen=True, slots=True, eq=False)
class StudyImage:
    """One decoded picture, before any model-specific preprocessing.

    Attributes
    ----------
    values : ndarray of shape (rows, columns) or (rows, columns, 3), float32
        Intensities in the file's own unit (grey value, or HU after the rescale of a CT), never
        clipped. MONOCHROME1 is already inverted, EXIF rotation already applied.
    window : Window
        Which values are shown as black and white; ``pixels`` applies it.
    kind : PictureKind
    sha256 : str
        Digest of the bytes that were read.
    bits : int
        Bits a sample in the file (1, 8, 12, 16, 32).
    presets : tuple of Window
        Windows that a reader may choose instead: the file's own first.
    modality, body_part, photometric, laterality : str or None
        From the file, where it says so (DICOM); allow-listed, no other tag survives.
    pixel_spacing_mm : tuple of float or None
        (row, column) spacing; None when the file does not state it.
    orientation : tuple of str or None
        What lies at the (left, top) edge of the picture, such as ("R", "A").
    n_frames, frame : int
        How many frames the file holds, and which one this is (zero-based).
    tags : mapping of str to str
        The allow-listed technical tags, for display.
    notes : tuple of str
        What was done to the pixels or should be known, one sentence each.
    quality : Quality or None
    """

    values: FloatArray
    window: Window
    kind: PictureKind
    sha256: str
    bits: int = 8
    presets: tuple[Window, ...] = ()
    modality: str | None = None
    body_part: str | None = None
    photometric: str | None = None
    laterality: str | None = None
    pixel_spacing_mm: tuple[float, float] | None = None
    orientation: tuple[str, str] | None = None
    n_frames: int = 1
    frame: int = 0
    tags: Mapping[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    quality: Quality | None = None

    def __post_init__(self) -> None:
        shape = self.values.shape
        if not (len(shape) == 2 or (len(shape) == 3 and shape[2] == 3)):
            raise IntakeError(
                f"The picture has shape {shape}; expected (rows, columns) or (rows, columns, 3).",
                remedy="Export one grey or colour frame and upload it again.",
            )
        if not np.isfinite(self.values).all():
            raise IntakeError(
                "The picture holds values that are not numbers.",
                remedy="Export it again from the source system.",
            )
        _frozen(self.values)

    @property
    def rows(self) -> int:
        """Height in pixels."""
        return int(self.values.shape[0])

    @property
    def columns(self) -> int:
        """Width in pixels."""
        return int(self.values.shape[1])

    @property
    def is_colour(self) -> bool:
        """Whether there are three samples a pixel."""
        return self.values.ndim == 3

    @property
    def pixels(self) -> ByteArray:
        """What is shown *and* what the recipe starts from: the window applied, 8 bits.

        Shape (rows, columns) or (rows, columns, 3), uint8. For an 8-bit file with the window
        0..255 this is the file's own grey value, unchanged.
        """
        span = max(self.window.high - self.window.low, 1e-12)
        with np.errstate(over="ignore"):  # float32 near its end: infinite is white or black too
            scaled = (self.values - self.window.low) * (255.0 / span)
        return np.asarray(np.clip(np.rint(scaled), 0, 255), dtype=np.uint8)


@dataclass(frozen=True, slots=True, eq=False)
class SeenImage:
    """What the model saw: the picture after the recipe.

    ``pixels`` has shape (rows, columns, 3), uint8, RGB. ``steps_applied`` names the steps that ran,
    in order; ``steps_left_out`` those that the picture already carried; ``notes`` which steps found
    nothing to change, and why, one sentence each. ``parts`` is what each member of an ensemble saw;
    ``pixels`` is then the picture itself, before any member's recipe.
    """

    pixels: ByteArray
    steps_applied: tuple[str, ...]
    steps_left_out: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    parts: tuple[SeenImage, ...] = ()

    def __post_init__(self) -> None:
        _frozen(self.pixels)

    @property
    def is_padded(self) -> bool:
        """Whether the recipe centred the picture in a square: a map then covers that square.

        Padding that the picture carried already is part of the picture, and an ensemble's map
        covers the picture itself.
        """
        return not self.parts and any(name.startswith("pad_square") for name in self.steps_applied)


@dataclass(frozen=True, slots=True, eq=False)
class EngineOutput:
    """One pass of the engine over n pictures.

    logits : (n, n_classes); feature_map : (n, grid_rows, grid_columns, n_channels), the input of
    global average pooling; gate_features : (n, n_gate) pooled frozen middle layer. All float32.
    """

    logits: FloatArray
    feature_map: FloatArray
    gate_features: FloatArray


@dataclass(frozen=True, slots=True)
class GateVerdict:
    """Is the picture inside what the model was trained on? ``inside`` = distance <= threshold."""

    inside: bool
    distance: float
    threshold: float
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Prediction:
    """Calibrated class probabilities.

    ``probabilities`` follows the task's class order and sums to 1 within 1e-6; ``predicted`` is the
    argmax (ties: the first class); ``flagged`` the findings at or above the operating point;
    ``thresholds`` the points that were in force, by finding or "any_finding" (empty: argmax).
    """

    probabilities: Mapping[str, float]
    predicted: str
    flagged: tuple[str, ...]
    thresholds: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, eq=False)
class Explanation:
    """Where the score of one class is sensitive; not where disease is.

    ``grid`` : (grid_rows, grid_columns) float32, the raw map after relu, in logit units.
    ``raw_peak`` : its largest value, kept before any stretching. ``layer`` : where it was taken.
    """

    class_name: str
    method: str
    layer: str
    grid: FloatArray
    raw_peak: float

    def __post_init__(self) -> None:
        _frozen(self.grid)

    @property
    def has_evidence(self) -> bool:
        """Whether any place speaks for the class at all."""
        return self.raw_peak > EVIDENCE_ABOVE


@dataclass(frozen=True, slots=True, eq=False)
class Answer:
    """The whole answer for one file, in the shape of docs/command-line.md, predict."""

    file: str
    status: Status
    reason: str | None
    model_version: str
    image: StudyImage | None = None
    seen: SeenImage | None = None
    gate: GateVerdict | None = None
    prediction: Prediction | None = None
    explanations: tuple[Explanation, ...] = ()


@dataclass(frozen=True, slots=True)
class Figure:
    """A number with its n and two 95 % intervals: a *figure*. Undefined is None."""

    value: float | None
    low: float | None
    high: float | None
    n: int
    low_grouped: float | None = None
    high_grouped: float | None = None
    n_groups: int | None = None

    @property
    def leading(self) -> tuple[float | None, float | None, float | None]:
        """Value, low and high of the interval that leads: the grouped one where there is one.

        >>> Figure(0.9, 0.85, 0.94, 100, 0.7, 0.97, 9).leading
        (0.9, 0.7, 0.97)
        """
        if self.low_grouped is not None:
            return self.value, self.low_grouped, self.high_grouped
        return self.value, self.low, self.high
