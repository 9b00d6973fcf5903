"""Strategies: which layers are trained when, where the stem is cut, and what survives a kill."""

import dataclasses

import numpy as np
import pytest

from core.architectures import ARCHITECTURES
from core.errors import TrainingError
from core.training.config import check_config
from tests.core.training.toys import toy_job

pytestmark = pytest.mark.heavy


def config(**changes):
    return check_config(
        {"architecture": "simple_cnn", "epochs": 7, "learning_rate": 0.01, **changes}
    )


def build(key="simple_cnn", size=(32, 32)):
    from core.architectures.builders import build_network

    return build_network(ARCHITECTURES[key], n_classes=3, input_size=size, weights="none")


def stages(**changes):
    from core.training.freezing import stages_of

    settings = config(**changes)
    return [
        (stage.name, stage.frozen_until, stage.cut, stage.epochs, stage.learning_rate)
        for stage in stages_of(settings, build(settings.architecture))
    ]


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, [("all", None, None, 7, 0.01)]),
        ({"strategy": "all"}, [("all", None, None, 7, 0.01)]),
        ({"strategy": "head"}, [("head", "pooled", "pooled", 7, 0.01)]),
        ({"freeze_until": "block3_relu"}, [("top", "block3_relu", "block3_relu", 7, 0.01)]),
        ({"frozen_layers": -3}, [("top", "block3_pool", "block3_pool", 7, 0.01)]),
        (
            {"strategy": "staged", "head_epochs": 2, "freeze_until": "block2_relu"},
            [("head", "pooled", "pooled", 2, 0.01), ("top", "block2_relu", "block2_relu", 7, 0.01)],
        ),
        (
            {"strategy": "staged", "head_learning_rate": 0.1, "frozen_layers": 0},
            [("head", "pooled", "pooled", 5, 0.1), ("all", None, None, 7, 0.01)],
        ),
        (
            {"architecture": "logistic_regression", "strategy": "head"},
            [("head", "flat", "flat", 7, 0.01)],
        ),
    ],
)
def test_a_strategy_is_one_or_two_stages(changes, expected):
    assert stages(**changes) == expected


def test_of_a_solved_head_no_rate_is_told():
    from core.training.freezing import stages_of

    settings = config(strategy="staged", head_solver="lbfgs", freeze_until="block2_relu")
    head, top = stages_of(settings, build(settings.architecture))
    assert head.to_data(settings) == {
        "name": "head", "frozen_until": "pooled", "cut": "pooled", "solver": "lbfgs"
    }  # fmt: skip
    assert top.to_data(settings)["learning_rate"] == 0.01


@pytest.mark.slow
def test_lower_layers_are_counted_as_keras_counts_them():
    import keras

    from core.training.freezing import freeze, stages_of

    plain = keras.applications.ResNet50V2(weights=None, include_top=False)
    network = build("resnet50v2", size=(64, 64))
    (stage,) = stages_of(config(architecture="resnet50v2", frozen_layers=140), network)
    assert stage.frozen_until == plain.layers[139].name
    freeze(network, stage.frozen_until, train_batch_norm=True)
    trained = [layer.name for layer in network.layers if layer.trainable and layer.weights]
    expected = [layer.name for layer in plain.layers[140:] if layer.weights]
    assert trained == [*expected, "logits"]
    names = [layer.name for layer in network.layers]
    assert names.index(stage.cut) < names.index(stage.frozen_until)
    keras.Model(network.get_layer(stage.cut).output, network.output)


def test_all_but_the_last_layer_of_vgg16():
    ((name, frozen_until, *_),) = stages(architecture="vgg16", frozen_layers=-1)
    assert (name, frozen_until) == ("top", "block5_conv2")


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"frozen_layers": 99}, "the backbone has 16"),
        ({"frozen_layers": -16}, "the backbone has 16"),
        ({"frozen_layers": 2}, "gate reads block2_relu"),
        ({"freeze_until": "conv_pw_7"}, "no layer 'conv_pw_7', which freeze_until names"),
        ({"gate_layer": "nope"}, "no layer 'nope', which gate_layer names"),
    ],
)
def test_what_cannot_be_frozen_is_refused(changes, words):
    with pytest.raises(TrainingError, match=words):
        stages(**changes)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"freeze_until": "block2_relu", "frozen_layers": 3}, "give one"),
        ({"strategy": "head", "frozen_layers": 3}, "leave out frozen_layers"),
        ({"strategy": "all", "freeze_until": "block2_relu"}, "leave out freeze_until"),
        ({"strategy": "staged", "added_filters": [8]}, "added_filters"),
        ({"strategy": "head", "detail": {"pasting": {"finding": "stone"}}}, "detail branch"),
        ({"strategy": "some"}, "strategy is 'some'"),
    ],
)
def test_settings_that_contradict_each_other_are_refused(changes, words):
    with pytest.raises(TrainingError, match=words):
        config(**changes)


@pytest.mark.parametrize("killed_in", [2, 3], ids=["first steps of the second", "its last epoch"])
def test_a_fit_of_two_stages_goes_on_in_the_second_after_a_kill(tmp_path, killed_in):
    """Dropout draws on as if nothing had been: the weights are those of the straight run."""
    from core.training.job import Listener
    from core.training.workbench import Workbench

    lines = []

    def kill(what, done, total):
        if what.endswith("steps of this epoch") and len(lines) == killed_in:
            raise KeyboardInterrupt

    changes = {"strategy": "staged", "head_epochs": 2, "keep": "last", "dropout": 0.5}
    changes |= {"learning_rate": 1e-3, "head_learning_rate": 3e-2}
    straight = toy_job(tmp_path / "a", **changes)
    listener = Listener(on_epoch=lines.append, on_progress=kill)
    killed = toy_job(tmp_path / "b", **changes, options={"listener": listener})
    again = dataclasses.replace(killed, listener=Listener(on_epoch=lines.append))
    results = []
    for job in (straight, killed, again):
        bench = Workbench(job)
        network = bench.network(seed=5)
        plan = bench.plan(job.rows("train"), job.rows("validation"), label="final")
        if job is killed:
            with pytest.raises(KeyboardInterrupt):
                bench.fit(network, plan)
        else:
            bench.fit(network, plan)
            results.append(network.get_weights())
    assert [(line["stage"], line["epoch"], line["epochs"]) for line in lines] == [
        ("head", 1, 2), ("head", 2, 2), ("top", 3, 4), ("top", 4, 4)
    ]  # fmt: skip
    assert all(np.allclose(*pair, atol=1e-6) for pair in zip(*results, strict=True))


def test_a_head_trains_on_features_that_are_computed_once(tmp_path):
    from core.training.workbench import Workbench

    job = toy_job(tmp_path, freeze_until=None, strategy="head")
    bench = Workbench(job)
    network = bench.network(seed=9)
    before = network.get_weights()
    bench.fit(network, bench.plan(job.rows("train"), job.rows("validation"), label="final"))
    (features,) = job.folders.cache.glob("*.npy")
    assert np.load(features).shape == (2, len(bench.thinned), 160)
    changed = [
        not np.array_equal(*pair) for pair in zip(before, network.get_weights(), strict=True)
    ]
    assert changed == [False] * (len(before) - 2) + [True, True]


def test_layers_without_weights_have_maps_of_their_own(tmp_path):
    from core.training.workbench import Workbench

    lowest = []
    for layer in ("block2_bn", "block2_relu"):  # the same weights, and other maps
        source = Workbench(toy_job(tmp_path, freeze_until=layer)).source(layer)
        lowest.append(float(source.cache.maps.min()))
    assert lowest[0] < 0
    assert lowest[1] == 0


def test_a_later_stage_that_gains_nothing_keeps_what_the_first_one_found(tmp_path):
    from core.training.workbench import Workbench

    changes = {"strategy": "staged", "head_epochs": 6, "head_learning_rate": 0.05, "epochs": 1}
    job = toy_job(tmp_path, **changes, learning_rate=1.0, schedule="constant")
    bench = Workbench(job)
    network = bench.network(seed=5)
    plan = bench.plan(job.rows("train"), job.rows("validation"), label="final")
    state = bench.fit(network, plan)
    assert state.best_epoch == -1
    assert state.best_score > state.history[-1]["macro_f1"]


@pytest.mark.parametrize(
    "changes", [{}, {"freeze_until": None, "strategy": "staged", "frozen_layers": 0}]
)
def test_layers_frozen_at_random_are_the_same_in_every_fit(tmp_path, changes):
    from core.training.workbench import Workbench

    bench = Workbench(toy_job(tmp_path, **changes))
    one, other = bench.network(seed=1), bench.network(seed=2)
    pairs = list(zip(one.get_weights(), other.get_weights(), strict=True))
    assert all(np.array_equal(*pair) for pair in pairs[:-2])
    assert not np.array_equal(*pairs[-2])
