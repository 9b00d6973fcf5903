"""Coverage of the paired intervals, simulated with a known difference of sensitivity."""

import numpy as np
import pytest
from scipy.stats import norm

from core.evaluation.comparison import compare_runs, leading
from tests.drawn_runs import make_run

pytestmark = pytest.mark.slow
N_SIMULATIONS = 300
SHARED = 0.5  # of what makes a case hard, both models share this much


def draw_pair(rng, *, n_groups, icc, size, sensitivity):
    """Return two runs of positives of two classes; probit, correlated within groups."""
    code = np.repeat(np.arange(n_groups), rng.integers(max(1, size // 4), 2 * size, n_groups))
    group, case = rng.normal(size=(3, n_groups)), rng.normal(size=(3, len(code)))
    runs = []
    for model, share in enumerate(sensitivity, start=1):
        hard = np.sqrt(SHARED) * np.array([group[0][code], case[0]])
        own = np.sqrt(1 - SHARED) * np.array([group[model][code], case[model]])
        by_group, by_case = hard + own
        latent = np.sqrt(icc) * by_group + np.sqrt(1 - icc) * by_case
        p = np.where(latent < norm.ppf(share), 0.9, 0.1)
        negative = np.full(n_groups, 0.1)
        p = np.r_[p, negative]
        y_true = np.r_[np.ones(len(code), int), np.zeros(n_groups, int)]
        names = np.r_[code, np.arange(n_groups) + n_groups].astype(str)
        prob = np.column_stack([1 - p, p])
        runs.append(make_run(y_true, prob, group=names, class_names=("normal", "stone")))
    return runs


def simulate(*, n_groups, icc, size, sensitivity=(0.9, 0.85)):
    """Return the share of intervals that hold the truth: grouped, by case; and false claims."""
    rng, truth = np.random.default_rng(11), sensitivity[1] - sensitivity[0]
    grouped = plain = claims = 0
    for _ in range(N_SIMULATIONS):
        a, b = draw_pair(rng, n_groups=n_groups, icc=icc, size=size, sensitivity=sensitivity)
        made = compare_runs(a, b, class_name="stone", margin=-truth)
        low, high = leading(made.gap.difference)
        grouped += low <= truth <= high
        plain += made.gap.difference.low <= truth <= made.gap.difference.high
        claims += made.verdict == "may replace"
    return grouped / N_SIMULATIONS, plain / N_SIMULATIONS, claims / N_SIMULATIONS


@pytest.mark.parametrize("icc", [0.1, 0.33])
def test_fifty_groups_are_covered_and_a_wrong_replacement_is_rare(icc):
    grouped, plain, claims = simulate(n_groups=50, icc=icc, size=8)
    assert grouped >= 0.90
    assert plain < grouped
    assert claims <= 0.075  # 2.5 % promised on this side, at the margin itself


def test_as_if_cases_were_independent_falls_visibly_short():
    grouped, plain, _ = simulate(n_groups=50, icc=0.33, size=16)
    assert grouped >= 0.90
    assert plain <= grouped - 0.08


def test_eight_groups_are_still_nearly_covered():
    assert simulate(n_groups=8, icc=0.33, size=8)[0] >= 0.88


def test_independent_cases_are_covered():
    assert 0.91 <= simulate(n_groups=120, icc=0.0, size=1)[0] <= 0.98
