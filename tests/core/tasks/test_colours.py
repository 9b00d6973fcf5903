"""Class colours can be told apart by everybody, and from the reading room's ground."""

from __future__ import annotations

import itertools
import tomllib

import numpy as np
import pytest

from core.config import ROOT
from core.tasks import TaskSpec, load_tasks

# Machado, Oliveira & Fernandes (2009), doi:10.1109/TVCG.2009.113, severity 1.0, on linear RGB.
VISION = {
    "full": np.eye(3),
    "protanopia": np.array(
        [
            [0.152286, 1.052583, -0.204868],
            [0.114503, 0.786281, 0.099216],
            [-0.003882, -0.048116, 1.051998],
        ]
    ),
    "deuteranopia": np.array(
        [
            [0.367322, 0.860646, -0.227968],
            [0.280085, 0.672501, 0.047413],
            [-0.011820, 0.042940, 0.968881],
        ]
    ),
    "tritanopia": np.array(
        [
            [1.255528, -0.076749, -0.178779],
            [-0.078411, 0.930809, 0.147602],
            [0.004733, 0.691367, 0.303900],
        ]
    ),
}
TASKS = list(load_tasks().values())


def linear(colour: str) -> np.ndarray:
    """Return linear RGB, shape (3,), 0..1, of ``#RRGGBB`` (IEC 61966-2-1)."""
    value = np.array([int(colour[i : i + 2], 16) for i in (1, 3, 5)]) / 255
    return np.where(value <= 0.04045, value / 12.92, ((value + 0.055) / 1.055) ** 2.4)


def lab(rgb: np.ndarray) -> np.ndarray:
    """Return CIE L*a*b* (D65) of linear RGB."""
    to_xyz = np.array(
        [
            [0.4124564, 0.3575761, 0.1804375],
            [0.2126729, 0.7151522, 0.0721750],
            [0.0193339, 0.1191920, 0.9503041],
        ]
    )
    ratio = to_xyz @ rgb / np.array([0.95047, 1.0, 1.08883])
    f = np.where(ratio > 216 / 24389, np.cbrt(ratio), (24389 / 27 * ratio + 16) / 116)
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


def luminance(colour: str) -> float:
    return float(np.array([0.2126, 0.7152, 0.0722]) @ linear(colour))


def contrast(one: str, other: str) -> float:
    """Return the contrast ratio of WCAG 2.2, 1 to 21."""
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def test_the_measures_agree_with_known_values():
    assert contrast("#000000", "#FFFFFF") == pytest.approx(21)
    assert lab(linear("#FFFFFF")) == pytest.approx([100, 0, 0], abs=0.02)
    assert lab(linear("#FF0000")) == pytest.approx([53.24, 80.09, 67.20], abs=0.02)


@pytest.mark.parametrize("vision", VISION)
@pytest.mark.parametrize("task", TASKS, ids=lambda task: task.key)
def test_classes_can_be_told_apart_with_every_common_colour_vision(task: TaskSpec, vision: str):
    seen = {
        item.key: lab(np.clip(VISION[vision] @ linear(item.colour), 0, 1)) for item in task.classes
    }
    distances = {
        pair: float(np.linalg.norm(seen[pair[0]] - seen[pair[1]]))
        for pair in itertools.combinations(seen, 2)
    }
    # 10 is about four times a just noticeable difference (CIE 1976); every class is also in words.
    assert {pair: d for pair, d in distances.items() if d < 10} == {}


@pytest.mark.parametrize("task", TASKS, ids=lambda task: task.key)
def test_every_class_colour_stands_out_from_the_dark_ground(task: TaskSpec):
    theme = tomllib.loads((ROOT / ".streamlit/config.toml").read_text(encoding="utf-8"))["theme"]
    grounds = [theme["backgroundColor"], theme["secondaryBackgroundColor"], "#000000"]
    low = {
        (item.key, ground): contrast(item.colour, ground)
        for item in task.classes
        for ground in grounds
        if contrast(item.colour, ground) < 3
    }
    assert low == {}
