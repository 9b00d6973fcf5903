"""Stem maps: computed once, keyed by everything that decides them, whole or not there."""

import os
from dataclasses import replace

import numpy as np
import pytest

from core.datasets.augmentation import AugmentationSpec
from core.errors import TrainingError
from core.training import cache as cache_module
from core.training.cache import CachePlan, open_cache
from core.training.sources import MapSource, PictureSource, shifted
from tests.core.training.toys import toy_set

pytestmark = pytest.mark.heavy
DATA = toy_set(n_groups=6)
ROWS = np.arange(0, len(DATA), 2)
PLAN = CachePlan(
    AugmentationSpec(flip_left_right=0.5, noise=5.0), variants=3, seed=0, stem="block2_relu"
)


@pytest.fixture(scope="module")
def stem(tmp_path_factory):
    from core.architectures import ARCHITECTURES
    from core.architectures.builders import build_network
    from core.training.tail import write_stem

    network = build_network(
        ARCHITECTURES["simple_cnn"], n_classes=3, input_size=(32, 32), weights="none"
    )
    path = tmp_path_factory.mktemp("stem") / "stem.xml"
    write_stem(network, "block2_relu", path)
    return network, path


def test_the_clean_variant_is_what_the_frozen_layers_give(stem, tmp_path):
    import keras

    network, path = stem
    found = open_cache(tmp_path, DATA, ROWS, stem=path, plan=PLAN)
    below = keras.Model(network.inputs[0], network.get_layer("block2_relu").output)
    expected = np.asarray(below(DATA.batch(ROWS), training=False))
    assert found.maps.shape == (3, len(ROWS), 16, 16, 48)
    assert np.abs(found.maps[0] - expected).max() < 2e-3 * expected.max()


def test_a_second_call_reads_the_file_and_computes_nothing(stem, tmp_path, monkeypatch):
    first = open_cache(tmp_path, DATA, ROWS, stem=stem[1], plan=PLAN)
    monkeypatch.setattr(cache_module, "Forward", None)
    again = open_cache(tmp_path, DATA, ROWS, stem=stem[1], plan=PLAN)
    assert np.array_equal(first.maps, again.maps)


def test_other_rows_variants_or_seeds_have_a_cache_of_their_own(stem, tmp_path):
    plans = [PLAN, replace(PLAN, seed=1), replace(PLAN, variants=2)]
    for plan in plans:
        open_cache(tmp_path, DATA, ROWS, stem=stem[1], plan=plan)
    open_cache(tmp_path, DATA, ROWS[1:], stem=stem[1], plan=PLAN)
    assert len(list(tmp_path.glob("*.npy"))) == 4


def test_a_picture_gets_the_same_variants_whichever_others_are_cached(stem, tmp_path):
    every = open_cache(tmp_path, DATA, ROWS, stem=stem[1], plan=PLAN)
    fewer = open_cache(tmp_path, DATA, ROWS[4:], stem=stem[1], plan=PLAN)
    assert np.allclose(every.maps[:, 4:], fewer.maps, atol=1e-2)


def test_what_a_killed_run_left_behind_is_removed(stem, tmp_path):
    dead, alive = tmp_path / "a.4194303.part", tmp_path / f"b.{os.getpid()}.part"
    dead.touch()
    alive.touch()
    open_cache(tmp_path, DATA, ROWS, stem=stem[1], plan=PLAN)
    assert not dead.exists()
    assert alive.exists()


def test_a_disk_without_room_is_named_before_anything_is_written(stem, tmp_path, monkeypatch):
    usage = lambda _: type("Usage", (), {"free": 1000})()  # noqa: E731
    monkeypatch.setattr(cache_module.shutil, "disk_usage", usage)
    with pytest.raises(TrainingError, match="per_group"):
        open_cache(tmp_path, DATA, ROWS, stem=stem[1], plan=PLAN)
    assert list(tmp_path.iterdir()) == []


def test_old_caches_beyond_the_limit_go(stem, tmp_path, monkeypatch):
    open_cache(tmp_path, DATA, ROWS, stem=stem[1], plan=PLAN)
    monkeypatch.setattr(cache_module, "KEEP_BYTES", 1000)
    open_cache(tmp_path, DATA, ROWS[2:], stem=stem[1], plan=PLAN)
    assert len(list(tmp_path.glob("*.npy"))) == 1


def test_a_source_draws_a_stored_variant_of_the_right_picture(stem, tmp_path):
    found = open_cache(tmp_path, DATA, ROWS, stem=stem[1], plan=PLAN)
    drawn = MapSource(found).draw(np.array([4, 0]), np.random.default_rng(0))
    assert any(np.array_equal(drawn[0], found.maps[v, 2]) for v in range(3))
    assert np.array_equal(MapSource(found).clean(np.array([4]))[0], found.maps[0, 2])


def test_a_picture_that_is_not_cached_is_refused(stem, tmp_path):
    found = open_cache(tmp_path, DATA, ROWS, stem=stem[1], plan=PLAN)
    for row in (1, len(DATA) + 1):
        with pytest.raises(TrainingError, match="no stored map"):
            found.places(np.array([row]))


def test_pictures_are_augmented_anew_each_time_and_left_as_they_are_when_clean():
    source = PictureSource(DATA, AugmentationSpec(noise=20.0))
    rng = np.random.default_rng(0)
    rows = np.array([0, 1])
    assert not np.array_equal(source.draw(rows, rng), source.draw(rows, rng))
    assert np.array_equal(source.clean(rows), DATA.batch(rows))


@pytest.mark.parametrize(("down", "right"), [(1, 0), (-2, 1), (0, -3), (5, 5)])
def test_a_shifted_map_holds_the_old_values_elsewhere_and_zeros(down, right):
    grid = np.arange(1, 17).reshape(4, 4, 1)
    moved = shifted(grid, down, right)
    for row in range(4):
        for column in range(4):
            y, x = row - down, column - right
            inside = 0 <= y < 4 and 0 <= x < 4
            assert moved[row, column, 0] == (grid[y, x, 0] if inside else 0)
