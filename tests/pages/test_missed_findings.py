"""Missed findings: cards with maps, filters, causes that stay, hostile text that stays text."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from core.errors import PersistenceError
from core.inference.package import find_version
from core.workflows import clinic as workflow
from core.workflows.clinic import recorded_causes
from core.workflows.stored_runs import find_run
from tests.clinic_runs import HOSTILE, store_clinic_run
from tests.pages.conftest import OpenPage
from tests.pages.looking import html_of, words_of
from tests.source_tree import ROOT

OpenClinic = Callable[..., AppTest]


@pytest.fixture
def home(use_settings: Callable[..., None], small_models: Path, tmp_path: Path) -> Path:
    """Store the hand-made run for both tasks; pictures of the kidney task are away."""
    use_settings(models=small_models, home=tmp_path / "home", data_root=None)
    for task in ("phantom_ct", "kidney_ct"):
        store_clinic_run(tmp_path / "home", find_version(task), task=task)
    return tmp_path / "home"


@pytest.fixture
def open_clinic(home: Path, use_settings: Callable[..., None], small_models: Path) -> OpenClinic:
    """Return a function that follows a link to the page: ``open_clinic(run="hand")``."""

    def open_it(task: str = "phantom_ct", **asked: str) -> AppTest:
        use_settings(models=small_models, home=home, data_root=None)
        app = AppTest.from_file(str(ROOT / "streamlit_app.py"), default_timeout=120)
        app.query_params["task"] = task
        app.run()
        for name, value in {"class": "stone", **asked}.items():
            app.query_params[name] = value
        app.switch_page("pages/missed_findings.py").run()
        assert not app.exception
        return app

    return open_it


def keys(app: AppTest, kind: str, field: str) -> list[str]:
    return [item.key for item in app.get(kind) if str(item.key).startswith(f"clinic.{field}.")]


def save(app: AppTest, *, cause: str | None, note: str = "", who: str = "Dr Ä") -> AppTest:
    """Fill in the form of the first card and save it."""
    app.text_input(key="clinic.signed_by").set_value(who)
    if cause is not None:
        box = app.selectbox(key=keys(app, "selectbox", "cause")[0])
        box.set_value(workflow.Cause(cause))
    app.text_area(key=keys(app, "text_area", "note")[0]).set_value(note)
    app.button(key=keys(app, "button", "save")[0]).click().run()
    assert not app.exception
    return app


def test_the_page_leads_with_how_many_in_how_many_series(open_clinic: OpenClinic):
    words = words_of(open_clinic())
    assert "3 stone pictures missed of 4, in 2 of 2 series; 2 of them in one series" in words
    assert "respecting series, n 4 in 2" in words


def test_a_card_shows_picture_both_maps_probabilities_and_scores(open_clinic: OpenClinic):
    app = open_clinic()
    html = html_of(app)
    assert html.count("class='sl-miss'") == 3
    assert "Map of Stone (true)" in html
    assert "Map of Normal (called)" in html
    assert html.count("data:image/png;base64,") >= 3
    words = words_of(app)
    assert "0.900 behind the called class" in words
    assert "Refused by the gate in this run" in words
    assert "Label doubted: confidently Normal" in words
    assert "does not hold which training pictures" in words
    assert app.text[0].value == "1 · phantom_ct/s300692_3.png"


def test_hostile_slice_values_are_text_and_turn_nothing_round(open_clinic: OpenClinic):
    html = html_of(open_clinic())
    assert "<img src=x" not in html
    assert "&lt;img src=x onerror" in html
    assert "\u202e" not in html
    assert HOSTILE[4] not in html  # shortened


def test_false_alarms_have_the_same_gallery(open_clinic: OpenClinic):
    app = open_clinic(kind="false_alarm")
    assert "1 picture called stone that is not, of 4" in words_of(app)
    assert html_of(app).count("class='sl-miss'") == 1


def test_any_finding_counts_what_was_called_nothing_at_all(open_clinic: OpenClinic):
    app = open_clinic(**{"class": "any_finding"})
    assert "3 pictures with a finding missed of 6" in words_of(app)


def test_filters_narrow_the_cards(open_clinic: OpenClinic):
    app = open_clinic()
    app.multiselect(key="clinic.called").set_value(["cyst"]).run()
    assert html_of(app).count("class='sl-miss'") == 1
    app.multiselect(key="clinic.called").set_value([]).run()
    app.checkbox(key="clinic.one_a_group").check().run()
    assert html_of(app).count("class='sl-miss'") == 2
    assert not app.exception


def test_a_link_leads_to_the_called_class_or_to_one_picture(open_clinic: OpenClinic):
    app = open_clinic(run="hand", called="cyst")
    assert html_of(app).count("class='sl-miss'") == 1
    app = open_clinic(run="hand", file="phantom_ct/s300550_0.png")
    assert html_of(app).count("class='sl-miss'") == 1
    app.button(key="clinic.all").click().run()
    assert html_of(app).count("class='sl-miss'") == 3


@pytest.mark.parametrize(
    "asked", [{"run": "none"}, {"class": "<b>"}, {"file": "../../etc/passwd"}, {"kind": "x"}]
)
def test_a_link_that_names_nothing_breaks_nothing(open_clinic: OpenClinic, asked: dict[str, str]):
    app = open_clinic(**asked)
    assert "missed of" in words_of(app)
    assert "etc/passwd" not in words_of(app)


def test_a_cause_is_stored_with_its_name_and_is_there_in_another_session(
    open_clinic: OpenClinic,
):
    note = "<img src=x onerror=alert(1)> ![](http://127.0.0.1/x) =1+1 \u202egnp"
    app = save(open_clinic(), cause="look_alike", note=note)
    found = recorded_causes(find_run("phantom_ct", "hand"), "miss")
    stored = found["phantom_ct/s300692_3.png"]
    assert (stored.cause, stored.recorded_by, stored.note) == ("look_alike", "Dr Ä", note)
    assert (stored.y_true, stored.called) == ("stone", "normal")
    assert "Causes: 1 of 3 looked into" in words_of(app)
    again = open_clinic()
    assert "Look-alike, Dr Ä," in words_of(again)
    assert again.text_area(key=keys(again, "text_area", "note")[0]).value == note
    assert "<img src=x" not in html_of(again)


@pytest.mark.parametrize(
    ("cause", "who", "said"), [(None, "Dr Ä", "Choose a cause."), ("too_small", " ", "your name")]
)
def test_without_a_cause_or_a_name_nothing_is_stored(
    open_clinic: OpenClinic, cause: str | None, who: str, said: str
):
    app = save(open_clinic(), cause=cause, who=who, note="kept")
    assert said in words_of(app)
    assert recorded_causes(find_run("phantom_ct", "hand"), "miss") == {}
    assert app.text_area(key=keys(app, "text_area", "note")[0]).value == "kept"


def test_what_was_typed_stays_when_saving_fails(
    open_clinic: OpenClinic, monkeypatch: pytest.MonkeyPatch
):
    def fail(*_: object, **__: object) -> None:
        raise PersistenceError("The database is busy.", remedy="Nothing was saved; try again.")

    app = open_clinic()
    monkeypatch.setattr("core.persistence.store.Store.add", fail)
    save(app, cause="poor_image", note="much motion")
    assert "The database is busy." in words_of(app)
    assert app.text_area(key=keys(app, "text_area", "note")[0]).value == "much motion"
    assert app.selectbox(key=keys(app, "selectbox", "cause")[0]).value == "poor_image"


def test_with_the_pictures_away_the_rows_stand_there_and_how_to_attach_them(
    open_clinic: OpenClinic,
):
    app = open_clinic("kidney_ct")
    assert "SECOND_LOOK_DATA_ROOT" in words_of(app)
    table = app.dataframe[0].value
    assert table["called"].tolist() == ["normal", "normal", "cyst"]
    assert table["slice_scanner"].tolist()[0] == HOSTILE[0]
    assert html_of(app).count("class='sl-miss'") == 0


def test_a_picture_goes_on_to_analyse(open_clinic: OpenClinic):
    app = open_clinic()
    app.button(key=keys(app, "button", "open")[0]).click().run()
    assert not app.exception
    assert app.session_state["analyse.studies"][0].name == "phantom_ct/s300692_3.png"


def test_rows_and_clinic_can_be_taken_away(open_clinic: OpenClinic):
    labels = {button.proto.label for button in open_clinic().get("download_button")}
    assert labels == {"Rows as CSV", "Clinic as PDF"}


def test_a_random_split_is_named_as_leakage(open_clinic: OpenClinic, home: Path):
    version = find_version("phantom_ct")
    store_clinic_run(home, version, name="leaky", split="random_split")
    app = open_clinic(run="leaky")
    assert "Leakage" in words_of(app)
    assert "clinic.suspected" not in [box.key for box in app.checkbox]


def test_an_out_of_fold_run_says_which_weights_draw_the_maps(open_clinic: OpenClinic, home: Path):
    store_clinic_run(home, find_version("phantom_ct"), name="folds", split="out_of_fold")
    words = words_of(open_clinic(run="folds"))
    assert "Maps are drawn by the shipped weights" in words
    assert "fitted on it too" in words


def test_without_a_run_the_page_says_how_to_measure(open_page: OpenPage):
    app = open_page("missed_findings")
    assert "python -m core evaluate --task kidney_ct --data FOLDER" in words_of(app)


def test_a_view_turns_its_pages(open_clinic: OpenClinic, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("pages._shared.clinic.CARDS_ON_A_PAGE", 2)
    app = open_clinic()
    assert html_of(app).count("class='sl-miss'") == 2
    app.button(key="clinic.next").click().run()
    assert html_of(app).count("class='sl-miss'") == 1
    assert "3 to 3 of 3" in words_of(app)
    app.multiselect(key="clinic.called").set_value(["normal"]).run()
    assert "1 to 2 of 2" in words_of(app)  # another list starts at its first page
