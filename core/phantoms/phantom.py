"""A drawn slice as a value, and as the picture that the rest of the product reads."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from core.domain import ByteArray, FloatArray, PictureKind, StudyImage, Window

SOFT_TISSUE = Window(-160.0, 240.0, "soft tissue")
PRESETS = (SOFT_TISSUE, Window(-450.0, 1050.0, "bone"), Window(-1350.0, 150.0, "lung"))
NOTE = "A drawing of our own: synthetic, for teaching."


@dataclass(frozen=True, slots=True, eq=False)
class Phantom:
    """One drawn slice.

    Attributes
    ----------
    file_id : str
        From which :func:`core.phantoms.phantom_pixels` draws it again.
    values : ndarray of shape (256, 256), float32
        Whole HU, at least -1024.
    outline : ndarray of shape (256, 256), bool
        Where the lesion is; all False for ``normal``.
    label, group : str
        What it shows, and its series.
    pixel_spacing_mm, height_mm : float
        Size of a pixel; height above the middle of the kidneys.
    lesion_size_mm : float or None
        Largest diameter in this slice; None for ``normal``.
    contrast_phase, body_size, look_alike : str
        Facts of the series that a model must not answer by.
    """

    file_id: str
    values: FloatArray
    outline: NDArray[np.bool_]
    label: str
    group: str
    pixel_spacing_mm: float
    height_mm: float
    lesion_size_mm: float | None
    contrast_phase: str
    body_size: str
    look_alike: str

    def __post_init__(self) -> None:
        self.values.setflags(write=False)
        self.outline.setflags(write=False)

    @property
    def pixels(self) -> ByteArray:
        """The slice in the soft-tissue window, as its PNG holds it: (256, 256) uint8."""
        scaled = (self.values - SOFT_TISSUE.low) * (255.0 / SOFT_TISSUE.width)
        return np.asarray(np.clip(np.rint(scaled), 0, 255), np.uint8)


def png_of(pixels: ByteArray) -> bytes:
    """Return a lossless PNG of grey (r, c) or RGB (r, c, 3) pixels."""
    in_order = pixels if pixels.ndim == 2 else np.ascontiguousarray(pixels[:, :, ::-1])
    _, encoded = cv2.imencode(".png", in_order)  # OpenCV writes blue first
    return encoded.tobytes()


def png_bytes(phantom: Phantom) -> bytes:
    """Return the slice as the 8-bit PNG that a person would upload."""
    return png_of(phantom.pixels)


def to_study_image(phantom: Phantom) -> StudyImage:
    """Return the slice as intake would: HU with the soft-tissue window and pixel spacing.

    Its ``sha256`` is that of :func:`png_bytes`, its ``pixels`` are the PNG's.
    """
    return StudyImage(
        values=phantom.values,
        window=SOFT_TISSUE,
        kind=PictureKind.DRAWN,
        sha256=hashlib.sha256(png_bytes(phantom)).hexdigest(),
        bits=16,
        presets=PRESETS,
        modality="CT",
        body_part="ABDOMEN",
        photometric="MONOCHROME2",
        pixel_spacing_mm=(phantom.pixel_spacing_mm, phantom.pixel_spacing_mm),
        orientation=("R", "A"),
        notes=(NOTE,),
    )
