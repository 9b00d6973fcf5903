"""Settings of a run: defaults by task and architecture, wrong ones named."""

import pytest

from core.architectures import ARCHITECTURES
from core.errors import DatasetError, TrainingError
from core.tasks import load_tasks
from core.training.config import DetailConfig, TrainingConfig, check_config, read_config
from core.training.experiments import experiment_for, resolve


@pytest.mark.parametrize("key", sorted(ARCHITECTURES))
@pytest.mark.parametrize("task", sorted(load_tasks()))
def test_every_task_and_architecture_has_valid_defaults(task, key):
    config = resolve(experiment_for(task, key)).config
    assert config.architecture == key
    assert abs(sum(config.fractions.values()) - 1) < 1e-9


def test_what_the_command_line_gives_wins_over_the_experiment():
    config = read_config("mobilenet", given={"epochs": 9, "seed": 4}, changes={"epochs": 3})
    assert (config.epochs, config.seed) == (3, 4)


def test_an_experiment_wins_over_the_architecture_and_may_say_none():
    given = {"epochs": 5, "freeze_until": None}
    config = read_config("simple_cnn", given=given, changes={"dropout": 0.1})
    assert (config.epochs, config.learning_rate, config.dropout) == (5, 1e-3, 0.1)


def test_an_unknown_setting_is_named_with_the_known_ones():
    with pytest.raises(TrainingError, match=r"impetus.*Known settings: architecture, seed"):
        check_config({"architecture": "mobilenet", "impetus": 1})


def test_a_value_out_of_range_is_named():
    with pytest.raises(TrainingError, match="epochs is 0"):
        read_config("mobilenet", changes={"epochs": 0})


def test_an_unknown_augmentation_is_refused():
    with pytest.raises(DatasetError, match="rotation"):
        read_config("mobilenet", changes={"augmentation": {"rotation": 3}})


def test_layers_of_the_run_replace_those_of_the_architecture():
    spec = read_config("mobilenet", changes={"freeze_until": "conv_pw_9_relu"}).spec
    assert (spec.freeze_until, spec.gate_layer) == ("conv_pw_9_relu", "conv_pw_7_relu")


def test_null_is_taken_where_a_setting_may_be_null_and_refused_elsewhere():
    config = read_config("mobilenet", changes={"per_group": None, "clip_norm": None})
    assert (config.per_group, config.clip_norm) == (None, None)
    with pytest.raises(TrainingError, match="batch_size is None"):
        read_config("mobilenet", changes={"batch_size": None})


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"views": []}, r"^Training setting views is \[\]: views begin with identity; known"),
        ({"views": ["flip_left_right"]}, "views begin with identity"),
        ({"views": ["identity", "upside_down"]}, "known: identity, flip_left_right"),
        ({"sampling": "class_balanced"}, "class_maximum or class_minimum"),
        (
            {"class_maximum": 20},
            "^The training settings do not fit together: class_maximum or class_minimum go with "
            "sampling class_balanced. Known",
        ),
        (
            {"sampling": "class_balanced", "class_minimum": 9, "class_maximum": 5},
            "class_minimum 9 is above class_maximum 5",
        ),
        ({"views": ["identity", "identity"]}, "identity stands there more than once"),
        (
            {"class_weights": {"cyst": 2, "stone": 0}},
            r"^Training setting class_weights is \{.*\}: the weight of stone is 0, and a weight is "
            "a finite number above 0",
        ),
        ({"class_weights": {"stone": float("inf")}}, "the weight of stone is inf"),
        ({"class_weights": {"stone": True}}, "the weight of stone is True"),
        ({"class_weights": {"stone": None}}, "the weight of stone is None"),
        ({"class_weights": "even"}, "is 'even': give balanced, or a weight for each class"),
        ({"steps_per_epoch": True}, "steps_per_epoch is True: give a number, not true or false"),
        ({"dropout": False}, "dropout is False: give a number"),
        ({"required_sensitivity": {"stone": True}}, r"sensitivity\.stone is True: give a number"),
        ({"added_filters": [True]}, r"added_filters\.0 is True: give a number"),
        ({"loss": "hinge"}, "loss is 'hinge'"),
        ({"added_filters": [0]}, r"added_filters\.0 is 0"),
    ],
)
def test_settings_that_make_no_sense_are_named(changes, words):
    with pytest.raises(TrainingError, match=words):
        check_config({"architecture": "mobilenet", **changes})


def numbers_of(model):
    """Return the settings of a model that are numbers with a fraction."""
    fields = model.model_fields.items()
    return sorted(name for name, field in fields if "float" in str(field.annotation))


@pytest.mark.parametrize("value", [float("inf"), float("nan"), -float("inf")])
@pytest.mark.parametrize("name", numbers_of(TrainingConfig))
def test_no_setting_is_infinite_or_no_number(name, value):
    wrong = {"train": value} if name == "fractions" else value
    wrong = {"stone": value} if name in ("class_weights", "required_sensitivity") else wrong
    with pytest.raises(TrainingError, match=name):
        check_config({"architecture": "mobilenet", name: wrong})


@pytest.mark.parametrize("value", [float("inf"), float("nan")])
@pytest.mark.parametrize("name", numbers_of(DetailConfig))
def test_no_setting_of_the_detail_branch_is_infinite_or_no_number(name, value):
    detail = {"pasting": {"finding": "stone"}, name: value}
    with pytest.raises(TrainingError, match=rf"detail\.{name}"):
        check_config({"architecture": "mobilenet", "detail": detail})


@pytest.mark.parametrize("value", [float("inf"), float("nan")])
def test_what_is_drawn_and_augmented_is_finite_too(value):
    pasting = {"finding": "stone", "zoom": value}
    with pytest.raises(DatasetError, match="zoom"):
        check_config({"architecture": "mobilenet", "detail": {"pasting": pasting}})
    for name, given in {"blur": value, "probabilities": {"blur": value}}.items():
        with pytest.raises(DatasetError, match="blur"):
            check_config({"architecture": "mobilenet", "augmentation": {name: given}})


def test_numbers_may_be_written_as_yaml_leaves_them():
    weights = {"stone": "1e1", "cyst": 2}
    given = {"learning_rate": "1e-3", "epochs": 3.0, "dropout": 0, "class_weights": weights}
    config = check_config({"architecture": "mobilenet", **given})
    assert (config.learning_rate, config.epochs, config.dropout) == (1e-3, 3, 0.0)
    assert config.class_weights == {"stone": 10.0, "cyst": 2.0}
    assert check_config({"architecture": "mobilenet", "class_weights": "balanced"})


@pytest.mark.parametrize(
    "wrong",
    [
        {"strategy": "head"},
        {"strategy": "all"},
        {"frozen_layers": 20},
        {"architecture": "simple_cnn"},
    ],
    ids=str,
)
def test_a_branch_without_a_frozen_layer_for_its_context_is_refused(wrong):
    detail = {"pasting": {"finding": "stone"}}
    with pytest.raises(TrainingError, match="a layer to freeze until"):
        check_config({"architecture": "mobilenet", "detail": detail} | wrong)


@pytest.mark.parametrize("strategy", ["top", "staged"])
def test_a_branch_goes_with_strategies_that_end_above_a_frozen_layer(strategy):
    detail = {"pasting": {"finding": "stone"}}
    given = {"architecture": "mobilenet", "detail": detail, "strategy": strategy}
    assert check_config(given).spec.freeze_until == "conv_pw_7_relu"


@pytest.mark.parametrize("strategy", ["top", "head", "staged", "all"])
def test_whether_frozen_layers_are_random_ones(strategy):
    given = {"architecture": "mobilenet", "strategy": strategy}
    assert check_config({**given, "weights": "none"}).is_stem_random == (strategy != "all")
    assert not check_config(given).is_stem_random
    assert not check_config({"architecture": "simple_cnn", "weights": "none"}).is_stem_random
