"""A ``.keras`` file is looked through before Keras opens it (faults 48 and 49)."""

import io
import json
import zipfile

import h5py
import numpy as np
import pytest

from core.errors import ModelVersionError
from core.inference.scanner import scan_config, scan_keras_file, scan_weights


def layer(class_name="Dense", module="keras.layers", **extra):
    return {"module": module, "class_name": class_name, "registered_name": None} | extra


def network_of(*layers):
    return {
        "module": "keras.src.models.functional",
        "class_name": "Functional",
        "registered_name": "Functional",
        "config": {"layers": list(layers)},
    }


def h5_bytes(fill):
    stream = io.BytesIO()
    with h5py.File(stream, "w") as file:
        fill(file)
    return stream.getvalue()


SOUND_WEIGHTS = h5_bytes(lambda file: file.create_dataset("layers/a/vars/0", data=np.ones(3)))
SOUND_CONFIG = json.dumps(network_of(layer())).encode()


def keras_file(folder, **members):
    path = folder / "model.keras"
    content = {"config.json": SOUND_CONFIG, "metadata.json": b"{}"}
    content |= {"model.weights.h5": SOUND_WEIGHTS} | members
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in content.items():
            archive.writestr(name, data)
    return path


def test_a_plain_network_passes(tmp_path):
    scan_keras_file(keras_file(tmp_path))


@pytest.mark.parametrize(
    "bad",
    [
        layer("Lambda"),
        layer("TorchModuleWrapper"),
        layer("Dense", "attackers.layers"),
        layer("Dense", "keras.layers.evil"),
        layer("get_file", "keras.utils"),
        layer("enable_unsafe_deserialization", "keras.config"),
        layer("Mine", "keras.layers", registered_name="Package>Mine"),
        layer("Dense", registered_name="Package>Dense"),
        {"module": "builtins", "class_name": "function", "config": "eval"},
        {"module": "os", "class_name": "function", "config": "relu"},
        {"class_name": "__lambda__", "config": {"code": "4wEA"}},
        {"module": "keras.layers", "class_name": ["Dense"]},
        {"class_name": "Dense"},
        layer("Dense", config={"activation": layer("Lambda")}),
        layer("Dense", build_config={"x": [[layer("system", "os")]]}),
    ],
    ids=lambda bad: f"{bad.get('module')}.{bad.get('class_name')}",
)
def test_what_is_not_on_the_list_is_refused_at_any_depth(bad):
    with pytest.raises(ModelVersionError, match=r"model\.keras was not opened: it names"):
        scan_config(json.dumps(network_of(layer(), bad)).encode())


def test_an_activation_by_name_passes():
    named = {"module": "builtins", "class_name": "function", "config": "relu"}
    scan_config(json.dumps(network_of(layer(config={"activation": named}))).encode())


@pytest.mark.parametrize("config", [b"", b"{", b"\xff", b"[" * 100_000])
def test_a_config_that_cannot_be_read_is_refused(config):
    with pytest.raises(ModelVersionError, match=r"config\.json cannot be read"):
        scan_config(config)


def external_link(file):
    file["layers"] = h5py.ExternalLink("/etc/hostname", "/x")


def soft_link(file):
    file["layers"] = h5py.SoftLink("/elsewhere")


def virtual(file):
    layout = h5py.VirtualLayout(shape=(4,), dtype="f4")
    layout[:] = h5py.VirtualSource("/etc/passwd", "data", shape=(4,))
    file.create_virtual_dataset("a", layout)


def external_storage(file):
    file.create_dataset("a", shape=(4,), dtype="u1", external=[("/etc/passwd", 0, 4)])


def shape_bomb(file):
    file.create_dataset("a", shape=(1 << 40,), dtype="f4", chunks=(1024,))


def numbers_that_are_not_there(file):
    file.create_dataset("a", shape=(1 << 20,), dtype="f4", chunks=(1024,))


def text(file):
    file.create_dataset("a", data=np.array([b"abc"]))


def circle(file):
    outer = file.create_group("a")
    outer.create_group("b")["again"] = outer


@pytest.mark.parametrize(
    ("fill", "sentence"),
    [
        (external_link, r"hold a link \(layers\)"),
        (soft_link, r"hold a link \(layers\)"),
        (virtual, "refer to another file"),
        (external_storage, "refer to another file"),
        (shape_bomb, r"not there|more than 1 GiB"),
        (numbers_that_are_not_there, "not there"),
        (text, "something else than numbers"),
        (circle, "hold a part twice"),
    ],
)
def test_weights_that_reach_outside_or_lie_are_refused(fill, sentence):
    with pytest.raises(ModelVersionError, match=sentence):
        scan_weights(h5_bytes(fill))


@pytest.mark.parametrize("cut", [0, 10, 500, -10])
def test_weights_that_are_cut_short_are_refused(cut):
    with pytest.raises(ModelVersionError, match=r"cannot be read|not there"):
        scan_weights(SOUND_WEIGHTS[:cut])


@pytest.mark.parametrize("name", ["../evil.py", "/etc/cron.d/x", "assets/a.bin", "config.JSON"])
def test_a_member_that_does_not_belong_is_refused(tmp_path, name):
    with pytest.raises(ModelVersionError, match="it holds the file"):
        scan_keras_file(keras_file(tmp_path, **{name: b"x"}))


def test_a_missing_member_and_a_broken_zip_are_refused(tmp_path):
    path = keras_file(tmp_path)
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("config.json", SOUND_CONFIG)
    with pytest.raises(ModelVersionError, match="not a whole zip archive"):
        scan_keras_file(path)
    path.write_bytes(b"PK\x03\x04 and nothing")
    with pytest.raises(ModelVersionError, match="not a whole zip archive"):
        scan_keras_file(path)


def test_a_folder_a_link_and_another_suffix_are_refused(tmp_path):
    good = keras_file(tmp_path)
    (tmp_path / "folder.keras").mkdir()
    (tmp_path / "link.keras").symlink_to(good)
    (tmp_path / "model.h5").write_bytes(SOUND_WEIGHTS)
    for name in ("folder.keras", "link.keras", "model.h5", "none.keras"):
        with pytest.raises(ModelVersionError, match=r"not a regular \.keras file"):
            scan_keras_file(tmp_path / name)


def test_a_member_that_declares_too_much_is_refused_before_it_is_unpacked(tmp_path, monkeypatch):
    monkeypatch.setattr("core.inference.scanner.MAX_CONFIG", 10)
    with pytest.raises(ModelVersionError, match=r"config\.json declares"):
        scan_keras_file(keras_file(tmp_path))
