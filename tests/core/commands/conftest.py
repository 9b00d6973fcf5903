"""Commands called as a person calls them, on pictures drawn here and a small version by hand."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from core.cli import main
from core.tasks import load_task
from tests.small_version import build_graph, slices, small_gate, weights_of, write_small_version


@dataclass(frozen=True)
class Called:
    """What a command left behind: exit code, document and standard error."""

    code: int
    document: Any
    errors: str


@pytest.fixture(scope="session")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return models with two small versions of kidney_ct; ``strict-1`` refuses what it can."""
    folder = tmp_path_factory.mktemp("models")
    task = load_task("kidney_ct")
    strict = small_gate(build_graph(task, weights_of(task)), (224, 224), threshold=1e-6)
    write_small_version(folder, version="strict-1", gate=strict.to_bytes())
    write_small_version(folder)
    return folder


@pytest.fixture
def core_json(
    capfd: pytest.CaptureFixture[str], use_settings: Callable[..., None], models: Path
) -> Callable[..., Called]:
    """Return a function that calls a command with ``--json`` and reads its one document."""
    use_settings(models=models)

    def call(*arguments: object) -> Called:
        code = main([*map(str, arguments), "--json"])
        captured = capfd.readouterr()
        assert captured.out.count("\n") == 1
        return Called(code, json.loads(captured.out, parse_constant=pytest.fail), captured.err)

    return call


@pytest.fixture(scope="session")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Return files by what they are: two that fit, and several that do not."""
    folder = tmp_path_factory.mktemp("pictures")
    first, second = slices(2, (224, 224), seed=5)[..., 0]
    files = {name: folder / f"{name}.png" for name in ("first", "second", "blank", "small")}
    Image.fromarray(first).save(files["first"])
    Image.fromarray(second).save(files["second"])
    Image.new("L", (224, 224), 7).save(files["blank"])
    Image.fromarray(first[:40, :40]).save(files["small"])
    whole = files["first"].read_bytes()
    for name, data in {
        "truncated": whole[: len(whole) // 2],
        "empty": b"",
        "text": b"hello",
    }.items():
        files[name] = folder / f"{name}.png"
        files[name].write_bytes(data)
    files["missing"] = folder / "missing.png"
    files["folder"] = folder
    return files
