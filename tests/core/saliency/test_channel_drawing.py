"""Channels on a fixed scale: zero keeps its colour, cells stay cells, nothing is stretched."""

from __future__ import annotations

import numpy as np

from core.saliency.channel_drawing import Scale, enlarged, paint_channel, scale_of, sheet
from core.saliency.difference import signed_colours
from core.saliency.overlay import colour_table


def test_zero_is_black_and_the_scales_end_is_the_lightest():
    painted = paint_channel(np.array([[0.0, 5.0]]), Scale(5.0))
    assert painted[0, 0].tolist() == colour_table("inferno")[0].tolist()
    assert painted[0, 1].tolist() == colour_table("inferno")[255].tolist()


def test_a_weak_channel_stays_dark_on_the_layers_scale():
    weak = np.array([[0.5]])
    assert paint_channel(weak, Scale(5.0)).sum() < paint_channel(weak, scale_of(weak)).sum()


def test_negative_values_have_a_colour_of_their_own():
    values = np.array([[-2.0, 0.0, 1.0]])
    scale = scale_of(values)
    assert (scale.high, scale.is_signed) == (2.0, True)
    assert paint_channel(values, scale)[0, 0].tolist() == signed_colours()[0].tolist()


def test_an_empty_map_is_black_and_warns_of_nothing():
    assert scale_of(np.zeros((2, 2))).high == 0
    assert not (paint_channel(np.zeros((2, 2)), Scale(0.0)) - colour_table("inferno")[0]).any()


def test_cells_are_enlarged_without_mixing_them():
    cells = np.zeros((2, 2, 3), np.uint8)
    cells[0, 0] = 200
    assert set(np.unique(enlarged(cells, 50))) == {0, 200}


def test_a_sheet_holds_every_tile():
    tiles = [(str(place), np.full((4, 4, 3), 250, np.uint8)) for place in range(11)]
    made = sheet(tiles, title="layer", side=32, n_columns=8)
    assert (made == 250).all(axis=-1).sum() >= 11 * 32 * 32
