"""``bench evaluation``: what its rows hold. Nothing here asks for a speed."""

from __future__ import annotations

import json

import pytest

from core.errors import EvaluationError
from core.evaluation.figures import run_figures
from core.workflows import benchmarking_evaluation as bench

FIGURES = {"seconds": [2.0, 1.0, 3.0], "peak_bytes": 700_000_000}
LOOP = {"seconds": [0.5, 0.7, 0.6]}
MOVED = {"ours_s": [0.001, 0.002], "theirs_s": [0.1, 0.1]}
PAGED = {
    "empty_s": [0.1],
    "making_s": [2.0],
    "first_s": [1.0],
    "again_s": [0.4, 0.4],
    "scikit_learn_imported": False,
}


@pytest.fixture
def measured(monkeypatch):
    """Stand in for the child processes."""
    parts = {"figures": FIGURES, "loop": LOOP, "threshold": MOVED, "page": PAGED}
    monkeypatch.setattr(bench, "_child", lambda part, n_cases, rounds: parts[part])


def test_rows_have_the_shape_of_every_bench(measured):
    told: list[str] = []
    rows = bench.run_evaluation_bench(progress=told.append)
    assert len(told) == 4
    for row in rows.values():
        assert {"ratio", "target", "met", "ours_s", "theirs_s"} <= set(row)
    json.dumps(rows, allow_nan=False)


def test_a_tenth_of_the_loop_is_scaled_to_the_whole_and_says_so(measured):
    row = bench.run_evaluation_bench()["figures_over_scikit_learn"]
    # 10 resamples took 0.6 s, so 1,000 take 60; ours took 2.
    assert row["ratio"] == pytest.approx(30.0)
    assert row["met"] is True
    assert "100 of 1000 resamples" in row["scaled"]


def test_memory_is_of_the_process_that_makes_the_figures(measured):
    row = bench.run_evaluation_bench()["peak_memory_gb"]
    assert (row["ratio"], row["target"], row["met"]) == (0.7, 2.0, True)


def test_the_page_is_measured_less_its_charts(measured):
    rows = bench.run_evaluation_bench()
    assert rows["page_over_empty_page"]["ratio"] == pytest.approx((0.4 - 0.3) / 0.1)
    assert rows["page_over_empty_page"]["met"] is True
    assert rows["first_page_over_empty_page"]["met"] is None
    assert rows["page_over_empty_page"]["scikit_learn_imported"] is False


@pytest.mark.slow
def test_a_child_writes_its_samples():
    assert set(bench._child("threshold", 2_000, 2)) == {"ours_s", "theirs_s"}


def test_a_measured_process_that_fails_is_named():
    with pytest.raises(EvaluationError, match="'nothing' failed"):
        bench._child("nothing", 10, 1)


def test_the_loop_over_scikit_learn_runs_on_the_same_cases():
    assert len(bench._measure_loop(2_000, 1)["seconds"]) == 1
    run = bench.drawn_cases(2_000)
    assert len(set(run.group)) == 30
    assert run_figures(run).per_class["stone"]["auc"].value > 0.8


@pytest.mark.slow
def test_the_page_is_visited_without_scikit_learn():
    row = bench._child("page", 600, 2)
    assert row["scikit_learn_imported"] is False
    assert len(row["again_s"]) == len(row["empty_s"]) == 2
