"""Kappa against statsmodels and by hand; switches by hand."""

import numpy as np
import pytest
from statsmodels.stats import inter_rater

from core.errors import EvaluationError
from core.evaluation.agreement import cohen_kappa, fleiss_kappa, switches


def drawn(seed: int, n: int, agree: float) -> tuple[list[str], list[str]]:
    draw = np.random.default_rng(seed)
    first = draw.choice(list("abcd"), n, p=[0.5, 0.3, 0.15, 0.05])
    second = np.where(draw.random(n) < agree, first, draw.choice(list("abcd"), n))
    return first.tolist(), second.tolist()


@pytest.mark.parametrize("agree", [0.0, 0.5, 0.9])
@pytest.mark.parametrize("seed", range(3))
def test_cohen_is_that_of_statsmodels_with_its_interval(seed, agree):
    first, second = drawn(seed, 137, agree)
    table = np.array([[sum((a, b) == (x, y) for a, b in zip(first, second, strict=True))
                       for y in "abcd"] for x in "abcd"])  # fmt: skip
    theirs = inter_rater.cohens_kappa(table)
    ours = cohen_kappa(first, second)
    assert ours.value == pytest.approx(theirs.kappa, abs=1e-12)
    assert ours.low == pytest.approx(max(-1, theirs.kappa_low), abs=1e-9)
    assert ours.high == pytest.approx(min(1, theirs.kappa_upp), abs=1e-9)
    assert ours.n == 137


def test_fleiss_is_that_of_statsmodels_and_lies_in_its_interval():
    draw = np.random.default_rng(3)
    table = draw.multinomial(4, [0.6, 0.3, 0.1], size=80)
    table[:40] = np.eye(3, dtype=int)[draw.integers(0, 3, 40)] * 4
    ours = fleiss_kappa(table)
    assert ours.value == pytest.approx(inter_rater.fleiss_kappa(table), abs=1e-12)
    assert ours.low < ours.value < ours.high
    assert fleiss_kappa(table) == ours


def test_fleiss_by_hand():
    # Two readers, four cases, three agreed: agreed 3/4, shares 5/8 and 3/8, expected 34/64.
    table = np.array([[2, 0], [2, 0], [0, 2], [1, 1]])
    assert fleiss_kappa(table).value == pytest.approx((0.75 - 34 / 64) / (1 - 34 / 64))


@pytest.mark.slow
def test_fleiss_covers_what_it_estimates():
    # Readers who copy a common truth with probability r and else draw alike: kappa is r^2.
    hits, r = 0, 0.8
    for seed in range(40):
        draw = np.random.default_rng(seed)
        truth = draw.integers(0, 2, 120)
        copies = draw.random((120, 3)) < r
        said = np.where(copies, truth[:, None], draw.integers(0, 2, (120, 3)))
        table = np.stack([(said == k).sum(axis=1) for k in (0, 1)], axis=1)
        found = fleiss_kappa(table)
        hits += found.low <= r * r <= found.high
    assert hits >= 33  # 95 % of 40 is 38; fewer than 33 would be one in ten thousand


def test_what_is_undefined_is_none_and_not_nought():
    assert cohen_kappa([], []).value is None
    assert cohen_kappa(["a", "a"], ["a", "a"]).value is None
    assert fleiss_kappa(np.zeros((0, 2), int)).value is None
    assert fleiss_kappa(np.array([[2, 0], [2, 0]])).value is None
    with pytest.raises(EvaluationError, match="1 cases, the other 0"):
        cohen_kappa(["a"], [])
    with pytest.raises(EvaluationError, match="same number of readers"):
        fleiss_kappa(np.array([[2, 0], [1, 0]]))


def test_switches_are_counted_by_whether_the_model_was_right():
    found = switches(
        before=["s", "n", "n", "s", "n", "n"],
        after=["s", "s", "s", "n", "n", "c"],
        called=["s", "s", "s", "n", "s", "c"],
        reference=["s", "s", "n", "s", "n", "s"],
    )
    assert (found.kept_right, found.kept_wrong) == (1, 1)
    assert (found.changed_right, found.changed_wrong) == (1, 3)
    assert (found.to_right, found.to_wrong) == (1, 2)
    assert found.n == 6
    assert found.changed_where_right.value == 0.5
    assert found.changed_where_wrong.value == 0.75
    assert found.changed_where_wrong.n == 4
