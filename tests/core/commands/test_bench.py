"""``bench`` passes its arguments on and words what was measured."""

from __future__ import annotations

import json

import pytest

from core.cli import main
from core.commands import bench

ROWS = {
    "quick": {"ratio": 1.1, "target": 1.15, "met": True, "ours_s": [0.1], "theirs_s": [0.2]},
    "slow": {"ratio": 2.0, "target": 1.15, "met": False, "ours_s": [0.1], "theirs_s": [0.2]},
    "free": {"ratio": 2.0, "target": None, "met": None, "ours_s": [0.1], "theirs_s": [0.2]},
}


@pytest.fixture
def asked(monkeypatch):
    """Return what the workflow was asked for; nothing is measured."""
    asked = {}
    monkeypatch.setattr(bench, "run_bench", lambda **given: asked.update(given) or ROWS)
    return asked


def test_raw_samples_are_in_the_document(asked, capfd):
    assert main(["bench", "--task", "kidney_ct", "--rounds", "7", "--starts", "2", "--json"]) == 0
    assert json.loads(capfd.readouterr().out) == ROWS
    assert (asked["task"], asked["rounds"], asked["starts"]) == ("kidney_ct", 7, 2)


def test_a_target_that_is_missed_is_told_in_capitals(asked, capfd):
    assert main(["bench"]) == 0
    lines = capfd.readouterr().out.splitlines()
    assert [line.rsplit(": ", 1)[1].split(" (")[0] for line in lines] == [
        "met",
        "MISSED",
        "no target",
    ]


@pytest.mark.parametrize("rounds", ["0", "-3", "many"])
def test_a_number_of_turns_that_is_none_is_refused(asked, capfd, rounds):
    assert main(["bench", "--rounds", rounds]) == 2


def test_the_evaluation_has_a_bench_of_its_own(monkeypatch, capfd):
    asked = {}
    monkeypatch.setattr(
        bench,
        "run_evaluation_bench",
        lambda **given: asked.update(given) or {"quick": ROWS["quick"]},
    )
    assert main(["bench", "evaluation", "--rounds", "2", "--json"]) == 0
    assert json.loads(capfd.readouterr().out) == {"quick": ROWS["quick"]}
    assert asked["rounds"] == 2
    assert main(["bench", "evaluation"]) == 0
    assert asked["rounds"] == 3


def test_a_bench_that_does_not_exist_is_refused(asked, capfd):
    assert main(["bench", "everything"]) == 2


def test_the_explanations_have_a_bench_of_their_own(monkeypatch, capfd):
    asked = {}
    monkeypatch.setattr(bench, "run_explain_bench", lambda **given: asked.update(given) or ROWS)
    assert main(["bench", "explain", "--task", "phantom_ct", "--json"]) == 0
    assert json.loads(capfd.readouterr().out) == ROWS
    assert (asked["task"], asked["rounds"]) == ("phantom_ct", 60)


def test_training_has_a_bench_of_its_own(monkeypatch, capfd):
    asked = []
    monkeypatch.setattr(bench, "run_training_bench", lambda given, **_: asked.append(given) or ROWS)
    assert main(["bench", "training", "--pictures", "300", "--rounds", "2", "--json"]) == 0
    assert json.loads(capfd.readouterr().out) == ROWS
    assert main(["bench", "training"]) == 0
    found = [(given.task, given.n_pictures, given.rounds) for given in asked]
    assert found == [("phantom_ct", 300, 2), ("phantom_ct", 10_930, 3)]
