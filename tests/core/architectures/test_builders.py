"""Every architecture is one flat graph with our layer names, and carries its ImageNet weights."""

import dataclasses

import numpy as np
import pytest

from core.architectures import ARCHITECTURES, BackboneFile
from core.errors import TrainingError
from tests.architecture_keys import every_architecture

pytestmark = pytest.mark.heavy
SPECS = every_architecture()
WITH_MAP = every_architecture(without=["logistic_regression"])
PRETRAINED = ["densenet169", "mobilenet", "mobilenet_small", "resnet50"]  # those in the folder
SIZE = (80, 112)


def build(key, *, size=SIZE, changes=None, **options):
    from core.architectures.builders import build_network

    options.setdefault("weights", "none")
    spec = dataclasses.replace(ARCHITECTURES[key], **(changes or {}))
    return build_network(spec, n_classes=3, input_size=size, **options)


def noise(rows=SIZE[0], columns=SIZE[1]):
    values = np.random.default_rng(0).uniform(0, 255, (2, rows, columns, 3))
    return values.astype(np.float32)


def activations(network, layer, batch):
    import keras

    cut = keras.Model(network.inputs[0], network.get_layer(layer).output)
    return keras.ops.convert_to_numpy(cut(batch, training=False))


@pytest.mark.parametrize("key", WITH_MAP)
def test_every_architecture_is_flat_and_ends_in_pooling_and_one_dense_layer(key):
    import keras

    network = build(key, dropout=0.2)
    names = [layer.name for layer in network.layers]
    assert not any(isinstance(layer, keras.Model) for layer in network.layers)
    assert names[0] == "pixels"
    assert names[-4:] == ["feature_map", "pooled", "dropout", "logits"]
    assert network.output.shape == (None, 3)


def test_lower_maps_of_the_same_grid_stand_beside_the_last_one():
    from core.architectures.builders import build_network

    layers = ("conv_pw_7_relu", "conv_pw_9_relu", "conv_pw_11_relu")
    spec = ARCHITECTURES["mobilenet"]
    spec = dataclasses.replace(spec, end_layer=layers[-1], beside_layers=layers[:2])
    network = build_network(spec, n_classes=3, input_size=SIZE, weights="none")
    batch = noise()
    expected = np.concatenate([activations(network, name, batch) for name in layers], axis=-1)
    assert np.array_equal(activations(network, "feature_map", batch), expected)


@pytest.mark.parametrize(
    ("layer", "said"), [("conv_pw_3_relu", "has a grid of"), ("conv_pw_13_relu", "is no map")]
)
def test_maps_of_another_grid_or_from_above_are_refused(layer, said):
    from core.architectures.builders import build_network

    spec = dataclasses.replace(ARCHITECTURES["mobilenet"], end_layer="conv_pw_11_relu")
    spec = dataclasses.replace(spec, beside_layers=(layer,))
    with pytest.raises(TrainingError, match=f"{layer} cannot stand beside .* {said}"):
        build_network(spec, n_classes=3, input_size=SIZE, weights="none")


@pytest.mark.parametrize(
    ("key", "layer"), [("simple_cnn", "block3_relu"), ("logistic_regression", "turned")]
)
def test_so_they_are_where_the_backbone_is_our_own(key, layer):
    from core.architectures.builders import build_network

    spec = dataclasses.replace(ARCHITECTURES[key], beside_layers=(layer,))
    with pytest.raises(TrainingError, match=f"{layer} cannot stand beside"):
        build_network(spec, n_classes=3, weights="none")


@pytest.mark.parametrize("key", WITH_MAP)
def test_the_feature_map_is_what_the_closed_form_of_the_class_maps_needs(key):
    network = build(key)
    batch = noise()
    feature_map = activations(network, "feature_map", batch)
    weights, bias = network.get_layer("logits").get_weights()
    logits = activations(network, "logits", batch)
    assert np.allclose(feature_map.mean((1, 2)) @ weights + bias, logits, atol=1e-4)
    assert feature_map.min() >= (-0.28 if key.startswith("efficientnet") else 0)  # swish, relu


@pytest.mark.parametrize("key", SPECS)
def test_the_gate_layer_lies_at_or_below_the_frozen_part(key):
    names = [layer.name for layer in build(key).layers]
    spec = ARCHITECTURES[key]
    frozen_until = spec.freeze_until or names[-2]
    assert names.index(spec.gate_layer) <= names.index(frozen_until) < names.index("logits")


def test_logistic_regression_is_one_dense_layer_on_the_pixels():
    network = build("logistic_regression")
    batch = noise()
    whole, none = (activations(network, "logits", part) for part in (batch, 0 * batch))
    half = activations(network, "logits", batch / 2)
    assert np.allclose(half - none, (whole - none) / 2, atol=1e-4)
    assert [layer.name for layer in network.layers][-2:] == ["flat", "logits"]


def test_the_cells_of_logistic_regression_are_parts_of_the_picture():
    cells = activations(build("logistic_regression"), "cells", noise())
    parts = noise().reshape(2, 8, SIZE[0] // 8, 8, SIZE[1] // 8, 3) / 255
    assert np.allclose(cells.mean((1, 2)).reshape(2, 8, 8, 3), parts.mean((2, 4)), atol=1e-5)


@pytest.mark.parametrize("size", [(100, 100), (224, 250), (33, 40)])
def test_any_size_is_cut_into_cells_and_what_is_missing_is_black(size):
    rows, columns = (8 * -(-side // 8) for side in size)
    filled = np.zeros((2, rows, columns, 3))
    filled[:, : size[0], : size[1]] = noise(*size) / 255
    parts = filled.reshape(2, 8, rows // 8, 8, columns // 8, 3)
    cells = activations(build("logistic_regression", size=size), "cells", noise(*size))
    assert np.allclose(cells.mean((1, 2)).reshape(2, 8, 8, 3), parts.mean((2, 4)), atol=1e-5)


def test_a_size_that_is_cut_whole_has_the_layers_that_earlier_versions_have():
    names = [layer.name for layer in build("logistic_regression").layers]
    assert names == ["pixels", "scaling", "parts", "turned", "cells", "flat", "logits"]


@pytest.mark.parametrize(
    ("key", "layer", "told"),
    [
        ("simple_cnn", "nope", r"no layer 'nope' at all.*block4_relu"),
        (
            "efficientnet_b0",
            "block1a_se_squeeze",
            r"no layer 'block1a_se_squeeze' that gives a map",
        ),
    ],
)
def test_an_end_that_is_not_there_or_gives_no_map_is_told_with_those_that_are(key, layer, told):
    with pytest.raises(TrainingError, match=told) as caught:
        build(key, changes={"end_layer": layer})
    assert caught.value.column == "end_layer"


@pytest.mark.slow
def test_two_inception_networks_have_the_same_layer_names():
    names = [[layer.name for layer in build("inception_v3").layers] for _ in range(2)]
    assert names[0] == names[1]
    assert {"conv_1", "conv_1_bn", "conv_1_relu", "mixed2", "mixed10"} <= set(names[0])


@pytest.mark.slow
@pytest.mark.parametrize("key", ["efficientnet_b0", "efficientnet_b3"])
def test_an_efficientnet_scales_as_the_constructor_of_keras_does(key):
    import keras

    spec = ARCHITECTURES[key]
    make = {"efficientnet_b0": "EfficientNetB0", "efficientnet_b3": "EfficientNetB3"}[key]
    plain = getattr(keras.applications, make)(
        include_top=False, weights=None, input_shape=(*SIZE, 3)
    )
    network = build(key)
    for layer in plain.layers:
        if layer.name in {ours.name for ours in network.layers}:
            layer.set_weights(network.get_layer(layer.name).get_weights())
    mean, deviation = np.array([0.485, 0.456, 0.406]), np.array([0.229, 0.224, 0.225])
    # Keras's own layers divide by 255 and do nothing more without ImageNet's weights.
    expected = activations(plain, spec.gate_layer, (noise() - 255 * mean) / deviation)
    found = activations(network, spec.gate_layer, noise())
    assert np.abs(found - expected).max() <= 1e-3 * np.abs(expected).max()


def reference(key, backbones):
    """Keras's own route: its constructor, its preprocessing, the weight file as it is."""
    import keras

    apps = keras.applications
    spec = ARCHITECTURES[key]
    file = next(file for file in spec.files if (backbones / file.name).is_file())
    build_plain, module = {
        "symmetric": (lambda **k: apps.MobileNet(alpha=0.75, **k), apps.mobilenet),
        "torch": (apps.DenseNet169, apps.densenet),
        "caffe": (apps.ResNet50, apps.resnet50),
    }[spec.scaling]
    plain = build_plain(include_top=False, weights=None, input_tensor=keras.Input((224, 224, 3)))
    if file.reaches:
        plain = keras.Model(plain.input, plain.get_layer(file.reaches).output)
    plain.load_weights(backbones / file.name)
    return plain, module.preprocess_input


@pytest.mark.needs_backbones
@pytest.mark.parametrize("key", PRETRAINED)
def test_frozen_features_equal_those_of_keras_applications(key, backbones):
    from core.architectures.builders import build_network

    spec = ARCHITECTURES[key]
    network = build_network(spec, n_classes=2, input_size=(224, 224), backbones=backbones)
    plain, preprocess = reference(key, backbones)
    batch = noise(224, 224)
    for layer in {spec.gate_layer, spec.freeze_until}:
        ours, theirs = activations(network, layer, batch), None
        theirs = activations(plain, layer, preprocess(batch.copy()))
        assert np.abs(ours - theirs).max() <= 1e-4 * np.abs(theirs).max()


@pytest.mark.needs_backbones
def test_resnet50_ends_where_its_weight_file_ends(backbones):
    network = build("resnet50", weights="imagenet", backbones=backbones)
    assert network.get_layer("feature_map").output.shape[-1] == 1024


def test_weights_that_can_be_had_nowhere_are_named(tmp_path, monkeypatch):
    from core.architectures import builders

    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    monkeypatch.setattr(builders, "DOWNLOAD_HOST", "http://127.0.0.1:9/")
    with pytest.raises(TrainingError, match=r"mobilenet_v1_0.75.*SECOND_LOOK_BACKBONES"):
        build("mobilenet", weights="imagenet", backbones=tmp_path)


def test_a_damaged_weight_file_is_named(tmp_path):
    from core.architectures.builders import build_network

    (tmp_path / "broken.weights.h5").write_bytes(b"not weights")
    spec = dataclasses.replace(
        ARCHITECTURES["mobilenet"], files=(BackboneFile("broken.weights.h5"),)
    )
    with pytest.raises(TrainingError, match=r"broken.weights.h5 cannot be loaded"):
        build_network(spec, n_classes=2, input_size=(64, 64), backbones=tmp_path)


def test_weights_of_another_architecture_are_refused():
    from core.architectures.builders import copy_weights

    with pytest.raises(TrainingError, match="no layer block1_conv"):
        copy_weights(build("mobilenet_small"), build("simple_cnn"))
