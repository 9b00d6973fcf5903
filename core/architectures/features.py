"""HEAVY: colour, texture and shape of a picture as maps whose means are the features.

Each feature is the mean over the picture of one map, and every map is made by standard layers with
fixed weights. So a logistic regression on them ends as all networks here do, in global average
pooling and one dense layer, and the map of a class says exactly where its score comes from.

- Colour: soft histograms, eight triangular bins a channel (their maps sum to one in each pixel).
- Texture: how often derivatives of the luminance, in four directions and a Laplacian, either way,
  exceed three heights, at three scales: means of rectified filter responses (Leung and Malik,
  IJCV 43, 2001).
- Shape: raw moments up to the second order (Hu, IRE IT 8, 1962) of the luminance and of its bright
  part. A dense layer on them sees any shift of the origin.
"""

from __future__ import annotations

from typing import Any

import keras
import numpy as np

from core.domain import FloatArray

LUMINANCE = (0.299, 0.587, 0.114)  # ITU-R BT.601
N_BINS = 8
SCALES = (1, 2, 4)  # the coarsest is also the grid of the feature map
HEIGHTS = (0.0, 0.05, 0.15)  # of responses; a step from black to white gives 1
BRIGHT = (0.25, 0.5)  # the bright part begins at the one and is whole at the other


def picture_features(input_tensor: Any, weights: str | None) -> keras.Model:
    """Return the maps of all features of pixels scaled to 0..1, on a grid of a quarter."""
    del weights  # every weight is fixed here
    layers = keras.layers
    grey = layers.Conv2D(1, 1, use_bias=False, name="luminance")(input_tensor)
    maps = [
        layers.AveragePooling2D(SCALES[-1], name="colour")(_bins(input_tensor)),
        *(_texture(grey, scale) for scale in SCALES),
        *_moments(layers.AveragePooling2D(SCALES[-1], name="coarse")(_with_bright(grey))),
    ]
    network = keras.Model(input_tensor, layers.Concatenate(name="features")(maps))
    for name, values in _fixed_weights().items():
        network.get_layer(name).set_weights(values)
    return network


def _bins(pixels: Any) -> Any:
    """Return the share of each pixel in each bin of each colour, from second differences."""
    knots = keras.layers.DepthwiseConv2D(1, depth_multiplier=N_BINS + 2, name="knots")(pixels)
    ramps = keras.layers.ReLU(name="ramps")(knots)
    bins = keras.layers.Conv2D(3 * N_BINS, 1, use_bias=False, name="bins")(ramps)
    return keras.layers.ReLU(name="shares")(bins)  # rounding leaves some a little below 0


def _texture(grey: Any, scale: int) -> Any:
    layers, tensor = keras.layers, grey
    if scale > 1:
        tensor = layers.AveragePooling2D(scale, name=f"grey_{scale}")(tensor)
    tensor = layers.Conv2D(10, 3, use_bias=False, name=f"filters_{scale}")(tensor)
    # The edge of the picture is no edge in it: the outermost pixels have no response.
    tensor = layers.ZeroPadding2D(1, name=f"framed_{scale}")(tensor)
    tensor = layers.ReLU(name=f"responses_{scale}")(tensor)
    tensor = layers.DepthwiseConv2D(1, depth_multiplier=len(HEIGHTS), name=f"heights_{scale}")(
        tensor
    )
    tensor = layers.ReLU(name=f"above_{scale}")(tensor)
    rest = SCALES[-1] // scale
    return tensor if rest == 1 else layers.AveragePooling2D(rest, name=f"texture_{scale}")(tensor)


def _with_bright(grey: Any) -> Any:
    layers, (begin, whole) = keras.layers, BRIGHT
    bright = layers.Rescaling(1 / (whole - begin), -begin / (whole - begin), name="contrast")(grey)
    return layers.Concatenate(name="parts")([grey, layers.ReLU(1.0, name="bright")(bright)])


def _moments(maps: Any) -> list[Any]:
    """Return the maps times 1, x, y, x^2, xy and y^2, x and y from 0 to 1."""
    x, y = (_times_place(maps, axis=axis, name=name) for axis, name in ((2, "x"), (1, "y")))
    return [
        maps,
        x,
        y,
        _times_place(x, axis=2, name="xx"),
        _times_place(x, axis=1, name="xy"),
        _times_place(y, axis=1, name="yy"),
    ]


def _times_place(maps: Any, *, axis: int, name: str) -> Any:
    """Multiply each row or column by where it lies: a normalisation with a spread of 1 / place."""
    n = maps.shape[axis]
    place = (np.arange(n) + 0.5) / n
    return keras.layers.Normalization(
        axis=axis, mean=np.zeros(n).tolist(), variance=(place**-2).tolist(), name=name
    )(maps)


def _fixed_weights() -> dict[str, list[FloatArray]]:
    heights = np.ones((1, 1, 10, len(HEIGHTS))), -np.tile(HEIGHTS, 10)
    values: dict[str, list[Any]] = {
        "luminance": [np.reshape(LUMINANCE, (1, 1, 3, 1))],
        "knots": [np.ones((1, 1, 3, N_BINS + 2)), -np.tile(_knots(), 3)],
        "bins": [np.kron(np.eye(3), _second_differences())[np.newaxis, np.newaxis]],
    }
    for scale in SCALES:
        values[f"filters_{scale}"] = [_filters()]
        values[f"heights_{scale}"] = list(heights)
    return {
        name: [np.asarray(item, np.float32) for item in items] for name, items in values.items()
    }


def _knots() -> Any:
    return (np.arange(N_BINS + 2) - 1) / (N_BINS - 1)


def _second_differences() -> Any:
    """Return (knots, bins): ramps to triangles of height 1."""
    taps = np.zeros((N_BINS + 2, N_BINS))
    for place in range(N_BINS):
        taps[place : place + 3, place] = np.array([1.0, -2.0, 1.0]) * (N_BINS - 1)
    return taps


def _filters() -> Any:
    """Return (3, 3, 1, 10): five kernels and their negatives, each with a largest response of 1."""
    across = np.outer([1, 2, 1], [-1, 0, 1]) / 4
    slanted = np.array([[-2, -1, 0], [-1, 0, 1], [0, 1, 2]]) / 4
    centre = np.array([[0, -1, 0], [-1, 4, -1], [0, -1, 0]]) / 4
    kernels = np.stack([across, across.T, slanted, slanted[::-1], centre], axis=-1)
    return np.concatenate([kernels, -kernels], axis=-1)[:, :, np.newaxis]
