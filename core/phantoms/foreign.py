"""Drawings that are no abdominal CT: what the gate of a CT model has to refuse."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping

import cv2
import numpy as np

from core.domain import ByteArray, FloatArray

_SIDE = 320
_FINE = 2  # drawn at twice the grid, then averaged


def _ellipse(
    canvas: FloatArray,
    centre: tuple[float, float],
    *,
    radii: tuple[float, float],
    turn: float = 0.0,
    value: float,
) -> None:
    """Fill an ellipse; places and radii in pixels of the finished drawing, ``turn`` in degrees."""
    middle = (round(centre[0] * _FINE), round(centre[1] * _FINE))
    axes = (round(radii[0] * _FINE), round(radii[1] * _FINE))
    cv2.ellipse(canvas, middle, axes, turn, 0, 360, value, -1)


def _blurred(picture: FloatArray, sigma: float) -> FloatArray:
    return np.asarray(cv2.GaussianBlur(picture, (0, 0), sigma), np.float32)


def _chest_film() -> ByteArray:
    """Draw a frontal chest film: lungs, heart, ribs, clavicles, diaphragm. Grey (320, 320)."""
    rng = np.random.default_rng(31)
    film = np.full((_SIDE * _FINE, _SIDE * _FINE), 12.0, np.float32)
    _ellipse(film, (160, 230), radii=(168, 215), value=150.0)
    _ellipse(film, (160, 40), radii=(46, 70), value=150.0)
    for side in (-1, 1):
        _ellipse(film, (160 + side * 68, 168), radii=(50, 112), turn=side * -7, value=52.0)
        _ellipse(film, (160 + side * 66, 96), radii=(36, 50), turn=side * 12, value=46.0)
    film = _blurred(film, 5.0)
    heart = np.zeros_like(film)
    _ellipse(heart, (186, 208), radii=(52, 62), turn=-28, value=112.0)
    _ellipse(heart, (160, 140), radii=(24, 120), value=104.0)
    for side, dome in ((-1, 268), (1, 280)):
        _ellipse(heart, (160 + side * 74, dome + 40), radii=(78, 62), value=120.0)
    film = np.maximum(film, 60 + _blurred(heart, 4.0) * 0.95) * (film > 30) + film * (film <= 30)
    bones = np.zeros_like(film)
    for number in range(9):
        for side in (-1, 1):
            middle = (round((160 + side * 30) * _FINE), round((66 + 25 * number) * _FINE))
            arc = (0, 115) if side == 1 else (65, 180)
            axes = (round((70 + 4 * number) * _FINE), round(40 * _FINE))
            cv2.ellipse(bones, middle, axes, side * 14, -arc[1] + 20, -arc[0], 30.0, 6 * _FINE)
    for side in (-1, 1):
        ends = [(160 + side * 14, 66), (160 + side * 70, 48), (160 + side * 126, 58)]
        path = (np.array(ends, np.float64) * _FINE).round().astype(np.int32)
        cv2.polylines(bones, [path], False, 46.0, 9 * _FINE)
    film = film + _blurred(bones, 2.5) * (film > 30)
    small = cv2.resize(film, (_SIDE, _SIDE), interpolation=cv2.INTER_AREA)
    grain = np.asarray(rng.standard_normal(small.shape), np.float32)
    small = np.asarray(small + _blurred(grain, 0.8) * 7, np.float32)
    marker = np.array([(284, 20), (284, 40), (296, 40)], np.int32)  # "L": the patient's left
    cv2.polylines(small, [marker], False, 235.0, 3)
    return np.asarray(np.clip(np.rint(small), 0, 255), np.uint8)


def _stained_slide() -> ByteArray:
    """Draw a glomerulus among tubules, as in a PAS-stained slide. RGB (320, 320, 3)."""
    rng = np.random.default_rng(32)
    side = _SIDE * _FINE
    slide = np.empty((side, side, 3), np.float32)
    slide[:] = (226, 184, 208)
    middle = side / 2
    for centre in rng.uniform(0, side, (90, 2)):
        if np.hypot(*(centre - middle)) < 0.4 * side:
            continue
        place = (round(float(centre[0])), round(float(centre[1])))
        radius = int(rng.integers(44, 66))
        cv2.circle(slide, place, radius, (168, 78, 140), -1, cv2.LINE_AA)
        cv2.circle(slide, place, radius - 5, (222, 160, 196), -1, cv2.LINE_AA)
        cv2.circle(slide, place, radius // 3, (244, 232, 240), -1, cv2.LINE_AA)
        for angle in rng.uniform(0, 2 * np.pi, 7):
            reach = radius * 0.72
            nucleus = (
                round(place[0] + reach * np.cos(angle)),
                round(place[1] + reach * np.sin(angle)),
            )
            cv2.circle(slide, nucleus, 7, (92, 58, 128), -1, cv2.LINE_AA)
    hub = (round(middle), round(middle))
    cv2.circle(slide, hub, round(0.34 * side), (170, 74, 138), -1, cv2.LINE_AA)
    cv2.circle(slide, hub, round(0.325 * side), (246, 236, 242), -1, cv2.LINE_AA)
    for reach, angle in zip(
        0.26 * side * rng.uniform(0, 1, 150) ** 0.6, rng.uniform(0, 2 * np.pi, 150), strict=True
    ):
        place = (round(middle + reach * np.cos(angle)), round(middle + reach * np.sin(angle)))
        cv2.circle(slide, place, int(rng.integers(14, 26)), (196, 108, 164), 4, cv2.LINE_AA)
        cv2.circle(slide, (place[0] + 9, place[1] - 7), 7, (86, 54, 124), -1, cv2.LINE_AA)
    small = cv2.resize(slide, (_SIDE, _SIDE), interpolation=cv2.INTER_AREA)
    grain = np.asarray(rng.standard_normal(small.shape), np.float32)
    small = np.asarray(small + _blurred(grain, 0.9) * 9, np.float32)
    return np.asarray(np.clip(np.rint(small), 0, 255), np.uint8)


_DRAWINGS: Mapping[str, Callable[[], ByteArray]] = {
    "drawings/chest_film.png": _chest_film,
    "drawings/stained_slide.png": _stained_slide,
}

FOREIGN_FILES = tuple(_DRAWINGS)
"""Ids of the drawings."""


@functools.lru_cache(maxsize=4)
def foreign_pixels(file_id: str) -> ByteArray:
    """Return one of :data:`FOREIGN_FILES`, uint8, grey or RGB (KeyError if it is none)."""
    pixels = _DRAWINGS[file_id]()
    pixels.setflags(write=False)
    return pixels
