"""What a page draws of an answer."""

from __future__ import annotations

import re

import numpy as np

from core.domain import Answer, Explanation, PictureKind, SeenImage, Status, StudyImage, Window
from core.workflows.showing import colour_stops, explanation_of, overlay_of


def _answer(grid: np.ndarray) -> Answer:
    values = np.full((8, 8), 100, np.float32)
    image = StudyImage(values, Window(0, 255), PictureKind.PNG, "0" * 64)
    seen = SeenImage(np.zeros((4, 4, 3), np.uint8), ("resize_lanczos_96",))
    raw = grid.astype(np.float32)
    explanation = Explanation("stone", "grad_cam", "feature_map", raw, float(raw.max()))
    return Answer("", Status.OK, None, "v", image, seen, None, None, (explanation,))


def test_the_map_is_drawn_where_its_grid_is_high_and_nowhere_else():
    grid = np.zeros((2, 2))
    grid[0, 0] = 3.0
    pixels = np.full((8, 8), 100, np.uint8)
    drawn = overlay_of(_answer(grid), "stone", pixels=pixels, opacity=1.0)
    assert drawn is not None
    assert not (drawn[0, 0] == 100).all()
    assert (drawn[7, 7] == 100).all()


def test_nothing_is_drawn_without_evidence_or_without_a_map():
    pixels = np.full((8, 8), 100, np.uint8)
    assert overlay_of(_answer(np.zeros((2, 2))), "stone", pixels=pixels, opacity=1.0) is None
    assert overlay_of(_answer(np.ones((2, 2))), "cyst", pixels=pixels, opacity=1.0) is None
    assert explanation_of(_answer(np.ones((2, 2))), "cyst") is None


def test_the_scale_goes_from_dark_to_light_in_colours_a_page_can_use():
    stops = colour_stops()
    light = [sum(int(stop[at : at + 2], 16) for at in (1, 3, 5)) for stop in stops]
    assert all(re.fullmatch("#[0-9A-F]{6}", stop) for stop in stops)
    assert light == sorted(light)
