"""Coverage of the intervals, simulated with a known truth."""

import numpy as np
import pytest
from scipy import stats

from core.domain import Figure
from core.evaluation.figures import proportion, run_figures
from core.evaluation.intervals import clopper_pearson, grouped_wilson, wilson
from tests.drawn_runs import draw_proportion, make_run

pytestmark = pytest.mark.slow
N_SIMULATIONS = 2000
SHIFT, EFFECT = 1.5, 0.7  # of the positives; standard deviation between groups


def covers(interval, truth):
    return interval[0] <= truth <= interval[1]


@pytest.mark.parametrize("n", [60, 100, 400])
@pytest.mark.parametrize("p", [0.5, 0.8, 0.95])
def test_on_independent_cases_wilson_and_clopper_pearson_cover_as_promised(n, p):
    drawn = np.random.default_rng(n).binomial(n, p, 20_000)
    counts, times = np.unique(drawn, return_counts=True)
    by_wilson = [covers(wilson(int(k), n), p) for k in counts]
    exactly = [covers(clopper_pearson(int(k), n), p) for k in counts]
    assert 0.93 <= np.average(by_wilson, weights=times) <= 0.98
    assert np.average(exactly, weights=times) >= 0.945  # 0.95 less the noise of 20,000 draws


@pytest.mark.parametrize("p", [0.5, 0.8, 0.95])
@pytest.mark.parametrize(("n_groups", "icc"), [(50, 0.1), (50, 0.33), (22, 0.33), (8, 0.33)])
def test_on_grouped_cases_the_grouped_interval_covers_where_the_plain_one_does_not(
    n_groups, icc, p
):
    rng = np.random.default_rng(7)
    grouped = plain = 0
    for _ in range(N_SIMULATIONS):
        successes, totals = draw_proportion(rng, p=p, n_groups=n_groups, icc=icc)
        grouped += covers(grouped_wilson(successes, totals), p)
        plain += covers(wilson(int(successes.sum()), int(totals.sum())), p)
    assert grouped / N_SIMULATIONS >= 0.93
    assert plain / N_SIMULATIONS <= 0.80


def test_the_group_bootstrap_of_an_area_covers_at_fifty_groups():
    rng, hits, n = np.random.default_rng(5), 0, 150
    truth = stats.norm.cdf(SHIFT / np.sqrt(2 * (1 + EFFECT**2)))
    for _ in range(n):
        area = run_figures(_grouped_scores(rng)).per_class["b"]["auc"]
        hits += covers((area.low_grouped, area.high_grouped), truth)
    assert hits / n >= 0.90


def _grouped_scores(rng, n_groups=50, size=8):
    """Return cases whose scores share an effect of their group."""
    codes = np.repeat(np.arange(n_groups), size)
    y_true = rng.integers(0, 2, len(codes))
    score = SHIFT * y_true + rng.normal(size=len(codes))
    score += EFFECT * rng.normal(size=n_groups)[codes]
    positive = 1 / (1 + np.exp(-score))
    y_prob = np.column_stack([1 - positive, positive])
    return make_run(y_true, y_prob, group=codes.astype(str), class_names=("a", "b"))


def test_a_proportion_carries_both_intervals():
    figure = proportion(np.array([5, 9]), np.array([10, 10]), has_groups=True)
    assert isinstance(figure, Figure)
    assert (figure.low, figure.high) == tuple(wilson(14, 20))
