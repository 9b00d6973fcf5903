"""Series: files in, scrolled while it is answered, strongest slice first, what is wrong said."""

from __future__ import annotations

import functools
import time

import numpy as np
import pytest

from core.tasks import load_task
from core.workflows.background_desk import BackgroundDesk
from core.workflows.series_shelf import Cloakroom, SeriesShelf
from pages._shared import resources, state
from tests.core.intake.stack_files import OTHER_SERIES, ct, zipped
from tests.pages.looking import panes_of, upload, words_of
from tests.small_version import slices

KEYS = {item.title: item.key for item in load_task("kidney_ct").classes}


@pytest.fixture(autouse=True)
def _own_session(monkeypatch):
    """Let no test find what another one opened: sessions of AppTest share their caches."""
    shelf, desk = SeriesShelf(Cloakroom()), BackgroundDesk()
    monkeypatch.setattr(resources, "series_shelf", lambda: shelf)
    monkeypatch.setattr(resources, "map_desk", lambda: desk)
    yield
    desk.close()


def stack(n=4, **tags):
    pictures = slices(n, (224, 224), seed=5)[..., 0]
    at = [0, 5, 15, 20, 25][:n]  # one is missing after the second
    return {
        f"{k}{tags.get('series', '')}.dcm": ct(
            pixels, at=(0, 0, place), number=k + 1, StudyInstanceUID="1.2.826.0.1.9", **tags
        )
        for k, (pixels, place) in enumerate(zip(pictures, at, strict=True))
    }


def finished(app):
    """Run the page until the series is answered."""
    until = time.monotonic() + 60
    while any(button.key == "series.stop" for button in app.button):
        assert time.monotonic() < until
        time.sleep(0.2)
        app.run()
        assert not app.exception
    return app


@pytest.fixture
def opened(open_page):
    return upload(open_page("series"), ("scan.zip", zipped(stack())))


def test_an_empty_page_says_what_it_is_for(open_page):
    words = words_of(open_page("series"))
    assert "two series are never merged" in words
    assert "never taken for normal" in words


def test_a_zip_becomes_a_stack_with_its_facts_and_its_gap(opened):
    words = words_of(opened)
    assert "CT, axial, 4 slices of 224 x 224" in words
    assert "ordered by position" in words
    assert "1 slice is missing" in words
    assert panes_of(opened)["left"] == "R"
    assert panes_of(opened)["column_spacing_mm"] == 0.7


def test_every_slice_is_answered_and_the_strongest_comes_first(opened):
    app = finished(opened)
    words = words_of(app)
    assert "4 of 4 slices were answered." in words
    first = app.slider(key=state.SLICE).value
    labels = [button.label for button in app.button if "series.strongest" in str(button.key)]
    assert labels[0].endswith(f"slice {first}")
    assert f"Slice {first} of 4" in words
    assert [item.label for item in app.get("download_button")] == ["Report as PDF"]


def test_a_reload_finds_the_series_and_its_answers_again(open_page, monkeypatch):
    room = Cloakroom()
    monkeypatch.setattr(resources, "series_shelf", functools.cache(lambda: SeriesShelf(room)))
    app = finished(upload(open_page("series"), ("scan.zip", zipped(stack()))))
    token = app.query_params["series"]
    monkeypatch.setattr(resources, "series_shelf", functools.cache(lambda: SeriesShelf(room)))
    fresh = open_page("series")
    assert "4 of 4 slices" not in words_of(fresh)
    fresh.query_params["series"] = token
    fresh = fresh.run()
    assert "4 of 4 slices were answered." in words_of(fresh)
    fresh = fresh.button(key="series.close").click().run()
    assert "series" not in fresh.query_params
    fresh.query_params["series"] = token
    fresh = fresh.run()
    assert "This series is not open any more." in words_of(fresh)
    assert "series" not in fresh.query_params


def test_a_series_without_an_answer_says_that_none_came(open_page):
    blank = np.full((224, 224), 90, np.uint8)
    slices = {f"{k}.dcm": ct(blank + k, at=(0, 0, 5 * k), number=k + 1) for k in range(3)}
    app = finished(upload(open_page("series"), ("scan.zip", zipped(slices))))
    assert "No answer for the series" in words_of(app)
    assert "No slice was answered." in words_of(app)


def test_scrolling_changes_the_picture_and_keeps_zoom_and_window(opened):
    app = finished(opened)
    app.slider(key=state.SLICE).set_value(1).run()
    before = panes_of(app)
    app.button(key="series.next").click().run()
    after = panes_of(app)
    assert app.slider(key=state.SLICE).value == 2
    assert before["original"] != after["original"]
    assert before["key"] == after["key"]
    app.button(key="series.previous").click().run()
    app.button(key="series.previous").click().run()  # at the end it stays
    assert app.slider(key=state.SLICE).value == 1
    assert panes_of(app)["original"] == before["original"]


def test_a_zip_that_was_refused_does_not_stand_in_the_way_of_the_next(open_page):
    app = upload(open_page("series"), ("broken.zip", zipped(stack())[:900]))
    assert "damaged or incomplete" in words_of(app)
    assert not app.file_uploader[0].value
    app = upload(app, ("scan.zip", zipped(stack())))
    assert "4 slices of 224 x 224" in words_of(app)
    assert "damaged or incomplete" not in words_of(app)
    finished(app)


def test_a_class_that_was_chosen_stays_while_the_stack_is_scrolled(opened):
    def shown(app):
        return panes_of(app)["overlay_title"]

    app = finished(opened)
    app.slider(key=state.SLICE).set_value(1).run()
    control = next(item for item in app.button_group if "map.class" in str(item.key))
    chosen = control.options[-1]  # the least probable: no slice shows it by itself
    control.set_value(KEYS[chosen]).run()
    for place in (2, 3, 4, 1):
        app.slider(key=state.SLICE).set_value(place).run()
        assert not app.exception
        assert shown(app) == f"Map for {chosen}"
    strongest = next(item for item in app.button if "series.strongest" in str(item.key))
    strongest.click().run()  # who asks for a finding is shown that one
    assert strongest.label.startswith(shown(app).removeprefix("Map for "))


def test_the_viewer_is_told_where_the_slice_lies(opened):
    app = finished(opened)
    app.slider(key=state.SLICE).set_value(2).run()
    told = panes_of(app)["stack"]
    assert (told["place"], told["n"], told["turns"]) == (2, 4, False)
    assert told["key"] == panes_of(app)["key"]


def test_a_slice_that_is_answered_is_shown_without_running_the_network_again(opened, monkeypatch):
    from core.inference.engine import Engine

    app = finished(opened)
    monkeypatch.setattr(Engine, "run", lambda *_: pytest.fail("the network ran again"))
    for place in (1, 2, 3, 4):
        app.slider(key=state.SLICE).set_value(place).run()
        assert not app.exception
        assert panes_of(app)["stack"]["place"] == place
        assert panes_of(app)["overlay"] is not None


def test_captures_are_made_when_they_are_asked_for_and_then_offered(opened):
    app = finished(opened)
    assert not [item for item in app.get("download_button") if "captures" in item.label]
    app.button(key="series.captures.make").click().run()
    app = finished(app)
    labels = [item.label for item in app.get("download_button")]
    assert labels[0] == "Report as PDF"
    assert len(labels) == 2, words_of(app)
    assert labels[1].startswith("4 captures, ")
    app.slider(key=state.SLICE).set_value(1).run()  # another slice of the same series
    assert len(app.get("download_button")) == 2


def test_captures_that_cannot_be_made_are_said(open_page):
    files = stack(2)
    files["1.dcm"] = ct(slices(2, (224, 224), seed=5)[1, ..., 0], at=(0, 0, 5))
    app = finished(upload(open_page("series"), ("scan.zip", zipped(files))))
    app.button(key="series.captures.make").click().run()
    app = finished(app)
    assert "does not say which study, series and instance" in words_of(app)
    assert [item.label for item in app.get("download_button")] == ["Report as PDF"]


def test_two_series_are_never_merged(open_page):
    files = stack(2) | stack(3, series=OTHER_SERIES)
    app = upload(open_page("series"), ("scan.zip", zipped(files)))
    box = app.selectbox(key=state.SERIES_CHOICE)
    assert len(box.options) == 2
    sizes = set()
    for number in (1, 2):
        app.selectbox(key=state.SERIES_CHOICE).set_value(number).run()
        assert not app.exception
        sizes.add(app.slider(key=state.SLICE).max)
    assert sizes == {2, 3}


def test_a_zip_that_is_refused_is_one_sentence(open_page):
    app = upload(open_page("series"), ("scan.zip", zipped({"../out.dcm": b"x"})))
    assert "outside" in words_of(app)
    assert not app.slider


def test_a_slice_that_cannot_be_read_is_said_where_it_lies(open_page):
    files = stack(3)
    files["2.dcm"] = files["2.dcm"][:-9000]
    app = finished(upload(open_page("series"), ("scan.zip", zipped(files))))
    assert "2 of 3 slices were answered; 1 could not be read." in words_of(app)
    app.slider(key=state.SLICE).set_value(3).run()
    assert not app.exception
    assert "This file cannot be read" in words_of(app)
    panes = panes_of(app)  # still there: the wheel goes on over a slice without a picture
    assert (panes["original"], panes["original_title"]) == (None, "No picture to show")
    assert panes["stack"]["place"] == 3


def test_closing_lets_it_go(opened):
    app = finished(opened)
    app.button(key="series.close").click().run()
    assert not app.exception
    assert not app.slider
    assert "two series are never merged" in words_of(app)


def test_one_picture_is_a_series_too(open_page):
    picture = ct(np.asarray(slices(1, (224, 224), seed=5)[0, ..., 0]))
    app = finished(upload(open_page("series"), ("one.dcm", picture)))
    assert "1 of 1 slices were answered." in words_of(app)
