"""A version that is missing, damaged or changed: the page lives, says so, and answers nothing."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.pages.conftest import OpenPage
from tests.pages.looking import html_of, probabilities_of, words_of

FOLDER = Path("kidney_ct") / "small-1"


def _remove(folder: Path) -> None:
    (folder / "engine.bin").unlink()


def _empty(folder: Path) -> None:
    (folder / "engine.xml").write_bytes(b"")


def _cut(folder: Path) -> None:
    data = (folder / "engine.bin").read_bytes()
    (folder / "engine.bin").write_bytes(data[: len(data) // 2])


def _flip_a_byte(folder: Path) -> None:
    data = bytearray((folder / "engine.bin").read_bytes())
    data[100] ^= 0xFF
    (folder / "engine.bin").write_bytes(bytes(data))


def _edit_the_manifest(folder: Path) -> None:
    text = (folder / "manifest.json").read_text()
    (folder / "manifest.json").write_text(text.replace('"sha256": "', '"sha256": "0', 1)[:-1])


# What is wrong with a file is told apart in tests/core/inference; a page shows what it is told.
DAMAGES = (
    _flip_a_byte,
    *(pytest.param(damage, marks=pytest.mark.slow) for damage in (_remove, _empty, _cut)),
    _edit_the_manifest,
)


def _named(damage: object) -> str | None:
    return damage.__name__.strip("_") if callable(damage) else None


@pytest.fixture
def copied(small_models: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(small_models, tmp_path / "copied"))


@pytest.mark.parametrize("damage", DAMAGES, ids=_named)
def test_a_damaged_version_is_refused_in_red_and_nothing_can_be_uploaded(
    open_page: OpenPage, copied: Path, damage: Callable[[Path], None]
):
    damage(copied / FOLDER)
    app = open_page("analyse", models=copied)
    assert "sl-notice sl-error" in html_of(app)
    assert "small-1" in words_of(app) or "manifest" in words_of(app)
    assert len(app.file_uploader) == 0
    assert probabilities_of(app) == {}
    labels = [link.proto.label for link in app.get("page_link")]
    assert not any("verified" in label for label in labels)


@pytest.mark.parametrize("damage", DAMAGES, ids=_named)
def test_the_other_pages_and_tasks_go_on(
    open_page: OpenPage, copied: Path, damage: Callable[[Path], None]
):
    damage(copied / FOLDER)
    assert "✕ refused" in words_of(open_page("models", models=copied))
    assert "sl-notice sl-error" in html_of(open_page("performance", models=copied))
    phantoms = open_page("analyse", task="phantom_ct", models=copied)
    assert len(phantoms.file_uploader) == 1


def test_a_version_that_is_not_installed_says_how_to_get_one(open_page: OpenPage, tmp_path: Path):
    (tmp_path / "none").mkdir()
    for page in ("analyse", "performance", "models"):
        app = open_page(page, models=tmp_path / "none")
        assert "No model for Kidney CT is installed" in words_of(app)
        assert "python -m core train --task kidney_ct" in words_of(app)
        assert len(app.file_uploader) == 0


def test_a_version_damaged_while_the_page_is_open_stops_answering(
    open_page: OpenPage, copied: Path
):
    app = open_page("analyse", models=copied)
    assert len(app.file_uploader) == 1
    _flip_a_byte(copied / FOLDER)
    app.run()
    assert not app.exception
    assert len(app.file_uploader) == 0
