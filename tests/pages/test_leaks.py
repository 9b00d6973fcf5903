"""The leak banner on a page: the same words everywhere, searched in the background."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from core.config import settings
from core.inference.package import find_version
from core.workflows.stored_runs import StoredRun
from core.workflows.twin_search import is_searched, search_twins
from pages._shared import resources
from pages._shared.leak_markup import leak_banner
from tests.leaking_runs import store, write_pictures
from tests.pages.conftest import OpenPage
from tests.pages.looking import html_of, words_of

GROUPS = [f"g{index // 2:02d}" for index in range(24)]


@pytest.fixture
def uploaded(use_settings: Callable[..., None], small_models: Path, tmp_path: Path) -> StoredRun:
    """Return an uploaded run without groups whose pictures are attached, and an honest one."""
    monkey = {"models": small_models, "home": tmp_path / "home", "data_root": tmp_path / "data"}
    use_settings(**monkey)
    write_pictures(tmp_path / "data", copies={20: 3})
    store("honest", version=find_version("kidney_ct"), group=GROUPS, split="test",
          split_made="by hand")  # fmt: skip
    return store("uploaded", slices={"split": ["train"] * 12 + ["test"] * 12})


def test_an_honest_run_has_one_quiet_line(open_page: OpenPage, uploaded: StoredRun):
    app = open_page("performance", data_root=settings().data_root)
    app.selectbox(key="performance.run").select("honest").run()
    assert not app.exception
    assert "data-verdict='apart'" in html_of(app)
    assert "How it was split: by hand." in words_of(app)


def test_a_leak_stands_with_the_figures_without_it_after_the_search(
    open_page: OpenPage, uploaded: StoredRun
):
    search_twins(uploaded)
    app = open_page("performance", data_root=settings().data_root)
    app.selectbox(key="performance.run").select("uploaded").run()
    assert not app.exception
    assert "data-verdict='leak'" in html_of(app)
    words = words_of(app)
    assert "Without the leak" in words
    assert "1 of 24 cases have a nearly equal picture in training" in words
    assert "Sensitivity, stone" in words


def test_the_search_starts_by_itself_and_the_page_tells_of_it(
    open_page: OpenPage, uploaded: StoredRun
):
    app = open_page("performance", data_root=settings().data_root)
    app.selectbox(key="performance.run").select("uploaded").run()
    assert not app.exception
    key = str(uploaded.folder), uploaded.facts.version_digest
    resources.twin_search(*key, _run=uploaded).wait()
    assert is_searched(uploaded)
    app.run()
    assert "1 of 24 cases have a nearly equal picture in training" in words_of(app)


def test_what_a_file_says_of_itself_is_text_in_the_banner():
    html = leak_banner("leak", "<b>x", ["<script>"], ["<i>"], [("<u>", "<s>", [None])])
    for tag in ("<b>x", "<script>", "<i>", "<u>", "<s>"):
        assert tag not in html
    assert "undefined" in html
