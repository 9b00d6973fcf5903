"""Pictures that no kidney model may answer, kind by kind, drawn from a seed or read in place."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pandas as pd
import skimage.data
from numpy.typing import NDArray

N = 120  # pictures a kind
SIDE = 224
SEED = 20261121
PHOTOGRAPHS = (
    "astronaut", "coffee", "chelsea", "rocket", "camera", "coins", "motorcycle_left", "grass",
    "gravel", "brick", "horse", "color", "hubble_deep_field", "moon",
)  # fmt: skip

Picture = NDArray[np.uint8]


def _square(pixels: Picture, rng: np.random.Generator) -> Picture:
    """Return a random square crop, at least a third of the shorter side."""
    short = min(pixels.shape[:2])
    side = int(rng.integers(short // 3, short + 1))
    top = int(rng.integers(0, pixels.shape[0] - side + 1))
    left = int(rng.integers(0, pixels.shape[1] - side + 1))
    crop = pixels[top : top + side, left : left + side]
    return cv2.resize(crop, (SIDE, SIDE), interpolation=cv2.INTER_AREA)


def _photograph(name: str) -> Picture:
    folder = Path(skimage.data.__file__).parent
    path = next(p for p in sorted(folder.iterdir()) if p.stem == name and p.suffix != ".gif")
    return np.asarray(cv2.imread(str(path), cv2.IMREAD_COLOR)[..., ::-1], np.uint8)


def photographs() -> Iterator[Picture]:
    """Crops of the photographs in scikit-image's wheel, in colour."""
    rng = np.random.default_rng(SEED)
    sources = [_photograph(name) for name in PHOTOGRAPHS]
    for index in range(N):
        yield np.ascontiguousarray(_square(sources[index % len(sources)], rng))


def grey_photographs() -> Iterator[Picture]:
    """The same crops, grey."""
    for pixels in photographs():
        yield cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY)


def noise() -> Iterator[Picture]:
    """White and smoothed noise, uniform and Gaussian."""
    rng = np.random.default_rng(SEED)
    for index in range(N):
        values = rng.normal(128, rng.uniform(20, 80), (SIDE, SIDE))
        if index % 3 == 1:
            values = rng.uniform(0, 255, (SIDE, SIDE))
        if index % 3 == 2:
            values = cv2.GaussianBlur(values, (0, 0), rng.uniform(0.7, 2.0))
        yield np.clip(values, 0, 255).astype(np.uint8)


def blank() -> Iterator[Picture]:
    """One grey value, with at most a trace of noise."""
    rng = np.random.default_rng(SEED)
    for index in range(N):
        values = np.full((SIDE, SIDE), float(index * 255 // N))
        yield np.clip(values + rng.normal(0, 0.3, values.shape), 0, 255).astype(np.uint8)


def text() -> Iterator[Picture]:
    """Pages of text, dark on light and light on dark."""
    rng = np.random.default_rng(SEED)
    letters = np.array(list("abcdefghijklmnopqrstuvwxyz  ABCDEFG 0123456789.,"))
    for index in range(N):
        page = np.full((SIDE, SIDE), 255, np.uint8)
        size = float(rng.uniform(0.3, 0.9))
        for line in range(int(14 * size) + 8, SIDE, int(34 * size) + 4):
            words = "".join(rng.choice(letters, 60))
            cv2.putText(page, words, (6, line), cv2.FONT_HERSHEY_SIMPLEX, size, 0, 1)
        yield page if index % 2 else 255 - page


def files_of(folder: Path) -> list[Path]:
    """Return N pictures of a data folder, drawn from a seed; all where there are fewer."""
    table = pd.read_csv(folder / "labels.csv")
    table = table.sample(min(N, len(table)), random_state=SEED)
    return [folder / name for name in table["file"]]


def read_square(path: Path) -> Picture:
    """Return a picture as RGB (or grey) at the size of the model."""
    pixels = cv2.imread(str(path), cv2.IMREAD_UNCHANGED)
    pixels = pixels[..., ::-1] if pixels.ndim == 3 else pixels
    return np.ascontiguousarray(cv2.resize(pixels, (SIDE, SIDE), interpolation=cv2.INTER_AREA))


def png(pixels: Picture) -> bytes:
    """Return a lossless file."""
    stored = pixels[..., ::-1] if pixels.ndim == 3 else pixels
    return cv2.imencode(".png", np.ascontiguousarray(stored))[1].tobytes()
