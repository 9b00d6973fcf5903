"""The head solved at once: it is the best one, and the network answers with it."""

import dataclasses

import numpy as np
import pytest
from scipy.special import softmax

from core.errors import TrainingError
from core.training.config import check_config
from core.training.job import Listener
from tests.core.training.toys import toy_job, toy_set

SETTINGS = {
    "strategy": "head", "freeze_until": None, "head_solver": "lbfgs", "label_smoothing": 0.0,
    "head_penalty": 0.05,
}  # fmt: skip


def fitted(folder, lines=None, **changes):
    from core.training.workbench import Workbench

    job = toy_job(folder, **{**SETTINGS, **changes})
    if lines is not None:
        job = dataclasses.replace(job, listener=Listener(on_epoch=lines.append))
    bench = Workbench(job)
    network = bench.network(seed=1)
    plan = bench.plan(job.rows("train"), job.rows("validation"), label="final")
    bench.fit(network, plan)
    return job, bench, network, plan


@pytest.mark.heavy
def test_no_other_weights_have_a_smaller_loss(tmp_path):
    job, bench, network, plan = fitted(tmp_path, sampling="shuffle")
    maps = bench.source("pooled").every(plan.train).astype(np.float64)
    x = maps.reshape(-1, maps.shape[-1])
    mean, spread = x.mean(0), np.where(x.std(0) > 0, x.std(0), 1)
    x = (x - mean) / spread
    y = np.eye(len(job.task.class_names))[np.tile(job.data.y_true[plan.train], len(maps))]
    kernel, bias = (np.asarray(values, np.float64) for values in network.layers[-1].get_weights())
    slope, offset = kernel * spread[:, None], bias + mean @ kernel

    def gradient(slope, offset):  # a convex objective is least where this is zero
        wrong = softmax(x @ slope + offset, axis=1) - y
        return x.T @ wrong / len(x) + job.config.head_penalty * slope, wrong.mean(0)

    begun = gradient(np.zeros_like(slope), np.zeros_like(offset))[0]
    of_slope, of_offset = gradient(slope, offset)
    assert np.abs(of_slope).max() < 0.005 * np.abs(begun).max()
    assert np.abs(of_offset).max() < 1e-3


@pytest.mark.heavy
@pytest.mark.parametrize("n_classes", [2, 4])
def test_of_more_columns_than_rows_the_best_slopes_are_found(n_classes):
    from core.training.solving import logistic_fit

    rng = np.random.default_rng(0)
    x = rng.normal(size=(60, 5000)) + rng.normal(size=(60, 1))  # neighbouring pixels go together
    x = (x - x.mean(0)) / x.std(0)
    y, weights = rng.integers(0, n_classes, 60), rng.uniform(0.5, 1.5, 60)
    slope, offset = logistic_fit(x, y, weights, C=0.1)
    scores = x @ slope.T + offset
    if n_classes == 2:
        wrong = (1 / (1 + np.exp(-scores[:, 0])) - y)[:, None] * weights[:, None]
    else:
        wrong = (softmax(scores, axis=1) - np.eye(n_classes)[y]) * weights[:, None]
    # A convex objective is least where its gradient is zero: here, taken over all the columns.
    left = np.linalg.norm(0.1 * wrong.T @ x + slope)
    assert left < 1e-3 * np.linalg.norm(slope)
    assert np.abs(wrong.sum(0)).max() < 0.01


@pytest.mark.heavy
def test_it_is_told_as_one_epoch_and_found_again_after_a_kill(tmp_path):
    lines = []
    first = fitted(tmp_path, lines)[2]
    again = fitted(tmp_path, lines)[2]
    assert len(lines) == 1
    assert (lines[0]["epoch"], lines[0]["epochs"], lines[0]["stage"]) == (1, 1, "head")
    assert set(lines[0]) >= {"loss", "accuracy", "macro_f1", "nll", "seconds"}
    assert all(np.array_equal(*pair) for pair in zip(
        first.get_weights(), again.get_weights(), strict=True
    ))  # fmt: skip


@pytest.mark.heavy
def test_the_layers_above_go_on_from_the_solved_head(tmp_path):
    lines = []
    changes = {"strategy": "staged", "freeze_until": "block2_relu", "epochs": 2}
    fitted(tmp_path, lines, **changes)
    assert [(line["stage"], line["epoch"]) for line in lines] == [
        ("head", 1), ("top", 2), ("top", 3)
    ]  # fmt: skip


@pytest.mark.heavy
def test_of_two_classes_both_have_their_side(tmp_path):
    from core.training.solving import _both_sides

    slope, offset = _both_sides(np.array([[2.0, -4.0]]), np.array([1.0]))
    assert slope.tolist() == [[-1.0, 2.0], [1.0, -2.0]]
    assert offset.tolist() == [-0.5, 0.5]


@pytest.mark.heavy
def test_weights_are_how_often_pictures_are_drawn():
    from core.datasets.sampling import even_series_sample
    from core.training.solving import case_weights

    data, rows = toy_set(n_groups=9), np.array([0, 1, 2, 4, 5, 8, 12, 16, 17, 18, 19, 20])
    config = check_config({"architecture": "simple_cnn", "sampling": "group_even"})
    rng = np.random.default_rng(0)
    drawn = even_series_sample(data.table.iloc[rows], 24_000, rng)
    expected = np.bincount(drawn, minlength=len(rows)) / 2000
    assert np.abs(case_weights(data, rows, config=config) - expected).max() < 0.05


@pytest.mark.heavy
def test_a_class_without_a_picture_is_named(tmp_path):
    from core.training.workbench import Workbench

    job = toy_job(tmp_path, **SETTINGS)
    bench = Workbench(job)
    rows = job.rows("train")
    rows = rows[job.data.y_true[rows] != 1]
    plan = bench.plan(rows, job.rows("validation"), label="fold 1 of 2")
    with pytest.raises(TrainingError, match=r"No picture of .* is left to fit on \(fold 1 of 2\)"):
        bench.fit(bench.network(seed=1), plan)


@pytest.mark.parametrize(
    "changes",
    [{"strategy": "top"}, {"label_smoothing": 0.1}, {"mixup": 0.2}, {"loss": "focal"}],
)
def test_what_a_solved_head_would_leave_out_is_refused(changes):
    settings = {"architecture": "mobilenet", **SETTINGS, **changes}
    with pytest.raises(TrainingError, match="head_solver lbfgs"):
        check_config(settings)
