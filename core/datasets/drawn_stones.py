"""Draw kidney stones into CT slices: small bright spots of irregular outline, as soft as a scan.

So that a network can be taught the stone itself. In the public kidney set stone slices differ from
the others by much more than their stones (contrast phase above all), and a network that is not
told better learns that instead.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from core.datasets.kidney_zone import Mask, soft_places
from core.domain import ByteArray

StoneBox = tuple[float, float, float, float]  # left, top, right, bottom in pixels

MEDIAN_RADIUS, SPREAD = 3.0, 0.5  # pixels; of a log-normal
SMALLEST, LARGEST = 1.7, 10.0
MOST = 3  # stones of one picture
NEAR = 30.0  # pixels: stones of one picture lie together
FEWEST_PLACES = 30
_FINER = 4  # drawn on a grid that many times finer, then averaged


def draw_stones(
    grey: ByteArray, zone: Mask, rng: np.random.Generator
) -> tuple[ByteArray, list[StoneBox]] | None:
    """Draw one to three stones into soft tissue of a zone.

    Parameters
    ----------
    grey : ndarray of shape (rows, columns), uint8
        Never changed in place.
    zone : ndarray of shape (rows, columns), bool
        Such as ``core.datasets.kidney_zone.kidney_zone``.
    rng : Generator

    Returns
    -------
    (ndarray of the same shape, list of (left, top, right, bottom)) or None
        The picture and a box a stone, in pixels; None where the zone has no room.
    """
    rows, columns = np.nonzero(soft_places(grey, zone))
    if len(rows) < FEWEST_PLACES:
        return None
    anchor = int(rng.integers(len(rows)))
    near = np.flatnonzero(np.hypot(rows - rows[anchor], columns - columns[anchor]) < NEAR)
    picture = grey.astype(np.float32)
    boxes: list[StoneBox] = []
    for number in range(min(MOST, int(rng.geometric(0.6)))):
        place = int(rng.choice(near)) if number else anchor
        radius = float(
            np.clip(np.exp(rng.normal(np.log(MEDIAN_RADIUS), SPREAD)), SMALLEST, LARGEST)
        )
        row, column = int(rows[place]), int(columns[place])
        _blend(picture, _stone(radius, rng), (row, column), rng)
        boxes.append((column - radius, row - radius, column + radius, row + radius))
    return np.clip(np.rint(picture), 0, 255).astype(np.uint8), boxes


def _stone(radius: float, rng: np.random.Generator) -> NDArray[np.float32]:
    """Return how much of each pixel a stone fills, 0..1: an ellipse with bumps, blurred."""
    reach = int(np.ceil(2 * radius + 6))
    side = 2 * reach + 1
    row, column = np.mgrid[0 : side * _FINER, 0 : side * _FINER] / _FINER - reach
    angle = rng.uniform(0, np.pi)
    along = (column * np.cos(angle) + row * np.sin(angle)) / radius
    across = (row * np.cos(angle) - column * np.sin(angle)) / (radius * rng.uniform(0.55, 1.0))
    around = np.arctan2(across, along)
    coarse, fine = rng.integers(2, 5), rng.integers(4, 8)
    outline = 1 + 0.12 * np.sin(around * coarse + rng.uniform(0, 6))
    outline = outline + 0.06 * np.sin(around * fine + rng.uniform(0, 6))
    filled = (np.hypot(along, across) < outline).astype(np.float32)
    averaged = cv2.resize(filled, (side, side), interpolation=cv2.INTER_AREA)
    return np.asarray(cv2.GaussianBlur(averaged, (0, 0), rng.uniform(0.4, 0.8)), np.float32)


def _blend(
    picture: NDArray[np.float32],
    stone: NDArray[np.float32],
    centre: tuple[int, int],
    rng: np.random.Generator,
) -> None:
    """Put a stone into the picture, in place: it never makes anything darker."""
    reach = len(stone) // 2
    top, left = centre[0] - reach, centre[1] - reach
    rows = slice(max(0, top), min(picture.shape[0], top + len(stone)))
    columns = slice(max(0, left), min(picture.shape[1], left + len(stone)))
    share = stone[rows.start - top : rows.stop - top, columns.start - left : columns.stop - left]
    bright = rng.uniform(235, 262) + rng.normal(0, 6, share.shape)
    region = picture[rows, columns]
    picture[rows, columns] = np.maximum(region, region * (1 - share) + share * bright)
