"""The frame: name, task, version and banner on every page, whatever the address says."""

from __future__ import annotations

import pytest
from streamlit.testing.v1 import AppTest

from tests.pages.conftest import OpenPage
from tests.pages.looking import words_of
from tests.source_tree import ROOT, sources

PAGES = ("analyse", "performance", "models")


@pytest.mark.parametrize("page", PAGES)
def test_every_page_shows_name_task_version_and_banner(open_page: OpenPage, page: str):
    app = open_page(page)
    assert "Second Look" in words_of(app)
    assert "Research use. Not for primary diagnosis." in words_of(app)
    assert app.selectbox(key="frame.task").value == "kidney_ct"
    labels = [link.proto.label for link in app.get("page_link")]
    assert "small-1 · champion · verified" in labels
    assert {"Analyse", "Performance", "Models"} <= set(labels)


@pytest.mark.parametrize("page", PAGES)
def test_every_page_begins_with_the_guard(page: str):
    [source] = [item for item in sources("pages") if item.name == f"pages/{page}.py"]
    calls = [line for line in source.text.splitlines() if line and not line.startswith((" ", '"'))]
    after_imports = [line for line in calls if not line.startswith(("import", "from", ")"))]
    assert after_imports[0] == "frame.require(__file__)"


@pytest.mark.parametrize("page", PAGES)
def test_a_page_that_is_started_alone_ends_inside_the_frame(open_page: OpenPage, page: str):
    app = open_page(page)
    app.run()  # each run of AppTest starts as a fresh server does: with the page alone
    assert "Research use" in words_of(app)


def test_the_task_of_the_address_is_chosen_and_the_choice_is_written_there(open_page: OpenPage):
    app = open_page("analyse", task="phantom_ct")
    assert app.selectbox(key="frame.task").value == "phantom_ct"
    app.selectbox(key="frame.task").select("kidney_ct").run()
    assert app.query_params["task"] in ("kidney_ct", ["kidney_ct"])


def test_an_unknown_task_in_the_address_falls_back_to_one_that_can_answer(open_page: OpenPage):
    app = open_page("analyse", task="no_such_task")
    assert app.selectbox(key="frame.task").value == "kidney_ct"


def test_a_drawn_task_says_so_on_every_page(open_page: OpenPage):
    drawn, real = open_page("models", task="phantom_ct"), open_page("models")
    assert "Synthetic, for teaching" in words_of(drawn)
    assert "Synthetic, for teaching" not in words_of(real)


def test_the_bare_address_leads_to_analyse():
    app = AppTest.from_file(str(ROOT / "streamlit_app.py"), default_timeout=120).run()
    assert not app.exception
    current = {link.proto.page: link.proto.label for link in app.get("page_link")}
    assert "analyse" in current
