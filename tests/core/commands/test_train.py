"""``train``: one JSON line an epoch, then the version; wrong settings are answered."""

import json
import os
import signal
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from types import SimpleNamespace

import pytest

from core import cli
from core.commands import train
from core.config import ROOT

LINE = {"fit": "final", "epoch": 1, "epochs": 1, "loss": 1.5, "macro_f1": 0.5, "seconds": 2.0}
FIGURE = {"value": 0.5, "low": 0.4, "high": 0.6, "low_grouped": 0.3, "high_grouped": 0.7}
QUICK = (
    *("-m", "core", "train", "--task", "phantom_ct", "--architecture", "mobilenet_small"),
    *("--json", "--version", "t", "--limit", "120", "--epochs", "1", "--folds", "3"),
    *("--set", "steps_per_epoch=5", "--set", "variants=2"),
)


@pytest.fixture
def asked(monkeypatch):
    """Requests that a training run was started with; it ends at once."""
    requests = []

    def fake(request, *, listener):
        requests.append(request)
        listener.on_epoch(LINE)
        metrics = {"test": {"title": "Own test part.", "n": 40, "macro_f1": FIGURE}}
        return SimpleNamespace(model_version="v9", path=Path("models/t/v9"), metrics=metrics)

    monkeypatch.setattr(train, "train", fake)
    return requests


def call(*arguments):
    return cli.main(["train", "--task", "phantom_ct", "--architecture", "simple_cnn", *arguments])


def test_a_program_gets_a_line_an_epoch_and_then_the_version(asked, capfd):
    assert call("--json") == 0
    lines = [json.loads(line) for line in capfd.readouterr().out.splitlines()]
    assert lines[0] == LINE
    assert set(lines[1]) == {"model_version", "path", "metrics", "notes"}
    assert lines[1]["metrics"]["test"]["macro_f1"]["low_grouped"] == 0.3


def test_a_person_reads_the_score_with_interval_and_n(asked, capfd):
    assert call() == 0
    out = capfd.readouterr().out
    assert "epoch 1 of 1  loss 1.500  validation macro F1 0.500" in out
    assert "macro F1 0.500 (95 % 0.300 to 0.700), n = 40" in out


def test_arguments_become_the_request(asked, capfd):
    assert call("--epochs", "3", "--folds", "5", "--limit", "9", "--set", "views=[identity]") == 0
    (request,) = asked
    assert (request.n_folds, request.limit, request.version) == (5, 9, None)
    assert request.changes == {"epochs": 3, "views": ["identity"]}


@pytest.mark.parametrize(
    "arguments",
    [
        ("--set", "epochs=3", "--set", "seed=7"),
        ("--epochs", "3", "--seed", "7"),
        ("--epochs", "3", "--set", "epochs=3", "--set", "seed=7"),
    ],
)
def test_epochs_and_seed_are_given_by_set_as_by_their_options(asked, capfd, arguments):
    assert call(*arguments) == 0
    assert asked[0].changes == {"epochs": 3, "seed": 7}


@pytest.mark.parametrize(
    ("arguments", "error", "remedy"),
    [
        (("--epochs", "2", "--set", "epochs=3"), "--epochs is 2 and --set says epochs=3", "one of"),
        (("--seed", "0", "--set", "seed=null"), "--seed is 0 and --set says seed=None", "one of"),
        (("--set", "architecture=mobilenet"), "architecture, which is no", "--architecture"),
        (("--set", "limit=9"), "limit, which is no training setting", "--limit"),
        (("--set", "folds=5"), "folds, which is no training setting", "--folds"),
        (("--set", "epochs=3", "--set", "epochs=5"), "--set got epochs twice", "one of"),
        (
            ("--set", "class_weights={stone: 1, stone: 2}"),
            "class_weights names stone twice",
            "once",
        ),
    ],
)
def test_what_set_would_say_in_vain_ends_with_2_and_the_right_option(
    asked, capfd, arguments, error, remedy
):
    assert call("--json", *arguments) == 2
    answer = json.loads(capfd.readouterr().out)
    assert error in answer["error"]
    assert remedy in answer["what_to_do"]
    assert asked == []


def test_an_experiment_is_asked_for_alone(asked, capfd):
    assert cli.main(["train", "--experiment", "kidney_ct", "--no-with-random-split"]) == 0
    (request,) = asked
    assert (request.experiment, request.task, request.architecture) == ("kidney_ct", None, None)
    assert (request.n_folds, request.with_random_split) == (None, False)


def test_a_leaking_figure_is_marked_for_a_person(asked, capfd, monkeypatch):
    leaking = {"title": "Random split.", "n": 40, "macro_f1": FIGURE, "leakage": True}
    trained = SimpleNamespace(model_version="v", path=Path("v"), metrics={"random_split": leaking})
    monkeypatch.setattr(train, "train", lambda request, listener: trained)
    assert call() == 0
    assert "LEAK random_split: Random split." in capfd.readouterr().out


@pytest.mark.parametrize(
    "arguments",
    [
        ("--set", "epochs"),
        ("--limit", "0"),
        ("--folds", "1"),
        ("--epochs", "many"),
        ("--set", "a=["),
        ("--experiment", "kidney_ct", "--set", "a=["),
    ],
)
def test_arguments_that_cannot_be_read_end_with_2_and_a_sentence(asked, capfd, arguments):
    assert call("--json", *arguments) == 2
    answer = json.loads(capfd.readouterr().out)
    assert answer["error"]
    assert answer["what_to_do"]
    assert asked == []


def test_an_unknown_setting_ends_with_2_and_the_known_ones(capfd):
    assert call("--json", "--set", "impetus=1", "--limit", "8") == 2
    assert "learning_rate" in json.loads(capfd.readouterr().out)["what_to_do"]


@pytest.mark.slow
@pytest.mark.heavy
@pytest.mark.needs_backbones
def test_the_teaching_version_is_trained_from_the_command_line_and_stays_small(tmp_path):
    done = subprocess.run(
        [sys.executable, *QUICK],
        cwd=ROOT,
        env={**os.environ, "SECOND_LOOK_MODELS": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    last = json.loads(done.stdout.splitlines()[-1])
    files = [path for path in Path(last["path"]).rglob("*") if path.is_file()]
    assert sum(path.stat().st_size for path in files) < 2_000_000
    assert set(last["metrics"]) == {"out_of_fold", "test"}


LONG = (
    *("-m", "core", "train", "--task", "phantom_ct", "--architecture", "simple_cnn", "--json"),
    *("--version", "ended", "--limit", "96", "--epochs", "500", "--set", "phantom_series=100"),
    *("--set", "steps_per_epoch=2", "--set", "batch_size=8", "--set", "patience=500"),
)


@pytest.mark.slow
@pytest.mark.heavy
def test_a_request_to_end_is_told_to_mlflow_and_ends_with_130(tmp_path):
    home = tmp_path / "home"
    environment = {"SECOND_LOOK_HOME": str(home), "SECOND_LOOK_MODELS": str(tmp_path / "models")}
    with subprocess.Popen(
        [sys.executable, *LONG],
        cwd=ROOT,
        env={**os.environ, **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as process:
        first = process.stdout.readline()  # an epoch is done: MLflow's run goes on
        process.send_signal(signal.SIGTERM)
        last = process.communicate()[0].splitlines()[-1]
    assert json.loads(first)["epoch"] == 1
    assert (process.returncode, json.loads(last)["error"]) == (130, "Interrupted.")
    with closing(sqlite3.connect(home / "mlflow.db")) as tracked:
        assert tracked.execute("select name, status from runs").fetchall() == [("ended", "KILLED")]
    assert list((home / "training").glob("*/*"))  # whole epochs stay
    assert not list((home / "locks").iterdir())
