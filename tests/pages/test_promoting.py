"""Models: versions side by side, and a promotion that passes, is refused, or has a reason."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from core.evaluation.runs import RunFacts, write_run
from core.inference import package
from core.workflows.champions import champion_name
from core.workflows.models import list_models
from core.workflows.stored_runs import runs_folder
from tests.drawn_runs import draw_run
from tests.pages.conftest import OpenPage
from tests.pages.looking import words_of
from tests.small_version import write_small_version


@pytest.fixture
def versions(tmp_path: Path, use_settings: Callable[..., None]) -> Path:
    """Return a folder with the champion ``first`` and the versions ``good`` and ``poor``."""
    models = tmp_path / "several"
    use_settings(models=models, home=tmp_path / "home")
    for name, skill in (("first", 1.5), ("good", 4.0), ("poor", -1.0)):
        version = write_small_version(models, version=name)
        facts = RunFacts(
            task="kidney_ct",
            model_version=name,
            version_digest=version.digest,
            data="drawn",
            split="test",
            group_source="column",
            group_name="series",
            created_at="2026-11-21T10:00:00Z",
        )
        run = replace(draw_run(400, seed=3, skill=skill), facts=facts)
        write_run(run, runs_folder("kidney_ct", name) / "test")
    package.set_champion(models / "kidney_ct", "first")
    return models


def promote(app, version: str, *, by: str = "A. Reader", why: str = "") -> str:
    app.selectbox(key="models.version").set_value(version).run()
    app.selectbox(key="models.promote_class").set_value("stone")
    app.text_input(key="models.promote_by").set_value(by)
    app.text_input(key="models.promote_why").set_value(why)
    app.button(key="models.promote.go").click().run()
    assert not app.exception
    return words_of(app)


def test_promotions_pass_are_refused_or_have_a_reason(open_page: OpenPage, versions: Path):
    app = open_page("models", models=versions)
    assert "models.promote.go" not in [button.key for button in app.button]  # of the champion
    assert "Nobody's name was given" in promote(app, "good", by="").replace("&#x27;", "'")
    assert "Not promoted" in promote(app, "poor")
    assert champion_name("kidney_ct") == "first"
    assert "good is the champion now" in promote(app, "good")
    assert champion_name("kidney_ct") == "good"
    assert "by override" in promote(app, "poor", why="Newer scanner.")
    assert champion_name("kidney_ct") == "poor"


def test_two_versions_stand_side_by_side(open_page: OpenPage, versions: Path):
    app = open_page("models", models=versions)
    assert "Two versions side by side" in words_of(app)
    app.selectbox(key="models.b").set_value("first").run()
    app.selectbox(key="models.a").set_value("first").run()
    assert "Choose two different versions" in words_of(app)
    assert not app.exception


def test_a_version_whose_figures_alone_are_kept_stands_beside_the_installed(
    open_page: OpenPage, tmp_path: Path, use_settings: Callable[..., None]
):
    models = tmp_path / "one"
    use_settings(models=models, home=tmp_path / "home")
    write_small_version(models, version="first")
    app = open_page("models", models=models)
    assert "Two versions side by side" not in words_of(app)
    for name in ("first", "gone", "torn"):
        (models / "kidney_ct" / "compared" / name).mkdir(parents=True)
        card = (models / "kidney_ct" / "first" / "card.yaml").read_bytes()
        (models / "kidney_ct" / "compared" / name / "card.yaml").write_bytes(
            card if name != "torn" else card[:40]
        )
    app = open_page("models", models=models)
    assert "Two versions side by side" in words_of(app)
    # AppTest gives the options as they are shown.
    assert app.selectbox(key="models.b").options == ["first · champion", "gone · figures only"]
    assert "models.version" not in [box.key for box in app.selectbox]  # none but the first answers
    assert not app.exception


def retire(app, version: str, *, by: str, why: str | None = None) -> str:
    app.selectbox(key="models.version").set_value(version).run()
    if why is not None:
        app.text_input(key="models.retire_why").set_value(why)
    app.text_input(key="models.retire_by").set_value(by)
    app.button(key="models.retire.go").click().run()
    assert not app.exception
    return words_of(app)


def test_a_version_is_retired_with_a_reason_and_comes_back(open_page: OpenPage, versions: Path):
    app = open_page("models", models=versions)
    assert "No reason was given" in retire(app, "poor", by="A. Reader", why=" ")
    assert "Retired by A. Reader on" in retire(app, "poor", by="A. Reader", why="Misses <stones>.")
    assert "Misses &lt;stones&gt;." in words_of(app)
    listed = [row.name for row in list_models("kidney_ct")]
    assert listed == ["first", "good", "poor"]
    assert "poor is in use again" in retire(app, "poor", by="B")
    retire(app, "good", by="A. Reader", why="Too slow.")
    assert [row.name for row in list_models("kidney_ct")] == ["first", "poor", "good"]
    assert "good is the champion now" in promote(app, "good")
    assert [row.retired for row in list_models("kidney_ct")] == [None] * 3
