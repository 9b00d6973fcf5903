"""Keras opens only what manifest and scanner let through (faults 46, 48); the canary stays away."""

import zipfile

import numpy as np
import pytest

from core.architectures.specs import ARCHITECTURES
from core.errors import ModelVersionError
from core.inference.package import read_version
from core.inference.scanner import scan_keras_file
from core.inference.writer import write_version
from core.tasks import load_task
from tests.architecture_keys import every_architecture
from tests.small_version import version_files

pytestmark = pytest.mark.heavy
TASK = load_task("kidney_ct")


def version_around(folder, network_file):
    files = version_files(TASK) | {"model.keras": network_file}
    return read_version(write_version(folder / "kidney_ct", "small-1", files=files))


def test_a_plain_network_is_loaded_and_answers_the_same(tmp_path):
    from core.inference.keras_file import load_network
    from tests.network_version import tiny_network

    network = tiny_network()
    network.save(tmp_path / "model.keras")
    again = load_network(version_around(tmp_path, tmp_path / "model.keras"))
    batch = np.full((1, 224, 224, 3), 100.0, np.float32)
    assert np.allclose(network(batch), again(batch), atol=1e-6)


def test_a_lambda_never_runs_its_code(tmp_path):
    import keras

    from core.inference.keras_file import load_network

    canary = tmp_path / "canary"
    pixels = keras.Input((4, 4, 3))
    code = f"lambda x: (open({str(canary)!r}, 'w').close(), x)[1]"
    network = keras.Model(pixels, keras.layers.Lambda(eval(code))(pixels))
    canary.unlink(missing_ok=True)  # building the network has run it once
    network.save(tmp_path / "model.keras")
    canary.unlink(missing_ok=True)
    with pytest.raises(ModelVersionError, match=r"names keras\.layers\.Lambda"):
        load_network(version_around(tmp_path, tmp_path / "model.keras"))
    assert not canary.exists()


def test_the_scanner_comes_before_keras_and_the_manifest_before_the_scanner(tmp_path, monkeypatch):
    import core.inference.keras_file as module
    from tests.network_version import tiny_network

    tiny_network().save(tmp_path / "model.keras")
    version = version_around(tmp_path, tmp_path / "model.keras")
    order = []
    monkeypatch.setattr(module, "verify", lambda _: order.append("manifest"))
    monkeypatch.setattr(module, "scan_keras_file", lambda _: order.append("scanner"))
    monkeypatch.setattr(
        module.keras.models, "load_model", lambda *_, **options: order.append(options)
    )
    module.load_network(version)
    assert order == ["manifest", "scanner", {"compile": False, "safe_mode": True}]


def test_weights_that_keras_would_load_silently_are_refused_by_the_manifest(tmp_path):
    from core.inference.keras_file import load_network
    from tests.network_version import tiny_network

    tiny_network().save(tmp_path / "model.keras")
    version = version_around(tmp_path, tmp_path / "model.keras")
    path = version.path / "model.keras"
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    weights = bytearray(members["model.weights.h5"])
    weights[-100] ^= 0x40
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in (members | {"model.weights.h5": bytes(weights)}).items():
            archive.writestr(name, data)
    with pytest.raises(ModelVersionError, match=r"model\.keras of model version small-1 was"):
        load_network(version)


def test_a_file_that_keras_cannot_build_is_one_clear_sentence(tmp_path):
    from core.inference.keras_file import load_network
    from tests.core.inference.test_scanner import keras_file

    with pytest.raises(ModelVersionError, match="Keras cannot read"):
        load_network(version_around(tmp_path, keras_file(tmp_path)))


@pytest.mark.parametrize("key", every_architecture())
def test_every_architecture_passes_the_scanner(tmp_path, key):
    from core.architectures.builders import build_network

    spec = ARCHITECTURES[key]
    network = build_network(spec, n_classes=4, input_size=(80, 80), weights="none", dropout=0.2)
    network.save(tmp_path / "model.keras")
    scan_keras_file(tmp_path / "model.keras")
