"""The shipped kidney version out of fold, beside frozen features on the same folds."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import f1_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from core.datasets import make_folds, read_manifest
from core.evaluation.runs import EvaluationRun
from core.preprocessing import Recipe
from core.tasks import load_task
from core.workflows.evaluating import find_run, open_run
from core.workflows.pictures import load_pixels

N_RESAMPLES = 2000
BATCH = 32


@pytest.fixture(scope="module")
def out_of_fold() -> EvaluationRun:
    return open_run(find_run("kidney_ct", "out_of_fold"))


def frozen_features(pixels: np.ndarray, backbones: Path) -> np.ndarray:
    """Return the mean over places of MobileNet 0.75's last map, shape (n, 768)."""
    import keras
    import openvino

    network = keras.applications.MobileNet(
        alpha=0.75, include_top=False, weights=None, input_shape=(224, 224, 3), pooling="avg"
    )
    network.load_weights(backbones / "mobilenet_v1_0.75_224_notop.weights.h5")
    compiled = openvino.compile_model(_graph_of(network), "CPU")
    batches = (
        np.repeat(pixels[start : start + BATCH, :, :, None].astype(np.float32), 3, -1) / 127.5 - 1
        for start in range(0, len(pixels), BATCH)
    )
    return np.concatenate([np.array(compiled(batch)[0]) for batch in batches])


def _graph_of(network):
    import tempfile

    import openvino

    with tempfile.TemporaryDirectory() as folder:
        network.export(folder, format="tf_saved_model", verbose=False)
        return openvino.convert_model(folder)


def frozen_baseline(features, y_true, groups, folds) -> np.ndarray:
    """Return the called classes, out of fold, of logistic regression on frozen features."""
    called = np.empty(len(y_true), int)
    for fold in np.unique(folds):
        inside = folds == fold
        model = make_pipeline(
            StandardScaler(), LogisticRegression(C=0.01, max_iter=300, class_weight="balanced")
        )
        model.fit(features[~inside], y_true[~inside])
        called[inside] = model.predict(features[inside])
    return called


def macro_f1(y_true, called) -> float:
    return float(f1_score(y_true, called, average="macro", labels=range(4), zero_division=0))


def paired_bootstrap(y_true, groups, ours, theirs, *, seed: int = 0) -> np.ndarray:
    """Return resampled differences of macro F1, whole series drawn with replacement."""
    rng = np.random.default_rng(seed)
    _, series = np.unique(groups, return_inverse=True)
    n_series = series.max() + 1

    def tables(called):
        counts = np.zeros((n_series, 4, 4))
        np.add.at(counts, (series, y_true, called), 1)
        return counts.reshape(n_series, 16)

    weights = rng.multinomial(n_series, np.full(n_series, 1 / n_series), N_RESAMPLES)
    return _f1_of(weights @ tables(ours)) - _f1_of(weights @ tables(theirs))


def _f1_of(flat: np.ndarray) -> np.ndarray:
    table = flat.reshape(-1, 4, 4)
    hits = np.diagonal(table, axis1=1, axis2=2)
    return (2 * hits / np.maximum(table.sum(1) + table.sum(2), 1e-9)).mean(1)


@pytest.mark.slow
@pytest.mark.timeout(1500)  # eleven thousand pictures through a backbone
@pytest.mark.heavy
@pytest.mark.needs_data
@pytest.mark.needs_backbones
def test_the_shipped_settings_beat_frozen_features_on_the_same_folds(
    data_root, backbones, out_of_fold, report_figure
):
    task = load_task("kidney_ct")
    manifest = read_manifest(data_root / "kidney_ct", task)
    assert manifest.frame["file"].tolist() == out_of_fold.file.tolist()
    folds = make_folds(manifest, n_folds=5, seed=0)
    assert [str(fold + 1) for fold in folds] == out_of_fold.slices["fold"].tolist()
    pixels = load_pixels(manifest, Recipe.from_task(task)).pixels
    features = frozen_features(pixels, backbones)
    y_true, groups = manifest.class_indices, out_of_fold.group
    ours = out_of_fold.y_prob.argmax(1)
    theirs = frozen_baseline(features, y_true, groups, folds)
    differences = paired_bootstrap(y_true, groups, ours, theirs)
    low, high = np.quantile(differences, [0.025, 0.975])
    report_figure("kidney_ct, macro F1 out of fold", macro_f1(y_true, ours))
    report_figure("kidney_ct, macro F1 of frozen features", macro_f1(y_true, theirs))
    report_figure("kidney_ct, difference, 95 % over series", (float(low), float(high)))
    assert low > 0


def test_the_stored_folds_keep_series_apart(out_of_fold):
    pairs = set(zip(out_of_fold.group, out_of_fold.slices["fold"], strict=True))
    assert len(pairs) == len(set(out_of_fold.group))
