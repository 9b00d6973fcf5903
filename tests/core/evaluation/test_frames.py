"""Frames of a run's figures."""

import numpy as np
import pytest
from sklearn import metrics

from core.evaluation import frames
from core.evaluation.figures import PER_CLASS, SUMMARY, run_figures
from core.evaluation.runs import RunFacts
from tests.drawn_runs import CLASSES, draw_run, make_run


@pytest.fixture(scope="module")
def figures():
    return run_figures(draw_run(200))


def test_the_confusion_frame_has_a_row_a_cell_and_shares_that_sum_to_one(figures):
    cells = frames.confusion_frame(figures, CLASSES)
    assert len(cells) == 16
    assert cells["n"].sum() == 200
    assert cells.groupby("y_true")["share_of_row"].sum().to_numpy() == pytest.approx(1)
    assert cells.groupby("called")["share_of_column"].sum().to_numpy() == pytest.approx(1)
    stone_called_normal = cells.query("y_true == 'stone' and called == 'normal'")["n"].item()
    assert stone_called_normal == figures.confusion[2, 1]


def test_an_empty_row_has_no_share():
    made = run_figures(make_run([0, 1], np.eye(4)[[0, 1]]))
    cells = frames.confusion_frame(made, CLASSES).set_index(["y_true", "called"])
    assert np.isnan(cells.loc[("stone", "stone"), "share_of_row"])


def test_the_class_frame_has_a_row_a_class_and_figure(figures):
    rows = frames.class_frame(figures)
    assert len(rows) == len(CLASSES) * len(PER_CLASS)
    stone = rows[(rows["class"] == "stone") & (rows["figure"] == "sensitivity")].iloc[0]
    assert stone["value"] == figures.per_class["stone"]["sensitivity"].value
    assert stone["n"] == figures.n_true["stone"]


def test_undefined_figures_are_empty_and_not_zero():
    rows = frames.class_frame(run_figures(make_run([0, 1], np.eye(4)[[0, 1]])))
    stone = rows[(rows["class"] == "stone") & (rows["figure"] == "sensitivity")].iloc[0]
    assert np.isnan(stone["value"])
    assert rows["n_groups"].isna().all()


def test_the_summary_frame_has_a_row_a_figure(figures):
    assert frames.summary_frame(figures)["figure"].tolist() == list(SUMMARY)


def test_reliability_bins_respect_the_groups_of_the_run():
    bins = frames.reliability_frame(draw_run(300))
    assert bins["n"].sum() == 300
    assert bins["low_grouped"].notna().any()


def test_an_export_says_version_and_threshold_and_what_it_is_for():
    facts = RunFacts(model_version="v1", version_digest="ab", split_made="by series")
    told = frames.provenance(make_run([0], [[1, 0, 0, 0]], facts=facts))
    assert (told["model_version"], told["threshold"], told["n_cases"]) == ("v1", "argmax", 1)
    assert "not for primary diagnosis" in told["use"]


def test_means_over_classes_equal_scikit_learn():
    run = draw_run(200)
    called = run.y_prob.argmax(axis=1)
    rows = frames.average_frame(run_figures(run)).set_index(["average", "figure"])
    for kind in ("macro", "weighted"):
        for figure, score in (
            ("sensitivity", metrics.recall_score),
            ("ppv", metrics.precision_score),
            ("f1", metrics.f1_score),
        ):
            expected = score(run.y_true, called, average=kind)
            assert rows.loc[(kind, figure), "value"] == pytest.approx(expected)
        area = metrics.roc_auc_score(run.y_true, run.y_prob, multi_class="ovr", average=kind)
        assert rows.loc[(kind, "auc"), "value"] == pytest.approx(area)
        one_hot = np.eye(4)[run.y_true]
        expected = metrics.average_precision_score(one_hot, run.y_prob, average=kind)
        assert rows.loc[(kind, "average_precision"), "value"] == pytest.approx(expected)
    assert (rows["low_grouped"] <= rows["value"]).all()
    assert (rows["high_grouped"] >= rows["value"]).all()


def test_the_mean_of_a_figure_that_a_class_lacks_is_undefined():
    # No case is ever called stone: it has no PPV, so there is no mean of all classes either.
    run = make_run([0, 1, 2, 2], np.eye(4)[[0, 1, 0, 1]])
    rows = frames.average_frame(run_figures(run)).set_index(["average", "figure"])["value"]
    assert np.isnan(rows["macro", "ppv"])
    assert rows["macro", "sensitivity"] == pytest.approx(2 / 3)
    assert rows["weighted", "sensitivity"] == pytest.approx(2 / 4)
