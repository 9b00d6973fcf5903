"""Pictures that excite a channel most: kept with the version, found by all that made them."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from core.saliency.maximum_settings import MaximumSettings
from core.saliency.maximum_store import maximum_path, read_maximum, write_maximum

SETTINGS = MaximumSettings(is_grey=True)
PIXELS = np.arange(48, dtype=np.uint8).reshape(4, 4, 3)


@pytest.fixture(autouse=True)
def home(use_settings, tmp_path):
    use_settings(home=tmp_path / "home")
    return tmp_path / "home"


def test_what_was_kept_is_found_again_and_nothing_else_is():
    write_maximum("ab" * 32, "block/conv", 3, SETTINGS, PIXELS)
    assert (read_maximum("ab" * 32, "block/conv", 3, SETTINGS) == PIXELS).all()
    other = dataclasses.replace(SETTINGS, n_steps=7)
    for digest, layer, channel, settings in (
        ("cd" * 32, "block/conv", 3, SETTINGS),
        ("ab" * 32, "conv", 3, SETTINGS),
        ("ab" * 32, "block/conv", 4, SETTINGS),
        ("ab" * 32, "block/conv", 3, other),
    ):
        assert read_maximum(digest, layer, channel, settings) is None


def test_a_layer_name_never_leads_out_of_the_home(home):
    path = maximum_path("ab" * 32, "../../../etc/passwd", 0, SETTINGS)
    assert path.resolve().is_relative_to(home.resolve())


def test_a_damaged_picture_and_a_home_that_is_a_file_cost_nothing(use_settings, tmp_path):
    write_maximum("ab" * 32, "conv", 0, SETTINGS, PIXELS)
    maximum_path("ab" * 32, "conv", 0, SETTINGS).write_bytes(b"no picture")
    assert read_maximum("ab" * 32, "conv", 0, SETTINGS) is None
    (tmp_path / "file").write_bytes(b"")
    use_settings(home=tmp_path / "file")
    write_maximum("ab" * 32, "conv", 0, SETTINGS, PIXELS)
    assert read_maximum("ab" * 32, "conv", 0, SETTINGS) is None
