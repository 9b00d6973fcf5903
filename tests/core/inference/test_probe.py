"""A version opened at its layers: logits of many, activations, gradients, and what is refused."""

import json
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from core.errors import ArgumentError, ModelVersionError
from core.inference.layers import (
    LayerRow,
    first_kernels,
    leaves_as,
    parse_layers,
    read_layers,
    stage_ends,
)
from core.inference.package import read_version
from core.inference.probe import CHUNK, Probe, open_probe
from core.inference.writer import write_version
from core.tasks import load_task
from tests.small_version import (
    build_graph,
    run_graph,
    slices,
    small_layers,
    version_files,
    weights_of,
)

TASK = load_task("kidney_ct")
SIZE = (224, 224)


@pytest.fixture(scope="module")
def version(tmp_path_factory):
    folder = tmp_path_factory.mktemp("models")
    return read_version(write_version(folder, "small-1", files=version_files(TASK)))


@pytest.fixture(scope="module")
def probe(version):
    return open_probe(version)


@pytest.fixture(scope="module")
def old_version(tmp_path_factory):
    """Return a version written before layers were named."""
    files = version_files(TASK)
    del files["layers.json"]
    folder = tmp_path_factory.mktemp("models")
    return read_version(write_version(folder, "small-1", files=files))


def pictures(n):
    return slices(n, SIZE).astype(np.float32)


@pytest.mark.parametrize("n", [1, 3, CHUNK, CHUNK + 2])
def test_logits_of_many_pictures_are_those_of_each(probe, n):
    expected = run_graph(build_graph(TASK, weights_of(TASK)), pictures(n)).logits
    assert np.allclose(probe.logits(pictures(n)), expected, atol=1e-5)


def test_a_probe_knows_the_head_of_its_version(probe):
    weights = weights_of(TASK)
    assert probe.input_size == SIZE
    assert probe.class_names == TASK.class_names
    assert np.array_equal(probe.head_weights, weights["head"])
    assert np.array_equal(probe.head_bias, weights["bias"])
    assert not probe.is_linear


def test_the_activations_of_a_layer_have_their_channels_last(probe):
    first = probe.activations(pictures(1), "first")
    last = probe.activations(pictures(1), "second")
    assert first.shape == (14, 14, 6)
    assert np.array_equal(last, probe.passes(pictures(1)).feature_map[0])


def test_gradients_of_the_last_map_are_the_weights_over_its_places(probe):
    found = probe.gradients(pictures(1), ["feature_map", "first", "pixels"], [2, 0])
    assert found["first"].shape == (2, 14, 14, 6)
    assert found["pixels"].shape == (2, *SIZE, 3)
    expected = weights_of(TASK)["head"].T[[2, 0]] / 49
    assert np.allclose(found["feature_map"], expected[:, None, None, :], atol=1e-7)


def test_the_gradient_of_the_pixels_is_what_a_small_step_does(probe):
    along = np.random.default_rng(0).normal(0, 0.05, (1, *SIZE, 3)).astype(np.float32)
    batch = pictures(1)
    step = (probe.logits(batch + along) - probe.logits(batch - along))[0] / 2
    slopes = (probe.gradients(batch, ["pixels"], range(4))["pixels"] * along).sum((1, 2, 3))
    assert np.allclose(slopes, step, atol=0.02 * np.abs(step).max())


def test_many_threads_get_each_their_own_answer(probe):
    batches = [pictures(3)[i : i + 1] for i in range(3)] * 4
    expected = [probe.logits(batch) for batch in batches]
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(probe.logits, batches))
    assert all(map(np.array_equal, found, expected))


def test_the_same_version_is_opened_once(version, probe):
    assert open_probe(version) is probe


@pytest.mark.parametrize("layer", ["third", "pooled", "scaling"])
def test_a_layer_without_a_map_is_refused_with_those_that_have_one(probe, layer):
    with pytest.raises(ArgumentError, match=r"no layer.*first, second"):
        probe.activations(pictures(1), layer)


def test_a_class_that_is_not_there_is_refused(probe):
    with pytest.raises(ArgumentError, match="not among 0 to 3"):
        probe.gradients(pictures(1), ["pixels"], [4])


def test_a_batch_of_another_shape_is_refused(probe):
    with pytest.raises(ModelVersionError, match="takes pictures of shape"):
        probe.logits(np.zeros((1, 32, 32, 3), np.float32))
    with pytest.raises(ArgumentError, match="one picture at a time"):
        probe.activations(pictures(2), "first")


def test_a_version_without_named_layers_says_so_and_still_gives_its_last_map(old_version):
    probe = open_probe(old_version)
    assert probe.layers == ()
    assert probe.activations(pictures(1), "feature_map").shape == (7, 7, 8)
    for ask in (lambda: probe.activations(pictures(1), "first"), lambda: read_layers(old_version)):
        with pytest.raises(ModelVersionError, match=r"before layers were named.*[Ii]nstall"):
            ask()


def test_a_graph_without_the_layers_of_its_list_is_noticed(probe):
    plain = build_graph(TASK, weights_of(TASK))
    rows = [row.model_copy(update={"name": "else", "has_map": True}) for row in small_layers(TASK)]
    other = Probe(plain.clone, name="other", class_names=TASK.class_names, layers=rows)
    with pytest.raises(ModelVersionError, match="no tensor named layer/else"):
        other.activations(pictures(1), "else")


def test_a_damaged_list_of_layers_is_one_clear_sentence():
    with pytest.raises(ModelVersionError, match=r"layers.json of model version v1 is damaged"):
        parse_layers(json.dumps([{"name": "first"}]).encode(), version_name="v1")


def test_the_kernels_need_a_network_that_can_be_read(version):
    with pytest.raises(ModelVersionError, match="cannot be read"):
        first_kernels(version)


def rows_of(*layers):
    """Return rows from (name, kind, side of its grid, inputs)."""
    return [
        LayerRow(
            name=name,
            kind=kind,
            output_shape=(side, side, 8),
            n_parameters=0,
            is_trainable=False,
            inputs=inputs,
            has_map=kind in {"Conv2D", "Add"},
        )
        for name, kind, side, inputs in layers
    ]


RESIDUAL = rows_of(
    ("pixels", "InputLayer", 32, ()),
    ("a", "Conv2D", 16, ("pixels",)),
    ("a_bn", "BatchNormalization", 16, ("a",)),
    ("a_relu", "ReLU", 16, ("a_bn",)),
    ("b", "Conv2D", 16, ("a_relu",)),
    ("sum", "Add", 16, ("b", "a_relu")),
    ("c", "Conv2D", 8, ("sum",)),
    ("d", "Conv2D", 8, ("sum",)),
    ("joined", "Add", 8, ("c", "d")),
    ("feature_map", "Activation", 8, ("joined",)),
)


def test_a_layer_leaves_as_its_own_normalisation_and_activation_where_nothing_else_reads_it():
    assert leaves_as(RESIDUAL, "a") == "a_relu"
    assert leaves_as(RESIDUAL, "b") == "b"
    assert leaves_as(RESIDUAL, "joined") == "feature_map"


def test_a_resolution_ends_at_a_layer_that_no_path_leads_past():
    assert stage_ends(RESIDUAL) == ("joined", "sum")
