"""The methods of one pass, and the fused one, on numbers made by hand and on the small version."""

import numpy as np
import pytest

from core.errors import ArgumentError, ExplanationError, ModelVersionError
from core.inference.package import read_version
from core.inference.probe import Probe, open_probe
from core.inference.writer import write_version
from core.saliency.eigen_cam import first_component
from core.saliency.exact_linear import contributions
from core.saliency.grad_cam_plus_plus import channel_weights
from core.saliency.layer_cam_fusion import fused, layer_cams, layers_to_fuse
from core.saliency.methods import METHODS
from core.saliency.raw_maps import RawMaps
from core.saliency.run import available_methods, explain_with
from core.tasks import load_task
from tests.small_version import build_graph, slices, version_files, weights_of

TASK = load_task("kidney_ct")
ORDER = (
    "grad_cam hires_cam grad_cam_plus_plus layer_cam layer_cam_fusion eigen_cam score_cam "
    "occlusion rise saliency smooth_grad integrated_gradients exact_linear"
)


@pytest.fixture(scope="module")
def probe(tmp_path_factory):
    folder = tmp_path_factory.mktemp("models")
    return open_probe(read_version(write_version(folder, "small-1", files=version_files(TASK))))


def picture():
    return slices(1, (224, 224)).astype(np.float32)


def feature_map(probe):
    return probe.activations(picture(), "feature_map")


def test_the_registry_holds_every_key_in_order():
    assert list(METHODS) == ORDER.split()


@pytest.mark.parametrize("spec", METHODS.values(), ids=list(METHODS))
def test_a_method_says_what_it_costs_and_what_it_does_not_show(spec):
    assert spec.cost
    assert len(spec.caution.split()) > 10
    assert spec.module.startswith("core.saliency.")


def test_a_channel_that_carries_the_score_is_held_back_by_grad_cam_plus_plus():
    shown = np.zeros((2, 2, 2))
    shown[..., 0], shown[..., 1] = 10.0, 0.1
    weights = channel_weights(shown, np.array([[1.0], [1.0]]))
    assert weights[:, 0] == pytest.approx([1 / 6, 1 / 1.05])


def test_layer_cam_counts_what_speaks_for_the_class_alone(probe):
    head = np.maximum(weights_of(TASK)["head"], 0)
    expected = np.moveaxis(feature_map(probe) @ head, -1, 0)
    found = explain_with("layer_cam", probe, picture(), range(4)).grids
    assert np.allclose(found, expected, rtol=1e-4)


def test_layer_cam_from_the_backward_pass_is_its_closed_form_at_the_last_layer(probe):
    found, back = probe.activations_and_gradients(picture(), ["feature_map"], range(4))
    closed = explain_with("layer_cam", probe, picture(), range(4)).grids
    assert np.allclose(layer_cams(found["feature_map"], back["feature_map"]), closed, rtol=1e-4)


def test_eigen_cam_is_the_same_for_every_class_and_never_upside_down(probe):
    grids = explain_with("eigen_cam", probe, picture(), range(4)).grids
    assert all(np.array_equal(grid, grids[0]) for grid in grids)
    flat = feature_map(probe).reshape(-1, 8)
    _, singular, vectors = np.linalg.svd(flat)
    expected = flat @ vectors[0] * np.sign((flat @ vectors[0]).sum())
    assert np.allclose(grids[0].ravel(), expected, atol=1e-3 * singular[0])


def test_eigen_cam_of_an_empty_map_is_empty():
    assert not first_component(np.zeros((3, 3, 4), np.float32)).any()


def test_fusion_keeps_the_unit_of_the_last_layer_and_the_grid_of_the_finest():
    deep = np.array([[[4.0, 0.0], [0.0, 0.0]], [[0.0, 0.0], [0.0, 0.0]]], np.float32)
    fine = np.zeros((2, 4, 4), np.float32)
    fine[:, 0, 0], fine[:, 3, 3] = 0.5, 0.25
    joined = fused([deep, fine])
    assert joined.shape == (2, 4, 4)
    assert joined[0].max() == pytest.approx(4.0)
    assert joined[0, 3, 3] == pytest.approx(4 * np.tanh(1.0), rel=1e-5)
    # Without evidence at the last layer there is none, whatever the edges are.
    assert not joined[1].any()


def test_fusion_takes_the_ends_of_the_resolutions_of_a_network(probe):
    assert layers_to_fuse(probe) == ("feature_map", "first")
    maps = explain_with("layer_cam_fusion", probe, picture(), [1])
    assert maps.grids.shape == (1, 14, 14)
    assert maps.layer == "feature_map+first"


def test_a_network_is_offered_the_methods_that_it_has_what_they_need_for(probe):
    keys = {spec.key for spec in available_methods(probe)}
    assert keys == set(METHODS) - {"exact_linear"}
    graph = build_graph(TASK, weights_of(TASK), outputs=("logits", "gate_features"))
    bare = Probe(graph.clone, name="bare", class_names=TASK.class_names)
    assert {spec.key for spec in available_methods(bare)} == {
        "occlusion",
        "rise",
        "integrated_gradients",
    }
    with pytest.raises(ArgumentError, match=r"a last feature map .* bare does not have"):
        explain_with("grad_cam", bare, picture(), [0])
    with pytest.raises(ModelVersionError, match="needs the Keras network"):
        explain_with("saliency", bare, picture(), [0])


def test_the_contributions_of_a_network_that_bends_are_refused(probe):
    with pytest.raises(ModelVersionError, match="not linear in the pixels"):
        contributions(probe, picture(), range(4))


def test_a_method_that_does_not_exist_is_refused(probe):
    with pytest.raises(ArgumentError, match="no saliency method 'guess'"):
        explain_with("guess", probe, picture(), [0])


def test_a_map_that_is_not_numbers_is_refused(probe, monkeypatch):
    from core.saliency import hires_cam

    broken = RawMaps(np.full((1, 7, 7), np.nan, np.float32), "feature_map")
    monkeypatch.setattr(hires_cam, "explain", lambda *_, **__: broken)
    with pytest.raises(ExplanationError, match="HiResCAM gave values that are not numbers"):
        explain_with("hires_cam", probe, picture(), [0])


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("is_signed", [False, True])
def test_eigen_cam_is_the_first_singular_vector_of_numpy(seed, is_signed):
    draw = np.random.default_rng(seed).normal(size=(6, 7, 40))
    features = (draw if is_signed else np.maximum(draw, 0)).astype(np.float32)
    left, sizes, _ = np.linalg.svd(features.reshape(42, 40).astype(np.float64))
    projected = left[:, 0] * sizes[0] * (1 if left[:, 0].sum() > 0 else -1)
    wanted = np.maximum(projected, 0).reshape(6, 7)
    np.testing.assert_allclose(first_component(features), wanted, rtol=1e-4, atol=1e-4)


def test_eigen_cam_where_no_vector_stands_out_is_still_one_of_the_largest():
    features = np.zeros((1, 2, 2), np.float32)
    features[0, 0, 0] = features[0, 1, 1] = 3.0  # two equal singular values
    assert first_component(features).max() <= 3.0
    features[0, 1, 1] = 2.999
    np.testing.assert_allclose(first_component(features), [[3.0, 0.0]], atol=1e-3)
