"""The gradient process with Keras in it: tf-keras-vis's own numbers, and nothing left changed."""

from __future__ import annotations

import os
import signal

import numpy as np
import pytest

from core.errors import ExplanationError, ModelVersionError
from core.saliency import gradient_client
from core.saliency.gradient_client import GradientClient, explain_by_gradients, maximise
from core.saliency.maximum_settings import MaximumSettings
from tests.small_version import slices

pytestmark = pytest.mark.heavy
FEW = MaximumSettings(is_grey=True, n_steps=12)


@pytest.fixture(scope="module")
def version(tmp_path_factory):
    from tests.network_version import tiny_network, write_network_version

    return write_network_version(
        tmp_path_factory.mktemp("models"), tiny_network(), gate_layer="first"
    )


@pytest.fixture(scope="module")
def client():
    made = GradientClient()
    yield made
    made.close()


@pytest.fixture(autouse=True)
def _one_process(client, monkeypatch, use_settings, tmp_path):
    """Let every test ask the same process, with few steps and a home of its own."""
    monkeypatch.setattr(gradient_client, "_client", client)
    monkeypatch.setattr(gradient_client, "settings_for", lambda version: FEW)
    use_settings(home=tmp_path / "home")


def test_saliency_equals_tf_keras_vis_on_the_network_itself(version):
    from core.inference.keras_file import load_network
    from core.saliency.visualiser import Saliency, quiet

    batch = slices(1, (224, 224)).astype(np.float32)
    network = load_network(version)
    before = np.asarray(network(batch))
    maps = explain_by_gradients(version, "saliency", batch, [3, 1])
    assert (maps.grids.shape, maps.layer) == ((2, 224, 224), "pixels")
    for grid, index in zip(maps.grids, (3, 1), strict=True):
        with quiet():
            oracle = Saliency(network, clone=False)(
                lambda outputs, index=index: outputs[:, index], batch, normalize_map=False
            )
        assert grid == pytest.approx(np.asarray(oracle)[0], rel=1e-3, abs=1e-5 * float(grid.max()))
    assert np.array_equal(np.asarray(network(batch)), before)


def test_smooth_grad_is_the_same_each_time_and_tells_its_steps(version):
    told: list[tuple[int, int]] = []
    watch = gradient_client.Watch(lambda done, total: told.append((done, total)))
    batch = slices(1, (224, 224)).astype(np.float32)
    first = explain_by_gradients(version, "smooth_grad", batch, [0], watch)
    again = explain_by_gradients(version, "smooth_grad", batch, [0])
    plain = explain_by_gradients(version, "saliency", batch, [0])
    assert np.array_equal(first.grids, again.grids)
    assert not np.array_equal(first.grids, plain.grids)
    assert max(told)[1] == 24


@pytest.mark.parametrize("layer", ["first", "feature_map"])
def test_a_maximising_picture_excites_its_channel_more_than_noise_does(version, layer):
    from core.inference.keras_file import load_network
    from core.saliency.activation_maximisation import pre_activation

    pixels = maximise(version, layer, 2)
    assert (pixels.shape, pixels.dtype) == ((224, 224, 3), np.uint8)
    assert np.array_equal(pixels[..., 0], pixels[..., 2])
    import keras

    network = load_network(version)
    reader = keras.Model(network.inputs[0], pre_activation(network, layer))
    noise = np.random.default_rng(0).normal(117, 12, (1, 224, 224, 1)).repeat(3, axis=-1)
    found, start = (
        np.sort(np.asarray(reader(picture.astype(np.float32)))[..., 2].ravel())[-40:].mean()
        for picture in (pixels[None], noise)
    )
    assert found > start + 0.1 * abs(start)


def test_a_kept_picture_needs_no_process(version, client, monkeypatch):
    first = maximise(version, "first", 1)
    monkeypatch.setattr(client, "ask", None)
    assert np.array_equal(maximise(version, "first", 1), first)


def test_wrong_layers_channels_and_versions_are_refused_in_a_sentence(version):
    import dataclasses

    with pytest.raises(ExplanationError, match="no layer 'conv9'"):
        maximise(version, "conv9", 0)
    with pytest.raises(ExplanationError, match="no channel 60"):
        maximise(version, "first", 60)
    with pytest.raises(ExplanationError, match="no map of places"):
        maximise(version, "pooled", 0)
    gone = dataclasses.replace(version, path=version.path.parent / "gone")
    changed = dataclasses.replace(
        gone, manifest=dataclasses.replace(gone.manifest, digest="0" * 64)
    )
    with pytest.raises(ModelVersionError, match="not installed"):
        maximise(changed, "first", 0)


@pytest.mark.slow
def test_a_killed_process_is_said_and_the_next_request_works(version, client):
    batch = slices(1, (224, 224)).astype(np.float32)

    def kill(done: int, total: int) -> None:
        if done == 2:
            os.kill(client.pid, signal.SIGKILL)

    with pytest.raises(ExplanationError, match=r"code -9\). Ask again"):
        explain_by_gradients(version, "smooth_grad", batch, [0, 1, 2], gradient_client.Watch(kill))
    assert explain_by_gradients(version, "saliency", batch, [0]).grids.max() > 0


@pytest.mark.slow
def test_another_backend_in_the_server_does_not_reach_the_process(version, monkeypatch):
    monkeypatch.setenv("KERAS_BACKEND", "jax")
    fresh = GradientClient()
    monkeypatch.setattr(gradient_client, "_client", fresh)
    try:
        batch = slices(1, (224, 224)).astype(np.float32)
        assert explain_by_gradients(version, "saliency", batch, [0]).grids.max() > 0
    finally:
        fresh.close()
