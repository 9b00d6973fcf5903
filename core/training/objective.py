"""HEAVY: what a fit makes small, and how: losses and optimisers by their names in the settings."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
from keras import ops
from numpy.typing import NDArray

from core.domain import FloatArray
from core.training.config import TrainingConfig
from core.training.task_checks import check_class_weights, check_loss
from core.training.training_set import TrainingSet


def make_optimizer(config: TrainingConfig, *, n_steps: int) -> keras.optimizers.Optimizer:
    """Return AdamW (Loshchilov & Hutter 2019) or SGD with momentum, as the settings say.

    ``n_steps`` is the number of steps of the whole stage, over which the cosine falls to 5 % of the
    rate (Loshchilov & Hutter 2017, *SGDR*) after its warm-up.
    """
    rate: Any = config.learning_rate
    if config.schedule == "cosine":
        n_warmup = int(config.warmup * n_steps)
        rate = keras.optimizers.schedules.CosineDecay(
            config.learning_rate * (0.1 if n_warmup else 1.0),
            n_steps - n_warmup,
            alpha=0.05,
            warmup_target=config.learning_rate if n_warmup else None,
            warmup_steps=n_warmup,
        )
    options: dict[str, Any] = {"clipnorm": config.clip_norm}
    if config.ema:
        options |= {"use_ema": True, "ema_momentum": config.ema}
    if config.optimizer == "sgd":
        decay = config.weight_decay or None
        return keras.optimizers.SGD(rate, config.momentum, weight_decay=decay, **options)
    return keras.optimizers.AdamW(rate, weight_decay=config.weight_decay, **options)


def make_loss(config: TrainingConfig, *, n_classes: int) -> keras.losses.Loss:
    """Return the loss of logits (n, n_classes) against soft labels of that shape.

    Raises
    ------
    TrainingError
        If one sigmoid is asked for and there are not two classes.
    """
    check_loss(config.loss, n_classes=n_classes)
    smoothing = config.label_smoothing
    if config.loss == "focal":
        return keras.losses.CategoricalFocalCrossentropy(
            alpha=1.0, gamma=config.focal_gamma, from_logits=True, label_smoothing=smoothing
        )
    if config.loss == "cross_entropy":
        return keras.losses.CategoricalCrossentropy(from_logits=True, label_smoothing=smoothing)
    return OneSigmoid(smoothing)


class OneSigmoid(keras.losses.Loss):  # type: ignore[misc]  # Keras has no type hints
    """Binary cross-entropy of ``sigmoid(z_1 - z_0)``, which is what softmax gives class 1.

    So a network with one output and one with two are the same model; its value and its gradient
    with respect to the difference equal those of cross-entropy. The two outputs move against
    each other, hence their difference twice as fast: under SGD, half the rate of one output makes
    the same steps of the head. Layers below it see the same gradient either way.
    """

    def __init__(self, label_smoothing: float = 0.0) -> None:
        super().__init__(name="one_sigmoid")
        self.label_smoothing = label_smoothing

    def call(self, y_true: Any, y_pred: Any) -> Any:
        """Return the loss of each case, shape (n,)."""
        positive = y_true[:, 1] * (1 - self.label_smoothing) + self.label_smoothing / 2
        difference = y_pred[:, 1] - y_pred[:, 0]
        return ops.binary_crossentropy(positive, difference, from_logits=True)


def class_weights_of(
    config: TrainingConfig, data: TrainingSet, rows: NDArray[np.int64]
) -> FloatArray | None:
    """Return how much a case of each class counts in the loss, (n_classes,); None: all alike.

    ``balanced`` is ``n / (n_classes * n_c)`` over the rows that are fitted on: as much for every
    class together as for any other, one on the average.

    Raises
    ------
    TrainingError
        If a class is named that the task has not.
    """
    given = config.class_weights
    if given is None:
        return None
    names = data.class_names
    if given == "balanced":
        counts = np.bincount(data.y_true[rows], minlength=len(names))
        return np.asarray(len(rows) / (len(names) * np.maximum(counts, 1)), np.float32)
    check_class_weights(given, names)
    return np.array([given.get(name, 1.0) for name in names], np.float32)
