"""Means and shares with their intervals."""

from __future__ import annotations

import numpy as np
import pytest

from core.evaluation.intervals import wilson
from core.evaluation.means import mean_figure, share_figure

RNG = np.random.default_rng(3)


def test_the_interval_of_a_mean_is_about_two_standard_errors():
    values = RNG.normal(0.4, 0.1, 400)
    figure = mean_figure(values.tolist())
    assert figure.value == pytest.approx(values.mean())
    half = 1.96 * values.std(ddof=1) / 20
    assert figure.low == pytest.approx(figure.value - half, abs=0.15 * half)
    assert figure.high == pytest.approx(figure.value + half, abs=0.15 * half)
    assert (figure.n, figure.low_grouped, figure.n_groups) == (400, None, None)


def test_groups_that_repeat_one_value_widen_the_interval():
    of_group = RNG.normal(0, 1, 20)
    figure = mean_figure(np.repeat(of_group, 10).tolist(), [str(k // 10) for k in range(200)])
    assert figure.n_groups == 20
    assert figure.high_grouped - figure.low_grouped > 2.5 * (figure.high - figure.low)


def test_cases_without_a_value_are_left_out_with_their_groups():
    figure = mean_figure([1.0, None, 3.0, float("nan")], ["a", "a", "b", "c"])
    assert (figure.value, figure.n, figure.n_groups) == (2.0, 2, 2)


def test_nothing_is_undefined_not_zero():
    for figure in (mean_figure([]), mean_figure([None]), share_figure([])):
        assert (figure.value, figure.low, figure.n) == (None, None, 0)
    alone = mean_figure([0.3])
    assert (alone.value, alone.low) == (0.3, None)


def test_a_share_has_wilsons_interval():
    figure = share_figure([True] * 48 + [False] * 2)
    assert (figure.low, figure.high) == tuple(wilson(48, 50))
    grouped = share_figure([True] * 48 + [False] * 2, [str(k // 5) for k in range(50)])
    assert grouped.n_groups == 10 and grouped.low_grouped < grouped.low
