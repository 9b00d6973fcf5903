"""From an experiment to a job: what is stored, and whether data are those of an earlier run."""

from __future__ import annotations

import json

import pytest
import yaml

from core import cli
from core.errors import DatasetError, TrainingError
from core.training.experiments import load_experiment, read_experiment
from core.workflows.experiments import experiment_rows, left_behind
from core.workflows.training import Listener, TrainingRequest, prepare
from tests.core.training.experiment_files import write_experiment
from tests.labelled_folder import write_labelled_folder


def ask(**request):
    notes = []
    job = prepare(TrainingRequest(**request), listener=Listener(on_note=notes.append))
    return job, notes


def stored(job, folder):
    """Return the file of a job's experiment, as a version holds it."""
    path = folder / "experiment.yaml"
    path.write_text(yaml.safe_dump(job.experiment.to_data(), sort_keys=False), encoding="utf-8")
    return path


@pytest.fixture
def pictures(tmp_path):
    """A data folder below a data root: 48 drawn slices, 16 series."""
    return write_labelled_folder(tmp_path / "root" / "drawn", n=48)


def kidney(folder, **changes):
    known = {"task": "kidney_ct", "architecture": "simple_cnn", "data": {"folder": "drawn"}}
    known |= {"validation": {"grouped_folds": 2, "random_split": True}}
    return write_experiment(folder, **{**known, **changes})


def test_a_file_says_everything_that_a_request_said(tmp_path, pictures, use_settings):
    use_settings(data_root=pictures.parent)
    job, _ = ask(experiment=kidney(tmp_path))
    assert (job.task.key, job.config.architecture, job.config.seed) == (
        "kidney_ct",
        "simple_cnn",
        4,
    )
    assert (job.n_folds, job.with_random_split, len(job.data)) == (2, True, 48)
    assert job.config.augmentation["flip_left_right"] == 0.5


def test_a_request_may_name_another_network_that_the_settings_are_for(
    tmp_path, pictures, use_settings
):
    use_settings(data_root=pictures.parent)
    file = kidney(tmp_path, also_for=["mobilenet"], training={"epochs": 3})
    job, notes = ask(experiment=file, architecture="mobilenet")
    assert (job.config.architecture, job.config.epochs, notes) == ("mobilenet", 3, [])
    assert job.experiment.architecture == "mobilenet"


def test_the_request_wins_and_what_it_says_is_stored(tmp_path, pictures, use_settings):
    use_settings(data_root=pictures.parent)
    changes = {"experiment": kidney(tmp_path), "n_folds": 0, "with_random_split": False}
    job, _ = ask(**changes, limit=32, changes={"epochs": 3})
    told = job.experiment
    assert (job.folds, job.with_random_split, len(job.data)) == (None, False, 32)
    assert (told.validation.grouped_folds, told.data.limit, told.training["epochs"]) == (
        None,
        32,
        3,
    )


def test_a_stored_experiment_gives_the_same_job_again(tmp_path, pictures, use_settings):
    use_settings(data_root=pictures.parent)
    first, _ = ask(experiment=kidney(tmp_path, input_size=96))
    again, notes = ask(experiment=stored(first, tmp_path))
    assert notes == []
    assert again.experiment == first.experiment
    assert again.config == first.config
    assert again.recipe == first.recipe
    assert again.data.fingerprint == first.data.fingerprint
    assert (again.split.parts == first.split.parts).all()
    assert (again.folds == first.folds).all()


def test_other_data_are_named_when_a_stored_experiment_runs_again(tmp_path, pictures, use_settings):
    use_settings(data_root=pictures.parent)
    path = stored(ask(experiment=kidney(tmp_path))[0], tmp_path)
    table = (pictures / "labels.csv").read_text().replace(",g1,", ",g0,")
    (pictures / "labels.csv").write_text(table)
    job, notes = ask(experiment=path)
    (sentence,) = notes
    assert sentence.startswith("The data differ")
    assert "their groups" in sentence
    assert "pixels" not in sentence
    assert "in 16 groups, now 48 in 15" in sentence
    assert job.experiment.data.fingerprint.n_groups == 15


def test_a_version_never_says_where_pictures_lay_on_a_computer(tmp_path, pictures, use_settings):
    file = kidney(tmp_path, data=None)
    use_settings(data_root=None)
    job, _ = ask(experiment=file, data=pictures)
    assert job.experiment.data.folder == "drawn"
    assert str(tmp_path) not in json.dumps(job.experiment.to_data())
    with pytest.raises(TrainingError, match=r"--data.*holds drawn"):
        ask(experiment=stored(job, tmp_path))
    assert len(ask(experiment=stored(job, tmp_path), data=pictures)[0].data) == 48


def test_drawn_pictures_are_drawn_again(tmp_path):
    first, _ = ask(experiment=write_experiment(tmp_path))
    assert first.experiment.data.series == 40
    again, notes = ask(experiment=stored(first, tmp_path))
    assert notes == []
    assert again.experiment == first.experiment


def test_the_experiment_a_version_would_store_can_be_read_by_name(tmp_path):
    job, _ = ask(experiment=write_experiment(tmp_path))
    assert read_experiment(stored(job, tmp_path)) == job.experiment


@pytest.mark.parametrize(
    ("request_", "told"),
    [
        ({}, "Nothing says what to train"),
        ({"experiment": "kidney_ct", "task": "kidney_ct"}, "says already"),
        ({"experiment": "kidney_ct", "architecture": "vgg16"}, "not chosen for vgg16"),
        ({"experiment": "nobody"}, "no experiment 'nobody'"),
        ({"architecture": "mobilenet"}, "--task and --architecture"),
    ],
)
def test_too_much_or_too_little_is_refused(request_, told):
    with pytest.raises(TrainingError, match=told):
        ask(**request_)


def test_another_architecture_says_which_settings_it_leaves_behind():
    _, notes = ask(task="phantom_ct", architecture="simple_cnn", limit=32)
    (sentence,) = notes
    assert "made for mobilenet_small" in sentence
    assert "gate_quantile" in sentence
    assert left_behind("phantom_ct", "mobilenet_small") is None


def test_an_experiment_without_settings_of_its_own_leaves_nothing_behind(monkeypatch):
    bare = load_experiment("glomeruli").model_copy(update={"training": {}})
    monkeypatch.setattr("core.workflows.experiments.find_experiment", {"glomeruli": bare}.get)
    assert left_behind("glomeruli", "simple_cnn") is None


def test_a_folder_that_is_not_there_is_told_as_it_was_given(tmp_path):
    with pytest.raises(DatasetError, match="gone is not a folder"):
        ask(task="kidney_ct", data=tmp_path / "gone")


def test_the_list_says_how_each_is_judged_and_marks_the_leak():
    rows = {row.key: row for row in experiment_rows()}
    row = rows["published_glomeruli_resnet50"]
    assert row.how_judged.startswith("5 grouped folds")
    assert "LEAKS" in row.how_judged
    assert "LEAKS" in row.random_split_leaks
    assert row.published["figure"] == "99 % accuracy."
    assert "LEAKS" in row.text
    assert rows["phantom_ct"].random_split_leaks is None


def test_the_command_lists_them(capfd):
    assert cli.main(["experiments", "--task", "chest_xray", "--json"]) == 0
    rows = json.loads(capfd.readouterr().out)
    assert [row["key"] for row in rows] == [
        "chest_xray",
        "published_chest_xray_resnet50_all",
        "published_chest_xray_resnet50_head",
        "scratch_chest_xray",
    ]
    assert cli.main(["experiments", "--task", "nope", "--json"]) == 2
    assert "kidney_ct" in json.loads(capfd.readouterr().out)["what_to_do"]
    assert cli.main(["experiments"]) == 0
    assert "published: 0.82 accuracy" in capfd.readouterr().out


def test_a_wrong_file_of_the_user_is_told_beside_the_list(capfd, use_settings, tmp_path):
    use_settings(experiments=tmp_path)
    write_experiment(tmp_path, architecture="vgg99")
    assert cli.main(["experiments", "--json"]) == 0
    told = capfd.readouterr()
    keys = {row["key"] for row in json.loads(told.out)}
    assert "kidney_ct" in keys
    assert "mine" not in keys
    assert "Left out of the experiments: mine.yaml: There is no architecture 'vgg99'." in told.err


def test_a_wrong_file_of_the_user_stops_no_run_but_its_own(use_settings, tmp_path):
    use_settings(experiments=tmp_path)
    write_experiment(tmp_path, architecture="vgg99")
    for asked in ({"task": "phantom_ct"}, {"experiment": "phantom_ct"}):
        _, notes = ask(**asked, limit=32)
        assert [note for note in notes if "mine.yaml" in note]
    with pytest.raises(TrainingError, match="vgg99"):
        ask(experiment="mine")
    _, notes = ask(experiment=write_experiment(tmp_path, name="good.yaml", key="good"))
    assert notes == []


@pytest.mark.slow
@pytest.mark.heavy
def test_a_version_is_trained_again_from_the_experiment_that_it_stores(tmp_path, use_settings):
    from core.evaluation.runs import read_run
    from core.workflows.training import train

    use_settings(models=tmp_path / "models", home=tmp_path / "home")
    settings = {"epochs": 1, "steps_per_epoch": 2, "batch_size": 4, "gate_quantile": 0.9}
    file = write_experiment(
        tmp_path,
        architecture="simple_cnn",
        training=settings,
        input_size=96,
        validation={"random_split": True},
        data={"series": 60, "limit": 80},
    )
    first = train(TrainingRequest(experiment=file, version="first"))
    assert [first.metrics[split]["leakage"] for split in ("test", "random_split")] == [False, True]
    notes = []
    path = first.path / "experiment.yaml"
    again = train(
        TrainingRequest(experiment=path, version="again"), listener=Listener(on_note=notes.append)
    )
    assert notes == []
    assert read_experiment(again.path / "experiment.yaml") == read_experiment(path)
    runs = [read_run(version.path / "evaluation/test") for version in (first, again)]
    assert abs(runs[0].y_prob - runs[1].y_prob).max() < 1e-5
