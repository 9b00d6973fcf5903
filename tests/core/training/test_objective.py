"""Losses against hand calculations, one sigmoid against two logits, optimisers by name."""

import numpy as np
import pytest

from core.errors import TrainingError
from core.training.config import check_config
from tests.core.training.toys import toy_set

pytestmark = pytest.mark.heavy
LOGITS = np.array([[2.0, -1.0, 0.5], [0.1, 0.2, -3.0], [-1.0, 1.5, 1.0]], np.float32)
Y_TRUE = np.array([0, 2, 1])


def config(**changes):
    return check_config({"architecture": "simple_cnn", "label_smoothing": 0.0, **changes})


def loss_of(logits, y_soft, **changes):
    from core.training.objective import make_loss

    made = make_loss(config(**changes), n_classes=logits.shape[1])
    return float(made(np.asarray(y_soft, np.float32), logits))


def softmax(logits):
    grown = np.exp(logits.astype(np.float64))
    return grown / grown.sum(axis=1, keepdims=True)


@pytest.mark.parametrize("gamma", [0.0, 1.0, 2.0, 5.0])
def test_focal_loss_is_what_the_paper_writes(gamma):
    p_true = softmax(LOGITS)[np.arange(3), Y_TRUE]
    by_hand = np.mean(-((1 - p_true) ** gamma) * np.log(p_true))
    found = loss_of(LOGITS, np.eye(3)[Y_TRUE], loss="focal", focal_gamma=gamma)
    assert found == pytest.approx(by_hand, rel=1e-5)


def test_label_smoothing_asks_for_a_share_of_every_class():
    y_soft = np.eye(3)[Y_TRUE] * 0.7 + 0.1
    by_hand = np.mean(-(y_soft * np.log(softmax(LOGITS))).sum(axis=1))
    assert loss_of(LOGITS, np.eye(3)[Y_TRUE], label_smoothing=0.3) == pytest.approx(by_hand)


@pytest.mark.parametrize("smoothing", [0.0, 0.2])
def test_one_sigmoid_and_softmax_over_two_logits_are_one_loss_with_one_gradient(smoothing):
    import tensorflow as tf

    from core.training.objective import make_loss

    drawn = np.random.default_rng(0)
    logits = tf.Variable(drawn.normal(0, 3, (8, 2)), dtype="float32")
    y_soft = np.eye(2, dtype=np.float32)[drawn.integers(0, 2, 8)]
    found = []
    for name in ("cross_entropy", "binary_cross_entropy"):
        loss = make_loss(config(loss=name, label_smoothing=smoothing), n_classes=2)
        with tf.GradientTape() as tape:
            value = loss(y_soft, logits)
        found.append((float(value), tape.gradient(value, logits).numpy()))
    assert found[0][0] == pytest.approx(found[1][0], rel=1e-5)
    assert np.allclose(found[0][1], found[1][1], atol=1e-6)


def test_half_the_rate_makes_the_steps_of_one_output_in_the_head_and_half_of_them_below():
    import tensorflow as tf

    from core.training.objective import make_loss

    drawn = np.random.default_rng(0)
    batch = drawn.normal(size=(8, 5)).astype(np.float32)
    y_true = np.eye(2, dtype=np.float32)[drawn.integers(0, 2, 8)]
    below = tf.Variable(drawn.normal(size=(5, 3)), dtype="float32")
    head = tf.Variable(drawn.normal(size=(3, 2)), dtype="float32")
    one = tf.Variable(head[:, 1] - head[:, 0])
    with tf.GradientTape(persistent=True) as tape:
        features = batch @ below
        two_outputs = make_loss(config(loss="binary_cross_entropy"), n_classes=2)(
            y_true, features @ head
        )
        one_output = tf.reduce_mean(
            tf.nn.sigmoid_cross_entropy_with_logits(y_true[:, 1], tf.linalg.matvec(features, one))
        )
    steps = tape.gradient(two_outputs, head).numpy() / 2
    assert np.allclose(steps[:, 1] - steps[:, 0], tape.gradient(one_output, one), atol=1e-6)
    same = tape.gradient(one_output, below).numpy()
    assert np.allclose(tape.gradient(two_outputs, below), same, atol=1e-6)  # at half the rate: half


def test_one_sigmoid_is_binary_cross_entropy():
    from sklearn.metrics import log_loss

    logits, y_true = LOGITS[:, :2], np.array([0, 1, 1])
    sigmoid = 1 / (1 + np.exp(-(logits[:, 1] - logits[:, 0])))
    found = loss_of(logits, np.eye(2)[y_true], loss="binary_cross_entropy")
    assert found == pytest.approx(log_loss(y_true, sigmoid), rel=1e-5)


def test_one_sigmoid_for_more_than_two_classes_is_refused():
    with pytest.raises(TrainingError, match="there are 3"):
        loss_of(LOGITS, np.eye(3)[Y_TRUE], loss="binary_cross_entropy")


def test_balanced_class_weights_are_those_of_scikit_learn():
    from sklearn.utils.class_weight import compute_class_weight

    from core.training.objective import class_weights_of

    data, rows = toy_set(), np.arange(0, 60)
    found = class_weights_of(config(class_weights="balanced"), data, rows)
    expected = compute_class_weight("balanced", classes=np.arange(3), y=data.y_true[rows])
    assert np.allclose(found, expected)
    assert class_weights_of(config(), data, rows) is None


def test_class_weights_are_named_and_the_others_count_one():
    from core.training.objective import class_weights_of

    data = toy_set()
    found = class_weights_of(config(class_weights={"stone": 4}), data, np.arange(9))
    assert found.tolist() == [1, 1, 4]
    with pytest.raises(TrainingError, match="names stones"):
        class_weights_of(config(class_weights={"stones": 4}), data, np.arange(9))


def test_sgd_moves_by_rate_and_momentum():
    import keras

    from core.training.objective import make_optimizer

    settings = config(
        optimizer="sgd", momentum=0.5, learning_rate=0.1, schedule="constant",
        weight_decay=0.0, clip_norm=None, ema=0.0,
    )  # fmt: skip
    optimizer = make_optimizer(settings, n_steps=10)
    value = keras.Variable(np.zeros(1, np.float32))
    places = []
    for _ in range(3):
        optimizer.apply([keras.ops.ones(1)], [value])
        places.append(float(value.numpy()[0]))
    # v <- 0.5 v - 0.1: -0.1, -0.15, -0.175
    assert np.allclose(places, [-0.1, -0.25, -0.425])


def test_the_cosine_ends_at_a_twentieth_of_the_rate():
    from core.training.objective import make_optimizer

    for optimizer in ("adamw", "sgd"):
        made = make_optimizer(config(optimizer=optimizer, learning_rate=0.2), n_steps=50)
        rates = [float(made._learning_rate(step)) for step in (0, 5, 50)]
        assert np.allclose(rates, [0.02, 0.2, 0.01], atol=1e-3)
