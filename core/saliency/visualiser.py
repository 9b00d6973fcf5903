"""HEAVY: tf-keras-vis's classes for gradients at the pixels, with its warnings kept quiet."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np

with warnings.catch_warnings():
    # tf-keras-vis 0.8.7 imports scipy.ndimage.interpolation, which SciPy 2 will drop, and modules
    # of its own that it calls deprecated.
    warnings.simplefilter("ignore", DeprecationWarning)
    from tf_keras_vis.activation_maximization import ActivationMaximization
    from tf_keras_vis.activation_maximization.callbacks import Callback
    from tf_keras_vis.activation_maximization.input_modifiers import Jitter
    from tf_keras_vis.activation_maximization.regularizers import TotalVariation2D
    from tf_keras_vis.saliency import Saliency

from core.domain import FloatArray
from core.saliency.gradient_network import GradientNetwork

__all__ = [
    "ActivationMaximization",
    "Callback",
    "Jitter",
    "Saliency",
    "TotalVariation2D",
    "pixel_gradients",
    "quiet",
]


@contextmanager
def quiet() -> Iterator[None]:
    """Keep Keras from warning that tf-keras-vis hands the one input over in a list."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="The structure of `inputs`")
        yield


def pixel_gradients(
    network: GradientNetwork, batch: FloatArray, class_index: int, *, noise: float | None = None
) -> FloatArray:
    """Return |d logit / d pixel| of one picture, (rows, columns, 3).

    Parameters
    ----------
    network : GradientNetwork
    batch : ndarray of shape (1, rows, columns, 3), float32, 0..255
    class_index : int
    noise : float or None
        Deviation of Gaussian noise that is added first, as a share of the picture's range; drawn
        from NumPy's global generator, because that is where tf-keras-vis draws.
    """
    made = Saliency(network, clone=False)(
        lambda outputs: outputs[:, class_index],
        np.asarray(batch, np.float32),
        smooth_samples=0 if noise is None else 1,
        smooth_noise=noise or 0.0,
        keepdims=True,
        normalize_map=False,
    )
    return np.asarray(np.asarray(made)[0], np.float32)
