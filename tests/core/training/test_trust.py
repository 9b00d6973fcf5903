"""Temperature and gate are fitted on pictures that the weights were not."""

import numpy as np
import pytest

from core.errors import TrainingError
from core.tasks import load_task
from core.training.trust import (
    GateSettings,
    calibrate,
    check_gate,
    cross_fitted_probabilities,
    deal_groups,
    frozen_gate,
    is_refused,
    missing_thresholds,
    required_by_class,
    trained_gate,
)
from tests.core.training.toys import toy_job, toy_set

DATA = toy_set()
ALL = np.arange(len(DATA))
SETTINGS = GateSettings(quantile=0.98, at_most=100)


def sure_logits(n=400, seed=0):
    """Logits three times too large for how often they are right."""
    rng = np.random.default_rng(seed)
    fair = rng.normal(0, 1.5, (n, 3))
    y_prob = np.exp(fair) / np.exp(fair).sum(axis=1, keepdims=True)
    y_true = np.array([rng.choice(3, p=p) for p in y_prob])
    return 3 * fair, y_true


def test_calibration_finds_the_temperature_and_says_what_it_gained():
    logits, y_true = sure_logits(3000)
    calibration = calibrate(logits, y_true, fitted_on="drawn")
    assert calibration.temperature == pytest.approx(3.0, rel=0.15)
    assert calibration.nll_after < calibration.nll_before


def test_a_shipped_threshold_finds_what_was_required_and_no_higher_one_does():
    logits, y_true = sure_logits(900)
    required = {1: ("stone", 0.95)}
    calibration = calibrate(logits, y_true, fitted_on="drawn", required=required)
    threshold = calibration.operating_points["stone"]
    scores = calibration.apply(logits)[y_true == 1, 1]
    assert (scores >= threshold).mean() >= 0.95
    assert (scores >= np.nextafter(threshold, 1)).mean() < 0.95
    assert calibration.required_sensitivity == {"stone": 0.95}
    assert calibrate(logits, y_true, fitted_on="drawn").operating_points == {}


def test_no_threshold_is_shipped_where_the_most_probable_class_finds_enough():
    logits, y_true = sure_logits(900)
    called = np.argmax(logits, axis=1)
    found = float((called[y_true == 1] == 1).mean())
    at_most = calibrate(logits, y_true, fitted_on="drawn", required={1: ("stone", found)})
    assert at_most.operating_points == {}
    more = calibrate(logits, y_true, fitted_on="drawn", required={1: ("stone", found + 0.01)})
    assert list(more.operating_points) == ["stone"]


def test_a_finding_that_is_not_there_ships_no_threshold_and_a_wrong_name_is_refused():
    logits, y_true = sure_logits(300)
    none = calibrate(logits, np.zeros_like(y_true), fitted_on="drawn", required={2: ("cyst", 0.9)})
    assert none.operating_points == {}
    task = load_task("kidney_stone")
    assert required_by_class({"stone": 0.95}, task) == {
        task.class_names.index("stone"): ("stone", 0.95)
    }
    with pytest.raises(TrainingError, match="normal, which is no finding"):
        required_by_class({"normal": 0.9}, task)


def test_pictures_of_one_class_fit_no_temperature():
    logits, y_true = sure_logits(300)
    alone = y_true == 1
    calibration = calibrate(logits[alone], y_true[alone], fitted_on="The calibration part.")
    assert calibration.temperature == 1.0
    assert calibration.fitted_on == "Nothing, as all are of one class. The calibration part."


def test_why_a_required_threshold_is_not_shipped_is_said():
    logits, y_true = sure_logits(300)
    required = {0: ("cyst", 0.05), 1: ("stone", 0.99), 2: ("tumor", 0.9)}
    kept = y_true != 2
    made = calibrate(logits[kept], y_true[kept], fitted_on="drawn", required=required)
    of_none, of_few = sorted(missing_thresholds(made, required, y_true[kept]), reverse=True)
    assert of_none == (
        "No threshold of tumor is shipped: no picture of it is among those that the threshold is "
        "chosen on."
    )
    n = int((y_true == 0).sum())
    assert of_few == (
        "No threshold of cyst is shipped: the most probable class finds 5% of its "
        f"{n} pictures already."
    )


def test_the_probabilities_of_a_fold_do_not_depend_on_its_labels():
    logits, y_true = sure_logits()
    folds = np.arange(len(y_true)) % 4
    changed = np.where(folds == 2, (y_true + 1) % 3, y_true)
    before = cross_fitted_probabilities(logits, y_true, folds)
    after = cross_fitted_probabilities(logits, changed, folds)
    assert np.array_equal(before[folds == 2], after[folds == 2])
    assert not np.array_equal(before[folds == 1], after[folds == 1])


def test_groups_are_dealt_whole_and_every_class_reaches_every_fold():
    folds = deal_groups(DATA, ALL, n_folds=4, seed=0)
    pairs = set(zip(DATA.group.tolist(), folds.tolist(), strict=True))
    assert len(pairs) == len(set(DATA.group))
    for fold in range(4):
        assert set(DATA.y_true[folds == fold]) == {0, 1, 2}


def features(seed=0, n_features=12):
    rng = np.random.default_rng(seed)
    of_group = {name: rng.normal(0, 1, n_features) for name in dict.fromkeys(DATA.group)}
    own = np.array([of_group[name] for name in DATA.group])
    return (own + rng.normal(0, 0.05, own.shape)).astype(np.float32)


def test_the_threshold_of_a_frozen_gate_keeps_unseen_groups_inside():
    found = features()
    gate = frozen_gate(found, DATA, ALL, settings=SETTINGS, seed=0)
    to_itself = gate.distances(found)
    # Neighbours of the same group are near: a threshold from them would refuse every new group.
    assert gate.threshold > 2 * np.quantile(to_itself, 0.98)
    assert gate.prototypes.shape[0] <= 100


def test_a_gate_on_trained_features_takes_its_threshold_from_other_groups():
    rng = np.random.default_rng(1)
    seen, unseen = rng.normal(0, 1, (60, 8)), rng.normal(0, 1, (200, 8))
    gate = trained_gate(
        seen.astype(np.float32), np.arange(60), unseen.astype(np.float32), settings=SETTINGS
    )
    inside = gate.distances(unseen) <= gate.threshold
    assert inside.mean() == pytest.approx(0.98, abs=0.01)


def test_blank_pictures_are_refused_whatever_their_features():
    import dataclasses

    pixels = DATA.pixels.copy()
    pixels[3] = 0
    blank = dataclasses.replace(DATA, pixels=pixels)
    gate = frozen_gate(features(), DATA, ALL, settings=SETTINGS, seed=0)
    near = np.broadcast_to(features()[0], (len(DATA), 12))
    assert np.flatnonzero(is_refused(gate, blank, ALL, near)).tolist() == [3]


def test_a_gate_from_a_handful_of_groups_is_refused():
    rows = ALL[:16]
    with pytest.raises(TrainingError, match="at least 5 groups"):
        frozen_gate(features()[rows], DATA, rows, settings=SETTINGS, seed=0)


def test_pictures_that_a_gate_can_be_fitted_on_are_not_refused(tmp_path):
    check_gate(toy_job(tmp_path))
    check_gate(toy_job(tmp_path, folds=2))
    check_gate(toy_job(tmp_path, freeze_until=None))


@pytest.mark.parametrize(
    ("job", "told"),
    [
        ({"n_groups": 4}, "at least 5 groups outside the test part.*there are 4"),
        ({"n_groups": 9, "per_group": 1}, "5 nearest; only 4 are left when some groups"),
        ({"n_groups": 4, "per_group": 1, "freeze_until": None}, "only 4 are fitted on"),
    ],
)
def test_too_few_for_the_gate_are_refused_before_anything_is_fitted(tmp_path, job, told):
    with pytest.raises(TrainingError, match=told):
        check_gate(toy_job(tmp_path, **job))
