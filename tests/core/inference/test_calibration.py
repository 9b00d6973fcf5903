"""Temperature scaling: what it finds, what it must never change."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from core.errors import ModelVersionError
from core.inference.calibration import (
    Calibration,
    apply_temperature,
    fit_temperature,
    negative_log_likelihood,
    parse_calibration,
)

FINITE = st.floats(-500, 500, width=32)


def drawn(temperature, *, n=20_000, seed=0):
    """Draw labels from softmax(logits / temperature): that temperature is then the right one."""
    draw = np.random.default_rng(seed)
    logits = draw.normal(0, 3, (n, 4))
    return logits, (logits / temperature + draw.gumbel(size=logits.shape)).argmax(axis=1)


@pytest.mark.parametrize("temperature", [0.5, 1.0, 2.5])
def test_the_temperature_that_made_the_labels_is_found(temperature):
    assert fit_temperature(*drawn(temperature)) == pytest.approx(temperature, rel=0.05)


def test_the_fitted_temperature_lowers_the_loss():
    logits, y_true = drawn(3.0)
    fitted = fit_temperature(logits, y_true)
    assert negative_log_likelihood(logits / fitted, y_true) < negative_log_likelihood(
        logits, y_true
    )


def test_weights_decide_between_two_halves_of_the_data():
    (sharp, y_sharp), (soft, y_soft) = drawn(0.5), drawn(4.0, seed=1)
    logits, y_true = np.vstack([sharp, soft]), np.concatenate([y_sharp, y_soft])
    weights = np.repeat([1e-9, 1.0], len(sharp))
    assert fit_temperature(logits, y_true, weights=weights) == pytest.approx(4.0, rel=0.05)


@given(arrays(np.float32, (3, 4), elements=FINITE), st.floats(0.05, 20))
def test_probabilities_sum_to_one_and_keep_the_order(logits, temperature):
    y_prob = apply_temperature(logits, temperature)
    assert y_prob.dtype == np.float64
    assert np.abs(y_prob.sum(axis=1) - 1).max() < 1e-12
    winner = logits.argmax(axis=1)
    assert (y_prob[np.arange(3), winner] == y_prob.max(axis=1)).all()


@pytest.mark.parametrize(
    ("logits", "y_true"),
    [
        (np.zeros((0, 4)), np.zeros(0, int)),
        (np.zeros((3, 4)), np.zeros(2, int)),
        (np.full((2, 4), np.nan), np.zeros(2, int)),
    ],
)
def test_what_cannot_be_fitted_is_refused(logits, y_true):
    with pytest.raises(ModelVersionError, match="Calibration got"):
        fit_temperature(logits, y_true)


def test_a_calibration_is_read_back_as_it_was_written():
    stored = Calibration(temperature=1.7, fitted_on="out of fold", operating_points={"stone": 0.2})
    assert parse_calibration(stored.to_yaml()) == stored


@pytest.mark.parametrize("text", [b"temperature: 0\n", b"temperature: .nan\n", b"warmth: 1\n"])
def test_a_wrong_calibration_is_refused(text):
    with pytest.raises(ModelVersionError, match=r"calibration\.yaml of the model version is wrong"):
        parse_calibration(text)
