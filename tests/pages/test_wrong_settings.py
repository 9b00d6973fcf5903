"""Row 64: with wrong settings no page opens; one line says which, and no traceback is shown."""

from __future__ import annotations

import pytest
from streamlit.testing.v1 import AppTest

from tests.pages.looking import words_of
from tests.source_tree import ROOT


def opened() -> AppTest:
    app = AppTest.from_file(str(ROOT / "streamlit_app.py"), default_timeout=120).run()
    assert not app.exception
    return app


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("SECOND_LOOK_DATAROOT", "/pictures"),
        ("SECOND_LOOK_MAX_UPLOAD_MB", "many"),
        ("SECOND_LOOK_DATA_ROOT", "/no/such/folder"),
        ("SECOND_LOOK_TASKS", "/no/such/folder"),
    ],
)
def test_a_wrong_setting_is_named_and_nothing_else_is_shown(use_settings, monkeypatch, key, value):
    monkeypatch.setenv(key, value)
    use_settings()
    app = opened()
    assert key in words_of(app)
    assert not app.selectbox
    assert not app.get("page_link")


def test_a_wrong_task_file_is_named(use_settings, tmp_path):
    (tmp_path / "mine.yaml").write_text("key: mine\n")
    use_settings(tasks=tmp_path)
    assert "mine.yaml" in words_of(opened())
