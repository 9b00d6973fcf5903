"""Tracking is a courtesy: a server that is away stops no run."""

import pytest

pytestmark = pytest.mark.heavy


def test_a_server_that_is_away_gives_one_warning_and_no_failure(tmp_path, capfd):
    from core.training.tracking import Tracker

    tracker = Tracker("http://127.0.0.1:9", home=tmp_path, experiment="t", name="v")
    tracker.parameters({"epochs": 2})
    tracker.epoch({"fit": "final", "epoch": 1, "epochs": 2, "loss": 1.0, "seconds": 1.0})
    tracker.finish(tmp_path)
    errors = capfd.readouterr().err
    assert errors.count("training goes on untracked") == 1
    assert "SECOND_LOOK_MLFLOW_TRACKING_URI" in errors


@pytest.mark.parametrize("fault", ["folder", "not a database"])
def test_a_database_that_cannot_be_opened_gives_one_warning_too(tmp_path, capfd, fault):
    from core.training.tracking import Tracker

    path = tmp_path / "mlflow.db"
    path.mkdir() if fault == "folder" else path.write_bytes(b"something else entirely")
    tracker = Tracker(None, home=tmp_path, experiment="t", name="v")
    tracker.parameters({"epochs": 2})
    assert not tracker.is_on
    assert capfd.readouterr().err.count("training goes on untracked") == 1
