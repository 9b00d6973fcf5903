"""The files of a version are one and the same model: network, .keras file, engine graph."""

import dataclasses

import numpy as np
import pytest

from core.architectures import ARCHITECTURES
from core.errors import ModelVersionError, TrainingError

pytestmark = pytest.mark.heavy
SIZE = (48, 64)


@pytest.fixture(scope="module")
def exported(tmp_path_factory):
    from core.architectures.builders import build_network
    from core.training.export import export_network

    spec = ARCHITECTURES["simple_cnn"]
    network = build_network(spec, n_classes=3, input_size=SIZE, weights="none", dropout=0.3)
    folder = tmp_path_factory.mktemp("version")
    files = export_network(network, gate_layer=spec.gate_layer, folder=folder, half_engine=True)
    return network, folder, files


def run_graph(path, batch):
    import openvino as ov

    settings = {"INFERENCE_PRECISION_HINT": "f32"}
    return ov.Core().compile_model(
        path if isinstance(path, ov.Model) else str(path), "CPU", settings
    )(batch)


def drawn():
    from core.training.export import golden_pixels

    return golden_pixels(SIZE, n=3).astype(np.float32)


def test_the_reloaded_network_is_bit_for_bit_the_same(exported):
    import keras

    network, folder, _ = exported
    again = keras.saving.load_model(folder / "model.keras", compile=False, safe_mode=True)
    assert all(map(np.array_equal, again.get_weights(), network.get_weights()))


def test_large_kernels_are_stored_in_half_precision(exported):
    network, folder, _ = exported
    assert (folder / "model.keras").stat().st_size < 2.2 * network.count_params()


def test_the_engine_graph_gives_the_three_named_outputs_of_the_network(exported):
    from core.training.export import with_all_outputs

    network, folder, _ = exported
    twin = with_all_outputs(network, "block2_relu")(drawn(), training=False)
    answer = run_graph(folder / "engine.xml", drawn())
    names = ("logits", "feature_map", "gate_features")
    for name, expected in zip(names, map(np.asarray, twin), strict=True):
        assert np.abs(answer[name] - expected).max() <= 2e-3 * np.abs(expected).max(), name


def test_gate_features_are_mean_and_deviation_over_places(exported):
    import keras

    network, folder, _ = exported
    layer = keras.Model(network.inputs[0], network.get_layer("block2_relu").output)
    places = np.asarray(layer(drawn(), training=False))
    expected = np.concatenate([places.mean((1, 2)), places.std((1, 2))], axis=1)
    found = run_graph(folder / "engine.xml", drawn())["gate_features"]
    assert np.allclose(found, expected, atol=2e-3 * expected.max())


def test_the_golden_file_holds_the_head_of_the_network(exported):
    from core.inference.golden import parse_golden

    network, _, files = exported
    golden = parse_golden(files["golden.npz"])
    weights, _ = network.get_layer("logits").get_weights()
    assert np.array_equal(golden.head_weights, weights)
    assert golden.pixels.shape == (2, *SIZE, 3)


def test_a_network_without_the_gate_layer_is_refused(exported):
    from core.training.export import with_all_outputs

    with pytest.raises(TrainingError, match="no layer conv_pw_7_relu"):
        with_all_outputs(exported[0], "conv_pw_7_relu")


def test_a_network_that_learned_nonsense_is_not_exported():
    from core.architectures.builders import build_network
    from core.training.export import round_to_half

    network = build_network(
        ARCHITECTURES["simple_cnn"], n_classes=2, input_size=(32, 32), weights="none"
    )
    layer = network.get_layer("block4_conv")
    layer.set_weights([layer.get_weights()[0] * np.nan])
    with pytest.raises(TrainingError, match="block4_conv"):
        round_to_half(network)


def test_a_graph_of_another_network_is_noticed(exported):
    from core.inference.golden import parse_golden
    from core.training.export import check_engine

    _, folder, files = exported
    golden = parse_golden(files["golden.npz"])
    other = dataclasses.replace(golden.output, logits=-golden.output.logits + 1.0)
    with pytest.raises(TrainingError, match="differ"):
        check_engine(folder / "engine.xml", dataclasses.replace(golden, output=other))


def test_the_golden_pictures_never_change():
    assert drawn()[:2].astype(np.uint8).sum(dtype=np.int64) == 2273769
    assert drawn().std() > 40


def test_a_version_is_written_whole_and_only_once(exported, tmp_path):
    from core.inference.package import read_version, verify
    from core.training.version import export_version
    from tests.core.training.drafts import draft

    network, _, _ = exported
    path = export_version(network, draft(), models=tmp_path)
    verify(read_version(path))
    assert read_version(path).card.input_size == SIZE
    with pytest.raises(ModelVersionError, match="exists already"):
        export_version(network, draft(), models=tmp_path)


def test_a_version_holds_the_experiment_that_it_came_from(exported, tmp_path):
    from core.inference.package import read_version
    from core.training.experiments import load_experiment, read_experiment
    from core.training.version import export_version
    from tests.core.training.drafts import draft

    experiment = load_experiment("phantom_ct")
    whole = dataclasses.replace(draft(), experiment=experiment)
    path = export_version(exported[0], whole, models=tmp_path)
    assert read_experiment(path / "experiment.yaml") == experiment
    assert "experiment.yaml" in read_version(path).card.files
    assert "experiment.yaml" in read_version(path).manifest.files


@pytest.fixture(scope="module")
def steep():
    """A network whose probabilities tell rounding: normalised layers, and a head of large weights.

    At the first golden picture all classes are as likely, which is where they change fastest.
    """
    import keras

    from core.architectures.builders import build_network
    from core.training.export import round_to_half

    keras.utils.set_random_seed(0)  # of other kernels the rounding shows up to ten times as much
    network = build_network(
        ARCHITECTURES["simple_cnn"], n_classes=2, input_size=SIZE, weights="none"
    )
    rng = np.random.default_rng(0)
    for layer in network.layers:  # statistics of their own, which are folded into the kernels
        if layer.__class__.__name__ == "BatchNormalization":
            layer.set_weights([rng.uniform(0.3, 2.0, item.shape) for item in layer.get_weights()])
    round_to_half(network)
    pooled = keras.Model(network.inputs[0], network.get_layer("pooled").output)
    kernel = rng.normal(0, 100, network.get_layer("logits").kernel.shape)
    at_first = np.asarray(pooled(drawn()[:1]))[0]
    network.get_layer("logits").set_weights([kernel, -at_first @ kernel])
    return network


def _exported(network, folder):
    from core.inference.golden import parse_golden
    from core.training.export import export_network

    files = export_network(network, gate_layer="block2_relu", folder=folder, half_engine=True)
    return files, parse_golden(files["golden.npz"])


def test_kernels_are_stored_as_halves_without_any_loss(steep, tmp_path):
    from core.inference.golden import PROBABILITY_TOLERANCE
    from core.training.export import engine_error

    files, golden = _exported(steep, tmp_path)
    assert engine_error(files["engine.xml"], golden) <= PROBABILITY_TOLERANCE / 2
    assert files["engine.bin"].stat().st_size < 2.2 * steep.count_params()


def test_a_graph_of_stored_halves_is_read_with_plain_kernels(steep, tmp_path):
    from core.inference.graph import graph_of

    files, golden = _exported(steep, tmp_path)
    graph = graph_of(files["engine.xml"].read_bytes(), files["engine.bin"].read_bytes())
    kernels = [
        node.input_value(1).get_node().get_type_name()
        for node in graph.get_ordered_ops()
        if node.get_type_name() == "Convolution"
    ]
    assert set(kernels) == {"Constant"}
    found = run_graph(graph, golden.batch)["logits"]
    stored = run_graph(files["engine.xml"], golden.batch)["logits"]
    assert np.abs(found - stored).max() < 1e-4 * np.abs(stored).max()


def test_an_engine_that_half_precision_changes_is_stored_whole(steep, tmp_path, monkeypatch):
    from core.inference.golden import PROBABILITY_TOLERANCE
    from core.training import export

    (tmp_path / "exact").mkdir()
    exact, _ = _exported(steep, tmp_path / "exact")
    monkeypatch.setattr(export, "_kernels", lambda network: [])  # nothing to tell factors from
    files, golden = _exported(steep, tmp_path)
    assert export.engine_error(files["engine.xml"], golden) <= PROBABILITY_TOLERANCE
    assert files["engine.bin"].stat().st_size > 1.8 * exact["engine.bin"].stat().st_size
