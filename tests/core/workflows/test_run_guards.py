"""What a run is guarded by: a request to end, one process a version, networks that can be built."""

import os
import signal
import threading
import time

import pytest

from core.errors import JobError, TrainingError
from core.training.experiments import experiment_for, resolve
from core.workflows import training
from core.workflows.run_guards import ending_on_request, only_run
from core.workflows.training import TrainingRequest, train

SMALL = {"task": "phantom_ct", "architecture": "simple_cnn", "limit": 32}


def test_a_request_to_end_is_a_key_press_and_counts_for_the_block_alone():
    before = signal.getsignal(signal.SIGTERM)
    with pytest.raises(KeyboardInterrupt), ending_on_request():
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(5)
    assert signal.getsignal(signal.SIGTERM) is before


def test_outside_the_main_thread_signals_stay_as_they_are():
    seen = []

    def work():
        with ending_on_request():
            seen.append(signal.getsignal(signal.SIGTERM))

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert seen == [signal.getsignal(signal.SIGTERM)]


@pytest.fixture
def home(tmp_path, use_settings):
    use_settings(home=tmp_path / "home", models=tmp_path / "models")
    return tmp_path / "home"


@pytest.fixture
def unread(monkeypatch):
    """No picture may be read, nor drawn."""
    monkeypatch.setattr(training, "load_pixels", None)


def test_a_version_that_is_being_trained_is_refused_before_anything_is_read(home, unread):
    with (
        only_run("phantom_ct", "v1"),
        pytest.raises(JobError, match="v1 of task phantom_ct is being trained already") as caught,
    ):
        train(TrainingRequest(**SMALL, version="v1"))
    assert "--version" in caught.value.remedy
    assert not list((home / "locks").iterdir())
    with only_run("phantom_ct", "v1"), only_run("phantom_ct", "v2"), only_run("kidney_ct", "v1"):
        pass


def test_a_run_that_fails_gives_its_version_back(home, monkeypatch):
    monkeypatch.setattr(training, "refuse_wrong_network", lambda resolved: None)
    for _ in range(2):
        with pytest.raises(TrainingError, match="too few"):
            train(TrainingRequest(**{**SMALL, "limit": 8}, version="v1"))


def test_a_request_to_end_a_run_is_heard_and_gives_its_version_back(home, monkeypatch):
    def ask_to_end(resolved):
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(5)

    monkeypatch.setattr(training, "refuse_wrong_network", ask_to_end)
    with pytest.raises(KeyboardInterrupt):
        train(TrainingRequest(**SMALL, version="v1"))
    assert not list((home / "locks").iterdir())


@pytest.mark.heavy
@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"freeze_until": "conv9"}, "no layer 'conv9', which freeze_until names"),
        ({"gate_layer": "nope"}, "no layer 'nope', which gate_layer names"),
        ({"gate_layer": "pooled"}, "pooled, which gives no map"),
        ({"end_layer": "block9_relu"}, "no layer 'block9_relu' at all"),
        ({"frozen_layers": 99}, "the backbone has 16"),
    ],
)
def test_a_layer_that_is_not_there_is_told_before_any_picture_is_read(home, unread, changes, words):
    with pytest.raises(TrainingError, match=words):
        train(TrainingRequest(**SMALL, changes=changes))


@pytest.mark.heavy
def test_a_map_of_another_grid_is_told_too(home, unread):
    wrong = {"beside_layers": ["conv_pw_1_relu"], "weights": "none"}
    with pytest.raises(TrainingError, match="conv_pw_1_relu cannot stand beside the last one"):
        train(TrainingRequest(**{**SMALL, "architecture": "mobilenet_small"}, changes=wrong))


@pytest.mark.heavy
def test_a_cut_that_a_shortcut_leads_past_is_told_too(home, unread):
    wrong = {"freeze_until": "conv4_block3_1_relu", "weights": "none"}
    with pytest.raises(TrainingError, match="a shortcut leads past it"):
        train(TrainingRequest(**{**SMALL, "architecture": "resnet50"}, changes=wrong))


@pytest.mark.heavy
def test_a_branch_whose_grid_does_not_fit_is_told_too():
    from core.training.network_check import check_network

    detail = {"pasting": {"finding": "stone"}, "filters": [8]}
    experiment = experiment_for("kidney_ct").model_copy(
        update={"training": {**experiment_for("kidney_ct").training, "detail": detail}}
    )
    resolved = resolve(experiment, changes={"weights": "none"})
    with pytest.raises(TrainingError, match="grid"):
        check_network(resolved.config, n_classes=4, input_size=resolved.recipe.output_size)


@pytest.mark.heavy
@pytest.mark.needs_backbones
def test_where_a_network_ends_by_its_weight_file_its_lower_maps_fit(backbones):
    from core.training.network_check import check_network

    beside = {"beside_layers": ["conv4_block2_out"], "strategy": "head"}
    config = resolve(experiment_for("kidney_stone", "resnet50"), changes=beside).config
    assert config.end_layer is None
    check_network(config, n_classes=2, input_size=(224, 224), backbones=backbones)
