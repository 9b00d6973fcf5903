"""The gate on numbers made by hand: distances, threshold, blank, damaged files."""

import io

import numpy as np
import pytest

from core.errors import ModelVersionError
from core.inference.arrays import choose_rows
from core.inference.gate import Gate, parse_gate
from core.inference.gate_fitting import fit_gate, out_of_fold_distances

PICTURE = np.arange(256).reshape(16, 16)


def series(n_groups=40, per_group=12, *, seed=0, n_features=32):
    """Return features that lie near three directions, as pictures of one kind do, and groups."""
    draw = np.random.default_rng(seed)
    directions = np.random.default_rng(77).normal(0, 1, (3, n_features))
    places = draw.normal(0, 2, (n_groups, 1, 3)) + draw.normal(0, 0.3, (n_groups, per_group, 3))
    features = places @ directions + draw.normal(0, 0.2, (n_groups, per_group, n_features))
    return features.reshape(-1, n_features), np.repeat(np.arange(n_groups), per_group)


def fitted(**options):
    features, groups = series()
    distances = out_of_fold_distances(features, groups, groups % 5)
    return fit_gate(features, groups, held_out_distances=distances, **options)


CORNERS = np.array([[3, 4], [0, 0], [-30, 0]], np.float32)
PLAIN = (np.zeros(2, np.float32), np.ones(2, np.float32))


def test_the_distance_is_the_mean_root_mean_square_difference_to_the_nearest():
    gate = Gate(CORNERS, *PLAIN, 0.6, n_neighbours=2)
    expected = [0.5 * np.sqrt((3**2 + 4**2) / 2)]
    assert gate.distances(np.array([[0.0, 0.0]])) == pytest.approx(expected, abs=1e-6)


def test_features_are_standardised_with_the_training_set_s_mean_and_scale():
    gate = Gate(CORNERS, np.array([1, 1], np.float32), np.array([2, 4], np.float32), 1, 1)
    assert gate.distances(np.array([[1 + 2 * 3, 1 + 4 * 4]])) == pytest.approx([0], abs=1e-3)


def test_the_same_direction_further_out_is_further_away():
    gate = fitted()
    features, _ = series()
    assert (gate.distances(40 * features) > gate.threshold).mean() > 0.99


def test_a_picture_at_the_threshold_is_inside_and_one_beyond_it_outside():
    distance = float(Gate(CORNERS, *PLAIN, 1, 1).distances(np.array([[3.0, 6.0]]))[0])
    at, below = (Gate(CORNERS, *PLAIN, limit, 1) for limit in (distance, distance * 0.999))
    assert at.check(np.array([3.0, 6.0]), PICTURE).inside
    assert not below.check(np.array([3.0, 6.0]), PICTURE).inside


def test_unseen_groups_stay_inside_and_another_direction_is_refused():
    gate = fitted()
    unseen, _ = series(n_groups=30, seed=9)
    assert np.mean(gate.distances(unseen) > gate.threshold) < 0.05
    verdict = gate.check(np.random.default_rng(1).normal(0, 6, 32), PICTURE)
    assert not verdict.inside
    assert verdict.reason.startswith("Outside what this model was trained on: no training picture")


def test_a_blank_picture_is_refused_whatever_its_features():
    gate = fitted()
    features, _ = series()
    assert gate.check(features[0], PICTURE).inside
    verdict = gate.check(features[0], np.full((16, 16), 7))
    assert not verdict.inside
    assert "the picture is blank" in verdict.reason


def test_the_threshold_is_the_quantile_of_groups_not_fitted_on():
    features, groups = series()
    distances = out_of_fold_distances(features, groups, groups % 5)
    gate = fit_gate(features, groups, held_out_distances=distances, quantile=0.9)
    assert gate.threshold == pytest.approx(np.quantile(distances, 0.9))
    assert gate.distances(features).mean() < distances.mean()


def test_a_group_in_two_folds_is_refused():
    features, groups = series()
    with pytest.raises(ModelVersionError, match="lies in two folds"):
        out_of_fold_distances(features, groups, np.arange(len(groups)) % 5)


def test_rows_come_evenly_from_every_group_and_not_too_many():
    groups = np.repeat(["a", "b", "c"], [100, 50, 3])
    assert [(groups[choose_rows(groups)] == name).sum() for name in "abc"] == [20, 20, 3]
    chosen = choose_rows(groups, at_most=13)
    assert len(chosen) == 13
    assert chosen.tolist() == [0, 24, 49, 74, 99, 100, 112, 124, 136, 149, 150, 151, 152]


def test_with_more_groups_than_prototypes_each_chosen_group_gives_one():
    assert len(choose_rows(np.arange(500), at_most=200)) == 200


def test_a_gate_is_read_back_as_it_was_written_within_half_precision():
    gate = fitted()
    again = parse_gate(gate.to_bytes())
    features, _ = series(seed=4)
    assert np.abs(again.distances(features) - gate.distances(features)).max() < 1e-3
    assert again.threshold == gate.threshold


def test_the_nearest_training_pictures_are_named_with_label_and_distance():
    named = {"prototype_file": ("a", "b", "c"), "prototype_label": ("stone", "cyst", "normal")}
    gate = parse_gate(Gate(CORNERS, *PLAIN, 0.6, n_neighbours=2, **named).to_bytes())
    near = gate.nearest(np.array([0.0, 0.0]), n=2)
    assert [(item.file, item.label) for item in near] == [("b", "cyst"), ("a", "stone")]
    assert [item.distance for item in near] == pytest.approx([0, 5 / np.sqrt(2)], abs=1e-6)


def test_a_gate_without_names_has_no_nearest_and_one_with_too_few_is_refused():
    assert Gate(CORNERS, *PLAIN, 0.6, n_neighbours=2).nearest(np.zeros(2)) == []
    with pytest.raises(ModelVersionError, match="hold together"):
        Gate(CORNERS, *PLAIN, 0.6, n_neighbours=2, prototype_file=("a",), prototype_label=("b",))


def test_the_same_gate_gives_the_same_bytes():
    assert fitted().to_bytes() == fitted().to_bytes()


@pytest.mark.parametrize("features", [np.full(32, np.nan), np.ones(31)])
def test_features_that_are_no_numbers_or_too_few_are_never_called_inside(features):
    with pytest.raises(ModelVersionError, match="gate features"):
        fitted().check(features, PICTURE)


def stored(**changes):
    stream = io.BytesIO()
    values = {
        "prototypes": np.eye(6, 4, dtype=np.float16),
        "mean": np.zeros(4),
        "scale": np.ones(4),
        "threshold": 0.5,
        "n_neighbours": 5,
        "min_std": 2.0,
        "metric": "euclidean",
    }
    kept = {key: value for key, value in (values | changes).items() if value is not None}
    np.savez(stream, **kept)
    return stream.getvalue()


@pytest.mark.parametrize(
    "changes",
    [
        {"scale": np.zeros(4)},
        {"mean": np.zeros(3)},
        {"threshold": np.nan},
        {"threshold": np.inf},
        {"threshold": 0.0},
        {"metric": "cosine"},
        {"prototypes": np.full((6, 4), np.nan)},
        {"n_neighbours": 7},
        {"mean": None},
        {"mean": np.array([object()] * 4)},
    ],
    ids=lambda changes: str(sorted(changes)),
)
def test_a_gate_that_does_not_hold_together_is_refused(changes):
    with pytest.raises(ModelVersionError):
        parse_gate(stored(**changes))


def test_bytes_that_are_no_archive_are_refused():
    assert parse_gate(stored()).threshold == 0.5
    with pytest.raises(ModelVersionError, match="cannot be read"):
        parse_gate(b"PK\x03\x04 nothing")
