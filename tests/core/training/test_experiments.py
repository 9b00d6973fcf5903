"""Experiments are data: the shipped ones are right, a user's joins, a wrong one is explained."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from core.config import ROOT
from core.errors import TaskError, TrainingError
from core.tasks import load_task, load_tasks
from core.training.experiments import (
    Experiment,
    experiment_for,
    listed_experiments,
    load_experiment,
    read_experiment,
    resolve,
    shipped_experiments,
)
from tests.core.training.experiment_files import write_experiment

SHIPPED = sorted(path.stem for path in (ROOT / "core/training/experiments").glob("*.yaml"))


@pytest.mark.parametrize("key", SHIPPED)
def test_a_shipped_experiment_resolves_and_comes_back_from_yaml_as_it_was(key):
    resolved = resolve(load_experiment(key))
    text = yaml.safe_dump(resolved.experiment.to_data())
    again = resolve(Experiment(**yaml.safe_load(text)))
    assert again == resolved
    assert set(again.experiment.training) >= {"epochs", "dropout", "freeze_until", "gate_quantile"}


def test_every_task_has_an_experiment_of_its_own():
    assert set(load_tasks()) <= set(SHIPPED)
    assert all(load_experiment(key).task == key for key in load_tasks())


def test_what_was_published_is_told_with_its_meaning_and_its_protocol_is_a_leak():
    published = [item for item in shipped_experiments().values() if item.published]
    assert {item.key for item in published} == {key for key in SHIPPED if key.startswith("pub")}
    assert {item.task for item in published} == set(load_tasks()) - {"phantom_ct"}
    assert {item.architecture for item in published} == {
        "efficientnet_b3",
        "vgg16",
        "logistic_regression",
        "simple_cnn",
        "resnet50",
        "resnet50v2",
        "inception_v3",
    }
    for item in published:
        assert item.validation.random_split
        assert item.validation.grouped_folds == 5


def test_published_sgd_has_no_momentum_as_theirs_has_none():
    found = [resolve(item).config for item in shipped_experiments().values() if item.published]
    by_sgd = {item.architecture: item.momentum for item in found if item.optimizer == "sgd"}
    assert by_sgd == {"resnet50v2": 0.0, "vgg16": 0.0}


def test_another_split_than_the_published_one_is_said():
    told = load_experiment("published_kidney_ct_efficientnet_b3")
    assert told.validation.fractions["train"] == 0.7
    assert any(
        "80 / 10 / 10" in line and "70 / 10 / 10 / 10" in line for line in told.published.differs
    )


def test_the_leak_is_marked_in_every_file_that_asks_for_it():
    for key in SHIPPED:
        text = (ROOT / f"core/training/experiments/{key}.yaml").read_text(encoding="utf-8")
        lines = [line for line in text.splitlines() if "random_split: true" in line]
        assert all("LEAKS" in line for line in lines), key


def test_the_stored_settings_do_not_depend_on_later_defaults(monkeypatch):
    from core.training import config

    stored = resolve(load_experiment("kidney_ct")).experiment
    before = resolve(stored).config
    monkeypatch.setattr(config, "_defaults", lambda: {"defaults": {"epochs": 99, "dropout": 0.9}})
    assert resolve(stored).config == before
    assert resolve(experiment_for("glomeruli")).config.epochs == 99


def test_what_the_command_line_says_wins_and_is_stored():
    resolved = resolve(load_experiment("kidney_ct"), changes={"epochs": 2, "seed": 7})
    assert (resolved.config.epochs, resolved.config.seed, resolved.config.keep) == (2, 7, "last")
    assert (resolved.experiment.training["epochs"], resolved.experiment.seed) == (2, 7)


def test_another_architecture_keeps_what_belongs_to_the_task():
    own, other = experiment_for("kidney_ct"), experiment_for("kidney_ct", "resnet50")
    assert (other.augmentation, other.validation) == (own.augmentation, own.validation)
    config = resolve(other).config
    assert (config.architecture, config.keep, config.per_group) == ("resnet50", "best", 16)
    assert resolve(own).config.keep == "last"


@pytest.mark.parametrize("task", ["chest_xray", "glomeruli", "kidney_ct", "kidney_stone"])
def test_networks_without_brought_weights_can_be_trained_from_scratch(task):
    experiment = load_experiment(f"scratch_{task}")
    names = {experiment.architecture, *experiment.also_for}
    efficient = {"efficientnet_b0", "efficientnet_b3"}
    assert names == {"vgg16", "resnet50v2", "inception_v3", "simple_cnn"} | efficient
    for name in sorted(names):
        made = resolve(experiment.with_architecture(name))
        assert made.recipe.output_size == (96, 96)
        config = made.config
        assert (config.architecture, config.weights, config.strategy) == (name, "none", "all")
        assert config.train_batch_norm
        assert made.experiment.architecture == name
        assert made.experiment.also_for == ()  # one run is of one network
        assert resolve(made.experiment).config == config


def test_settings_are_not_lent_to_a_network_they_were_not_chosen_for():
    with pytest.raises(TrainingError, match=r"not chosen for mobilenet.*vgg16, resnet50v2"):
        load_experiment("scratch_glomeruli").with_architecture("mobilenet")


def test_pictures_too_small_for_a_network_are_refused_before_it_is_built(tmp_path):
    small = {"task": "kidney_ct", "data": None, "input_size": 64}
    assert read_experiment(write_experiment(tmp_path, **small, architecture="vgg16"))
    with pytest.raises(TrainingError, match="below 75 x 75; the recipe ends in 64 x 64"):
        read_experiment(write_experiment(tmp_path, **small, architecture="inception_v3"))


def test_an_unknown_network_among_those_also_meant_is_refused(tmp_path):
    path = write_experiment(tmp_path, also_for=["resnet51"])
    with pytest.raises(TrainingError, match=r"mine\.yaml.*resnet51"):
        read_experiment(path)


def test_the_seed_of_a_task_file_without_experiment_is_the_default(use_settings, tmp_path):
    text = (ROOT / "core/tasks/kidney_stone.yaml").read_text(encoding="utf-8")
    (tmp_path / "mine.yaml").write_text(text.replace("key: kidney_stone", "key: mine", 1))
    use_settings(tasks=tmp_path)
    assert resolve(experiment_for("mine", "simple_cnn")).config.epochs == 20
    with pytest.raises(TrainingError, match=r"no experiment of its own.*--architecture"):
        experiment_for("mine")


@pytest.mark.parametrize(
    ("side", "added"), [(128, "resize_area_128"), (299, "resize_lanczos_299"), (224, None)]
)
def test_an_input_size_adds_a_step_after_those_that_pictures_carry(tmp_path, side, added):
    path = write_experiment(tmp_path, task="kidney_ct", input_size=side, data=None)
    recipe = resolve(read_experiment(path)).recipe
    carried = tuple(item.step for item in load_task("kidney_ct").recipe)
    assert recipe.names == (carried if added is None else (*carried, added))
    assert recipe.output_size == (side, side)


def test_a_users_experiment_joins_and_cannot_replace_ours(use_settings, tmp_path):
    write_experiment(tmp_path)
    use_settings(experiments=tmp_path)
    assert load_experiment("mine").data.limit == 32
    assert load_experiment("kidney_ct").title.startswith("Kidney CT")
    write_experiment(tmp_path, name="kidney_ct.yaml", key="kidney_ct")
    found, (problem,) = listed_experiments()
    assert "kidney_ct.yaml: an experiment 'kidney_ct' exists already" in problem.problem
    assert found["kidney_ct"] == load_experiment("kidney_ct") == experiment_for("kidney_ct")


def test_a_wrong_file_of_the_user_is_in_the_way_of_nothing_but_itself(use_settings, tmp_path):
    write_experiment(tmp_path)
    write_experiment(tmp_path, name="yours.yaml", key="yours", architecture="vgg99")
    use_settings(experiments=tmp_path)
    assert load_experiment("mine").data.limit == 32
    assert experiment_for("kidney_ct").key == "kidney_ct"
    with pytest.raises(TrainingError, match=r"yours\.yaml.*vgg99"):
        load_experiment("yours")
    with pytest.raises(TrainingError, match="no experiment 'nobody'"):
        load_experiment("nobody")


def test_a_wrong_file_of_a_task_of_ones_own_is_an_error_of_that_task(use_settings, tmp_path):
    text = (ROOT / "core/tasks/kidney_stone.yaml").read_text(encoding="utf-8")
    (tmp_path / "tasks").mkdir()
    (tmp_path / "tasks/mine.yaml").write_text(text.replace("key: kidney_stone", "key: mine", 1))
    write_experiment(tmp_path, task="mine", data=None, architecture="vgg99")
    use_settings(tasks=tmp_path / "tasks", experiments=tmp_path)
    with pytest.raises(TrainingError, match=r"mine\.yaml.*vgg99"):
        experiment_for("mine", "simple_cnn")


def test_a_folder_of_experiments_that_is_not_there_is_refused(use_settings, tmp_path):
    use_settings(experiments=tmp_path / "gone")
    with pytest.raises(TrainingError, match="SECOND_LOOK_EXPERIMENTS"):
        load_experiment("mine")
    assert load_experiment("kidney_ct").key == "kidney_ct"


def test_an_experiment_is_found_by_key_or_file_and_an_unknown_one_names_the_known(tmp_path):
    assert load_experiment(str(write_experiment(tmp_path))).key == "mine"
    with pytest.raises(TrainingError, match=r"'nobody'.*kidney_ct, .*kidney_stone"):
        load_experiment("nobody")
    with pytest.raises(TrainingError, match=r"gone\.yaml cannot be read"):
        load_experiment(tmp_path / "gone.yaml")


WRONG: dict[str, tuple[dict[str, object], str]] = {
    "an unknown key": ({"epochs": 3}, r"epochs is no key.*one of key, title, published"),
    "a missing key": ({"title": None}, "title is missing"),
    "a key with a place of its own": (
        {"training": {"seed": 3}},
        r"seed has a place of its own: write it as `seed`",
    ),
    "fractions among the settings": (
        {"training": {"fractions": {}}},
        r"write it as `validation\.fractions`",
    ),
    "an unknown setting": ({"training": {"momentum": 1}}, r"momentum.*Known settings"),
    "a setting out of range": ({"training": {"epochs": 0}}, "epochs is 0"),
    "an unknown architecture": ({"architecture": "vgg99"}, r"vgg99.*mobilenet"),
    "an unknown task": ({"task": "knee"}, r"knee.*kidney_ct"),
    "an unknown augmentation": ({"augmentation": {"turns": 3}}, r"turns.*rotation_degrees"),
    "an unknown step": ({"recipe": [{"step": "sharpen"}]}, r"sharpen.*resize_lanczos"),
    "an empty recipe": ({"recipe": []}, r"recipe.*at least 1"),
    "a recipe without a size": ({"recipe": [{"step": "pad_square"}]}, r"input_size"),
    "a size without a step": ({"input_size": 5000}, r"input_size is 5000.*resize_lanczos"),
    "one fold": ({"validation": {"grouped_folds": 1}}, r"validation\.grouped_folds is 1"),
    "an unknown way to judge": ({"validation": {"folds": 5}}, r"one of grouped_folds"),
    "a limit of nothing": ({"data": {"limit": 0}}, r"data\.limit is 0"),
    "a limit of yes": ({"data": {"limit": True}}, r"data\.limit is True.*give a number"),
    "a seed of yes": ({"seed": True}, r"seed is True.*give a number, not true or false"),
    "pictures beside the data root": (
        {"data": {"folder": "../sib"}},
        r"data\.folder is '\.\./sib', which leads out of the data root.*full path",
    ),
    "pictures beside it, by a detour": (
        {"data": {"folder": "kidney_ct/../../sib"}},
        "leads out of the data root",
    ),
    "a published figure without meaning": (
        {"published": {"project": "a", "protocol": "b"}},
        r"published\.meaning is missing",
    ),
    "fractions that are no split": ({"validation": {"fractions": {"train": 1}}}, "with the sum 1"),
    "a sensitivity of no finding": (
        {"training": {"required_sensitivity": {"normal": 0.9}}},
        r"names normal, which is no finding.*stone",
    ),
    "a weight of no class": (
        {"training": {"class_weights": {"stones": 2}}},
        r"names stones, which is no class.*stone",
    ),
    "one sigmoid for four classes": (
        {"training": {"loss": "binary_cross_entropy"}},
        r"two classes apart; there are 4.*cross_entropy",
    ),
    "a detail branch without folds": (
        {"training": {"detail": {"pasting": {"finding": "stone"}}}},
        r"needs folds.*--folds 5",
    ),
    "a detail branch for no class": (
        {"training": {"detail": {"pasting": {"finding": "gravel"}}}},
        r"'gravel', which is no finding.*stone",
    ),
    "a detail branch for what is no finding": (
        {"training": {"detail": {"pasting": {"finding": "normal"}}}},
        r"'normal', which is no finding.*stone",
    ),
    "a detail branch for pictures in colour": (
        {
            "task": "glomeruli",
            "training": {"detail": {"pasting": {"finding": "sclerotic"}}},
            "validation": {"grouped_folds": 5},
        },
        "pictures of glomeruli are in colour",
    ),
    "another key than the file's name": ({"key": "yours"}, "must equal the file's name: 'mine'"),
}


@pytest.mark.parametrize(("changes", "told"), WRONG.values(), ids=WRONG.keys())
def test_a_wrong_file_is_refused_with_file_key_and_what_is_allowed(
    use_settings, tmp_path, changes, told
):
    write_experiment(tmp_path, **changes)
    use_settings(experiments=tmp_path)
    with pytest.raises(TrainingError, match=told) as caught:
        load_experiment("mine")
    assert "mine.yaml" in caught.value.problem
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("text", ["", "- a\n", "key: [unclosed", "key: mine\n\tbad: tab\n"])
def test_a_file_without_keys_and_values_is_refused_in_one_line(tmp_path, text):
    path = tmp_path / "mine.yaml"
    path.write_text(text)
    with pytest.raises(TrainingError, match=r"mine\.yaml") as caught:
        read_experiment(path)
    assert "\n" not in str(caught.value)


def test_settings_that_would_be_lost_because_their_key_stands_twice_are_refused(tmp_path):
    path = write_experiment(tmp_path)
    n_lines = len(path.read_text().splitlines())
    path.write_text(path.read_text() + "training: {epochs: 3}\n")
    with pytest.raises(TrainingError, match=r"mine\.yaml: the key 'training' stands") as caught:
        read_experiment(path)
    assert (caught.value.row, caught.value.column) == (n_lines + 1, "training")
    path = write_experiment(tmp_path, training=None)
    path.write_text(path.read_text() + "training: {epochs: 3, epochs: 4}\n")
    with pytest.raises(TrainingError, match="'epochs' stands twice in line"):
        read_experiment(path)


def test_what_is_merged_into_keys_may_stand_again(tmp_path):
    path = write_experiment(tmp_path, training=None, augmentation=None)
    path.write_text(
        path.read_text()
        + "augmentation: {flip_left_right: 0.5}\ntraining: {<<: {epochs: 3}, epochs: 4}\n"
    )
    assert read_experiment(path).training == {"epochs": 4}


def test_an_unknown_task_of_a_request_is_the_tasks_own_error():
    with pytest.raises(TaskError):
        experiment_for("knee", "mobilenet")


def test_reading_experiments_imports_nothing_heavy():
    code = (
        "import sys; from core.training.experiments import listed_experiments;"
        "listed_experiments();"
        "assert not {'keras', 'tensorflow', 'mlflow', 'sklearn'} & set(sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False)
    assert done.returncode == 0


def test_shipped_files_name_no_place_of_a_computer():
    for key in SHIPPED:
        path = Path(ROOT / f"core/training/experiments/{key}.yaml")
        assert load_experiment(key).data.folder is None
        assert "/home" not in path.read_text(encoding="utf-8")
