"""Slices with stones drawn into them, at known places: what a detector of stones is taught with.

In the public kidney set a stone slice differs from the others by far more than its stones (contrast
phase, body shape, crop), and its label does not say where the stone is. Here the same slice is seen
with and without drawn stones, at any crop, and with equally bright spots drawn elsewhere (decoys):
nothing but the stone itself tells where one is.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from core.datasets.augmentation import AugmentationSpec, augment
from core.datasets.drawn_stones import StoneBox, draw_stones
from core.datasets.kidney_zone import Mask, body_of, kidney_zone
from core.domain import ByteArray
from core.errors import DatasetError

_MOVES = ("rotation_degrees", "zoom", "shift", "flip_left_right", "flip_up_down", "quarter_turn")
_APART = np.ones((21, 21), np.uint8)  # a decoy keeps this far from the zone


@dataclass(frozen=True, slots=True, kw_only=True)
class PastingSpec:
    """How stones are drawn into training pictures.

    Attributes
    ----------
    finding : str
        Class whose pictures hold findings at places nobody marked; they are not drawn into.
    chance : float in [0, 1]
        That stones are drawn into the kidney region.
    decoy : float in [0, 1]
        That bright spots are drawn outside it.
    zoom : float >= 1, finite
        Nearest crop.
    augmentation : mapping
        Change of the finished picture that moves nothing (``core.datasets.augmentation``).
    """

    finding: str
    chance: float = 0.7
    decoy: float = 0.4
    zoom: float = 2.3
    augmentation: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not (0 <= self.chance <= 1 and 0 <= self.decoy <= 1 and 1 <= self.zoom < math.inf):
            raise DatasetError(
                f"Pasting: chance {self.chance}, decoy {self.decoy} and zoom {self.zoom} do not "
                "fit.",
                remedy="Give chance and decoy from 0 to 1 and a finite zoom of at least 1.",
                column="pasting",
            )
        changes = AugmentationSpec.from_data(self.augmentation).to_data()
        moved = [key for key in _MOVES if changes[key]]
        if moved:
            raise DatasetError(
                f"Pasting: the augmentation moves the picture ({', '.join(moved)}), so that the "
                "places of the stones would be lost.",
                remedy="Leave these out; the crop is drawn before the stones.",
                column="pasting",
            )

    @classmethod
    def from_data(cls, data: Mapping[str, Any]) -> PastingSpec:
        """Build a spec from keys and values.

        Raises
        ------
        DatasetError
            If a key is unknown or missing, or a value out of range.
        """
        known = [item.name for item in fields(cls)]
        wrong = [str(key) for key in data if key not in known]
        if wrong or "finding" not in data:
            raise DatasetError(
                f"Pasting: unknown {', '.join(wrong)}." if wrong else "Pasting: no finding.",
                remedy=f"Allowed: {', '.join(known)}; finding must be there.",
                column="pasting",
            )
        return cls(**data)

    def to_data(self) -> dict[str, Any]:
        """Return keys and values."""
        return asdict(self)


@dataclass(frozen=True, slots=True, eq=False)
class Pasted:
    """A picture with what was drawn into it.

    ``grey`` : (rows, columns) uint8. ``boxes`` : (left, top, right, bottom) in pixels of each
    stone; decoys have none.
    """

    grey: ByteArray
    boxes: tuple[StoneBox, ...]


def paste(pixels: ByteArray, spec: PastingSpec, rng: np.random.Generator) -> Pasted:
    """Return a crop of a slice, perhaps with stones and decoys drawn into it.

    Parameters
    ----------
    pixels : ndarray of shape (rows, columns) or (rows, columns, 3), uint8
        A CT slice; of three channels the first is taken.
    spec : PastingSpec
    rng : Generator
    """
    grey = pixels if pixels.ndim == 2 else np.ascontiguousarray(pixels[..., 0])
    grey, zone = _cropped(grey, rng, nearest=spec.zoom)
    boxes: list[StoneBox] = []
    if zone is not None and rng.random() < spec.chance:
        drawn = draw_stones(grey, zone, rng)
        if drawn is not None:
            grey, boxes = drawn
    if zone is not None and rng.random() < spec.decoy:
        elsewhere = cv2.dilate(zone.astype(np.uint8), _APART) == 0
        drawn = draw_stones(grey, elsewhere, rng)
        grey = grey if drawn is None else drawn[0]
    changed = augment(grey, AugmentationSpec.from_data(spec.augmentation), rng)
    return Pasted(changed, tuple(boxes))


def _cropped(
    grey: ByteArray, rng: np.random.Generator, *, nearest: float
) -> tuple[ByteArray, Mask | None]:
    """Return the picture zoomed about a place within the body, and its kidney zone with it."""
    matrix = _crop_matrix(grey, rng, nearest=nearest)
    size = (grey.shape[1], grey.shape[0])
    zone = kidney_zone(grey)
    cropped = np.asarray(cv2.warpAffine(grey, matrix, size, flags=cv2.INTER_LINEAR), np.uint8)
    if zone is None:
        return cropped, None
    return cropped, cv2.warpAffine(zone.astype(np.uint8), matrix, size) > 0


def _crop_matrix(
    grey: ByteArray, rng: np.random.Generator, *, nearest: float
) -> NDArray[np.float64]:
    rows, columns = grey.shape
    across, down = columns / 2, rows / 2
    found = body_of(grey)
    if found is not None:
        left, top, width, height = found[1]
        across = left + width * rng.uniform(0.3, 0.7)
        down = top + height * rng.uniform(0.3, 0.7)
    zoom = rng.uniform(1.0, nearest)
    wider, higher = zoom * rng.uniform(0.9, 1.1), zoom * rng.uniform(0.9, 1.1)
    matrix = np.array(
        [[wider, 0, columns / 2 - wider * across], [0, higher, rows / 2 - higher * down]]
    )
    if rng.random() < 0.5:  # mirrored
        matrix[0] = [-wider, 0, columns - 1 - matrix[0, 2]]
    return matrix
