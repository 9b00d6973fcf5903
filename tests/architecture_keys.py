"""The architectures that a test goes over: the quick ones in every run, the others in slow runs."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import pytest

from core.architectures import ARCHITECTURES

QUICK = frozenset({"logistic_regression", "mobilenet", "mobilenet_small", "resnet50", "simple_cnn"})


def every_architecture(
    *, quick: Collection[str] = QUICK, without: Collection[str] = ()
) -> list[Any]:
    """Return every key as a parameter of a test; those not in ``quick`` are marked slow."""
    return [
        pytest.param(key, marks=() if key in quick else pytest.mark.slow)
        for key in sorted(ARCHITECTURES)
        if key not in without
    ]
