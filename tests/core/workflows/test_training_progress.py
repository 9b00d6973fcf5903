"""Curves fit by fit, and a time left that rests on what was measured, or is not told."""

import pytest

from core.training.experiments import Experiment
from core.workflows.training_progress import Plan, curve_frame, follow, plan_of

PLAN = Plan(("fold 1 of 2", "fold 2 of 2", "final"), 10, True)


def epoch(at, fit, number, seconds=2.0, of=10):
    scores = {"loss": 1.0 / number, "nll": 0.5, "accuracy": 0.5, "macro_f1": 0.4}
    line = {"kind": "epoch", "at": at, "fit": fit, "stage": "top", "epoch": number, "epochs": of}
    return line | scores | {"seconds": seconds}


def step(at, fit, done, total=100):
    what = f"{fit}, steps of this epoch"
    return {"kind": "progress", "at": at, "what": what, "done": done, "total": total}


def test_nothing_measured_is_nothing_told():
    start = {"kind": "start", "at": 0.0}
    progress = follow([start], PLAN)
    assert (progress.seconds_left, progress.share, progress.words) == (None, 0.0, "starting")
    assert "not known yet" in progress.left_said
    # The first epoch also builds the graph: one alone says nothing of the others.
    assert follow([start, epoch(40, "fold 1 of 2", 1, 30.0)], PLAN).seconds_left is None


def test_steps_of_the_first_epoch_already_give_a_measure():
    lines = [{"kind": "start", "at": 0.0}, step(10, "fold 1 of 2", 1), step(30, "fold 1 of 2", 11)]
    # 2 s a step, 100 steps an epoch, 3 fits of 10 epochs
    assert follow(lines, PLAN).seconds_left == pytest.approx(200 * 30)


def test_the_time_left_counts_epochs_fits_and_what_lies_between_them():
    lines = [{"kind": "start", "at": 0.0}]
    lines += [epoch(20 + 2 * n, "fold 1 of 2", n) for n in range(1, 5)]  # stopped after four
    lines += [{"kind": "progress", "at": 30, "what": "measuring", "done": 9, "total": 9}]
    lines += [epoch(40, "fold 2 of 2", 1), step(41, "fold 2 of 2", 50)]
    progress = follow(lines, PLAN)
    assert [fit.is_over for fit in progress.fits] == [True, False]
    # 8.5 epochs at most in this fold, four as before in the last fit; 10 s between fits
    assert progress.seconds_left == pytest.approx((8.5 + 4) * 2 + 10)
    assert progress.share == pytest.approx(5 / (5 + 8.5 + 4))
    assert progress.n_fits == 3
    assert "early stopping may end it sooner" in progress.left_said


def test_fits_that_only_the_data_know_count_from_the_start():
    told = ["fold 1 of 2", "fold 2 of 2", "final", "left out 1 of 2", "left out 2 of 2"]
    lines = [{"kind": "start", "at": 0.0}, {"kind": "plan", "at": 1.0, "fits": told}]
    lines += [step(10, "fold 1 of 2", 1), step(30, "fold 1 of 2", 11)]
    progress = follow(lines, PLAN)
    assert progress.n_fits == 5
    assert progress.seconds_left == pytest.approx(200 * 50)


def test_a_resumed_run_measures_anew_and_keeps_its_curves():
    lines = [{"kind": "start", "at": 0.0}, epoch(5, "final", 1, of=4)]
    lines += [{"kind": "start", "at": 900.0}]
    lines += [{"kind": "progress", "at": 901, "what": "reading pictures", "done": 9, "total": 9}]
    plan = Plan(("final",), 4, False)
    progress = follow(lines, plan)
    assert (progress.seconds_left, progress.fits[0].is_over) == (None, False)
    lines += [epoch(950, "final", 2, 20.0, of=4), epoch(953, "final", 3, 3.0, of=4)]
    progress = follow(lines, plan)
    assert progress.seconds_left == pytest.approx(3.0)
    frame = curve_frame(progress)
    assert frame["epoch"].tolist() == [1, 2, 3]
    assert frame["loss"].tolist() == [1.0, 1 / 2, 1 / 3]


def test_after_the_last_epoch_no_time_is_invented():
    lines = [{"kind": "start", "at": 0}, *(epoch(n, "final", n, 1, of=3) for n in (1, 2, 3))]
    progress = follow(lines, Plan(("final",), 3, False))
    assert (progress.seconds_left, progress.share) == (None, 1.0)
    assert progress.left_said == "measuring and writing"


def test_the_plan_of_an_experiment_names_its_fits():
    told = {"key": "a", "title": "A", "task": "phantom_ct", "architecture": "simple_cnn"}
    training = {"epochs": 3, "strategy": "staged", "head_epochs": 2}
    validation = {"grouped_folds": 2, "random_split": True}
    plan = plan_of(Experiment(**told, training=training, validation=validation))
    assert plan.fits == ("fold 1 of 2", "fold 2 of 2", "final", "random split")
    assert plan.n_epochs == 5
    assert plan_of(Experiment(**told)).fits == ("final",)
