"""Tracking is a courtesy: a server that is away stops no run."""

import json
import time

import pytest

from core.inference.package import write_version
from core.tasks import load_task
from tests.drawn_runs import draw_run
from tests.small_version import version_files

pytestmark = pytest.mark.heavy


def test_a_server_that_is_away_gives_one_warning_and_no_failure(tmp_path, capfd):
    from core.training.tracking import Tracker

    tracker = Tracker(
        "http://127.0.0.1:9", home=tmp_path, experiment="t", name="v", values={"epochs": 2}
    )
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
    tracker = Tracker(None, home=tmp_path, experiment="t", name="v", values={"epochs": 2})
    assert not tracker.is_on
    assert capfd.readouterr().err.count("training goes on untracked") == 1


def test_a_confusion_matrix_is_drawn_with_every_count_and_the_share_of_its_row():
    from core.training.confusion_figure import confusion_figure

    counts = [[9, 1, 0], [2, 6, 0], [0, 0, 0]]
    made = {"classes": ["cyst", "normal", "stone"], "n": 18, "counts": counts}
    figure = confusion_figure(made, title="test")
    (axes,) = figure.axes
    said = [text.get_text() for text in axes.texts]
    assert said[:4] == ["9\n90.0%", "1\n10.0%", "0\n0.0%", "2\n25.0%"]
    assert said[6:] == ["no case"] * 3
    assert (axes.get_ylabel(), axes.get_title()) == ("reference", "test, n = 18")
    assert axes.get_yticklabels()[0].get_text() == "cyst\nn 10"
    shade = axes.images[0].get_array()
    assert shade[1].tolist() == [0.25, 0.75, 0.0]


@pytest.fixture
def version(tmp_path):
    """A small version with one stored run."""
    from core.evaluation.runs import write_run

    files = version_files(load_task("kidney_ct"))
    files["evaluation/test"] = write_run(draw_run(40), tmp_path / "run")
    return write_version(tmp_path / "models" / "kidney_ct", "small-1", files=files)


@pytest.mark.slow
def test_a_version_is_stored_whole_and_registered_in_step_with_promotions(tmp_path, version):
    from core.training.tracking import Tracker, mirror_champion, mlflow

    uri = f"sqlite:///{tmp_path / 'mlflow.db'}"
    known = {"home": tmp_path, "experiment": "kidney_ct"}
    begun = 1000 * time.time()
    recipe = [{"step": f"step_{n}"} for n in range(100)]  # long, and kept whole all the same
    settings = {"training": {"epochs": 2, **{f"key_{n}": n for n in range(120)}}, "limit": None}
    settings["recipe"] = recipe
    killed = Tracker(None, name="small-1", values=settings, **known)
    killed.epoch({"fit": "final", "epoch": 1, "epochs": 2, "loss": 1.0, "seconds": 1.0})
    tracker = Tracker(None, name="small-1", values=settings, **known)  # the same, gone on with
    tracker.epoch({"fit": "final", "epoch": 2, "epochs": 2, "loss": 0.5, "seconds": 1.0})
    tracker.finish(version, is_champion=True)
    assert tracker.is_on
    client = mlflow.MlflowClient(tracking_uri=uri, registry_uri=uri)
    experiment = client.get_experiment_by_name("kidney_ct").experiment_id
    (run,) = client.search_runs([experiment])
    assert run.info.status == "FINISHED"
    assert (run.data.params["training.epochs"], run.data.params["limit"]) == ("2", "null")
    assert len(run.data.params) == 123
    assert json.loads(run.data.params["recipe"]) == recipe
    losses = client.get_metric_history(run.info.run_id, "final/loss")
    assert [(point.step, point.value) for point in losses] == [(1, 1.0), (2, 0.5)]
    times = [point.timestamp for point in losses]
    assert int(begun) <= times[0] <= times[1] <= 1000 * time.time()
    made = json.loads(
        (tmp_path / "mlflow" / run.info.run_id / "artifacts/confusion/test.json").read_text()
    )
    assert (made["n"], sum(map(sum, made["counts"]))) == (40, 40)
    names = {item.path for item in client.list_artifacts(run.info.run_id, "confusion")}
    assert names == {f"confusion/test.{kind}" for kind in ("json", "html", "png")}
    stored = {item.path for item in client.list_artifacts(run.info.run_id, "version")}
    assert {f"version/{path.name}" for path in version.iterdir()} == stored
    assert client.get_model_version_by_alias("kidney_ct", "champion").run_id == run.info.run_id
    second = Tracker(None, name="small-2", values={}, **known)
    second.finish(version)
    assert client.get_model_version_by_alias("kidney_ct", "challenger").version == 2
    assert mirror_champion(uri, task="kidney_ct", version="small-2")
    assert dict(client.get_registered_model("kidney_ct").aliases) == {"champion": 2}


@pytest.mark.slow
def test_a_run_of_other_settings_is_never_gone_on_with(tmp_path):
    """A version was killed, and begun again under its name with other settings."""
    from core.training.tracking import Tracker, mlflow

    known = {"home": tmp_path, "experiment": "kidney_ct", "name": "small-1"}
    for epochs in (30, 1):
        tracker = Tracker(None, values={"training": {"epochs": epochs}}, **known)
        tracker.epoch({"fit": "final", "epoch": 1, "epochs": epochs, "loss": 1.0, "seconds": 1.0})
    client = mlflow.MlflowClient(tracking_uri=f"sqlite:///{tmp_path / 'mlflow.db'}")
    runs = client.search_runs([client.get_experiment_by_name("kidney_ct").experiment_id])
    found = {run.data.params["training.epochs"]: run.info for run in runs}
    assert {epochs: info.status for epochs, info in found.items()} == {
        "30": "KILLED",
        "1": "RUNNING",
    }
    for info in found.values():
        assert len(client.get_metric_history(info.run_id, "final/loss")) == 1


@pytest.mark.slow
def test_a_store_that_fails_at_the_end_loses_nothing_of_the_version(tmp_path, version):
    from core.training.tracking import Tracker

    told = []
    tracker = Tracker(
        None, home=tmp_path, experiment="kidney_ct", name="small-1", values={}, tell=told.append
    )
    (version / "evaluation/test/run.yaml").write_text("{damaged")
    tracker.finish(version)
    (sentence,) = told
    assert "goes on untracked" in sentence
