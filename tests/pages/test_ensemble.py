"""The pages with an ensemble as the champion: what each member saw, one map, its card."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.workflows.analyse import analyse_bytes
from core.workflows.background_desk import BackgroundDesk
from pages._shared import resources
from tests.pages.conftest import OpenPage
from tests.pages.looking import (
    encoded,
    html_of,
    maps_of,
    picture,
    probabilities_of,
    upload,
    words_of,
)
from tests.small_ensemble import write_ensemble, write_members

PNG = encoded(picture())


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("models")
    write_members(folder)
    with pytest.MonkeyPatch.context() as patch:
        from core.config import settings

        patch.setenv("SECOND_LOOK_MODELS", str(folder))
        patch.setenv("SECOND_LOOK_HOME", str(folder / "home"))
        settings.cache_clear()
        write_ensemble(folder, "mean")
    settings.cache_clear()
    return folder


def test_analyse_shows_the_answer_and_what_each_member_saw(open_page: OpenPage, models: Path):
    app = upload(open_page("analyse", models=models), ("slice.png", PNG))
    answer = analyse_bytes(PNG, task="kidney_ct")
    assert answer.prediction is not None
    assert probabilities_of(app) == pytest.approx(dict(answer.prediction.probabilities), abs=1e-8)
    assert html_of(app).count("class='sl-saw'") == 2
    assert "after preprocessing, 96 x 96" in html_of(app)
    assert "after preprocessing, 128 x 128" in html_of(app)


def test_its_card_says_who_answers_and_whose_gate_judges(open_page: OpenPage, models: Path):
    words = words_of(open_page("models", models=models))
    assert "2 members answer together by the mean of their calibrated logits." in words
    assert "b (by_hand): pad_square, then resize_area_128" in words
    assert "The gate of a, the first member, judges alone" in words


def test_explanations_shows_the_summed_map_and_offers_what_needs_scores_only(
    open_page: OpenPage, models: Path, monkeypatch: pytest.MonkeyPatch
):
    desk = BackgroundDesk()
    monkeypatch.setattr(resources, "map_desk", lambda: desk)
    monkeypatch.setattr("pages._shared.explanations.AT_ONCE_SECONDS", 300.0)
    app = upload(open_page("explanations", models=models), ("slice.png", PNG))
    assert not app.exception
    cells = {cell["name"]: cell for cell in maps_of(app)["cells"]}
    answer = analyse_bytes(PNG, task="kidney_ct")
    assert answer.prediction is not None
    called = answer.prediction.predicted
    [best] = [item for item in answer.explanations if item.class_name == called]
    assert f"raw peak {best.raw_peak:.2g} logits" in cells[f"grad_cam.{called}"]["line"]
    assert {name.split(".")[0] for name in cells} == {"picture", "grad_cam"}
    assert app.pills(key="explain.methods.1").options == ["Occlusion", "RISE"]
    desk.close()


@pytest.mark.parametrize("page", ["performance", "explanations", "compare", "filters"])
def test_every_other_page_opens(open_page: OpenPage, models: Path, page: str):
    assert not open_page(page, models=models).exception
