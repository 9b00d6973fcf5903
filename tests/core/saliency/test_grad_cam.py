"""The one-pass map on numbers made by hand (fault 52), and against tf-keras-vis."""

import numpy as np
import pytest

from core.architectures.specs import ARCHITECTURES
from core.domain import Explanation
from core.errors import ModelVersionError
from core.saliency.grad_cam import class_maps, explain_classes, peak_place, upsample


def test_the_map_of_a_two_by_two_grid_is_the_weighted_sum_of_its_channels():
    feature_map = np.array([[[1.0, 0.0], [0.0, 2.0]], [[3.0, 1.0], [0.0, 0.0]]])
    head = np.array([[1.0, -1.0], [0.5, 2.0]])
    maps = class_maps(feature_map, head)
    assert maps.tolist() == [[[1.0, 1.0], [3.5, 0.0]], [[0.0, 4.0], [0.0, 0.0]]]


def test_the_mean_over_places_before_relu_is_the_logit_less_its_bias():
    draw = np.random.default_rng(0)
    feature_map, head = draw.random((7, 7, 16)), draw.random((16, 4))
    logits = feature_map.mean(axis=(0, 1)) @ head
    assert class_maps(feature_map, head).mean(axis=(1, 2)) == pytest.approx(logits, rel=1e-5)


def test_a_dead_relu_leaves_no_evidence_and_nothing_is_stretched():
    (only,) = explain_classes(
        np.zeros((3, 3, 2)), np.ones((2, 1)), class_names=["stone"], layer="feature_map"
    )
    assert only.raw_peak == 0
    assert not only.has_evidence
    assert not upsample(only.grid, 30, 30).any()


def test_a_class_that_no_place_speaks_for_has_no_evidence():
    first, second = explain_classes(
        np.ones((2, 2, 1)), np.array([[1.0, -1.0]]), class_names=["a", "b"], layer="feature_map"
    )
    assert (first.has_evidence, second.has_evidence) == (True, False)


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_a_map_that_is_not_numbers_is_refused(value):
    with pytest.raises(ModelVersionError, match="not numbers"):
        class_maps(np.full((2, 2, 1), value), np.ones((1, 1)))


def test_a_head_of_other_channels_is_refused():
    with pytest.raises(ModelVersionError, match="does not fit"):
        class_maps(np.ones((2, 2, 3)), np.ones((4, 1)))


def test_a_map_lies_over_the_picture_with_one_as_its_peak():
    grid = np.zeros((4, 4), np.float32)
    grid[1, 2] = 8.0
    heatmap = upsample(grid, 40, 80)
    assert heatmap.shape == (40, 80)
    assert heatmap.dtype == np.float32
    assert heatmap.max() == 1.0
    # The centre of cell (1, 2): rows 10 to 19, columns 40 to 59.
    assert peak_place(heatmap) == pytest.approx((14.5, 49.5), abs=0.6)


def test_a_map_of_a_padded_picture_is_cut_where_the_padding_was():
    grid = np.zeros((4, 4), np.float32)
    grid[0] = 9.0  # over the padding alone
    grid[1, 0] = 1.0
    heatmap = upsample(grid, 100, 200, padded_to_square=True)
    assert heatmap.shape == (100, 200)
    assert heatmap.max() == 1.0
    whole = upsample(grid, 200, 200)
    assert np.allclose(heatmap, whole[50:150] / whole[50:150].max())


def test_the_peak_of_an_empty_map_is_none():
    assert peak_place(np.zeros((3, 3), np.float32)) is None


def test_an_explanation_cannot_be_changed_afterwards():
    explanation = Explanation("a", "grad_cam", "feature_map", np.ones((2, 2), np.float32), 1.0)
    with pytest.raises(ValueError, match="read-only"):
        explanation.grid[0, 0] = 5


def largest_difference(network, head, batch):
    import keras

    from core.saliency.oracle import GradientOracle, min_max

    inner = keras.Model(network.inputs[0], network.get_layer("feature_map").output)
    maps = class_maps(np.asarray(inner(batch))[0], head)
    oracle = GradientOracle(network)
    return max(
        np.abs(min_max(grid) - min_max(oracle.grid(batch, index))).max()
        for index, grid in enumerate(maps)
    )


@pytest.mark.heavy
def test_the_map_of_a_flat_network_equals_tf_keras_vis():
    from tests.network_version import tiny_network

    network = tiny_network()
    batch = np.random.default_rng(0).uniform(0, 255, (1, 224, 224, 3)).astype(np.float32)
    assert largest_difference(network, network.get_layer("logits").get_weights()[0], batch) < 1e-3


@pytest.mark.heavy
@pytest.mark.needs_backbones
@pytest.mark.parametrize("key", ["mobilenet", "resnet50"])
def test_the_map_of_a_trained_backbone_equals_tf_keras_vis(key, backbones):
    from core.architectures.builders import build_network

    network = build_network(ARCHITECTURES[key], n_classes=4, backbones=backbones)
    batch = np.random.default_rng(0).uniform(0, 255, (1, 224, 224, 3)).astype(np.float32)
    assert largest_difference(network, network.get_layer("logits").get_weights()[0], batch) < 1e-3
