"""Fitting a tail: it learns, is the network's own, stops in time, and survives a kill."""

import dataclasses

import numpy as np
import pytest

from core.architectures import ARCHITECTURES
from core.datasets.augmentation import AugmentationSpec
from core.errors import TrainingError
from core.training.config import check_config
from core.training.selection import hold_out_groups
from core.training.sources import PictureSource
from tests.core.training.toys import toy_set

pytestmark = pytest.mark.heavy
DATA = toy_set()
TRAIN, VALIDATION = hold_out_groups(DATA, np.arange(len(DATA)), share=0.25, seed=0)


def settings(**changes):
    known = {
        "architecture": "simple_cnn",
        "epochs": 4,
        "steps_per_epoch": 4,
        "batch_size": 12,
        "learning_rate": 3e-3,
        "schedule": "constant",
        "ema": 0.8,
        "train_batch_norm": True,
        "label_smoothing": 0.0,
    }
    return check_config({**known, **changes})


def make_plan(**changes):
    from core.training.fit import FitPlan

    plan = FitPlan(TRAIN, VALIDATION, np.ones(len(VALIDATION)))
    return dataclasses.replace(plan, **changes)


def make_network(freeze_until=None, train_batch_norm=True):
    import keras

    from core.architectures.builders import build_network
    from core.training.freezing import freeze

    keras.utils.set_random_seed(1)
    network = build_network(
        ARCHITECTURES["simple_cnn"], n_classes=3, input_size=(32, 32), weights="none", dropout=0.2
    )
    freeze(network, freeze_until, train_batch_norm=train_batch_norm)
    return network


class StemSource(PictureSource):
    """Runs the frozen blocks anew: what a cache would hold."""

    def __init__(self, network, until):
        import keras

        super().__init__(DATA, AugmentationSpec())
        cut = network.get_layer(until).output
        object.__setattr__(self, "_stem", keras.Model(network.inputs[0], cut))

    def draw(self, rows, rng):
        return np.asarray(self._stem(super().draw(rows, rng), training=False))

    def clean(self, rows):
        return np.asarray(self._stem(super().clean(rows), training=False))


def fit(network, config, plan=None, *, on_epoch=lambda line: None):
    from core.training.fit import fit_tail
    from core.training.job import Listener

    source = PictureSource(DATA, config.augmentation_spec)
    plan, listener = plan or make_plan(), Listener(on_epoch=on_epoch)
    return fit_tail(network, DATA, plan, source=source, config=config, listener=listener)


def test_a_network_learns_what_the_pictures_show():
    lines = []
    state = fit(make_network(), settings(epochs=12), on_epoch=lines.append)
    assert state.best_score > 0.9
    assert [line["epoch"] for line in lines] == list(range(1, len(lines) + 1))
    assert lines[-1]["loss"] < lines[0]["loss"]


def test_one_sigmoid_trains_two_classes_and_the_network_can_be_loaded(tmp_path):
    import keras

    from core.architectures.builders import build_network
    from core.training.fit import fit_tail
    from core.training.tail import logits_of

    data = toy_set(n_classes=2)
    network = build_network(
        ARCHITECTURES["simple_cnn"], n_classes=2, input_size=(32, 32), weights="none"
    )
    config = settings(loss="binary_cross_entropy", epochs=2, keep="last")
    source = PictureSource(data, config.augmentation_spec)
    state = fit_tail(network, data, make_plan(), source=source, config=config)
    assert state.epochs_done == 2
    network.save(tmp_path / "model.keras")
    again = keras.saving.load_model(tmp_path / "model.keras", compile=False)
    batch = data.batch(VALIDATION)
    assert np.allclose(logits_of(again, batch), logits_of(network, batch), atol=1e-5)


def test_the_weights_kept_are_those_that_scored_best():
    from core.training.selection import plain_macro_f1
    from core.training.tail import logits_of

    network = make_network()
    state = fit(network, settings(epochs=6))
    logits = logits_of(network, DATA.batch(VALIDATION))
    assert np.isclose(plain_macro_f1(DATA.y_true[VALIDATION], logits), state.best_score)
    assert state.best_score == max(line["macro_f1"] for line in state.history)


def test_training_a_tail_trains_the_network_and_leaves_the_stem_alone():
    from core.training.fit import fit_tail
    from core.training.tail import check_joined, tail_of

    network = make_network("block2_relu", train_batch_norm=False)
    before = [layer.get_weights() for layer in network.layers]
    tail = tail_of(network, "block2_relu")
    source = StemSource(network, "block2_relu")
    fit_tail(tail, DATA, make_plan(), source=source, config=settings())
    check_joined(network, tail, "block2_relu")
    changed = {
        layer.name
        for layer, old in zip(network.layers, before, strict=True)
        if not all(map(np.array_equal, layer.get_weights(), old))
    }
    assert changed == {"block3_conv", "block4_conv", "logits"}


def test_a_run_that_was_killed_ends_where_it_would_have_ended(tmp_path):
    straight, stopped = make_network(), make_network()
    config = settings(augmentation={"noise": 8.0}, mixup=0.2, keep="last")
    fit(straight, config)
    plan = make_plan(state_path=tmp_path / "state.npz")

    def kill(line):
        if line["epoch"] == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fit(stopped, config, plan, on_epoch=kill)
    lines = []
    resumed = make_network()
    fit(resumed, config, plan, on_epoch=lines.append)
    assert [line["epoch"] for line in lines] == [3, 4]
    for one, other in zip(resumed.get_weights(), straight.get_weights(), strict=True):
        assert np.allclose(one, other, atol=1e-4)


def test_a_finished_fit_is_not_run_again(tmp_path):
    plan = make_plan(state_path=tmp_path / "state.npz")
    first = make_network()
    fit(first, settings(epochs=2), plan)
    lines, second = [], make_network()
    fit(second, settings(epochs=2), plan, on_epoch=lines.append)
    assert lines == []
    assert all(map(np.array_equal, first.get_weights(), second.get_weights()))


def test_the_state_of_another_network_is_refused(tmp_path):
    from core.training.state import FitState, save_state

    save_state(FitState(epochs_done=1, weights=[np.zeros(3)]), tmp_path / "state.npz")
    with pytest.raises(TrainingError, match="does not fit"):
        fit(make_network(), settings(), make_plan(state_path=tmp_path / "state.npz"))


def test_it_stops_when_validation_no_longer_gets_better():
    lines = []
    config = settings(epochs=30, learning_rate=1e-9, ema=0.0, patience=2)
    fit(make_network(train_batch_norm=False), config, on_epoch=lines.append)
    assert len(lines) == 3


def test_a_fit_killed_after_its_last_epoch_is_not_gone_on_with(tmp_path):
    config = settings(epochs=30, learning_rate=1e-9, ema=0.0, patience=1)
    plan = make_plan(state_path=tmp_path / "state.npz")

    def kill(line):
        if line["epoch"] == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fit(make_network(train_batch_norm=False), config, plan, on_epoch=kill)
    lines = []
    state = fit(make_network(train_batch_norm=False), config, plan, on_epoch=lines.append)
    assert (lines, state.epochs_done, state.finished) == ([], 2, True)


def test_without_pictures_to_validate_with_only_the_last_weights_can_be_kept():
    plan = make_plan(validation=VALIDATION[:0], weights=np.ones(0))
    with pytest.raises(TrainingError, match="keep: last"):
        fit(make_network(), settings(), plan)
    state = fit(make_network(), settings(epochs=2, keep="last"), plan)
    assert state.best_epoch == 1


def test_a_loss_that_is_no_number_stops_the_run():
    with pytest.raises(TrainingError, match="Lower learning_rate"):
        network = make_network()
        network.get_layer("logits").set_weights([np.full((160, 3), np.nan), np.zeros(3)])
        fit(network, settings(epochs=1))


def test_batches_are_even_over_classes_and_the_same_every_time():
    from core.training.batches import Batches

    config = settings(steps_per_epoch=3, augmentation={"noise": 5.0}, mixup=0.0)
    source = PictureSource(DATA, config.augmentation_spec)
    first, second = (Batches(DATA, TRAIN, source=source, config=config) for _ in range(2))
    labels = np.concatenate([first[i][1] for i in range(3)])
    assert labels.sum(axis=0).tolist() == [12, 12, 12]
    assert all(np.array_equal(first[i][0], second[i][0]) for i in (2, 0, 1))
    second.epoch = 1
    assert not np.array_equal(first[0][0], second[0][0])


def test_mixup_blends_pictures_and_labels_by_the_same_share():
    from core.training.batches import mixed

    labels = np.eye(4, dtype=np.float32)
    x, y = mixed(labels.copy(), labels, 0.4, np.random.default_rng(0))
    assert np.allclose(x, y)
    assert np.allclose(y.sum(axis=1), 1)
    assert (np.diag(y) >= 0.5).all()


def test_a_network_cannot_be_parted_where_a_shortcut_leads_past():
    from core.architectures.builders import build_network
    from core.training.tail import tail_of

    network = build_network(
        ARCHITECTURES["resnet50"], n_classes=2, input_size=(32, 32), weights="none"
    )
    with pytest.raises(TrainingError, match="shortcut"):
        tail_of(network, "conv3_block2_1_relu")


def test_a_layer_that_is_not_there_is_named():
    from core.training.freezing import freeze

    with pytest.raises(TrainingError, match=r"conv_pw_7_relu.*block1_conv"):
        freeze(make_network(), "conv_pw_7_relu", train_batch_norm=False)


def drawn_labels(batches):
    return np.concatenate([batches.made(0, i)[1] for i in range(len(batches))]).argmax(axis=1)


def batches_of(**changes):
    from core.training.batches import Batches

    config = settings(steps_per_epoch=None, **changes)
    source = PictureSource(DATA, config.augmentation_spec)
    return Batches(DATA, TRAIN, source=source, config=config)


def test_a_shuffled_epoch_is_one_pass_over_every_picture():
    batches = batches_of(sampling="shuffle")
    assert len(batches) == len(TRAIN) // 12
    assert np.bincount(drawn_labels(batches)).tolist() == np.bincount(DATA.y_true[TRAIN]).tolist()
    batches.close()


def test_classes_are_trimmed_and_filled_in_every_pass():
    batches = batches_of(sampling="class_balanced", class_minimum=24, class_maximum=24)
    assert np.bincount(drawn_labels(batches)).tolist() == [24, 24, 24]
    batches.close()


def test_batches_made_ahead_are_those_made_when_asked():
    batches = batches_of(augmentation={"noise": 5.0}, mixup=0.3)
    for epoch in (0, 1, 3):
        batches.epoch = epoch
        for index in range(len(batches)):
            now, ahead = batches.made(epoch, index), batches[index]
            assert all(map(np.array_equal, now, ahead))
    batches.close()


def test_weights_of_classes_come_with_every_batch():
    from core.training.batches import Batches

    config = settings(mixup=0.4)
    source, weights = PictureSource(DATA, config.augmentation_spec), np.array([1, 2, 4], np.float32)
    batches = Batches(DATA, TRAIN, source=source, config=config, class_weights=weights)
    _, y, given = batches[0]
    assert np.allclose(given, y @ [1, 2, 4])
    batches.close()


def test_the_best_weights_may_be_those_of_the_smallest_validation_loss():
    state = fit(make_network(), settings(epochs=6, keep="best_loss"))
    losses = [line["nll"] for line in state.history]
    assert state.best_score == -min(losses)
    assert state.best_epoch == int(np.argmin(losses))


@pytest.mark.parametrize(
    "changes",
    [
        {"optimizer": "sgd", "learning_rate": 0.05, "loss": "focal"},
        {"class_weights": "balanced", "sampling": "shuffle", "steps_per_epoch": None},
        {"precision": "mixed_bfloat16"},
    ],
)
def test_a_network_learns_by_every_optimiser_loss_and_precision(changes):
    network = make_network()
    state = fit(network, settings(epochs=10, **changes))
    assert state.best_score > 0.8
    assert {layer.compute_dtype for layer in network.layers} == {"float32"}


def test_steps_in_bfloat16_leave_the_weights_and_the_logits_in_float32():
    from core.training.tail import twin_of

    network = make_network()
    twin = twin_of(network, "mixed_bfloat16")
    assert {variable.dtype for variable in twin.weights} == {"float32"}
    kinds = {layer.name: layer.compute_dtype for layer in twin.layers if layer.weights}
    assert kinds.pop("logits") == "float32"
    assert set(kinds.values()) == {"bfloat16"}
    assert all(map(np.array_equal, twin.get_weights(), network.get_weights()))


def test_no_thread_outlives_a_fit():
    import threading

    fit(make_network(), settings(epochs=1))
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("batches")]
