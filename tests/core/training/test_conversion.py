"""A network that another backend trained is converted by TensorFlow in a process of its own."""

import keras
import numpy as np
import pytest

from core.errors import TrainingError
from core.inference.openvino_core import openvino_core
from core.training import conversion

pytestmark = pytest.mark.heavy


@pytest.fixture
def network():
    pixels = keras.Input((8, 8, 3), name="pixels")
    found = keras.layers.Conv2D(4, 3, activation="swish")(pixels)
    return keras.Model(pixels, keras.layers.GlobalAveragePooling2D()(found))


def _answer(path, batch):
    settings = {"INFERENCE_PRECISION_HINT": "f32"}
    compiled = openvino_core().compile_model(str(path), "CPU", settings)
    return next(iter(compiled(batch).values()))


def test_both_ways_give_the_same_graph(network, tmp_path, monkeypatch):
    batch = np.random.default_rng(0).normal(size=(2, 8, 8, 3)).astype(np.float32)
    conversion.convert(network, tmp_path / "here.xml")
    monkeypatch.setattr(keras.backend, "backend", lambda: "jax")
    conversion.convert(network, tmp_path / "there.xml")
    here, there = (_answer(tmp_path / name, batch) for name in ("here.xml", "there.xml"))
    np.testing.assert_allclose(there, here, atol=1e-6)
    np.testing.assert_allclose(here, network.predict(batch, verbose=0), atol=1e-5)


def test_a_conversion_that_fails_says_where_and_what_to_do(network, tmp_path, monkeypatch):
    monkeypatch.setattr(keras.backend, "backend", lambda: "jax")
    monkeypatch.setattr(conversion, "_CODE", "raise ImportError('no such package')")
    said = r"on jax, .* exit code 1: ImportError: no such"
    with pytest.raises(TrainingError, match=said) as told:
        conversion.convert(network, tmp_path / "graph.xml")
    assert "what was fitted is kept" in str(told.value.remedy)
