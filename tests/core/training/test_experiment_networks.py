"""Every shipped experiment names layers that its network has, and where it can be parted."""

import pytest

from core.training.experiments import resolve, shipped_experiments

EXPERIMENTS = sorted(
    (f"{key}-{name}" if experiment.also_for else key, experiment.with_architecture(name))
    for key, experiment in shipped_experiments().items()
    for name in (experiment.architecture, *experiment.also_for)
)


@pytest.mark.slow
@pytest.mark.heavy
@pytest.mark.parametrize(("key", "experiment"), EXPERIMENTS, ids=[key for key, _ in EXPERIMENTS])
def test_the_network_of_an_experiment_can_be_built_and_parted(key, experiment):
    import keras

    from core.architectures.builders import build_network
    from core.training.freezing import freeze, stages_of
    from core.training.tail import tail_of

    keras.backend.clear_session()
    resolved = resolve(experiment)
    spec, n_classes = resolved.config.spec, len(resolved.task.class_names)
    size = resolved.recipe.output_size
    network = build_network(spec, n_classes=n_classes, input_size=size, weights="none")
    stage = stages_of(resolved.config, network)[-1]
    freeze(network, stage.frozen_until, train_batch_norm=resolved.config.train_batch_norm)
    tail = tail_of(network, stage.cut)
    assert tail.output.shape == (None, n_classes)
    assert tail.trainable_weights
    names = [layer.name for layer in network.layers]
    assert spec.gate_layer in names
    if stage.frozen_until is not None:
        assert names.index(spec.gate_layer) <= names.index(stage.frozen_until)
        assert not network.get_layer(spec.gate_layer).trainable
