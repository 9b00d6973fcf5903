"""Stability of a map whose movements are known."""

from __future__ import annotations

import numpy as np

from core.saliency.faithfulness.stability import Changes, shifted, stability

RNG = np.random.default_rng(8)
ROWS, COLUMNS = np.mgrid[0:84, 0:84]
BLOB = np.exp(-((ROWS - 30) ** 2 + (COLUMNS - 50) ** 2) / 150)
PICTURE = np.repeat((20 + 200 * BLOB + 10 * np.sin(ROWS / 9))[:, :, None], 3, 2).astype(np.float32)


def follows(picture):
    return picture[:, :, 0]


def test_a_map_that_follows_the_picture_is_stable():
    assert stability(follows, PICTURE) > 0.95


def test_a_map_that_stays_while_the_picture_moves_is_less_stable():
    kept = follows(PICTURE)
    assert stability(lambda _: kept, PICTURE) < stability(follows, PICTURE) - 0.02


def test_a_map_of_chance_is_not_stable():
    made = stability(lambda picture: RNG.random((28, 28)).astype(np.float32), PICTURE)
    assert abs(made) < 0.1


def test_a_flat_map_has_no_stability_and_one_that_goes_out_counts_as_zero():
    flat = np.zeros((7, 7), np.float32)
    assert stability(lambda _: flat, PICTURE) is None
    assert stability(lambda _: flat, PICTURE, grid=follows(PICTURE)) == 0


def test_the_same_seed_gives_the_same_figure():
    changes = Changes(n_noise=1, shifts=())
    assert stability(follows, PICTURE, changes=changes) == stability(
        follows, PICTURE, changes=changes
    )


def test_a_shift_moves_down_and_right_and_repeats_the_edge():
    picture = np.arange(12, dtype=np.float32).reshape(3, 4)[:, :, None].repeat(3, axis=2)
    moved = shifted(picture, (1, -1))[:, :, 0]
    assert moved.tolist() == [[1, 2, 3, 3], [1, 2, 3, 3], [5, 6, 7, 7]]
