"""``bench training`` on a tiny network: names, targets, samples, and what counts as met."""

import numpy as np
import pytest

from core.workflows import benchmarking_training as module
from core.workflows.benchmarking import row_of
from core.workflows.benchmarking_training import TrainingBench

TINY = TrainingBench(
    architecture="simple_cnn", limit=64, n_pictures=120, rounds=2, epochs=2, steps=2, batch_size=4
)


@pytest.mark.heavy
@pytest.mark.slow
def test_heads_and_whole_networks_are_timed_in_turns():
    rows = {"head": module._head_row(TINY), "step": module._step_row(TINY)}
    assert [row["target"] for row in rows.values()] == [10.0, 0.95]
    head, step = rows["head"], rows["step"]
    assert len(head["ours_s"]) == len(head["theirs_s"]) == 2
    assert head["ratio"] == pytest.approx(np.median(head["theirs_s"]) / np.median(head["ours_s"]))
    assert len(step["ours_s"]) == len(step["theirs_s"]) == 8
    assert step["ratio"] == pytest.approx(np.median(np.divide(step["theirs_s"], step["ours_s"])))
    # The same draws from the same start: stored in half precision, a loss moves by little.
    assert rows["head"]["curve_difference"] < 5e-3
    assert rows["head"]["met"] == (
        rows["head"]["ratio"] >= 10
        and rows["head"]["curve_difference"] <= rows["head"]["curve_noise"]
    )


def test_a_machine_of_two_speeds_does_not_decide_what_neighbours_in_time_say():
    # The slow speed falls on most turns of one way and few of the other: medians would say 1.4.
    ours = [3.5, 5.25, 3.5, 3.5, 3.5]
    theirs = [3.4, 5.1, 5.1, 5.1, 3.4]
    row = row_of(ours, theirs, target=0.95, faster=True)
    assert row["ratio"] == pytest.approx(5.1 / 3.5)
    assert module.paired(row)["ratio"] == pytest.approx(3.4 / 3.5)
    assert module.paired(row)["met"]
    assert not module.paired(row_of([3.7, 3.7], [3.4, 3.4], target=0.95, faster=True))["met"]


@pytest.mark.heavy
@pytest.mark.slow
def test_memory_is_that_of_a_process_of_its_own():
    rows = module._memory_rows(TINY)
    assert {name: row["target"] for name, row in rows.items()} == {
        "memory_growth": 1.05, "memory_of_kidney_set": 1.0
    }  # fmt: skip
    row = rows["memory_of_kidney_set"]
    assert len(row["resident"]) == len(row["ours_s"]) == 8
    assert max(row["resident"]) <= row["peak"]
    assert row["ratio"] == pytest.approx(row["peak"] / 6e9)
    assert row["n_pictures"] == 120


def test_the_drawn_set_has_the_shape_of_the_kidney_set(tmp_path):
    job = module.drawn_job("simple_cnn", 1690, tmp_path, changes=TINY.changes)
    assert job.data.pixels.shape == (1690, 224, 224)
    assert len(set(job.data.group)) == 169
    assert job.config.per_group is None
    assert {len(job.rows(part)) > 0 for part in ("train", "validation", "test")} == {True}


@pytest.mark.heavy
@pytest.mark.parametrize(("theirs", "met"), [([1.4, 0.9], True), ([1.1, 0.6], False)])
def test_a_head_that_learns_something_else_is_no_match_however_fast(monkeypatch, theirs, met):
    from core.training import stopwatch
    from core.training.stopwatch import Timed

    class Fits:
        def __init__(self, job):
            del job

        def stored(self, seed):
            return Timed([9.0, 0.1], [[1.0, 0.5], [1.3, 0.8]][seed])

        def on_pictures(self, seed):
            return Timed([9.0, 2.0], [[1.1, 0.6], theirs][seed])

    monkeypatch.setattr(stopwatch, "HeadOnly", Fits)
    monkeypatch.setattr(module, "_job", lambda *_: None)
    row = module._head_row(TINY)
    assert row["ratio"] == pytest.approx(20)
    assert (row["met"], row["curve_difference"]) == (met, pytest.approx(0.1 if met else 0.2))
