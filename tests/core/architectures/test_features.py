"""Features as maps: their means are what NumPy and OpenCV work out from the picture."""

import cv2
import numpy as np
import pytest

from core.architectures import ARCHITECTURES

pytestmark = pytest.mark.heavy
ROWS, COLUMNS = 48, 80


@pytest.fixture(scope="module")
def network():
    from core.architectures.builders import build_network

    return build_network(
        ARCHITECTURES["feature_regression"],
        n_classes=3,
        input_size=(ROWS, COLUMNS),
        weights="none",
    )


def picture():
    """Return a smooth coloured picture with a bright square, (rows, columns, 3) float32."""
    rng = np.random.default_rng(4)
    coarse = rng.uniform(0, 160, (6, 10, 3)).astype(np.float32)
    made = cv2.resize(coarse, (COLUMNS, ROWS), interpolation=cv2.INTER_CUBIC).clip(0, 255)
    made[8:20, 48:70] = 250
    return np.round(made).astype(np.float32)


def means(network):
    """Return the mean of each map over the picture, by the maps' places among all features."""
    import keras

    cut = keras.Model(network.inputs[0], network.get_layer("pooled").output)
    return np.asarray(cut(picture()[np.newaxis]))[0].astype(np.float64)


def luminance():
    return picture() @ np.array([0.299, 0.587, 0.114]) / 255


def test_colour_is_a_soft_histogram_of_each_channel(network):
    bins = means(network)[:24].reshape(3, 8)
    scaled = picture().astype(np.float64) / 255 * 7
    for channel in range(3):
        triangles = 1 - np.abs(scaled[..., channel, None] - np.arange(8))
        assert np.allclose(bins[channel], triangles.clip(0).mean((0, 1)), atol=1e-5)
    assert np.allclose(bins.sum(axis=1), 1, atol=1e-5)


@pytest.mark.parametrize("scale", [1, 2, 4])
def test_texture_is_how_far_responses_exceed_each_height(network, scale):
    first = 24 + 30 * (1, 2, 4).index(scale)
    found = means(network)[first : first + 30].reshape(10, 3)
    grey = luminance().reshape(ROWS // scale, scale, COLUMNS // scale, scale).mean((1, 3))
    across = np.outer([1, 2, 1], [-1, 0, 1]) / 4
    slanted = np.array([[-2, -1, 0], [-1, 0, 1], [0, 1, 2]]) / 4
    centre = np.array([[0, -1, 0], [-1, 4, -1], [0, -1, 0]]) / 4
    kernels = [across, across.T, slanted, slanted[::-1], centre]
    for place, kernel in enumerate([*kernels, *(-kernel for kernel in kernels)]):
        response = cv2.filter2D(grey, cv2.CV_64F, kernel).clip(0)
        response[[0, -1]] = response[:, [0, -1]] = 0
        expected = [(response - height).clip(0).mean() for height in (0, 0.05, 0.15)]
        assert np.allclose(found[place], expected, atol=1e-5)


def test_shape_is_moments_of_the_luminance_and_of_its_bright_part(network):
    found = means(network)[114:].reshape(6, 2)
    grey = luminance()
    maps = np.stack([grey, ((grey - 0.25) * 4).clip(0, 1)], axis=-1)
    maps = maps.reshape(ROWS // 4, 4, COLUMNS // 4, 4, 2).mean((1, 3))
    y, x = np.meshgrid(
        (np.arange(ROWS // 4) + 0.5) / (ROWS // 4),
        (np.arange(COLUMNS // 4) + 0.5) / (COLUMNS // 4),
        indexing="ij",
    )
    weights = (np.ones_like(x), x, y, x * x, x * y, y * y)
    expected = [(maps * weight[..., None]).mean((0, 1)) for weight in weights]
    assert np.allclose(found, expected, atol=1e-5)


def test_a_picture_of_any_size_has_them(network):
    from core.architectures.builders import build_network

    spec = ARCHITECTURES["feature_regression"]
    odd = build_network(spec, n_classes=2, input_size=(101, 90), weights="none")
    assert odd.get_layer("feature_map").output.shape == (None, 25, 22, 126)
