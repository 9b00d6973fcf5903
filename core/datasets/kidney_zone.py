"""Where kidneys lie in an abdominal CT slice: beside the spine. A rule of thumb, no segmentation.

It only decides where a stone is drawn for training (``core.datasets.drawn_stones``): a place that
misses the kidney by a little still teaches that a bright spot in soft tissue is what counts.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from core.domain import ByteArray

Mask = NDArray[np.bool_]
Box = tuple[int, int, int, int]
_AIR_BELOW = 35  # grey level after smoothing
_BONE_ABOVE = 215
_AXIAL_FROM = 1.1  # width over height of the body: an axial slice is wider than high


def body_of(grey: ByteArray) -> tuple[Mask, Box] | None:
    """Return the largest bright region, (rows, columns) bool, and its (left, top, width, height).

    None for a picture without one.
    """
    bright = (cv2.GaussianBlur(grey, (0, 0), 3) > _AIR_BELOW).astype(np.uint8)
    n_regions, regions, facts, _ = cv2.connectedComponentsWithStats(bright)
    if n_regions < 2:
        return None
    largest = 1 + int(np.argmax(facts[1:, cv2.CC_STAT_AREA]))
    body = (regions == largest).astype(np.uint8)
    closed = cv2.morphologyEx(body, cv2.MORPH_CLOSE, np.ones((15, 15), np.uint8))
    left, top, width, height = (int(value) for value in facts[largest][:4])
    return closed.astype(bool), (left, top, width, height)


def kidney_zone(grey: ByteArray) -> Mask | None:
    """Return the places beside the spine where kidneys are found, (rows, columns) bool.

    Axial slices: left and right of the vertebra and a little in front of it. Coronal ones: left and
    right of the spine, between the diaphragm and the pelvis. None where no spine is found.

    Parameters
    ----------
    grey : ndarray of shape (rows, columns), uint8
    """
    found = body_of(grey)
    if found is None:
        return None
    body, (left, top, width, height) = found
    row, column = np.mgrid[0 : grey.shape[0], 0 : grey.shape[1]].astype(np.float32)
    is_axial = width > _AXIAL_FROM * height
    midline = np.exp(-(((column - (left + width / 2)) / (0.12 * width)) ** 2))
    if is_axial:
        midline = midline * (row > top + 0.35 * height)
    bone = ((grey > _BONE_ABOVE) & body).astype(np.float32)
    weight = cv2.GaussianBlur(bone, (0, 0), 2) ** 2 * midline
    total = float(weight.sum())
    if total < 1:
        return None
    aside = np.abs(column - float((column * weight).sum()) / total) / width
    if is_axial:
        spine_row = float((row * weight).sum()) / total
        in_rows = (row < spine_row + 0.14 * height) & (row > spine_row - 0.24 * height)
        return np.asarray((aside > 0.11) & (aside < 0.37) & in_rows & body)
    lowest = top + min(0.62 * height, 0.75 * 1.9 * width)
    in_rows = (row > top + 0.12 * height) & (row < lowest)
    return np.asarray((aside > 0.12) & (aside < 0.36) & in_rows & body)


def soft_places(grey: ByteArray, zone: Mask) -> Mask:
    """Return the places of ``zone`` in soft tissue, away from bone, bowel air and the skin."""
    nowhere = np.zeros(grey.shape, dtype=bool)
    found = body_of(grey)
    if found is None:
        return nowhere
    body, (_, _, width, height) = found
    framed = cv2.copyMakeBorder(body.astype(np.uint8), 1, 1, 1, 1, cv2.BORDER_CONSTANT, value=0)
    depth = cv2.distanceTransform(framed, cv2.DIST_L2, 3)[1:-1, 1:-1]
    mean = cv2.GaussianBlur(grey, (0, 0), 4)
    brightest = cv2.dilate(cv2.GaussianBlur(grey, (0, 0), 0.8), np.ones((15, 15), np.uint8))
    is_soft = (mean > 70) & (mean < 200) & (brightest < 225)
    places = zone & (depth > max(3, int(0.13 * min(width, height)))) & is_soft
    nowhere[6:-6, 6:-6] = places[6:-6, 6:-6]
    return nowhere
