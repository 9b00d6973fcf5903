"""What a version says about itself, from its outputs."""

import numpy as np
import pytest

from core.training.report import (
    Judged,
    answer_metrics,
    known_failures,
    make_run,
    summarise,
    training_data,
)
from tests.core.training.toys import toy_job


@pytest.fixture(scope="module")
def job(tmp_path_factory):
    return toy_job(tmp_path_factory.mktemp("job"))


def judged_as(job, called):
    y_prob = np.full((len(job.data), 4), 0.02)
    y_prob[np.arange(len(y_prob)), called] = 0.94
    rows = np.arange(len(job.data))
    return make_run(job, Judged(rows, y_prob, rows % 10 == 0), name="out_of_fold", made="by hand")


def test_a_finding_that_is_often_missed_is_named_with_what_it_was_called(job):
    called = np.where(job.data.y_true == 3, 1, job.data.y_true)
    run = judged_as(job, called)
    sentences = known_failures(job.task, run, summarise(run, title="x")[1])
    assert sentences[0] == (
        "Mass: 24 of 24 pictures were called something else, most often normal (out of fold)."
    )
    assert len(sentences) == 2
    assert sentences[1].startswith("10.4% of 96 pictures")


def test_a_finding_that_was_never_judged_is_named(job):
    run = judged_as(job, job.data.y_true).subset(job.data.y_true != 3)
    sentences = known_failures(job.task, run, summarise(run, title="x")[1])
    assert sentences[0] == (
        "Mass: whether it is found is not known, as no picture of it was judged (out of fold)."
    )


def test_a_missed_normal_is_no_failure_of_a_finding(job):
    run = judged_as(job, np.where(job.data.y_true == 1, 3, job.data.y_true))
    assert len(known_failures(job.task, run, summarise(run, title="x")[1])) == 1


def test_the_card_gets_every_summary_figure_with_both_intervals(job):
    metrics, _ = summarise(judged_as(job, job.data.y_true), title="Made by hand.", leakage=True)
    assert metrics.leakage
    assert metrics.n_groups == 24
    assert metrics.figures["accuracy"].value == 1.0
    assert metrics.figures["sensitivity_stone"].low_grouped is not None
    answer = answer_metrics((metrics,))["out_of_fold"]
    assert answer["macro_f1"]["value"] == 1.0
    assert answer["title"] == "Made by hand."


def test_training_data_counts_what_was_fitted_on(job):
    fitted = job.rows("train")
    found = training_data(job, fitted)
    assert found.n == sum(found.n_by_class.values()) == len(fitted)
    assert "fitted on train" in found.split
    assert (found.name, found.licence) == ("toys", "none")
