"""A version says which network it is: where its backbone ends, and with which weights it began."""

import dataclasses

import pytest

from core.training.experiments import Experiment
from tests.core.training.toys import toy_job

pytestmark = pytest.mark.heavy


def run_of(tmp_path, *, notes=None, backbones=None, stored=None, **changes):
    from core.training.job import Folders, Listener
    from core.training.run import _Run

    experiment = Experiment(
        key="toys", title="Toys", task="phantom_ct", architecture="simple_cnn", **(stored or {})
    )
    listener = Listener(on_note=[].append if notes is None else notes.append)
    job = toy_job(tmp_path, options={"experiment": experiment, "listener": listener}, **changes)
    folders = Folders(tmp_path / "home", tmp_path / "models", backbones=backbones)
    return _Run(dataclasses.replace(job, folders=folders))


def test_a_stored_experiment_names_the_layer_that_the_backbone_ends_in(tmp_path):
    run = run_of(tmp_path)
    assert run._as_run().training["end_layer"] == "block4_relu"
    assert run._as_run().backbone_sha256 is None  # it begins at random


@pytest.mark.needs_backbones
def test_of_a_weight_file_that_ends_early_the_end_and_the_weights_are_stored(tmp_path, backbones):
    settings = {"architecture": "resnet50", "freeze_until": None, "strategy": "head"}
    run = run_of(tmp_path, backbones=backbones, **settings)
    told = run._as_run()
    assert told.training["end_layer"] == "conv4_block6_out"
    again = run_of(tmp_path, backbones=backbones, **settings, end_layer=told.training["end_layer"])
    assert told.backbone_sha256 == again._as_run().backbone_sha256 is not None
    shorter = run_of(tmp_path, backbones=backbones, **settings, end_layer="conv4_block5_out")
    assert shorter._as_run().backbone_sha256 != told.backbone_sha256
    assert shorter.bench.run_key != run.bench.run_key


def test_other_first_weights_than_in_the_stored_run_are_told(tmp_path):
    notes = []
    run_of(tmp_path, notes=notes, stored={"backbone_sha256": "0" * 64})._compare_backbone()
    run_of(tmp_path, notes=notes)._compare_backbone()
    assert len(notes) == 1
    assert "other weights" in notes[0]
