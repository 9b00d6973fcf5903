"""Case: a verdict is one row, however it is clicked; nothing is overwritten, nothing is lost."""

from __future__ import annotations

import sqlite3

import numpy as np
import pytest

from core.errors import PersistenceError
from core.persistence.case_records import Stage
from core.persistence.case_store import CaseStore
from core.workflows.adding_cases import CaseFacts, add_bytes
from core.workflows.analyst import open_analyst
from core.workflows.cases import case_file, history, worklist_page, worklist_query
from core.workflows.drafts import find_draft
from pages._shared import case_verdict, state, style
from pages._shared.case import Opened
from tests.core.intake.stack_files import ct
from tests.pages.case_pages import (
    FIRST,
    SECOND,
    add,
    as_reader,
    choose,
    field,
    open_case,
    press,
    says,
    write,
)
from tests.pages.conftest import OpenPage
from tests.pages.looking import decoded, html_of, panes_of, picture, probabilities_of, words_of


def opened_in(app) -> Opened:
    return app.session_state[state.CASE_OPENED]


def test_without_a_case_in_the_address_the_page_leads_to_the_worklist(open_page: OpenPage):
    app = open_page("case")
    assert "No case is open" in words_of(app)
    assert "Worklist" in [link.label for link in app.get("page_link")] or app.get("page_link")


def test_a_case_that_is_not_there_is_said_and_nothing_breaks(open_page: OpenPage):
    app = open_page("worklist")
    add()
    app = open_case(app, "c0000")
    assert "There is no case" in words_of(app)
    assert "python -m core" not in words_of(app)
    assert "Choose one on the worklist." in words_of(app)
    assert app.get("page_link")


def test_the_answer_shown_is_the_one_recorded_and_the_pixels_are_the_files(open_page: OpenPage):
    app = open_page("worklist")
    case_id = add(41)
    app = open_case(app, case_id)
    recorded = case_file(case_id).answers[-1].probabilities
    assert probabilities_of(app) == pytest.approx(dict(recorded), abs=1e-8)
    assert np.array_equal(decoded(panes_of(app)["original"]), picture(41))
    assert panes_of(app)["overlay"] is not None
    icon, word = style.CASE_STATES["new"]
    assert word in words_of(app) and icon in words_of(app)


def test_one_click_agrees_and_the_row_says_what_was_on_the_screen(open_page: OpenPage):
    app = open_page("worklist")
    case_id = add()
    app = press(open_case(app, case_id, FIRST), "Agree")
    [read] = case_file(case_id).reads
    answer = case_file(case_id).answers[-1]
    assert (read.reader, read.verdict, read.stage) == (FIRST, answer.predicted, Stage.WITH_AI)
    assert read.shown["version_digest"] == answer.version_digest
    assert read.shown["map_opacity"] is not None
    assert "Correct your verdict" in [button.label for button in app.button]
    assert "sl-case-done" in html_of(app)


def test_a_double_click_and_a_rerun_in_between_give_one_row(
    open_page: OpenPage, monkeypatch: pytest.MonkeyPatch
):
    app = open_page("worklist")
    case_id = add()
    app = open_case(app, case_id, FIRST)
    press_twice = case_verdict.save
    keys = []
    add_read = CaseStore.add_read

    def counted(self, read, *, key, based_on=None):
        keys.append(key)
        return add_read(self, read, key=key, based_on=based_on)

    monkeypatch.setattr(CaseStore, "add_read", counted)

    def twice(found, opened, verdict=None):
        press_twice(found, opened, verdict)
        app_set = case_verdict.st.session_state[state.CASE_SAVED]
        app_set.discard(opened.act)  # as if another server run had taken the second click
        press_twice(found, opened, verdict)

    monkeypatch.setattr(case_verdict, "save", twice)
    app.run()
    press(app, "Agree")
    assert len(keys) == 2 and len(set(keys)) == 1
    assert len(case_file(case_id).reads) == 1


def test_a_correction_says_what_it_corrects_and_keeps_both(open_page: OpenPage):
    app = open_page("worklist")
    case_id = add()
    app = press(choose(open_case(app, case_id, FIRST), "cyst"), "Save verdict")
    app = press(app, "Correct your verdict")
    assert "Corrects your verdict Cyst of" in words_of(app)
    assert field(app, "verdict").value == "cyst"
    app = press(choose(app, "stone"), "Save verdict")
    first, second = case_file(case_id).reads
    assert (first.verdict, second.verdict, second.corrects) == ("cyst", "stone", first.sequence)
    assert "corrects Cyst of" in words_of(app)


def test_the_second_of_two_readers_is_told_nothing_is_overwritten_and_the_text_stays(
    open_page: OpenPage,
):
    app = open_page("worklist")
    case_id = add()
    app = write(choose(open_case(app, case_id, FIRST), "cyst"), "4 mm, upper pole")
    says(case_id, SECOND, "normal")
    app = press(app, "Save verdict")
    assert f"{SECOND} decided this case" in words_of(app)
    assert [read.reader for read in case_file(case_id).reads] == [SECOND]
    assert app.text_area[0].value == "4 mm, upper pole"
    app = press(app, "Open the case again")
    assert find_draft(FIRST, case_id).comment == "4 mm, upper pole"
    app = press(app, "Give a verdict of your own")
    assert app.text_area[0].value == "4 mm, upper pole"
    app = press(app, "Save verdict")
    assert [read.reader for read in case_file(case_id).reads] == [SECOND, FIRST]


@pytest.mark.parametrize(
    "refusal",
    [
        "Not saved: the disk of the home is full.",
        "Not saved: the database is read-only.",
        "Not saved: another program is writing to the database.",
    ],
)
def test_a_verdict_that_was_not_stored_says_so_and_keeps_every_word(
    open_page: OpenPage, monkeypatch: pytest.MonkeyPatch, refusal: str
):
    app = open_page("worklist")
    case_id = add()
    app = write(choose(open_case(app, case_id, FIRST), "tumor"), "a long sentence")

    def refuse(*_: object, **__: object) -> None:
        raise PersistenceError(refusal, remedy="Try again.")

    with monkeypatch.context() as broken:
        broken.setattr(CaseStore, "add_read", refuse)
        app = press(app, "Save verdict")
    assert refusal in words_of(app)
    assert "sl-case-new" in html_of(app)
    assert (app.text_area[0].value, field(app, "verdict").value) == ("a long sentence", "tumor")
    app = press(app, "Save verdict")
    assert case_file(case_id).reads[-1].comment == "a long sentence"
    assert refusal not in words_of(app)


def test_a_locked_database_is_told_as_not_saved(open_page: OpenPage, tmp_path, monkeypatch):
    app = open_page("worklist")
    case_id = add()
    app = choose(open_case(app, case_id, FIRST), "tumor")
    monkeypatch.setattr("core.persistence.sqlite_file.BUSY_SECONDS", 0.05)
    other = sqlite3.connect(tmp_path / "home" / "second_look.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    try:
        app = press(app, "Save verdict")
    finally:
        other.rollback()
        other.close()
    assert "Not saved: another program is writing" in words_of(app)
    assert case_file(case_id).reads == ()


def test_a_draft_survives_a_new_session_and_goes_with_the_verdict(open_page: OpenPage):
    app = open_page("worklist")
    case_id = add()
    app = write(choose(open_case(app, case_id, FIRST), "cyst"), "begun")
    assert find_draft(FIRST, case_id).comment == "begun"
    fresh = open_page("worklist")
    fresh = open_case(fresh, case_id, SECOND)
    assert fresh.text_area[0].value == ""
    fresh = as_reader(fresh, FIRST)
    assert (fresh.text_area[0].value, field(fresh, "verdict").value) == ("begun", "cyst")
    press(fresh, "Save verdict")
    assert find_draft(FIRST, case_id).is_empty


def test_what_was_said_before_the_name_is_kept_for_whoever_says_it(open_page: OpenPage):
    app = open_page("worklist")
    case_id = add()
    write(open_case(app, case_id, FIRST), "begun earlier")
    unnamed = open_page("worklist")
    unnamed = choose(open_case(unnamed, case_id), "tumor")
    assert find_draft("", case_id).is_empty
    named = as_reader(unnamed, FIRST)
    assert (field(named, "verdict").value, named.text_area[0].value) == ("tumor", "begun earlier")
    kept = find_draft(FIRST, case_id)
    assert (kept.verdict, kept.comment) == ("tumor", "begun earlier")
    other = as_reader(named, SECOND)  # another person at the same screen begins anew
    assert field(other, "verdict").value is None
    press(as_reader(other, FIRST), "Save verdict")
    assert [read.verdict for read in case_file(case_id).reads] == ["tumor"]


def test_nobody_and_no_class_are_asked_for_before_anything_is_stored(open_page: OpenPage):
    app = open_page("worklist")
    case_id = add()
    app = press(open_case(app, case_id), "Agree")
    assert "Say who you are" in words_of(app)
    app = press(as_reader(app, FIRST), "Save verdict")
    assert "Choose a class" in words_of(app)
    assert case_file(case_id).reads == ()


def test_patient_context_is_hidden_until_its_showing_is_recorded(open_page: OpenPage):
    app = open_page("worklist")
    case_id = add(pseudonym="ZZ-PSEUDO", study_date="2026-03-04")
    other = add(49)
    app = open_case(app, case_id, FIRST)
    seen = words_of(app) + " ".join(text.value for text in app.text)
    assert "ZZ-PSEUDO" not in seen and "2026-03-04" not in seen
    app = press(app, "Show patient context")
    assert "Pseudonym ZZ-PSEUDO · study date 2026-03-04" in [text.value for text in app.text]
    assert [(row.action, row.who) for row in history(case_id)][-1] == ("context_shown", FIRST)
    app = open_case(open_case(app, other), case_id)
    assert "ZZ-PSEUDO" not in " ".join(text.value for text in app.text)


def test_a_prior_of_the_same_pseudonym_stands_beside_at_the_same_scale(open_page: OpenPage):
    app = open_page("worklist")
    prior, current, stranger = add(51, pseudonym="P1"), add(52, pseudonym="P1"), add(53)
    app = open_case(app, current)
    [box] = [item for item in app.selectbox if str(item.key).startswith(state.CASE_PRIOR)]
    assert len(box.options) == 1
    box.set_value(prior).run()
    panes = panes_of(app)
    assert np.array_equal(decoded(panes["original"]), picture(52))
    assert np.array_equal(decoded(panes["overlay"]), picture(51))
    assert "Prior 1" in str(panes["overlay_title"])
    app = open_case(app, stranger)
    assert "No prior" in words_of(app)


def test_next_and_previous_follow_the_order_that_was_left_behind(
    open_page: OpenPage, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("pages._shared.worklist.ROWS", 2)
    app = open_page("worklist")
    for seed in range(60, 64):
        add(seed)
    app.run()
    app.selectbox(key=state.WORK_SORT).set_value("waiting_since").run()
    order = [row.case_id for row in worklist_page(
        worklist_query(task="kidney_ct", sort="waiting_since")).rows]  # fmt: skip
    app = open_case(app, order[0])
    walked = [order[0]]
    for _ in range(3):
        app = press(app, "Next")
        walked.append(opened_in(app).case_id)
    assert walked == order
    app = press(app, "Next")
    assert "last case of the list" in words_of(app)
    assert opened_in(app).case_id == order[-1]
    back = []
    for _ in range(3):
        app = press(app, "Previous")
        back.append(opened_in(app).case_id)
    assert back == order[-2::-1]


def test_a_comment_is_text_on_every_part_of_the_page(open_page: OpenPage):
    app = open_page("worklist")
    case_id = add()
    hostile = "<img src=x onerror=alert(1)> ![a](http://127.0.0.1/x)"
    says(case_id, FIRST, "stone", comment=hostile)
    app = open_case(app, case_id, FIRST)
    assert "<img src=x" not in html_of(app)
    assert html_of(app).count("&lt;img src=x onerror=alert(1)&gt;") == 2  # the card, the history
    assert not [item for item in app.markdown if "onerror" in item.value]


def test_a_refused_case_says_so_and_offers_nothing_to_agree_with(open_page: OpenPage):
    from core.workflows.adding_cases import CaseFacts, add_bytes
    from core.workflows.analyst import open_analyst
    from tests.pages.looking import encoded

    app = open_page("worklist")
    blank = encoded(np.zeros((200, 200), np.uint8))
    added = add_bytes(open_analyst("kidney_ct"), blank, said=CaseFacts(FIRST, already_applied=()))
    app = open_case(app, str(added.case_id), FIRST)
    assert "data-status='refused'" in html_of(app)
    assert probabilities_of(app) == {}
    assert "it is not thereby normal" in words_of(app)
    assert [item.label for item in app.button if item.label.startswith("Agree")] == []
    press(choose(app, "not_assessable"), "Save verdict")
    assert case_file(str(added.case_id)).state == "not_assessable"


@pytest.mark.parametrize("study", [None, "1.2.826.0.1.7"])
def test_a_ct_has_its_maps_and_a_dicom_report_where_it_can_be_filed(open_page: OpenPage, study):
    app = open_page("worklist")
    data = ct(picture(47), **({"StudyInstanceUID": study} if study else {}))
    said = CaseFacts(FIRST, already_applied=())
    case_id = str(add_bytes(open_analyst("kidney_ct"), data, said=said).case_id)
    app = open_case(app, case_id, FIRST)
    assert panes_of(app)["overlay"] is not None
    assert "maps are left out" not in words_of(app)
    offered = {item.proto.label: not item.proto.disabled for item in app.get("download_button")}
    assert offered == {"Report as PDF": True, "DICOM report": study is not None, "CSV": True}
    assert ("No DICOM report: the file named no study" in words_of(app)) == (study is None)
