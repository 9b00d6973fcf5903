"""A whole run on toy pictures: what is written, and what it says about itself."""

import dataclasses
import time

import numpy as np
import pytest

from core.datasets.left_out import LeftOut
from core.errors import TrainingError
from core.evaluation.leakage import exposure
from core.training.exposure import training_pictures
from tests.core.training.toys import toy_job, toy_set

pytestmark = pytest.mark.heavy


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    from core.training.job import Listener
    from core.training.run import train_version

    lines, plans = [], []
    folder = tmp_path_factory.mktemp("run")
    centres = np.repeat([0, 1, -1], [40, 40, 16])  # of the last pictures it is not known
    options = {
        "with_random_split": True,
        "left_out": LeftOut("centre", ("east", "west"), centres, toy_set().group),
        "listener": Listener(on_epoch=lines.append, on_plan=plans.append),
    }
    job = toy_job(folder, folds=2, views=["identity", "flip_left_right"], options=options)
    return job, train_version(job, tracking_uri=None), lines, plans


@pytest.fixture(scope="module")
def ready(finished):
    from core.inference.package import read_version
    from core.inference.ready import load_version

    return load_version(read_version(finished[1].path))


def stored(finished, name):
    from core.evaluation.runs import read_run

    return read_run(finished[1].path / "evaluation" / name)


@pytest.mark.slow
def test_the_version_may_answer_and_its_engine_is_the_keras_network(finished, ready):
    import keras

    job, trained = finished[:2]
    network = keras.saving.load_model(trained.path / "model.keras", compile=False)
    batch = job.data.batch(np.arange(5))
    expected = np.asarray(network(batch, training=False))
    assert np.abs(ready.engine.run(batch).logits - expected).max() < 1e-3
    assert ready.head_weights is not None


@pytest.mark.slow
def test_every_epoch_of_every_fit_was_told_about(finished):
    fits = [line["fit"] for line in finished[2]]
    folds, left_out = ["fold 1 of 2", "fold 2 of 2"], ["left out 1 of 2", "left out 2 of 2"]
    assert list(dict.fromkeys(fits)) == [*folds, "final", *left_out, "random split"]
    assert finished[3] == [tuple(dict.fromkeys(fits))]  # all named before the first
    assert all(line["loss"] > 0 and line["seconds"] >= 0 for line in finished[2])


@pytest.mark.slow
def test_the_out_of_fold_run_holds_every_picture_once(finished):
    run = stored(finished, "out_of_fold")
    assert run.file.tolist() == finished[0].data.file.tolist()
    assert np.allclose(run.y_prob.sum(axis=1), 1)
    assert run.facts.group_source == "column"


@pytest.mark.slow
def test_what_was_left_out_is_judged_where_its_value_is_known(finished):
    run = stored(finished, "left_out_centre")
    assert run.file.tolist() == finished[0].data.file[:80].tolist()
    assert np.allclose(run.y_prob.sum(axis=1), 1)
    assert "each centre (east, west) judged by a network that saw no" in run.facts.split_made
    seen = exposure(run, training=training_pictures(finished[0]))
    assert (seen.known, seen.leaks) == ("stored", False)


@pytest.mark.slow
def test_the_test_run_is_what_the_version_answers(finished, ready):
    from core.inference.views import apply_view, pool_views

    job, run = finished[0], stored(finished, "test")
    batch = job.data.batch(job.rows("test"))
    logits = [ready.engine.run(apply_view(batch, view)).logits for view in job.config.views]
    expected = ready.calibration.apply(pool_views(logits))
    assert run.file.tolist() == job.data.file[job.rows("test")].tolist()
    assert np.abs(run.y_prob - expected).max() < 1e-3


@pytest.mark.slow
def test_metrics_carry_n_groups_and_intervals_and_the_leak_is_labelled(finished):
    metrics = finished[1].metrics
    assert list(metrics) == ["out_of_fold", "test", "left_out_centre", "random_split"]
    assert [metrics[split]["leakage"] for split in metrics] == [False, False, False, True]
    figure = metrics["out_of_fold"]["macro_f1"]
    assert figure["n"] == 96
    assert figure["n_groups"] == 24
    assert figure["low_grouped"] <= figure["value"] <= figure["high_grouped"]
    assert "sensitivity_tumor" in metrics["test"]


@pytest.mark.slow
def test_the_leaking_run_is_stored_and_says_which_pictures_straddle(finished):
    run = stored(finished, "random_split")
    assert run.facts.split == "random_split"
    assert set(run.slices["group_in_training"]) <= {"yes", "no"}
    assert (run.slices["group_in_training"] == "yes").mean() > 0.5
    assert set(stored(finished, "out_of_fold").slices["twin_in_training"]) == {"no"}


@pytest.mark.slow
def test_the_card_says_what_was_fitted_on_and_how(finished, ready):
    job, card = finished[0], ready.version.card
    assert job.fitted_parts == ("train", "calibration")
    groups = set(job.data.group[job.rows(*job.fitted_parts)])
    assert card.training_data.n_groups == len(groups)
    assert card.training_data.n == 3 * len(groups)
    assert card.frozen_until == card.gate_layer == "block2_relu"
    assert card.parameters["batch_size"] == 16
    judged = {"out_of_fold", "test", "left_out_centre", "random_split"}
    assert {item.split for item in card.metrics} == judged


@pytest.mark.slow
def test_the_temperature_owes_nothing_to_the_test_part(finished, ready):
    assert ready.calibration.n == 96 - len(finished[0].rows("test"))


@pytest.mark.slow
def test_nothing_is_left_of_the_states_of_a_finished_run(finished):
    assert list((finished[0].folders.home / "training").glob("*")) == []


@pytest.mark.slow
def test_the_run_is_tracked_with_settings_epochs_and_figures(finished):
    import mlflow

    job = finished[0]
    client = mlflow.MlflowClient(tracking_uri=f"sqlite:///{job.folders.home / 'mlflow.db'}")
    experiment = client.get_experiment_by_name("phantom_ct")
    (run,) = client.search_runs([experiment.experiment_id])
    assert run.info.status == "FINISHED"
    assert run.data.params["batch_size"] == "16"
    assert {"final/loss", "fold_1_of_2/macro_f1", "test/macro_f1"} <= set(run.data.metrics)
    kept = [item.path for item in client.list_artifacts(run.info.run_id, "version")]
    assert "version/card.yaml" in kept


def test_a_run_without_folds_calibrates_on_its_calibration_part(tmp_path):
    from core.evaluation.leakage import TRAINING_FILE, TrainingPictures
    from core.inference.package import read_version
    from core.inference.ready import load_version
    from core.training.run import train_version

    job = toy_job(tmp_path, freeze_until=None, epochs=1, gate_quantile=0.9)
    trained = train_version(job, tracking_uri=None)
    ready = load_version(read_version(trained.path))
    assert list(trained.metrics) == ["test"]
    assert ready.calibration.n == len(job.rows("calibration"))
    assert ready.version.card.training_data.n_groups == len(set(job.data.group[job.rows("train")]))
    named = TrainingPictures.from_bytes(ready.version.file(TRAINING_FILE).read_bytes())
    expected = job.data.file[job.rows("train", "validation", "calibration")]
    assert named.file.tolist() == expected.tolist()


@pytest.mark.slow
def test_a_killed_run_goes_on_where_it_stopped(tmp_path):
    from core.inference.package import read_version
    from core.training.job import Listener
    from core.training.run import train_version

    def kill(line):
        if line["fit"] == "final":
            raise KeyboardInterrupt

    long_ago = time.monotonic() - 1000
    options = {"listener": Listener(on_epoch=kill), "begun": long_ago}
    job = toy_job(tmp_path, folds=2, options=options)
    with pytest.raises(KeyboardInterrupt):
        train_version(job, tracking_uri=None)
    assert not list((tmp_path / "models").rglob("card.yaml"))
    lines = []
    told = Listener(on_epoch=lines.append)
    again = dataclasses.replace(job, listener=told, begun=time.monotonic())
    trained = train_version(again, tracking_uri=None)
    assert [line["fit"] for line in lines] == ["final"]
    assert read_version(trained.path).card.training_seconds > 1000  # of both starts


@pytest.mark.slow
def test_a_run_that_ends_in_what_nobody_foresaw_is_tracked_as_failed(tmp_path):
    import mlflow

    from core.training.job import Listener
    from core.training.run import train_version

    def unforeseen(fits):
        raise RuntimeError("out of anything")

    job = toy_job(tmp_path, options={"listener": Listener(on_plan=unforeseen)})
    with pytest.raises(RuntimeError, match="out of anything"):
        train_version(job, tracking_uri=None)
    client = mlflow.MlflowClient(tracking_uri=f"sqlite:///{job.folders.home / 'mlflow.db'}")
    experiment = client.get_experiment_by_name("phantom_ct")
    (run,) = client.search_runs([experiment.experiment_id])
    assert run.info.status == "FAILED"


def test_a_version_beside_kept_figures_and_audits_is_alone(tmp_path):
    from core.training.run import _is_alone

    for name in ("first", "compared", "audits", ".draft"):
        (tmp_path / name).mkdir()
    (tmp_path / "champion").write_text("first")
    assert _is_alone(tmp_path / "first")
    (tmp_path / "second").mkdir()
    assert not _is_alone(tmp_path / "second")


def test_parts_that_do_not_belong_together_are_refused(tmp_path):
    job = toy_job(tmp_path)
    with pytest.raises(TrainingError, match="do not fit together"):
        dataclasses.replace(job, manifest=job.manifest.take(np.arange(4)))


DETAIL = {
    "filters": [4], "mixed": 4, "steps": 4, "batch_size": 4, "margin": 8.0,
    "pasting": {"finding": "stone"},
}  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("strategy", ["top", "staged"])
def test_a_run_with_a_detail_branch_ends_in_a_version_that_answers(tmp_path, strategy):
    from core.inference.package import read_version
    from core.inference.ready import load_version
    from core.training.run import train_version

    job = toy_job(tmp_path, folds=2, detail=DETAIL, strategy=strategy, head_epochs=1)
    trained = train_version(job, tracking_uri=None)
    ready = load_version(read_version(trained.path))
    assert ready.head_weights is not None and np.abs(ready.head_weights[-1]).max() > 0
    answer = ready.engine.run(job.data.batch(np.arange(3)))
    assert answer.feature_map.shape[1:3] == (16, 16)
    assert (answer.feature_map[..., -1] >= 0).all()


@pytest.mark.slow
def test_a_detail_branch_without_folds_is_refused(tmp_path):
    from core.training.run import train_version

    with pytest.raises(TrainingError, match="needs folds"):
        train_version(toy_job(tmp_path, detail=DETAIL), tracking_uri=None)
