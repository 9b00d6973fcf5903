"""Colour of the whole picture: mean, spread, histogram, and how many greys are in use."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np

from core.domain import ByteArray
from core.features.objects import grey_of
from core.features.spec import Column, Feature, Mask

CHANNELS = ("red", "green", "blue")
N_BINS = 8


def colour_moments(pixels: ByteArray, mask: Mask) -> Sequence[float]:
    """Return mean and standard deviation of each channel."""
    mean, deviation = cv2.meanStdDev(pixels)
    return [float(value) for value in (*mean.ravel(), *deviation.ravel())]


def colour_histogram(pixels: ByteArray, mask: Mask) -> Sequence[float]:
    """Return the share of pixels in eight equal bins of each channel."""
    size = pixels.shape[0] * pixels.shape[1]
    bins = pixels // (256 // N_BINS)
    counts = [np.bincount(bins[:, :, channel].ravel(), minlength=N_BINS) for channel in range(3)]
    return list(np.concatenate(counts) / size)


def grey_levels(pixels: ByteArray, mask: Mask) -> Sequence[float]:
    """Return mean, standard deviation and Shannon entropy of the luminance."""
    grey = grey_of(pixels)
    share = np.bincount(grey.ravel(), minlength=256) / grey.size
    used = share[share > 0]
    # abs: of a picture of one grey, -sum(1 log 1) would be a negative zero.
    return (float(grey.mean()), float(grey.std()), abs(float((used * np.log2(used)).sum())))


COLOUR_MOMENTS = Feature(
    "colour_moments",
    "colour",
    (
        *(Column(f"mean_{name}", f"mean of {name}", "grey level", 0, 255) for name in CHANNELS),
        *(
            Column(f"deviation_{name}", f"standard deviation of {name}", "grey level", 0, 127.5)
            for name in CHANNELS
        ),
    ),
    colour_moments,
)
COLOUR_HISTOGRAM = Feature(
    "colour_histogram",
    "colour",
    tuple(
        Column(
            f"{name}_bin_{place}",
            f"pixels with {name} from {32 * place} to {32 * place + 31}",
            "share",
            0,
            1,
        )
        for name in CHANNELS
        for place in range(N_BINS)
    ),
    colour_histogram,
)
GREY_LEVELS = Feature(
    "grey_levels",
    "colour",
    (
        Column("brightness", "mean of the luminance", "grey level", 0, 255),
        Column("contrast", "standard deviation of the luminance", "grey level", 0, 127.5),
        Column("entropy", "of the histogram of the luminance", "bit", 0, 8),
    ),
    grey_levels,
)
