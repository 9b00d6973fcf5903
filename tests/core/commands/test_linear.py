"""Logistic regression from the command line: trained, served, and explained exactly."""

import json

import numpy as np
import pytest

from core import cli
from core.phantoms import phantom_picture, phantom_table

pytestmark = [pytest.mark.heavy, pytest.mark.slow]
TASK = ("--task", "phantom_ct")


@pytest.fixture
def answer(capfd):
    def ask(*arguments):
        assert cli.main([*map(str, arguments), "--json"]) == 0
        return [json.loads(line) for line in capfd.readouterr().out.splitlines()][-1]

    return ask


def test_a_linear_version_is_trained_served_and_explained(tmp_path, use_settings, answer):
    from core.inference.package import find_version
    from core.inference.probe import open_probe
    from core.saliency.exact_linear import contributions

    use_settings(models=tmp_path / "models", home=tmp_path / "home")
    trained = answer(
        "train", *TASK, "--architecture", "logistic_regression", "--version", "linear",
        "--limit", 96, "--epochs", 2, "--folds", 2, "--set", "steps_per_epoch=4",
    )  # fmt: skip
    assert set(trained["metrics"]) == {"out_of_fold", "test"}
    card = find_version("phantom_ct").card
    assert (card.feature_layer, card.frozen_until) == (None, "flat")
    assert [stage["name"] for stage in card.stages] == ["head"]
    picture = tmp_path / "slice.png"
    picture.write_bytes(phantom_picture(phantom_table(n_series=3, seed=5)["file"].iloc[0]))
    (predicted,) = answer("predict", *TASK, picture)
    assert sum(predicted["probabilities"].values()) == pytest.approx(1, abs=1e-6)
    found = answer("explain", *TASK, picture, "--method", "exact_linear", "--class", "stone")
    assert found["method"] == "exact_linear"
    probe = open_probe(find_version("phantom_ct"))
    batch = np.random.default_rng(0).uniform(0, 255, (1, 160, 160, 3)).astype(np.float32)
    black = probe.logits(np.zeros_like(batch))
    added = contributions(probe, batch, range(4)).sum(axis=(1, 2), dtype=np.float64)
    assert np.allclose(added, (probe.logits(batch) - black)[0], rtol=1e-3, atol=1e-3)
