"""Augmentation of 8-bit pictures: one warp, one tone curve, colour, filters, noise and cutout.

Numpy and OpenCV only, so that it runs beside any training backend. Everything random comes from
the generator that is passed in: the same seed gives the same pictures. A change that is left out
draws nothing, so that adding one to a spec does not move those before it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from functools import cache
from typing import Any, Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from core.datasets.random_filters import colour, equalised, filtered
from core.domain import ByteArray
from core.errors import DatasetError

# Changes that have a range: with what they draw, they happen as often as ``probabilities`` says.
RANGED = (
    *("rotation_degrees", "zoom", "shift", "brightness", "contrast", "gamma", "noise", "blur"),
    *("saturation", "hue", "median", "dilation", "erosion"),
)
_WINDOWS = ("median", "dilation", "erosion")
_MOST = {"rotation_degrees": 180.0, "zoom": 0.9, "shift": 0.5, "contrast": 0.9}
_MOST |= {"noise": 64.0, "blur": 10.0, "hue": 180.0}
_BORDERS = {"black": cv2.BORDER_CONSTANT, "mirror": cv2.BORDER_REFLECT_101}


@dataclass(frozen=True, slots=True, kw_only=True)
class AugmentationSpec:
    """How much pictures are changed; every 0 leaves that change out.

    Attributes
    ----------
    rotation_degrees : float in [0, 180]
        Angle drawn from -x..x, about the centre.
    zoom : float in [0, 0.9]
        Factor drawn from 1-x..1+x (above 1: nearer).
    shift : float in [0, 0.5]
        Share of rows and columns, each drawn from -x..x.
    flip_left_right, flip_up_down, quarter_turn : float in [0, 1]
        Probability; ``quarter_turn`` takes 90, 180 or 270 degrees.
    brightness : float in [0, 1]
        Share of 255 that is added, drawn from -x..x.
    contrast : float in [0, 0.9]
        Factor about middle grey, drawn from 1-x..1+x.
    gamma : float in [0, 1]
        Exponent ``exp(u)``, u drawn from -x..x.
    noise : float in [0, 64]
        Standard deviation in grey levels, drawn from 0..x; the same in every channel.
    blur : float in [0, 10]
        Standard deviation of a Gaussian in pixels, drawn from 0..x; below 0.3 nothing is done.
    equalise : float in [0, 1]
        Probability that the histogram of the luminance is equalised.
    saturation : float in [0, 1]
        Factor of the colours' distance from grey, drawn from 1-x..1+x; grey pictures have none.
    hue : float in [0, 180]
        Angle on the colour wheel in degrees, drawn from -x..x; grey pictures have none.
    median, dilation, erosion : int, 0 or odd, 3 to 15
        Side of the filter's window in pixels, drawn from 3, 5, .. x.
    cutout : float in [0, 1]
        Probability of one square, filled with the picture's mean.
    cutout_side : float in (0, 1]
        Its side as a share of the shorter side of the picture.
    border : {"black", "mirror"}
        What comes in from outside: black for radiology, mirrored tissue for slides.
    probabilities : mapping of str to float in [0, 1]
        How often a change that has a range happens at all; 1 for those not named.
    """

    rotation_degrees: float = 0.0
    zoom: float = 0.0
    shift: float = 0.0
    flip_left_right: float = 0.0
    flip_up_down: float = 0.0
    quarter_turn: float = 0.0
    brightness: float = 0.0
    contrast: float = 0.0
    gamma: float = 0.0
    noise: float = 0.0
    blur: float = 0.0
    equalise: float = 0.0
    saturation: float = 0.0
    hue: float = 0.0
    median: int = 0
    dilation: int = 0
    erosion: int = 0
    cutout: float = 0.0
    cutout_side: float = 0.25
    border: Literal["black", "mirror"] = "black"
    probabilities: Mapping[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for item in fields(self):
            value = getattr(self, item.name)
            if item.name in _WINDOWS:
                if value not in (0, *range(3, 16, 2)):
                    raise _fault(item.name, value, "Give 0, or an odd whole number from 3 to 15.")
            elif item.name not in ("border", "probabilities"):
                limit = _MOST.get(item.name, 1.0)
                if not _is_share(value, limit):
                    raise _fault(item.name, value, f"Give a number from 0 to {limit:g}.")
        if self.border not in _BORDERS:
            raise _fault("border", self.border, f"Allowed: {', '.join(_BORDERS)}.")
        self._check_probabilities()

    def _check_probabilities(self) -> None:
        if not isinstance(self.probabilities, Mapping):
            remedy = "Give keys and values, such as {blur: 0.3}."
            raise _fault("probabilities", self.probabilities, remedy)
        for key, value in self.probabilities.items():
            if key not in RANGED:
                known = f"A probability may be given to: {', '.join(RANGED)}."
                raise _fault("probabilities", key, known)
            if not _is_share(value, 1.0):
                raise _fault(f"probabilities.{key}", value, "Give a number from 0 to 1.")

    @classmethod
    def from_data(cls, data: Mapping[str, Any]) -> AugmentationSpec:
        """Build a spec from keys and values, as an experiment file holds them.

        Raises
        ------
        DatasetError
            If a key is unknown or a value out of range.
        """
        known = [item.name for item in fields(cls)]
        for key in data:
            if key not in known:
                raise DatasetError(
                    f"Augmentation: unknown key {key!r}.",
                    remedy=f"Allowed: {', '.join(known)}.",
                    column=str(key),
                )
        return cls(**data)

    def to_data(self) -> dict[str, Any]:
        """Return keys and values, for a card or an experiment file."""
        return {**asdict(self), "probabilities": dict(self.probabilities)}

    def drawn(self, rng: np.random.Generator) -> AugmentationSpec:
        """Return the spec of one picture: what does not happen this time is 0.

        Draws once for each change whose probability is below 1, and not at all where there is none.
        """
        chances = {key: float(self.probabilities.get(key, 1.0)) for key in RANGED}
        asked = [key for key in RANGED if chances[key] < 1 and getattr(self, key)]
        left_out = {key: 0 for key in asked if rng.random() >= chances[key]}
        return replace(self, **left_out) if left_out else self  # type: ignore[arg-type]


def _is_share(value: Any, limit: float) -> bool:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return is_number and 0 <= value <= limit


def _fault(key: str, value: Any, remedy: str) -> DatasetError:
    return DatasetError(f"Augmentation: {key} is {value!r}.", remedy=remedy, column=key)


def augment(pixels: ByteArray, spec: AugmentationSpec, rng: np.random.Generator) -> ByteArray:
    """Return one changed picture.

    Parameters
    ----------
    pixels : ndarray of shape (rows, columns) or (rows, columns, 3), uint8
        Never changed in place.
    spec : AugmentationSpec
    rng : Generator

    Returns
    -------
    ndarray of the same shape, uint8
    """
    spec = spec.drawn(rng)
    changed = _warp(pixels, spec, rng)
    changed = _tone(changed, spec, rng)
    changed = equalised(changed, rng, chance=spec.equalise)
    changed = colour(changed, rng, saturation=spec.saturation, hue=spec.hue)
    changed = _blur(changed, spec, rng)
    windows = {"median": spec.median, "dilation": spec.dilation, "erosion": spec.erosion}
    changed = filtered(changed, rng, windows=windows)
    changed = _noise(changed, spec, rng)
    changed = _cutout(changed, spec, rng)
    return changed.copy() if np.shares_memory(changed, pixels) else changed


def warp_matrix(
    size: tuple[int, int], spec: AugmentationSpec, rng: np.random.Generator
) -> NDArray[np.float64]:
    """Draw one affine map for a picture of (rows, columns): flips, turns, zoom and shift at once.

    One map means one interpolation: three in a row would blur.

    Returns
    -------
    ndarray of shape (2, 3), float64
        Maps (column, row, 1) of the source to (column, row) of the result.
    """
    rows, columns = size
    flip = np.diag(
        [
            -1.0 if rng.random() < spec.flip_left_right else 1.0,
            -1.0 if rng.random() < spec.flip_up_down else 1.0,
        ]
    )
    quarters = int(rng.integers(1, 4)) if rng.random() < spec.quarter_turn else 0
    angle = np.deg2rad(rng.uniform(-1, 1) * spec.rotation_degrees + 90.0 * quarters)
    factor = 1 + rng.uniform(-1, 1) * spec.zoom
    turn = factor * np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    linear = turn @ flip
    centre = np.array([(columns - 1) / 2, (rows - 1) / 2])
    shift = rng.uniform(-1, 1, size=2) * spec.shift * np.array([columns, rows])
    return np.column_stack([linear, centre + shift - linear @ centre])


def _warp(pixels: ByteArray, spec: AugmentationSpec, rng: np.random.Generator) -> ByteArray:
    rows, columns = pixels.shape[:2]
    matrix = warp_matrix((rows, columns), spec, rng)
    if np.allclose(matrix, [[1, 0, 0], [0, 1, 0]]):
        return pixels
    warped = cv2.warpAffine(
        pixels,
        matrix,
        (columns, rows),
        flags=cv2.INTER_LINEAR,
        borderMode=_BORDERS[spec.border],
    )
    return np.asarray(warped, dtype=np.uint8)


def _tone(pixels: ByteArray, spec: AugmentationSpec, rng: np.random.Generator) -> ByteArray:
    """Apply brightness, contrast and gamma as one table of 256 values."""
    if not (spec.brightness or spec.contrast or spec.gamma):
        return pixels
    added, stretched, bent = rng.uniform(-1, 1, size=3)
    grey = (np.arange(256) / 255.0) ** np.exp(bent * spec.gamma)
    grey = (grey - 0.5) * (1 + stretched * spec.contrast) + 0.5 + added * spec.brightness
    table = np.clip(np.rint(grey * 255), 0, 255).astype(np.uint8)
    return np.asarray(cv2.LUT(pixels, table), dtype=np.uint8)


def _blur(pixels: ByteArray, spec: AugmentationSpec, rng: np.random.Generator) -> ByteArray:
    sigma = rng.uniform(0, spec.blur) if spec.blur else 0.0
    if sigma < 0.3:
        return pixels
    return np.asarray(cv2.GaussianBlur(pixels, (0, 0), sigma), dtype=np.uint8)


def _noise(pixels: ByteArray, spec: AugmentationSpec, rng: np.random.Generator) -> ByteArray:
    if not spec.noise:
        return pixels
    grain = _grain(pixels.shape[:2], rng) * np.float32(rng.uniform(0, spec.noise))
    added = grain if pixels.ndim == 2 else cv2.merge([grain] * pixels.shape[2])
    return np.asarray(cv2.add(pixels, added, dtype=cv2.CV_8U), dtype=np.uint8)


def _grain(size: tuple[int, int], rng: np.random.Generator) -> NDArray[np.float32]:
    """Return unit normal noise (rows, columns): a stretch of a fixed million draws, begun anywhere.

    Drawing it anew would take as long as all other changes of a picture together.
    """
    n, draws = size[0] * size[1], _normal_draws()
    if 2 * n > len(draws):
        return rng.standard_normal(size, dtype=np.float32)
    begin = int(rng.integers(0, len(draws) - n))
    return draws[begin : begin + n].reshape(size)


@cache
def _normal_draws() -> NDArray[np.float32]:
    return np.random.default_rng(0).standard_normal(1 << 20, dtype=np.float32)


def _cutout(pixels: ByteArray, spec: AugmentationSpec, rng: np.random.Generator) -> ByteArray:
    if rng.random() >= spec.cutout:
        return pixels
    rows, columns = pixels.shape[:2]
    side = max(1, round(spec.cutout_side * min(rows, columns)))
    top = int(rng.integers(0, rows - side + 1))
    left = int(rng.integers(0, columns - side + 1))
    changed = pixels.copy()
    mean = np.rint(pixels.mean(axis=(0, 1))).astype(np.uint8)
    changed[top : top + side, left : left + side] = mean
    return changed
