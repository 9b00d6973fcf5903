"""HEAVY: backbones without their classifier, as ``f(input_tensor, weights) -> keras.Model``."""

from __future__ import annotations

from typing import Any

import keras


def mobilenet(input_tensor: Any, weights: str | None) -> keras.Model:
    """Return MobileNet with width 0.75 (Howard et al. 2017, arXiv:1704.04861)."""
    return keras.applications.MobileNet(
        input_tensor=input_tensor, alpha=0.75, include_top=False, weights=weights
    )


def densenet169(input_tensor: Any, weights: str | None) -> keras.Model:
    """Return DenseNet169 (Huang et al. 2017, arXiv:1608.06993)."""
    return keras.applications.DenseNet169(
        input_tensor=input_tensor, include_top=False, weights=weights
    )


def resnet50(input_tensor: Any, weights: str | None) -> keras.Model:
    """Return ResNet50 (He et al. 2016, arXiv:1512.03385)."""
    return keras.applications.ResNet50(
        input_tensor=input_tensor, include_top=False, weights=weights
    )


def simple_cnn(input_tensor: Any, weights: str | None) -> keras.Model:
    """Return four blocks of convolution, batch normalisation, relu and pooling; no weights exist.

    The last block keeps its grid (no pooling), so that the class maps have 1/8 of the input's side.
    """
    del weights  # trained from scratch: there is nothing to load
    tensor = input_tensor
    for block, filters in enumerate((24, 48, 96, 160), start=1):
        tensor = keras.layers.Conv2D(
            filters, 3, padding="same", use_bias=False, name=f"block{block}_conv"
        )(tensor)
        tensor = keras.layers.BatchNormalization(name=f"block{block}_bn")(tensor)
        tensor = keras.layers.ReLU(name=f"block{block}_relu")(tensor)
        if block < 4:
            tensor = keras.layers.MaxPooling2D(name=f"block{block}_pool")(tensor)
    return keras.Model(input_tensor, tensor)
