"""Analyse: the answer that is shown is the workflow's, the pictures are the file's pixels."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from core.domain import Prediction
from core.inference.engine import Engine
from core.workflows.analyse import analyse_bytes
from core.workflows.analyst import open_analyst
from pages._shared.markup import probability_bar
from pages._shared.reading import first_to_show
from tests.pages.conftest import OpenPage
from tests.pages.looking import (
    decoded,
    encoded,
    html_of,
    panes_of,
    picture,
    probabilities_of,
    strip_of,
    upload,
    words_of,
)

PNG = encoded(picture())
OTHER = encoded(picture(9))
BLANK = encoded(np.zeros((200, 200), np.uint8))


@pytest.fixture
def passes(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Count the passes of the engine."""
    counted: list[int] = []
    run = Engine.run

    def counting(self: Engine, batch: np.ndarray):
        counted.append(len(batch))
        return run(self, batch)

    monkeypatch.setattr(Engine, "run", counting)
    return counted


def ready_page(open_page: OpenPage, passes: list[int]):
    """Return the page, its version open: one that was not yet checks its golden input first."""
    app = open_page("analyse")
    open_analyst("kidney_ct")
    passes.clear()
    return app


def test_the_probabilities_shown_are_those_of_the_workflow(open_page: OpenPage):
    app = upload(open_page("analyse"), ("slice.png", PNG))
    answer = analyse_bytes(PNG, task="kidney_ct")
    assert answer.prediction is not None
    assert probabilities_of(app) == pytest.approx(dict(answer.prediction.probabilities), abs=1e-8)


def test_the_original_is_shown_with_the_very_pixels_of_the_file(open_page: OpenPage):
    app = upload(open_page("analyse"), ("slice.png", PNG))
    assert np.array_equal(decoded(panes_of(app)["original"]), picture())


def test_the_picture_the_model_saw_is_served_losslessly(open_page: OpenPage):
    app = upload(open_page("analyse"), ("slice.png", PNG))
    shown = html_of(app).split("class='sl-saw' src='data:image/png;base64,")[1].split("'")[0]
    answer = analyse_bytes(PNG, task="kidney_ct")
    assert answer.seen is not None
    assert np.array_equal(decoded(shown), answer.seen.pixels)


def test_the_called_class_leads_and_its_map_lies_over_the_picture(open_page: OpenPage):
    app = upload(open_page("analyse"), ("slice.png", PNG))
    called = max(probabilities_of(app), key=lambda name: probabilities_of(app)[name])
    [control] = [group for group in app.segmented_control if "map.class" in str(group.key)]
    assert control.value == called
    overlay = decoded(panes_of(app)["overlay"])
    assert overlay.shape == (*picture().shape, 3)
    assert not np.array_equal(overlay[..., 0], overlay[..., 2])


def test_a_finding_that_a_signed_point_flags_is_shown_first_and_as_strong():
    ranked = ["normal", "stone", "tumor", "cyst"]
    y_prob = {"cyst": 0.02, "normal": 0.6, "stone": 0.3, "tumor": 0.08}
    argmax = Prediction(y_prob, "normal", ())
    assert first_to_show(ranked, argmax) == "normal"
    signed = replace(argmax, flagged=("stone", "tumor"), thresholds={"stone": 0.2, "tumor": 0.05})
    assert first_to_show(ranked, signed) == "stone"
    bar = probability_bar(
        ("stone", "Stone", "#E69F00", 0.3), called="normal", tick=0.2, flagged=signed.flagged
    )
    assert "sl-called" in bar and "flagged" in bar


def test_a_class_that_nothing_speaks_for_gets_words_and_no_colour(
    open_page: OpenPage, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("core.domain.Explanation.has_evidence", property(lambda _: False))
    app = upload(open_page("analyse"), ("slice.png", encoded(picture(21))))
    assert panes_of(app)["overlay"] is None
    assert "No positive evidence" in str(panes_of(app)["overlay_note"])
    assert "no positive evidence" in words_of(app)


def test_sliders_and_the_class_of_the_map_never_run_the_network_again(
    open_page: OpenPage, passes: list[int]
):
    app = ready_page(open_page, passes)
    app = upload(app, ("slice.png", encoded(picture(31))))
    first = len(passes)
    for value in (10, 55, 90, 30):
        app.slider(key="map.opacity").set_value(value).run()
    for name in ("cyst", "stone", "tumor"):
        app.segmented_control[0].set_value(name).run()
    assert (first, len(passes)) == (1, 1)


def test_the_map_belongs_to_the_picture_that_is_looked_at(open_page: OpenPage):
    app = upload(open_page("analyse"), ("a.png", PNG), ("b.png", OTHER))
    alone = {}
    for name, data in (("a.png", PNG), ("b.png", OTHER)):
        alone[name] = panes_of(upload(open_page("analyse"), (name, data)))["overlay"]
    for label, name in (("Next", "b.png"), ("Previous", "a.png")) * 3:
        next(button for button in app.button if button.label == label).click().run()
        assert panes_of(app)["overlay"] == alone[name]
        assert name in [text.value for text in app.text]


def test_a_truncated_jpeg_is_refused_and_the_others_are_answered(open_page: OpenPage):
    jpeg = encoded(picture(), "JPEG", quality=95)
    app = upload(open_page("analyse"), ("cut.jpg", jpeg[: len(jpeg) // 2]), ("whole.jpg", jpeg))
    assert "incomplete" in words_of(app)
    assert probabilities_of(app) == {}
    assert [item["state"] for item in strip_of(app)["items"]] == ["error", "ok"]
    next(button for button in app.button if button.label == "Next").click().run()
    assert sum(probabilities_of(app).values()) == pytest.approx(1, abs=1e-6)


def test_a_refusal_takes_the_column_and_shows_no_probabilities(open_page: OpenPage):
    app = upload(open_page("analyse"), ("blank.png", BLANK))
    assert "data-status='refused'" in html_of(app)
    assert "blank" in words_of(app)
    assert probabilities_of(app) == {}
    assert panes_of(app)["two_panes"] is False


def test_the_switch_for_steps_already_carried_works_the_answer_out_again(open_page: OpenPage):
    app = upload(open_page("analyse"), ("slice.png", PNG))
    fresh = probabilities_of(app)
    assert "· carried" not in words_of(app)
    app.toggle[0].set_value(True).run()
    assert "clahe_lab_4_8x8 · carried" in words_of(app)
    assert probabilities_of(app) != fresh
    carried = analyse_bytes(
        PNG, task="kidney_ct", already_applied=("resize_lanczos_224", "clahe_lab_4_8x8")
    )
    assert carried.prediction is not None
    assert probabilities_of(app) == pytest.approx(dict(carried.prediction.probabilities), abs=1e-8)


def test_a_file_with_several_pages_is_answered_for_the_page_that_was_chosen(open_page: OpenPage):
    from PIL import Image

    pages = [Image.fromarray(picture(seed)) for seed in (1, 2, 3)]
    data = encoded(picture(1), "TIFF", save_all=True, append_images=pages[1:])
    app = upload(open_page("analyse"), ("stack.tif", data))
    assert "holds 3 frames" in words_of(app)
    assert probabilities_of(app) == {}
    app.number_input[0].set_value(2).run()
    assert np.array_equal(decoded(panes_of(app)["original"]), picture(2))
    assert probabilities_of(app)


def test_a_changed_window_changes_the_view_and_not_the_answer(
    open_page: OpenPage, passes: list[int]
):
    deep = (picture(4).astype(np.uint16) * 257).astype(np.uint16)
    app = ready_page(open_page, passes)
    app = upload(app, ("deep.png", encoded(deep)))
    before, shown = probabilities_of(app), panes_of(app)["original"]
    level = next(slider for slider in app.slider if "level" in str(slider.key))
    level.set_value(level.value / 2).run()
    assert panes_of(app)["original"] != shown
    assert probabilities_of(app) == before
    assert len(passes) == 1
    assert "Only the view is changed" in words_of(app)


def test_clearing_the_light_box_forgets_every_picture(open_page: OpenPage):
    app = upload(open_page("analyse"), ("a.png", PNG), ("b.png", OTHER))
    app.button(key="clear_all").click().run()
    assert probabilities_of(app) == {}
    assert "Calibrated probabilities of" in words_of(app)


def test_a_picture_stays_on_the_light_box_while_other_pages_are_visited(open_page: OpenPage):
    app = upload(open_page("analyse"), ("a.png", PNG))
    before = probabilities_of(app)
    app.switch_page("pages/models.py").run()
    app.switch_page("pages/analyse.py").run()
    assert probabilities_of(app) == before != {}


def test_teaching_cases_open_with_what_to_notice(open_page: OpenPage):
    app = open_page("analyse", task="phantom_ct")
    case = next(button for button in app.button if str(button.key).startswith("case."))
    case.click().run()
    assert not app.exception
    assert "What to notice in this case" in words_of(app)
