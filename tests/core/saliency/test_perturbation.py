"""Score-CAM, occlusion and RISE on a score whose evidence is known by construction."""

from __future__ import annotations

import importlib

import numpy as np
import pytest

from core.domain import EngineOutput
from core.errors import ArgumentError, CancelledError, ModelVersionError
from core.saliency.faithfulness.ranks import rank_correlation
from core.saliency.masks import CHUNK, blurred, masked_scores, only_picture, softmax, stretched
from core.saliency.occlusion import Patch, occlusion
from core.saliency.raw_maps import Watch
from core.saliency.rise import RandomMasks, draw_grids, regressed, rise, shifted_masks
from core.saliency.score_cam import group_channels, scaled_channels, score_cam
from tests.core.saliency.known_score import PLACE, SIZE, counted, picture, score
from tests.small_version import slices

CLASSES = (1, 2)
FEW = RandomMasks(n=200)


def energy_in_place(grid):
    """Return the share of a map's sum that lies in PLACE, over PLACE's share of the picture."""
    rows, columns = grid.shape
    ys, xs = np.mgrid[0:rows, 0:columns] + 0.5
    ys, xs = ys / rows * SIZE[0], xs / columns * SIZE[1]
    inside = (ys > PLACE[0].start) & (ys < PLACE[0].stop)
    inside &= (xs > PLACE[1].start) & (xs < PLACE[1].stop)
    return grid[inside].sum() / grid.sum() / inside.mean()


def channels():
    """Return a feature map whose first channel marks PLACE, the second the rest, a third: none."""
    marked = np.zeros((7, 7), np.float32)
    marked[4:6, 1:3] = 1
    return np.stack([marked * 2, 3 * (1 - marked), np.full((7, 7), 0.7)], axis=2).astype(np.float32)


def test_occlusion_owes_the_logit_to_the_place_that_makes_it():
    stone, absent = occlusion(score, picture(), CLASSES)
    assert stone.shape == (14, 14)
    assert energy_in_place(stone) > 5
    assert np.unravel_index(stone.argmax(), stone.shape) in {
        (r, c) for r in range(8, 12) for c in range(2, 6)
    }
    # Class 2 speaks of what is missing there: nothing that is covered lowers it.
    assert absent.max() == 0


@pytest.mark.parametrize("fill", ["blurred", "mean"])
def test_a_patch_that_covers_the_whole_place_takes_away_what_it_gave(fill):
    whole = Patch(cells=7, width_cells=2, fill=fill)
    (stone,) = occlusion(score, picture(), (1,), patch=whole)
    covered = picture()
    cover = (
        blurred(covered)
        if fill == "blurred"
        else np.broadcast_to(covered.mean(axis=(0, 1)), covered.shape)
    )
    covered[PLACE] = cover[PLACE]
    drop = score(picture()[None])[0, 1] - score(covered[None])[0, 1]
    # Four cells make up PLACE; four patches cover each, together a mean of 9/16 of the place.
    assert stone.max() == pytest.approx(drop * 9 / 16, rel=0.15)


def test_occlusion_of_an_oblong_picture_has_square_cells():
    grids = occlusion(lambda batch: batch.mean(axis=(1, 2)), np.full((28, 56, 3), 9.0), (0,))
    assert grids.shape == (1, 14, 28)


def test_rise_shows_the_place():
    stone, absent = rise(score, picture(), CLASSES, drawn=FEW)
    assert stone.shape == (14, 14)
    assert energy_in_place(stone) > 3
    assert absent[8:12, 2:6].mean() < 0.1 * absent.mean()


def test_rise_is_the_same_for_the_same_seed_and_another_for_another():
    again = rise(score, picture(), (1,), drawn=FEW)
    np.testing.assert_array_equal(rise(score, picture(), (1,), drawn=FEW), again)
    other = rise(score, picture(), (1,), drawn=RandomMasks(n=200, seed=1))
    assert not np.array_equal(other, again)
    assert np.corrcoef(other.ravel(), again.ravel())[0, 1] > 0.99


def test_rise_comes_near_to_the_mean_over_very_many_masks():
    many = RandomMasks(n=3000, seed=3)
    coarse, shifts = draw_grids(many)
    masks = shifted_masks(coarse, shifts, SIZE, cells=many.cells)
    found = np.array([score((mask[..., None] * picture())[None])[0, 1] for mask in masks])
    cells = masks.reshape(len(masks), 14, 4, 14, 4).mean(axis=(2, 4)).reshape(len(masks), -1)
    # The paper's map, less the mean score: E[f | shown] - E[f].
    plain = (found - found.mean()) @ cells / cells.sum(axis=0)
    shown = regressed(cells[:512].astype(float), found[:512, None].astype(float), many)[0]
    few = (found[:512] - found[:512].mean()) @ cells[:512] / cells[:512].sum(axis=0)
    assert np.abs(shown - plain).max() < 0.1 * plain.max()
    assert np.abs(shown - plain).mean() < 0.6 * np.abs(few - plain).mean()


def test_score_cam_weighs_a_channel_by_the_probability_of_what_it_shows():
    feature_map = channels()
    (grid,) = score_cam(score, picture(), feature_map, (1,), n_masks=None)
    expected = np.zeros((7, 7))
    for channel in (0, 1):  # the third is the same everywhere: it can mask nothing
        plane = feature_map[:, :, channel]
        mask = stretched(plane[None] / plane.max(), SIZE)[0]
        shown = picture() * mask[..., None]
        expected += softmax(score(shown[None]))[0, 1] * plane
    np.testing.assert_allclose(grid, expected, rtol=1e-5)


def test_score_cam_of_groups_asks_for_one_pass_a_group():
    rng = np.random.default_rng(2)
    feature_map = np.maximum(rng.normal(0, 1, (7, 7, 96)), 0).astype(np.float32)
    ask, calls = counted(score)
    score_cam(ask, picture(), feature_map, (0, 1, 2), n_masks=24)
    assert sum(calls) <= 24 and max(calls) <= CHUNK


def test_channels_that_light_up_together_share_a_group():
    base = np.eye(3, 9, dtype=np.float32)
    many = np.repeat(base, [5, 1, 4], axis=0) * np.linspace(0.9, 1, 10)[:, None]
    scaled, alive = scaled_channels(many.T.reshape(3, 3, 10).astype(np.float32))
    group = group_channels(scaled, 3)
    assert len(alive) == 10
    assert len(set(group[:5])) == len(set(group[6:])) == 1
    assert len({group[0], group[5], group[6]}) == 3
    assert group_channels(scaled, 99).tolist() == list(range(10))


def test_a_feature_map_without_contrast_gives_an_empty_map():
    grids = score_cam(score, picture(), np.ones((7, 7, 4), np.float32), CLASSES)
    assert grids.shape == (2, 7, 7) and not grids.any()


def test_without_a_feature_map_another_method_is_named():
    with pytest.raises(ModelVersionError, match="occlusion or RISE"):
        score_cam(score, picture(), np.zeros((0, 0, 0), np.float32), CLASSES)


METHODS = {
    "score_cam": lambda ask, watch: score_cam(ask, picture(), channels(), CLASSES, watch=watch),
    "occlusion": lambda ask, watch: occlusion(ask, picture(), CLASSES, watch=watch),
    "rise": lambda ask, watch: rise(ask, picture(), CLASSES, drawn=FEW, watch=watch),
}


@pytest.mark.parametrize("method", METHODS)
def test_progress_is_told_up_to_the_end_in_batches(method):
    told: list[tuple[int, int]] = []
    ask, calls = counted(score)
    METHODS[method](ask, Watch(lambda done, total: told.append((done, total))))
    assert told[-1][0] == told[-1][1]
    assert [done for done, _ in told] == sorted({done for done, _ in told})
    assert max(calls) <= CHUNK


@pytest.mark.parametrize("method", METHODS)
def test_a_stopped_watch_ends_it_at_the_next_batch(method):
    watch = Watch()
    ask, calls = counted(score)
    watch.stop()
    with pytest.raises(CancelledError):
        METHODS[method](ask, watch)
    assert len(calls) <= 2


def test_masks_show_the_baseline_where_they_are_zero():
    half = np.zeros((3, *SIZE), np.float32)
    half[1] = 0.5
    half[2] = 1
    seen = []

    def look(batch):
        seen.append(batch.copy())
        return batch.mean(axis=(1, 2))

    masked_scores(look, picture(), lambda a, b: half[a:b], 3, baseline=10.0)
    batch = np.concatenate(seen)
    np.testing.assert_allclose(batch[0], 10)
    np.testing.assert_allclose(batch[1], picture() / 2 + 5, rtol=1e-5)
    np.testing.assert_allclose(batch[2], picture(), rtol=1e-5)


def test_one_picture_at_a_time():
    assert only_picture(picture()[None]).shape == (*SIZE, 3)
    with pytest.raises(ArgumentError, match="one picture"):
        only_picture(np.zeros((2, 8, 8, 3), np.float32))


class Probe:
    """A network whose score and feature map are known."""

    def logits(self, batch):
        return score(batch)

    def passes(self, batch):
        maps = np.repeat(channels()[None], len(batch), axis=0)
        return EngineOutput(score(batch), maps, np.zeros((len(batch), 1), np.float32))


@pytest.mark.parametrize(
    ("module", "layer", "shape"),
    [
        ("score_cam", "feature_map", (2, 7, 7)),
        ("occlusion", "pixels", (2, 14, 14)),
        ("rise", "pixels", (2, 14, 14)),
    ],
)
def test_a_method_explains_through_a_probe(module, layer, shape):
    explain = importlib.import_module(f"core.saliency.{module}").explain
    made = explain(Probe(), picture()[None], CLASSES)
    assert (made.layer, made.grids.shape, made.grids.dtype) == (layer, shape, np.float32)
    assert made.grids.min() >= 0 and energy_in_place(made.grids[0]) > 1.5


@pytest.mark.heavy
def test_score_cam_of_every_channel_ranks_places_as_tf_keras_vis_does():
    import keras

    from core.saliency.oracle import ScoreOracle
    from tests.network_version import tiny_network

    keras.utils.set_random_seed(3)
    network = tiny_network()
    batch = slices(1, (224, 224), seed=5).astype(np.float32)
    last = keras.Model(network.inputs[0], network.get_layer("feature_map").output)
    feature_map = np.asarray(last(batch))[0]
    ours = score_cam(
        lambda many: np.asarray(network(many)), batch[0], feature_map, range(4), n_masks=None
    )
    oracle = ScoreOracle(network)
    for index in range(4):
        assert rank_correlation(ours[index], oracle.grid(batch, index)) >= 0.95
