"""HEAVY: Grad-CAM, Grad-CAM++ and Score-CAM by tf-keras-vis, against which ours are held.

Gradients by automatic differentiation, an implementation that is not ours: where both agree, the
closed form is right for this network. The layer is named, because tf-keras-vis would otherwise
take the last convolution *before* its normalisation and activation.
"""

from __future__ import annotations

import contextlib
import io
import warnings
from typing import Any

import numpy as np
from numpy.typing import NDArray

with warnings.catch_warnings():
    # tf-keras-vis 0.8.7 imports scipy.ndimage.interpolation, which SciPy 2 will drop.
    warnings.simplefilter("ignore", DeprecationWarning)
    from tf_keras_vis.gradcam import Gradcam
    from tf_keras_vis.gradcam_plus_plus import GradcamPlusPlus
    from tf_keras_vis.scorecam import Scorecam

from core.domain import FloatArray


class GradientOracle:
    """tf-keras-vis's Grad-CAM of a flat network whose output is the logits.

    Parameters
    ----------
    network : keras.Model
        A copy of the caller's own.
    layer : str
        Layer of the map.
    """

    def __init__(self, network: Any, *, layer: str = "feature_map") -> None:
        self._layer = layer
        self._gradcam = Gradcam(network, clone=False)
        self._plus_plus = GradcamPlusPlus(network, clone=False)

    def grid(self, batch: FloatArray, class_index: int) -> FloatArray:
        """Return the raw grid (grid_rows, grid_columns) of one class, after relu, not scaled.

        It is the one-pass grid divided by its number of places.
        """
        return self._call(self._gradcam, batch, class_index, expand_cam=False, normalize_cam=False)

    def plus_plus_grid(self, batch: FloatArray, class_index: int) -> FloatArray:
        """Return the raw grid of Grad-CAM++, as its authors' code weighs channels."""
        return self._call(
            self._plus_plus, batch, class_index, expand_cam=False, normalize_cam=False
        )

    def heatmap(self, batch: FloatArray, class_index: int) -> FloatArray:
        """Return what tf-keras-vis gives by default: stretched over the picture, min-max."""
        return self._call(self._gradcam, batch, class_index)

    def _call(
        self, visualiser: Any, batch: FloatArray, class_index: int, **options: Any
    ) -> FloatArray:
        with warnings.catch_warnings():
            # tf-keras-vis hands the one input over in a list; Keras takes it and says so.
            warnings.filterwarnings("ignore", message="The structure of `inputs`")
            made = visualiser(
                lambda outputs: outputs[:, class_index],
                np.asarray(batch, np.float32),
                penultimate_layer=self._layer,
                seek_penultimate_conv_layer=False,
                **options,
            )
        return np.asarray(np.asarray(made)[0], np.float32)


class ScoreOracle:
    """tf-keras-vis's Score-CAM of a flat network whose output is the logits.

    Parameters
    ----------
    network : keras.Model
        A copy of the caller's own.
    layer : str
        Layer of the map.
    """

    def __init__(self, network: Any, *, layer: str = "feature_map") -> None:
        self._layer = layer
        self._scorecam = Scorecam(network, clone=False)

    def grid(
        self, batch: FloatArray, class_index: int, *, n_masks: int | None = None
    ) -> FloatArray:
        """Return the raw grid (grid_rows, grid_columns) of one class, after relu, not scaled.

        ``n_masks``: only the channels that vary most; None: every channel.
        """
        # Keras draws a progress bar on standard output, which belongs to the command's answer.
        with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
            warnings.filterwarnings("ignore", message="The structure of `inputs`")
            made = self._scorecam(
                lambda outputs: outputs[:, class_index],
                np.asarray(batch, np.float32),
                penultimate_layer=self._layer,
                seek_penultimate_conv_layer=False,
                max_N=n_masks,
                expand_cam=False,
                normalize_cam=False,
            )
        return np.asarray(np.asarray(made)[0], np.float32)


def min_max(grid: NDArray[Any]) -> NDArray[np.float64]:
    """Return the grid stretched to 0..1; a flat one gives zeros."""
    wide = np.asarray(grid, np.float64)
    span = float(wide.max() - wide.min())
    return (wide - wide.min()) / span if span > 0 else np.zeros_like(wide)
