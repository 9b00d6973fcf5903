"""Coverage of the intervals, simulated with a known truth; and the table that pages quote."""

from dataclasses import fields

import numpy as np
import pytest
from scipy import stats
from sklearn import metrics

from core.domain import Figure
from core.evaluation import coverage
from core.evaluation.coverage import (
    Coverage,
    bootstrap_coverage,
    coverage_said,
    draw_proportion,
    draw_scores,
    expected_coverage,
    proportion_coverage,
    read_table,
    true_area,
    true_f1,
)
from core.evaluation.figures import proportion
from core.evaluation.intervals import clopper_pearson, wilson


def covers(interval, truth):
    return interval[0] <= truth <= interval[1]


def by_name(rows):
    return {row.interval: row for row in rows}


@pytest.mark.parametrize("n", [60, 100, 400])
@pytest.mark.parametrize("p", [0.5, 0.8, 0.95])
def test_on_independent_cases_wilson_and_clopper_pearson_cover_as_promised(n, p):
    """Exactly: every count weighted by its binomial chance, so that nothing is drawn."""
    counts = np.arange(n + 1)
    chance = stats.binom.pmf(counts, n, p)
    by_wilson = [covers(wilson(int(k), n), p) for k in counts]
    exactly = [covers(clopper_pearson(int(k), n), p) for k in counts]
    assert 0.93 <= np.average(by_wilson, weights=chance) <= 0.98
    assert np.average(exactly, weights=chance) >= 0.95


@pytest.mark.parametrize("p", [0.5, 0.8, 0.95])
def test_with_fifty_groups_and_little_correlation_only_the_grouped_interval_covers(p):
    rows = by_name(proportion_coverage(p=p, n_groups=50, icc=0.1, n_simulations=600))
    assert rows["grouped_wilson"].coverage >= 0.92  # 0.95 less the noise of 600 draws
    assert rows["plain_wilson"].coverage <= 0.80


@pytest.mark.slow
@pytest.mark.parametrize("p", [0.5, 0.8, 0.95])
@pytest.mark.parametrize(("n_groups", "icc"), [(50, 0.1), (50, 0.33), (22, 0.33), (8, 0.33)])
def test_on_grouped_cases_the_grouped_interval_covers_where_the_plain_one_does_not(
    n_groups, icc, p
):
    rows = by_name(proportion_coverage(p=p, n_groups=n_groups, icc=icc, n_simulations=3000))
    assert rows["grouped_wilson"].coverage >= 0.93
    assert rows["plain_wilson"].coverage <= 0.80


def test_groups_without_correlation_are_drawn_as_independent_cases():
    rows = by_name(proportion_coverage(p=0.8, n_groups=20, icc=0, n_simulations=400))
    assert 0.92 <= rows["plain_wilson"].coverage <= 0.98
    assert rows["grouped_wilson"].coverage >= 0.95


def test_drawn_groups_have_the_correlation_that_was_asked_for():
    successes, totals = draw_proportion(np.random.default_rng(0), p=0.7, n_groups=20_000, icc=0.33)
    p = successes.sum() / totals.sum()
    variance = ((successes - p * totals) ** 2).sum()
    expected = (totals * p * (1 - p) * (1 + (totals - 1) * 0.33)).sum()
    assert p == pytest.approx(0.7, abs=0.01)
    assert variance == pytest.approx(expected, rel=0.03)


def test_drawn_scores_have_the_area_and_f1_that_are_taken_for_the_truth():
    y_true, y_prob, group = draw_scores(np.random.default_rng(0), n_groups=20_000, icc=0.33)
    assert true_area(0.33) == pytest.approx(metrics.roc_auc_score(y_true, y_prob[:, 1]), abs=0.005)
    assert true_f1(0.33) == pytest.approx(metrics.f1_score(y_true, y_prob[:, 1] > 0.5), abs=0.01)
    labels = np.bincount(group, weights=y_true) / np.bincount(group)
    assert set(labels) == {0, 1}  # as a series has one label


@pytest.mark.slow
def test_the_group_bootstrap_covers_at_fifty_groups_and_the_percentile_interval_less_at_eight():
    many = by_name(bootstrap_coverage(n_groups=50, icc=0.33, n_simulations=200))
    assert many["group_bootstrap_auc"].coverage >= 0.90
    few = by_name(bootstrap_coverage(n_groups=8, icc=0.33, n_simulations=400))
    assert few["percentile_auc"].coverage < few["group_bootstrap_auc"].coverage < 0.95


def test_the_stored_table_has_every_size_and_interval():
    rows = read_table()
    assert {row.n_groups for row in rows} == set(coverage.N_GROUPS) >= {8, 12, 16, 20, 50}
    assert {row.icc for row in rows} == {0.33}
    names = {"plain_wilson", "grouped_wilson", "group_bootstrap_auc", "group_bootstrap_f1",
             "percentile_auc"}  # fmt: skip
    assert {row.interval for row in rows} == names
    assert all(0 <= row.coverage <= 1 and row.n_simulations >= 790 for row in rows)


def test_the_stored_table_is_what_the_simulation_gives():
    for n_groups in (8, 50):
        rows = by_name(proportion_coverage(p=0.8, n_groups=n_groups, icc=0.33, n_simulations=500))
        for name, row in rows.items():
            stored = next(
                item
                for item in read_table()
                if (item.interval, item.n_groups, item.truth) == (name, n_groups, 0.8)
            )
            assert row.coverage == pytest.approx(stored.coverage, abs=0.06)


def test_the_table_is_written_as_it_is_read(tmp_path, monkeypatch):
    monkeypatch.setattr(coverage, "simulated", lambda: iter(read_table()))
    coverage.write_table(tmp_path / "coverage.csv")
    assert (tmp_path / "coverage.csv").read_bytes() == coverage.TABLE.read_bytes()
    assert [item.name for item in fields(Coverage)] == list(
        (tmp_path / "coverage.csv").read_text().splitlines()[0].split(",")
    )


def test_the_next_smaller_size_of_the_table_is_quoted():
    assert expected_coverage(4, kind="bootstrap") is None
    assert expected_coverage(11, kind="bootstrap") == expected_coverage(8, kind="bootstrap")
    assert expected_coverage(900, kind="proportion") == expected_coverage(50, kind="proportion")
    assert expected_coverage(8, kind="bootstrap") < 0.93 < expected_coverage(8, kind="proportion")


def test_the_sentence_says_how_often_such_an_interval_covers():
    share = round(100 * expected_coverage(8, kind="bootstrap"))
    assert coverage_said(8, kind="bootstrap") == (
        f"With about 8 groups such an interval covers {share} % instead of 95 %."
    )
    assert coverage_said(50, kind="proportion").endswith("95 % was asked for.")


def test_a_proportion_carries_both_intervals():
    figure = proportion(np.array([5, 9]), np.array([10, 10]), has_groups=True)
    assert isinstance(figure, Figure)
    assert (figure.low, figure.high) == tuple(wilson(14, 20))
