"""Pictures whose label follows the finding: the same slice with and without a drawn stone.

A label that a network can guess from anything else (contrast phase, body shape, how the slice was
cropped) teaches it that. Here the rest of the picture says nothing: of two crops of one slice, the
one with a stone drawn into the kidney region is a stone picture, the other is what it was, also
where an equally bright spot was drawn elsewhere (a decoy).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from core.datasets.augmentation import AugmentationSpec, augment
from core.datasets.drawn_stones import draw_stones
from core.datasets.kidney_zone import Mask, body_of, kidney_zone
from core.domain import ByteArray
from core.errors import DatasetError

_APART = np.ones((21, 21), np.uint8)  # a decoy keeps this far from the zone


@dataclass(frozen=True, slots=True, kw_only=True)
class PastingSpec:
    """How stones are drawn into training pictures.

    Attributes
    ----------
    finding : str
        Class that a picture with a drawn stone belongs to.
    healthy : str
        Class whose crops stay what they are, however close: nothing can be cut out of them.
    share : float in [0, 1]
        Of the pictures of an epoch that are taken from these variants.
    variants : int
        Stored variants of a picture.
    chance : float in [0, 1]
        That a stone is drawn.
    decoy : float in [0, 1]
        That, where none is, a bright spot is drawn outside the kidney region.
    zoom : float >= 1
        Nearest crop of a healthy picture; others are cropped at most 1.2 times nearer.
    augmentation : mapping
        Change of the finished picture (``core.datasets.augmentation``); no zoom.
    """

    finding: str
    healthy: str
    share: float = 0.5
    variants: int = 5
    chance: float = 0.55
    decoy: float = 0.25
    zoom: float = 2.3
    augmentation: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        shares = all(0 <= share <= 1 for share in (self.share, self.chance, self.decoy))
        if not shares or self.chance + self.decoy > 1 or self.variants < 1 or self.zoom < 1:
            raise DatasetError(
                f"Pasting: share {self.share}, chance {self.chance}, decoy {self.decoy}, variants "
                f"{self.variants}, zoom {self.zoom} do not fit.",
                remedy="Give shares from 0 to 1 (chance and decoy at most 1 together), variants of "
                "at least 1 and a zoom of at least 1.",
                column="pasting",
            )
        AugmentationSpec.from_data(self.augmentation)

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
        missing = [key for key in ("finding", "healthy") if key not in data]
        if wrong or missing:
            raise DatasetError(
                f"Pasting: unknown {', '.join(wrong) or 'nothing'}, missing "
                f"{', '.join(missing) or 'nothing'}.",
                remedy=f"Allowed: {', '.join(known)}; finding and healthy must be there.",
                column="pasting",
            )
        return cls(**data)

    def to_data(self) -> dict[str, Any]:
        """Return keys and values."""
        return asdict(self)


def paste(
    pixels: ByteArray, label: str, spec: PastingSpec, rng: np.random.Generator
) -> tuple[ByteArray, str]:
    """Return a crop of a picture, perhaps with a stone drawn into it, and its class.

    Parameters
    ----------
    pixels : ndarray of shape (rows, columns) or (rows, columns, 3), uint8
        A CT slice; of three channels the first is taken for all.
    label : str
        Its own class.
    spec : PastingSpec
    rng : Generator
    """
    grey = pixels if pixels.ndim == 2 else np.ascontiguousarray(pixels[..., 0])
    nearest = spec.zoom if label == spec.healthy else 1.2
    grey, zone = _cropped(grey, rng, nearest=nearest)
    lot = rng.random()
    if zone is not None and lot < spec.chance:
        drawn = draw_stones(grey, zone, rng)
        if drawn is not None:
            grey, label = drawn[0], spec.finding
    elif zone is not None and lot < spec.chance + spec.decoy and label != spec.finding:
        elsewhere = cv2.dilate(zone.astype(np.uint8), _APART) == 0
        drawn = draw_stones(grey, elsewhere, rng)
        grey = grey if drawn is None else drawn[0]
    changed = augment(grey, AugmentationSpec.from_data(spec.augmentation), rng)
    return (changed if pixels.ndim == 2 else np.repeat(changed[..., None], 3, axis=2)), label


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
    zoom = rng.uniform(0.9 if nearest <= 1.2 else 1.0, nearest)
    wider, higher = zoom * rng.uniform(0.9, 1.1), zoom * rng.uniform(0.9, 1.1)
    matrix = np.array(
        [[wider, 0, columns / 2 - wider * across], [0, higher, rows / 2 - higher * down]]
    )
    if rng.random() < 0.5:  # mirrored
        matrix[0] = [-wider, 0, columns - 1 - matrix[0, 2]]
    return matrix
