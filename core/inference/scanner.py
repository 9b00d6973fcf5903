"""Look into a ``.keras`` file before Keras does: nothing in it may run code or read other files.

A ``.keras`` file is a zip of ``config.json`` (which names classes and functions to build) and
``model.weights.h5``. Keras has had several ways around its own safe mode (CVE-2024-3660,
2025-1550, 2025-8747, 2025-9906, 2026-0897, 2026-1669, 2026-12479), so what is not on the list here
is refused first. The SHA-256 of the manifest comes before this, and safe mode after it.
"""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from core.errors import ModelVersionError
from core.inference.allow_list import ACTIVATIONS, ALLOWED, VALUES

MAX_FILE = 512 << 20
MAX_CONFIG = 16 << 20
MAX_WEIGHTS = 1 << 30
MEMBERS = frozenset({"config.json", "metadata.json", "model.weights.h5"})


def scan_keras_file(path: Path) -> None:
    """Refuse a file that is not a plain network of known layers.

    Raises
    ------
    ModelVersionError
        Naming the first thing that is not allowed. Nothing of the file has been built by then.
    """
    # Keras treats a folder as another format, with less care: only a regular file goes on.
    if path.suffix != ".keras" or path.is_symlink() or not path.is_file():
        raise _refused("it is not a regular .keras file")
    if not 0 < path.stat().st_size <= MAX_FILE:
        raise _refused(f"its size is {path.stat().st_size} bytes")
    try:
        with zipfile.ZipFile(path) as archive:
            _check_members(archive)
            config = archive.read("config.json")
            weights = archive.read("model.weights.h5")
    except (zipfile.BadZipFile, KeyError, EOFError, NotImplementedError, RuntimeError):
        raise _refused("it is not a whole zip archive") from None
    scan_config(config)
    scan_weights(weights)


def scan_config(config: bytes) -> None:
    """Walk ``config.json``: every object it names must be on the list.

    Raises
    ------
    ModelVersionError
        For the first one that is not.
    """
    try:
        content = json.loads(config)
        for node in _objects(content):
            _check_object(node)
    except (ValueError, RecursionError):
        raise _refused("its config.json cannot be read") from None


def scan_weights(weights: bytes) -> None:
    """Walk ``model.weights.h5``: no links, no data kept elsewhere, no more than 1 GiB declared.

    Raises
    ------
    ModelVersionError
        For the first thing that is not allowed.
    """
    import h5py  # noqa: PLC0415 -- only where a Keras network is about to be loaded

    try:
        with h5py.File(io.BytesIO(weights), "r") as file:
            declared = 0
            met: set[int] = set()
            for group, name in _links(file):
                if not isinstance(group.get(name, getlink=True), h5py.HardLink):
                    raise _refused(f"its weights hold a link ({name})")
                # A group that contains itself would be walked for ever.
                place = h5py.h5o.get_info(group[name].id).addr
                if place in met:
                    raise _refused(f"its weights hold a part twice ({name})")
                met.add(place)
                declared += _declared_bytes(group[name])
                if declared > MAX_WEIGHTS:
                    raise _refused("its weights declare more than 1 GiB")
    except (OSError, KeyError, ValueError, RuntimeError):  # what h5py raises for damaged files
        raise _refused("its weights cannot be read") from None


def _refused(why: str) -> ModelVersionError:
    return ModelVersionError(
        f"model.keras was not opened: {why}.",
        remedy="Install the model version again, from a source you trust.",
    )


def _check_members(archive: zipfile.ZipFile) -> None:
    caps = {"config.json": MAX_CONFIG, "metadata.json": MAX_CONFIG, "model.weights.h5": MAX_WEIGHTS}
    names = archive.namelist()
    if len(names) != len(set(names)):
        raise _refused("it holds two files of one name")
    for member in archive.infolist():
        if member.filename not in MEMBERS:
            raise _refused(f"it holds the file {member.filename[:80]!r}")
        if member.file_size > caps[member.filename]:
            raise _refused(f"{member.filename} declares {member.file_size} bytes")


def _objects(node: Any) -> Iterator[dict[str, Any]]:
    """Yield every mapping that names a class, at any depth."""
    if isinstance(node, dict):
        if "class_name" in node or "module" in node or "registered_name" in node:
            yield node
        for value in node.values():
            yield from _objects(value)
    elif isinstance(node, list):
        for value in node:
            yield from _objects(value)


def _check_object(node: dict[str, Any]) -> None:
    name, module = node.get("class_name"), node.get("module")
    if not isinstance(name, str) or not isinstance(module, str | None):
        raise _refused("it names something that is no class")
    if name in VALUES and module is None:
        return
    if name == "function":
        # An activation by name, such as Keras writes for keras.activations.relu.
        if module in ("builtins", "keras.activations") and node.get("config") in ACTIVATIONS:
            return
        raise _refused(f"it names the function {str(node.get('config'))[:80]!r}")
    classes = ALLOWED.get(str(module), frozenset())
    registered = node.get("registered_name")
    plain = registered in (None, name) or str(registered).startswith("Functional")
    if not (plain and (classes is None or name in classes)):
        raise _refused(f"it names {str(module)[:60]}.{name[:60]}, which is not allowed")


def _links(file: Any) -> Iterator[tuple[Any, str]]:
    """Yield (group, name of a link in it); groups behind links are not entered."""
    groups = [file]
    while groups:
        group = groups.pop()
        for name in group:
            yield group, name
            item = group[name]  # the caller has refused everything but a hard link by now
            if hasattr(item, "keys"):
                groups.append(item)


def _declared_bytes(item: Any) -> int:
    """Return the bytes that a dataset says it holds (0 for a group)."""
    if not hasattr(item, "dtype"):
        return 0
    if item.is_virtual or item.external:
        raise _refused("its weights refer to another file")
    if item.dtype.kind not in "fiub":
        raise _refused("its weights hold something else than numbers")
    declared = int(item.size or 0) * int(item.dtype.itemsize)
    if declared and not item.id.get_storage_size():
        raise _refused("its weights declare numbers that are not there")
    return declared
