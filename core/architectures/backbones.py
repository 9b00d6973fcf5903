"""HEAVY: backbones without their classifier, as ``f(input_tensor, weights) -> keras.Model``."""

from __future__ import annotations

from typing import Any

import keras

from core.architectures.regrowing import regrow, steady_names

CELLS = 8  # of logistic regression's picture, along a side


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


def vgg16(input_tensor: Any, weights: str | None) -> keras.Model:
    """Return VGG16 (Simonyan and Zisserman 2015, arXiv:1409.1556)."""
    return keras.applications.VGG16(input_tensor=input_tensor, include_top=False, weights=weights)


def resnet50v2(input_tensor: Any, weights: str | None) -> keras.Model:
    """Return ResNet50V2 (He et al. 2016, arXiv:1603.05027)."""
    return keras.applications.ResNet50V2(
        input_tensor=input_tensor, include_top=False, weights=weights
    )


def inception_v3(input_tensor: Any, weights: str | None) -> keras.Model:
    """Return InceptionV3 (Szegedy et al. 2016, arXiv:1512.00567), its layers named steadily.

    Keras numbers its convolutions by a counter of the process, so that two networks would share
    no name and weights could not be copied from one to the other.
    """
    plain = keras.applications.InceptionV3(
        input_shape=tuple(input_tensor.shape[1:]), include_top=False, weights=weights
    )
    names = steady_names(plain)
    return regrow(plain, input_tensor, first=plain.layers[1].name, names=names)


def efficientnet_b0(input_tensor: Any, weights: str | None) -> keras.Model:
    """Return EfficientNet-B0 (Tan and Le 2019, arXiv:1905.11946), without its own scaling.

    Keras's constructor divides by 255, takes off ImageNet's mean and divides by its deviation in
    two steps of a square root each; ``scaling="torch"`` of the specs does the same in one layer.
    """
    plain = keras.applications.EfficientNetB0(
        input_shape=tuple(input_tensor.shape[1:]), include_top=False, weights=weights
    )
    return regrow(plain, input_tensor, first="stem_conv_pad")


def efficientnet_b3(input_tensor: Any, weights: str | None) -> keras.Model:
    """Return EfficientNet-B3; see ``efficientnet_b0``."""
    plain = keras.applications.EfficientNetB3(
        input_shape=tuple(input_tensor.shape[1:]), include_top=False, weights=weights
    )
    return regrow(plain, input_tensor, first="stem_conv_pad")


def pixel_cells(input_tensor: Any, weights: str | None) -> keras.Model:
    """Return the pixels themselves, cut into 8 x 8 cells: what logistic regression is made of.

    A side that is no multiple of 8 is filled with black below or to the right, which adds nothing
    to a score. Nothing is lost or mixed: a channel of ``cells`` is one colour of one cell, a place
    in it one place inside the cell. Mean and deviation over places, which the gate reads, are then
    the brightness and the contrast of each part of the picture.
    """
    del weights  # a linear model is trained from scratch
    layers, tensor = keras.layers, input_tensor
    _, rows, columns, colours = input_tensor.shape
    below, right = -rows % CELLS, -columns % CELLS
    if below or right:
        tensor = layers.ZeroPadding2D(((0, below), (0, right)), name="filled")(tensor)
    inside = ((rows + below) // CELLS, (columns + right) // CELLS)
    tensor = layers.Reshape((CELLS, inside[0], CELLS, inside[1], colours), name="parts")(tensor)
    tensor = layers.Permute((2, 4, 1, 3, 5), name="turned")(tensor)
    tensor = layers.Reshape((*inside, CELLS * CELLS * colours), name="cells")(tensor)
    return keras.Model(input_tensor, tensor)
