"""The detail branch: taught by place, joined without changing an answer, heard by its weights."""

import numpy as np
import pytest

from core.datasets.pasting import PastingSpec
from core.errors import TrainingError
from core.training.config import DetailConfig
from core.training.detail import (
    DetailData,
    cells,
    fit_detector,
    keep_weights,
    take_weights,
    teachable,
)
from tests.core.training.toys import toy_set

pytestmark = pytest.mark.heavy
CONTEXT = "block2_relu"
CONFIG = DetailConfig(filters=(4, 6), mixed=4, steps=3, batch_size=2, pasting={"finding": "b"})


def small_network():
    from core.architectures import ARCHITECTURES
    from core.architectures.builders import build_network

    return build_network(
        ARCHITECTURES["simple_cnn"], n_classes=3, input_size=(32, 32), weights="none"
    )


@pytest.fixture(scope="module")
def network():
    return small_network()


def detector_of(network, filters=(4,)):
    from core.architectures.detail import build_detector

    return build_detector(network, context_layer=CONTEXT, filters=filters, mixed=4)


def answers(network, seed=0):
    batch = np.random.default_rng(seed).uniform(0, 255, (2, 32, 32, 3)).astype(np.float32)
    return np.asarray(network(batch, training=False))


def test_joining_changes_no_answer_until_the_evidence_is_weighed(network):
    from core.architectures.detail import EVIDENCE, join_detector, set_evidence_weights

    joined = join_detector(network, detector_of(network), context_layer=CONTEXT, margin=8.0)
    before = answers(network)
    assert np.allclose(answers(joined), before, atol=1e-5)
    set_evidence_weights(joined, [0.0, 0.5, -0.5])
    import keras

    evidence = keras.Model(joined.input, joined.get_layer(EVIDENCE).output)
    seen = answers(evidence).mean(axis=(1, 2, 3))
    assert (seen > 0).all()
    moved = answers(joined) - before
    assert np.allclose(moved[:, 1], 0.5 * seen, rtol=1e-4)
    assert np.allclose(moved[:, 2], -0.5 * seen, rtol=1e-4)


def test_the_joined_network_is_still_pooling_and_one_dense_layer(network):
    import keras

    from core.architectures.detail import join_detector

    joined = join_detector(network, detector_of(network), context_layer=CONTEXT, margin=8.0)
    feature_map = answers(keras.Model(joined.input, joined.get_layer("feature_map").output))
    weights, bias = joined.get_layer("logits").get_weights()
    again = feature_map.mean(axis=(1, 2)) @ weights + bias
    assert feature_map.shape[1:3] == (16, 16)
    assert np.allclose(again, answers(joined), atol=1e-4)


def test_a_branch_that_ends_in_another_grid_is_refused(network):
    with pytest.raises(TrainingError, match="grid of"):
        detector_of(network, filters=(4, 6, 8))


def test_a_detector_is_taught_and_its_weights_kept(network, tmp_path):
    from core.training.tail import write_stem

    data = toy_set(n_groups=6)
    spec = PastingSpec(finding=data.class_names[0])
    rows = teachable(data, np.arange(len(data)), spec)
    assert len(rows) and not (data.y_true[rows] == 0).any()
    write_stem(network, CONTEXT, tmp_path / "stem.xml")
    detector, told = detector_of(network), []
    before = [value.copy() for value in detector.get_weights()]
    fit_detector(
        detector,
        DetailData(data, rows, tmp_path / "stem.xml", spec),
        config=CONFIG.model_copy(update={"steps": 50}),
        seed=0,
        tell=lambda step, total, loss: told.append((step, total)),
    )
    assert told == [(50, 50)]
    assert any((a != b).any() for a, b in zip(before, detector.get_weights(), strict=True))
    keep_weights(detector, tmp_path / "kept.npz")
    twin = detector_of(network)
    assert take_weights(twin, tmp_path / "kept.npz")
    pairs = zip(twin.get_weights(), detector.get_weights(), strict=True)
    assert all(np.array_equal(a, b) for a, b in pairs)
    assert not take_weights(twin, tmp_path / "nothing.npz")
    (tmp_path / "cut.npz").write_bytes((tmp_path / "kept.npz").read_bytes()[:200])
    assert not take_weights(twin, tmp_path / "cut.npz")


def test_the_cell_of_a_stone_counts_and_its_neighbours_do_not():
    target, weight = cells(((15.0, 15.0, 17.0, 17.0),), (64, 64), (8, 8))
    assert np.argwhere(target > 0).tolist() == [[2, 2]]
    assert weight[2, 2] == 4.0 and (weight[1:4, 1:4] > 0).sum() == 1
    assert weight[5:, 5:].min() == 1.0


def test_without_stones_every_cell_is_asked():
    target, weight = cells((), (64, 64), (8, 8))
    assert not target.any() and (weight == 1).all()


def test_the_joined_network_is_exported_and_opened_at_its_layers(network, tmp_path):
    import openvino as ov

    from core.architectures.detail import join_detector, set_evidence_weights
    from core.training.export import export_network

    joined = join_detector(network, detector_of(network), context_layer=CONTEXT, margin=8.0)
    set_evidence_weights(joined, [0.1, 0.2, -0.3])
    written = export_network(joined, gate_layer=CONTEXT, folder=tmp_path)
    assert {"engine.xml", "layers.json"} <= set(written)
    graph = ov.Core().read_model(str(tmp_path / "engine.xml"))
    assert len(graph.outputs) == 3
    compiled = ov.Core().compile_model(graph, "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    batch = np.random.default_rng(0).uniform(0, 255, (2, 32, 32, 3)).astype(np.float32)
    assert np.allclose(compiled(batch)["logits"], answers(joined), atol=1e-3)
