"""The drawing of a map over a picture, and the table of methods."""

import numpy as np
import pytest

from core.errors import ArgumentError
from core.saliency.methods import DEFAULT_METHOD, METHODS, method_spec
from core.saliency.overlay import COLOUR_MAPS, colour_table, overlay

PIXELS = np.arange(100, dtype=np.uint8).reshape(10, 10)
ZEROS = np.zeros((10, 10), np.float32)


def test_an_empty_map_leaves_the_picture_as_it_is():
    assert np.array_equal(overlay(PIXELS, ZEROS), np.repeat(PIXELS[..., None], 3, axis=2))


def test_no_opacity_leaves_the_picture_as_it_is():
    assert np.array_equal(overlay(PIXELS, ZEROS + 1, opacity=0.0)[..., 0], PIXELS)


@pytest.mark.parametrize("name", COLOUR_MAPS)
def test_full_opacity_shows_the_colour_of_the_value(name):
    painted = overlay(PIXELS, ZEROS + 1, opacity=1.0, colour_map=name)
    assert (painted == colour_table(name)[255]).all()


@pytest.mark.parametrize("name", COLOUR_MAPS)
def test_a_colour_map_rises_steadily_in_lightness(name):
    lightness = colour_table(name) @ np.array([0.2126, 0.7152, 0.0722])
    assert (np.diff(lightness[::8]) > 0).all()


def test_the_scale_is_fixed_and_a_faint_map_stays_faint():
    faint = overlay(PIXELS, ZEROS + 0.05, opacity=0.5).astype(int)
    assert np.abs(faint - PIXELS[..., None]).max() < 4


def test_colour_pictures_keep_their_colours_where_the_map_is_clear():
    colour = np.stack([PIXELS, PIXELS[::-1], PIXELS.T], axis=2)
    assert np.array_equal(overlay(colour, ZEROS), colour)


@pytest.mark.parametrize(
    "options",
    [{"opacity": 1.1}, {"opacity": np.nan}, {"colour_map": "jet"}],
)
def test_what_cannot_be_drawn_is_refused(options):
    with pytest.raises(ArgumentError):
        overlay(PIXELS, ZEROS, **options)


def test_a_map_of_another_size_is_refused():
    with pytest.raises(ArgumentError, match="map of the picture's size"):
        overlay(PIXELS, np.zeros((5, 5), np.float32))


@pytest.mark.parametrize("key", METHODS)
def test_every_method_says_what_it_does_not_show(key):
    spec = method_spec(key)
    assert spec.key == key
    assert spec.caution.endswith(".")


def test_an_unknown_method_is_refused_with_those_that_exist():
    with pytest.raises(ArgumentError, match=f"Methods: .*{DEFAULT_METHOD}"):
        method_spec("guess")
