"""Explanations: the maps are the workflow's, of the picture shown, computed once, and stoppable."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from core.errors import ExplanationError
from core.saliency import run
from core.saliency.drawing import Look, draw_map
from core.saliency.grad_cam import upsample
from core.saliency.raw_maps import RawMaps, Watch
from core.workflows.analyse import analyse_bytes
from core.workflows.background_desk import BackgroundDesk
from pages._shared import resources
from tests.pages.conftest import OpenPage
from tests.pages.looking import decoded, encoded, html_of, maps_of, picture, upload, words_of

PNG = encoded(picture())
BLANK = encoded(np.zeros((200, 200), np.uint8))
FIRST = ["grad_cam", "grad_cam_plus_plus", "layer_cam_fusion"]
SECONDS = 300.0


@pytest.fixture(autouse=True)
def _own_desk(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Give the test a desk of its own: Streamlit's tests share one session's caches."""
    desk = BackgroundDesk()
    monkeypatch.setattr(resources, "map_desk", lambda: desk)
    # However busy the machine is: what is there at once on a quiet one is there here as well.
    monkeypatch.setattr("pages._shared.explanations.AT_ONCE_SECONDS", SECONDS)
    yield
    desk.close()


@pytest.fixture
def computed(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Note which method is computed, each time."""
    noted: list[str] = []
    real = run.explain_with

    def noting(method: str, *given: Any, **named: Any) -> RawMaps:
        noted.append(method)
        return real(method, *given, **named)

    monkeypatch.setattr(run, "explain_with", noting)
    # What speaks for a map is measured by tests of its own: here it would only take time.
    monkeypatch.setattr("pages._shared.explanations.trust_jobs", lambda *_: [])
    return noted


def cells_of(app: AppTest) -> dict[str, dict[str, Any]]:
    return {cell["name"]: cell for cell in maps_of(app)["cells"]}


def methods(app: AppTest, *, slow: bool = False) -> Any:
    return app.pills(key=f"explain.methods.{int(slow)}")


def until(app: AppTest, is_done: Callable[[AppTest], bool]) -> AppTest:
    """Run the page as its own clock would, until it shows what is waited for."""
    deadline = time.monotonic() + SECONDS
    while not is_done(app):
        assert time.monotonic() < deadline, words_of(app)
        time.sleep(0.3)
        app.run()
        assert not app.exception
    return app


def test_the_maps_shown_are_those_of_the_workflow_over_the_very_picture(
    open_page: OpenPage, computed: list[str]
):
    app = upload(open_page("explanations"), ("slice.png", PNG))
    answer = analyse_bytes(PNG, task="kidney_ct")
    assert answer.prediction is not None
    shown, cells = maps_of(app), cells_of(app)
    assert np.array_equal(decoded(shown["picture"]), picture())
    titles = ["Picture", "Grad-CAM", "Grad-CAM++", "LayerCAM, three depths"]
    assert [head["title"] for head in shown["heads"]] == titles
    called = answer.prediction.predicted
    assert (
        next(iter(cells)) == f"picture.{called}" and "called" in cells[f"picture.{called}"]["line"]
    )
    [best] = [item for item in answer.explanations if item.class_name == called]
    layer = draw_map(upsample(best.grid, 224, 224), Look(opacity=0.4)).rgba
    assert np.array_equal(decoded(cells[f"grad_cam.{called}"]["layer"]), layer)
    assert f"raw peak {best.raw_peak:.2g} logits" in cells[f"grad_cam.{called}"]["line"]
    assert "where the score is sensitive, not where disease is" in words_of(app)
    # Painting anew, and going on to another class, computes nothing again.
    app.slider(key="map.opacity").set_value(80).run()
    app.toggle(key="explain.contours").set_value(True).run()
    app.toggle(key="explain.grid").set_value(True).run()
    app.segmented_control(key="explain.colours").set_value("cividis").run()
    app.pills[0].set_value(["cyst", "stone", "tumor"]).run()
    assert not app.exception
    assert sorted(computed) == FIRST
    assert any(cell["contours"].startswith("M") for cell in cells_of(app).values())


def test_the_picture_of_analyse_is_there_and_a_map_never_belongs_to_another_picture(
    open_page: OpenPage, computed: list[str]
):
    other = encoded(picture(9))
    app = upload(open_page("analyse"), ("a.png", PNG), ("b.png", other))
    app.switch_page("pages/explanations.py").run()
    first = maps_of(app)
    next(button for button in app.button if button.label == "Next").click().run()
    second = maps_of(app)
    assert np.array_equal(decoded(second["picture"]), picture(9))
    assert first["key"] != second["key"] and first["cells"] != second["cells"]
    next(button for button in app.button if button.label == "Previous").click().run()
    assert maps_of(app)["cells"] == first["cells"]
    assert sorted(computed) == sorted(FIRST * 2)


def test_what_is_the_same_for_every_class_is_shown_once_and_a_difference_is_signed(
    open_page: OpenPage, computed: list[str]
):
    app = upload(open_page("explanations"), ("slice.png", PNG))
    methods(app).set_value(["grad_cam", "eigen_cam"]).run()
    app.toggle(key="explain.difference").set_value(True).run()
    cells = cells_of(app)
    first, second = (name.partition(".")[2] for name in list(cells)[0:6:3])
    assert cells[f"eigen_cam.{first}"]["state"] == "map"
    assert "same for every class" in cells[f"eigen_cam.{second}"]["note"]
    assert "no difference" in cells["eigen_cam.difference"]["note"]
    assert cells["grad_cam.difference"]["line"].startswith("±1 is")
    assert app.pills[0].value == [first, second]


def test_a_long_method_runs_beside_the_page_and_can_be_stopped_and_started_again(
    open_page: OpenPage, monkeypatch: pytest.MonkeyPatch
):
    real, slow = run.explain_with, [True]

    def endless(method: str, *given: Any, watch: Watch | None = None) -> RawMaps:
        for step in range(100_000 if method == "rise" and slow[0] else 0):
            given[3].tell(step, 1000)
            time.sleep(0.002)
        return real("grad_cam", *given[:3])

    monkeypatch.setattr(run, "explain_with", endless)
    monkeypatch.setattr("pages._shared.explanations.trust_jobs", lambda *_: [])
    app = upload(open_page("explanations"), ("slice.png", PNG))
    methods(app, slow=True).set_value(["rise"]).run()
    until(app, lambda page: any("RISE" in str(bar.proto.text) for bar in page.get("progress")))
    rise = next(name for name in cells_of(app) if name.startswith("rise."))
    assert cells_of(app)[rise]["state"] == "waiting"
    assert all(
        cell["state"] == "map" for name, cell in cells_of(app).items() if "grad_cam." in name
    )
    app.button(key="explain.stop").click().run()
    until(app, lambda page: cells_of(page)[rise]["state"] == "failed")
    assert cells_of(app)[rise]["note"].startswith("Stopped.")
    slow[0] = False
    app.button(key="explain.again").click().run()
    until(app, lambda page: cells_of(page)[rise]["state"] == "map")


def test_a_method_that_fails_says_why_in_its_own_place(
    open_page: OpenPage, monkeypatch: pytest.MonkeyPatch
):
    def failing(method: str, *given: Any, **named: Any) -> RawMaps:
        raise ExplanationError("The layer is not there.", remedy="Choose another method.")

    monkeypatch.setattr(run, "explain_with", failing)
    app = upload(open_page("explanations"), ("slice.png", PNG))
    cells = cells_of(app)
    notes = {cell["note"] for name, cell in cells.items() if not name.startswith("picture.")}
    assert notes == {"The layer is not there. Choose another method."}
    assert "Traceback" not in html_of(app)


def test_every_map_is_measured_against_chance_and_says_so_in_words(open_page: OpenPage):
    app = upload(open_page("explanations"), ("slice.png", PNG))
    methods(app).set_value(["grad_cam"]).run()
    app.pills[0].set_value(app.pills[0].value[:1]).run()
    # Words are painted before the cells, so the last measure may come in between.
    app = until(app, lambda page: "being measured" not in words_of(page).lower() and all(
        cell["state"] in {"picture", "none"} or cell["bar"]["at"] is not None
        for cell in cells_of(page).values()
    ))  # fmt: skip
    assert "at random" in words_of(app)
    app.toggle(key="explain.curves").set_value(True).run()
    assert not app.exception and app.get("plotly_chart")


def test_a_refused_picture_is_explained_when_asked_and_stays_refused(
    open_page: OpenPage, computed: list[str], monkeypatch: pytest.MonkeyPatch
):
    from core.domain import GateVerdict

    verdict = GateVerdict(False, 9.0, 1.0, "Outside what this model was trained on: far away.")
    monkeypatch.setattr("core.inference.gate.Gate.check", lambda *_: verdict)
    app = upload(open_page("explanations"), ("far.png", encoded(picture(77))))
    assert "data-status='refused'" in html_of(app) and not app.get("bidi_component")
    next(button for button in app.button if "all the same" in button.label).click().run()
    assert "data-status='refused'" in html_of(app)
    lines = [cell["line"] for name, cell in cells_of(app).items() if name.startswith("picture.")]
    assert "highest score" in lines[0] and "%" not in "".join(lines)
    assert any(cell["layer"] for cell in cells_of(app).values())


def test_without_a_picture_or_with_one_that_cannot_be_prepared_there_are_words(
    open_page: OpenPage,
):
    app = open_page("explanations")
    assert "Several methods, any class" in words_of(app)
    app = upload(app, ("blank.png", BLANK))
    assert "blank" in words_of(app)
    assert not [button for button in app.button if "all the same" in button.label]
