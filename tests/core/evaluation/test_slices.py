"""Figures within slices, against figures counted by hand and by independent libraries."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import f1_score
from statsmodels.stats.proportion import proportion_confint

from core.evaluation.confusion import called_class
from core.evaluation.figures import run_figures
from core.evaluation.runs import EvaluationRun
from core.evaluation.slice_columns import ALL, slice_column
from core.evaluation.slices import Calls, calls_of, slice_frame
from tests.drawn_runs import CLASSES, draw_run, make_run

FINDINGS = {"cyst", "stone", "tumor"}


def drawn_column(run: EvaluationRun, seed: int = 1):
    values = np.random.default_rng(seed).choice(
        ["north", "south", "east"], run.n, p=[0.5, 0.3, 0.2]
    )
    return slice_column("centre", values), values


def figure(frame: pd.DataFrame, name: str, figure: str, class_name: str = "") -> pd.Series:
    rows = frame[
        (frame["slice"] == name) & (frame["figure"] == figure) & (frame["class"] == class_name)
    ]
    assert len(rows) == 1
    return rows.iloc[0]


def test_sensitivity_and_specificity_are_those_of_a_groupby():
    run = draw_run(400)
    column, values = drawn_column(run)
    frame = slice_frame(calls_of(run, findings=FINDINGS), column)
    called = called_class(run.y_prob)
    table = pd.DataFrame({"slice": values, "y": run.y_true, "called": called, "g": run.group})
    for k, name in enumerate(CLASSES):
        positive, negative = table[table.y == k], table[table.y != k]
        found = (positive.called == k).groupby(positive.slice)
        cleared = (negative.called != k).groupby(negative.slice)
        for label in ("north", "south", "east"):
            made = figure(frame, label, "sensitivity", name)
            n, k_found = found.count()[label], found.sum()[label]
            assert (made["value"], made["n"]) == (k_found / n, n)
            assert made["n_groups"] == positive[positive.slice == label].g.nunique()
            oracle = proportion_confint(k_found, n, method="wilson")
            assert (made["low"], made["high"]) == pytest.approx(oracle)
            assert figure(frame, label, "specificity", name)["value"] == cleared.mean()[label]
            elsewhere = positive[positive.slice != label]
            gap = figure(frame, label, "sensitivity_difference", name)
            assert gap["value"] == pytest.approx(
                k_found / n - (elsewhere.called == k).mean(), abs=1e-12
            )


def test_macro_f1_is_that_of_scikit_learn_on_the_classes_that_the_slice_holds():
    run = draw_run(400)
    column, values = drawn_column(run)
    frame = slice_frame(calls_of(run, findings=FINDINGS), column)
    called = called_class(run.y_prob)
    for label in ("north", "south", "east"):
        inside = values == label
        labels = np.unique(run.y_true[inside])
        oracle = f1_score(run.y_true[inside], called[inside], labels=labels, average="macro")
        assert figure(frame, label, "macro_f1")["value"] == pytest.approx(oracle)


def test_all_cases_are_the_run_itself():
    run = draw_run(300)
    frame = slice_frame(calls_of(run, findings=FINDINGS), drawn_column(run)[0])
    whole = run_figures(run)
    for name in CLASSES:
        made, expected = (
            figure(frame, ALL, "sensitivity", name),
            whole.per_class[name]["sensitivity"],
        )
        assert (made["value"], made["low_grouped"]) == (expected.value, expected.low_grouped)
    made, expected = figure(frame, ALL, "macro_f1"), whole.summary["macro_f1"]
    assert made["value"] == pytest.approx(expected.value)
    assert made["low_grouped"] == pytest.approx(expected.low_grouped, abs=0.02)
    assert made["low"] == pytest.approx(expected.low, abs=0.02)


def test_a_slice_is_what_its_cases_alone_would_be():
    run = draw_run(300)
    column, values = drawn_column(run)
    frame = slice_frame(calls_of(run, findings=FINDINGS), column)
    alone = run_figures(run.subset(values == "north"))
    for name in CLASSES:
        made = figure(frame, "north", "sensitivity", name)
        expected = alone.per_class[name]["sensitivity"]
        assert made["low_grouped"] == pytest.approx(expected.low_grouped)
        assert made["high_grouped"] == pytest.approx(expected.high_grouped)


def test_undefined_stays_undefined():
    run = draw_run(200)
    no_stone = np.where(run.y_true == 2, "stones", "others")
    frame = slice_frame(calls_of(run, findings=FINDINGS), slice_column("kind", no_stone))
    made = figure(frame, "others", "sensitivity", "stone")
    assert made["n"] == 0
    assert np.isnan(made["value"])
    assert np.isnan(figure(frame, "others", "sensitivity_difference", "stone")["value"])
    assert np.isnan(figure(frame, "stones", "specificity", "stone")["value"])
    assert not (frame["value"] == 0)[frame["n"] == 0].any()


def test_at_a_threshold_the_finding_is_flagged_from_it_on():
    y_prob = [[0.1, 0.5, 0.4, 0.0], [0.1, 0.6, 0.3, 0.0], [0.0, 0.9, 0.1, 0.0]]
    run = make_run([2, 2, 1], y_prob)
    column = slice_column("one", ["x", "x", "x"])
    for threshold, found, cleared in ((None, 0.0, 1.0), (0.4, 0.5, 1.0), (0.1, 1.0, 0.0)):
        thresholds = {} if threshold is None else {"stone": threshold}
        frame = slice_frame(calls_of(run, findings=FINDINGS, thresholds=thresholds), column)
        assert figure(frame, "x", "sensitivity", "stone")["value"] == found
        assert figure(frame, "x", "specificity", "stone")["value"] == cleared


def test_without_groups_there_is_no_grouped_interval():
    run = draw_run(200, n_groups=None)
    frame = slice_frame(calls_of(run, findings=FINDINGS), drawn_column(run)[0])
    assert frame["low_grouped"].isna().all()
    assert frame["n_groups"].isna().all()
    assert figure(frame, "north", "macro_f1")[["low", "high"]].notna().all()


def test_a_difference_needs_five_groups_on_either_side():
    run = draw_run(400, n_groups=12)
    few = np.where(np.isin(run.group.astype(str), ["g000", "g001", "g002"]), "few", "many")
    frame = slice_frame(calls_of(run, findings=FINDINGS), slice_column("centre", few))
    gap = figure(frame, "few", "sensitivity_difference", "cyst")
    assert not np.isnan(gap["value"])
    assert np.isnan(gap["low_grouped"])


def test_a_difference_without_a_miss_on_either_side_has_no_interval():
    run = make_run([2, 2, 1, 1], np.eye(4)[[2, 2, 1, 1]])
    frame = slice_frame(calls_of(run, findings=FINDINGS), slice_column("a", ["x", "y", "x", "y"]))
    gap = figure(frame, "x", "sensitivity_difference", "stone")
    assert gap["value"] == 0
    assert np.isnan(gap["low"])


@settings(max_examples=30)
@given(st.integers(1, 40), st.integers(1, 6), st.integers(0, 3), st.booleans())
def test_any_column_gives_figures_in_range(n: int, n_values: int, seed: int, grouped: bool):
    run = draw_run(n, n_groups=3 if grouped else None, seed=seed)
    values = np.random.default_rng(seed).integers(0, n_values, n).astype(str)
    values = np.where(values == "0", "", values)
    frame = slice_frame(calls_of(run, findings=FINDINGS), slice_column("any", values))
    rates = frame[frame["figure"] != "sensitivity_difference"]
    for column in ("value", "low", "high", "low_grouped", "high_grouped"):
        assert rates[column].dropna().between(0, 1).all()
    for low, high in (("low", "high"), ("low_grouped", "high_grouped")):
        there = frame[frame[low].notna()]
        assert (there[low] <= there["value"] + 1e-12).all()
        assert (there["value"] <= there[high] + 1e-12).all()
    counted = frame[(frame["figure"] == "macro_f1") & (frame["slice"] != ALL)]
    assert counted["n"].sum() == n


def drawn_calls(rng: np.random.Generator, *, n_groups: int, icc: float) -> tuple[Calls, object]:
    strength = (1 - icc) / icc
    sizes = rng.integers(5, 35, n_groups)
    group = np.repeat(np.arange(n_groups), sizes)
    found = rng.random(len(group)) < rng.beta(0.8 * strength, 0.2 * strength, n_groups)[group]
    flagged = np.column_stack([found, ~found])
    calls = Calls(
        ("stone", "normal"), np.zeros(len(group), np.int64), (~found).astype(int), flagged, group
    )
    centre = rng.integers(0, 3, n_groups)[group]
    return calls, slice_column("centre", np.char.add("c", centre.astype(str)))


def coverage(*, n_runs: int, n_groups: int, icc: float) -> tuple[float, float]:
    """Return how often the (plain, grouped) interval of a difference of 0 holds 0."""
    plain, grouped = [], []
    for seed in range(n_runs):
        calls, column = drawn_calls(np.random.default_rng(seed), n_groups=n_groups, icc=icc)
        gap = figure(slice_frame(calls, column), "c0", "sensitivity_difference", "stone")
        plain.append(gap["low"] <= 0 <= gap["high"])
        grouped.append(gap["low_grouped"] <= 0 <= gap["high_grouped"])
    return float(np.mean(plain)), float(np.mean(grouped))


@pytest.mark.slow
@pytest.mark.parametrize(("n_groups", "icc"), [(40, 0.33), (50, 0.1), (120, 0.33)])
def test_the_grouped_interval_of_a_difference_covers(n_groups: int, icc: float):
    plain, grouped = coverage(n_runs=300, n_groups=n_groups, icc=icc)
    assert grouped >= 0.9
    assert plain < 0.85


def test_calls_keep_the_order_of_the_run():
    run = draw_run(50)
    calls = calls_of(replace(run), findings=FINDINGS)
    assert calls.flagged[np.arange(50), calls.called].all()
    assert (calls.flagged.sum(axis=1) == 1).all()
