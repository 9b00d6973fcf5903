"""``ensemble``, and every command that takes a version, on the version that it wrote."""

import os
import shutil
import signal
import time

import numpy as np
import pytest

from core.commands import ensemble
from core.workflows.champions import champion_name
from tests.core.training.experiment_files import write_experiment
from tests.labelled_folder import write_labelled_folder
from tests.small_ensemble import drawn_run, write_member, write_members

ASKED = ("ensemble", "--task", "kidney_ct", "--combine", "mean_logits")


@pytest.fixture
def members(core_json, tmp_path, use_settings):
    write_members(tmp_path / "models")
    use_settings(models=tmp_path / "models", home=tmp_path / "home")
    return tmp_path / "models"


def test_it_is_written_and_serves_like_any_version(core_json, members, pictures, tmp_path):
    called = core_json(*ASKED, "--members", "a,b", "--name", "both")
    assert called.code == 0
    assert called.document["model_version"] == "both"
    assert set(called.document["metrics"]) == {"out_of_fold", "test"}
    assert (members / "kidney_ct" / "both" / "manifest.json").is_file()

    version = ("--task", "kidney_ct", "--version", "both")
    answer = core_json("predict", *version, pictures["first"]).document[0]
    assert sum(answer["probabilities"].values()) == pytest.approx(1, abs=1e-6)
    assert answer["steps_applied"][:2] == ["resize_area_96", "pad_square"]

    heatmap = tmp_path / "map.npy"
    explained = core_json("explain", *version, pictures["first"], "--heatmap", heatmap)
    assert explained.document["layer"] == "feature maps of all members"
    assert np.load(heatmap).shape == (224, 224)

    folder = write_labelled_folder(tmp_path / "set")
    evaluated = core_json("evaluate", *version, "--data", folder)
    assert (evaluated.document["n"], evaluated.document["model_version"]) == (12, "both")

    promoted = core_json(
        "promote", *version, "--against", "a", "--class", "stone", "--margin", "0.9",
        "--override", "Two see more.", "--by", "B. Head",
    )  # fmt: skip
    assert promoted.document["promoted"] is True
    assert champion_name("kidney_ct") == "both"


@pytest.mark.heavy
@pytest.mark.slow
def test_it_is_tracked_and_registered_so_that_the_registry_follows_a_promotion(
    core_json, members, tmp_path
):
    assert core_json(*ASKED, "--members", "a,b", "--name", "both").code == 0
    from core.training.tracking import mlflow

    uri = f"sqlite:///{tmp_path / 'home' / 'mlflow.db'}"
    client = mlflow.MlflowClient(tracking_uri=uri, registry_uri=uri)
    (found,) = client.search_model_versions("name='kidney_ct'")
    run = client.get_run(found.run_id)
    assert (run.info.run_name, run.info.status) == ("both", "FINISHED")
    assert run.data.params["members"] == '["a", "b"]'
    assert 0 < run.data.metrics["out_of_fold/macro_f1"] <= 1
    assert client.get_model_version_by_alias("kidney_ct", "challenger").run_id == found.run_id


def test_members_judged_in_other_folds_are_exit_2_with_the_difference(core_json, members):
    run = drawn_run(seed=3)
    folds = np.where(run.slices["fold"] == "1", "2", run.slices["fold"]).astype(object)
    other = drawn_run(seed=3).subset(np.ones(run.n, bool))
    object.__setattr__(other, "slices", {"fold": folds})
    write_member(members, "b2", runs=[other])
    called = core_json(*ASKED, "--members", "a,b2", "--name", "both")
    assert called.code == 2
    assert "pictures have another fold, such as p000.png (1 and 2)" in called.document["error"]
    assert not (members / "kidney_ct" / "both").exists()


@pytest.mark.parametrize("name", ["../evil", "bad name", "a" * 80, "compared", "champion"])
def test_a_name_that_no_version_can_have_is_exit_2_before_members_are_read(core_json, name):
    called = core_json(*ASKED, "--members", "not,installed", "--name", name)
    assert called.code == 2
    assert "cannot name a model version" in called.document["error"]
    assert "--name" in called.document["what_to_do"]


def test_a_member_that_is_not_installed_is_exit_3(core_json, members):
    assert core_json(*ASKED, "--members", "a,nobody", "--name", "both").code == 3


def test_what_looks_into_one_network_says_so(core_json, members, pictures, tmp_path):
    core_json(*ASKED, "--members", "a,b", "--name", "both")
    called = core_json(
        "filters", "--task", "kidney_ct", "--version", "both", "--layer", "first",
        pictures["first"], "--out", tmp_path / "out",
    )  # fmt: skip
    assert called.code == 3
    assert "is an ensemble of a, b; this looks into one network" in called.document["error"]


FOLDED = {
    "validation": {"grouped_folds": 2},
    "training": {"epochs": 1, "steps_per_epoch": 2, "variants": 1, "keep": "last"},
    "data": {"series": 60, "limit": 60},
}
TRAINED = ("ensemble", "--task", "phantom_ct", "--combine", "mean_logits", "--name", "both")


@pytest.mark.slow
@pytest.mark.heavy
def test_members_are_trained_from_their_experiments_by_one_command(
    core_json, tmp_path, use_settings
):
    use_settings(models=tmp_path / "models", home=tmp_path / "home", experiments=tmp_path)
    write_experiment(tmp_path, name="one.yaml", key="one", **FOLDED)
    write_experiment(tmp_path, name="two.yaml", key="two", augmentation={}, **FOLDED)
    made = core_json(*TRAINED, "--train", "one,two")
    assert made.code == 0
    assert made.document["members"] == ["both-one", "both-two"]
    assert set(made.document["metrics"]) == {"out_of_fold", "test"}

    again = core_json(*TRAINED[:-1], "both2", "--train", "one,two,one")
    assert (again.code, "members are one, two, one" in again.document["error"]) == (2, True)
    taken = core_json(*TRAINED, "--train", "one,two")
    assert "both of task phantom_ct exists already" in taken.document["error"]

    shutil.rmtree(tmp_path / "models" / "phantom_ct" / "both")
    gone_on = core_json(*TRAINED, "--train", "one,two")
    assert gone_on.code == 0
    assert "both-one is there already" in gone_on.errors
    write_experiment(tmp_path, name="one.yaml", key="one", **{**FOLDED, "seed": 5})
    shutil.rmtree(tmp_path / "models" / "phantom_ct" / "both")
    stale = core_json(*TRAINED, "--train", "one,two")
    assert stale.code == 2
    assert "both-one is there already, of other settings (seed)" in stale.document["error"]


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"validation": {}}, "two is judged by no grouped folds"),
        ({"task": "kidney_ct", "data": None}, "two is of task kidney_ct, not phantom_ct"),
    ],
)
def test_what_can_be_no_member_is_told_before_anything_is_trained(
    core_json, tmp_path, use_settings, changes, said
):
    use_settings(models=tmp_path / "models", home=tmp_path / "home", experiments=tmp_path)
    write_experiment(tmp_path, name="one.yaml", key="one", **FOLDED)
    write_experiment(tmp_path, name="two.yaml", key="two", **{**FOLDED, **changes})
    called = core_json(*TRAINED, "--train", "one,two")
    assert called.code == 2
    assert said in called.document["error"]
    assert not (tmp_path / "models").exists()


def test_a_request_to_end_ends_it_as_a_key_press_does(core_json, members, monkeypatch):
    def ask_to_end(request, *, progress):
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(5)

    monkeypatch.setattr(ensemble, "make_ensemble", ask_to_end)
    ended = core_json(*ASKED, "--name", "x", "--members", "a,b")
    assert (ended.code, ended.document["error"]) == (130, "Interrupted.")


def test_members_are_named_or_trained_and_not_both(core_json, members):
    both = core_json(*ASKED, "--name", "x", "--members", "a,b", "--train", "one,two")
    assert (both.code, "not allowed with" in both.document["error"]) == (2, True)
