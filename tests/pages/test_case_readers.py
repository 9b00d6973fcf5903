"""Read first, second reads blind, adjudication: what each reader may see, and what is recorded."""

from __future__ import annotations

import json
from dataclasses import asdict

import pytest
from streamlit.testing.v1 import AppTest

from core.persistence.case_records import Need, Stage
from core.workflows.cases import case_file, history
from core.workflows.second_reads import agreement
from pages._shared import markup, state
from tests.pages.case_pages import (
    FIRST,
    SECOND,
    THIRD,
    add,
    as_reader,
    choose,
    open_case,
    press,
    says,
    write,
)
from tests.pages.conftest import OpenPage
from tests.pages.looking import (
    encoded,
    html_of,
    panes_of,
    picture,
    probabilities_of,
    upload,
    words_of,
)


def everything_in(app: AppTest) -> str:
    """Return all that the page was sent: markup, labels, what components were given."""
    parts = [html_of(app), words_of(app)]
    parts += [item.proto.json for item in app.get("bidi_component")]
    parts += [str(item.label) for item in (*app.button, *app.selectbox)]
    parts += [item.proto.label for item in app.get("download_button")]
    return "\n".join(parts)


def shows_answer(app: AppTest, case_id: str) -> bool:
    answer = case_file(case_id).answers[-1]
    held = everything_in(app)
    told = f"data-probability='{answer.risk:.3f}"[:-3]
    return bool(probabilities_of(app)) or answer.model_version + " answered" in held or told in held


def test_reading_comes_first_and_the_answer_is_shown_only_after_the_verdict(
    open_page: OpenPage, use_settings
):
    app = open_page("worklist")
    case_id = add()
    use_settings(read_first=True)
    app = open_case(app, case_id, FIRST)
    assert not shows_answer(app, case_id)
    assert panes_of(app)["two_panes"] is False
    assert not [item for item in app.button if item.label.startswith("Agree")]
    app = press(choose(app, "cyst"), "Save verdict")
    assert [read.stage for read in case_file(case_id).reads] == [Stage.BEFORE_REVEAL]
    assert case_file(case_id).reads[0].shown["answer"] is None
    assert shows_answer(app, case_id)
    assert "before it: Cyst" in words_of(app)
    called = case_file(case_id).answers[-1].predicted
    app = press(app, "Agree" if called == "cyst" else "Keep: Cyst")
    _, after = case_file(case_id).reads
    assert (after.stage, after.verdict, after.corrects) == (Stage.WITH_AI, "cyst", None)
    assert after.shown["answer"] is not None
    assert agreement("kidney_ct").switches.n == 1


def test_a_second_reader_sees_neither_the_answer_nor_the_first_read(
    open_page: OpenPage, use_settings
):
    app = open_page("worklist")
    case_id = add()
    use_settings(second_read_share=1)
    says(case_id, FIRST, "tumor", comment="ZZFIRST comment")
    app = open_case(app, case_id)
    assert "waits for a second read" in words_of(app)
    assert not app.get("bidi_component") or "original" not in everything_in(app)
    app = as_reader(app, SECOND)
    held = everything_in(app)
    assert not shows_answer(app, case_id)
    assert "ZZFIRST" not in held and FIRST not in held and "Report as PDF" not in held
    assert "shown once you have decided" in words_of(app)
    assert history(case_id)[-1].action == "second_read_opened"
    app.run()
    assert [row.action for row in history(case_id)].count("second_read_opened") == 1
    app = press(choose(app, "tumor"), "Save verdict")
    assert case_file(case_id).reads[-1].stage is Stage.SECOND_BLIND
    assert case_file(case_id).needs is None
    assert shows_answer(app, case_id) and "ZZFIRST" in everything_in(app)


def test_who_saw_the_answer_before_another_decided_is_not_counted_as_blind(
    open_page: OpenPage, use_settings
):
    app = open_page("worklist")
    case_id = add()
    use_settings(second_read_share=1)
    app = choose(open_case(app, case_id, SECOND), "cyst")
    assert shows_answer(app, case_id)
    says(case_id, FIRST, "tumor", comment="ZZFIRST comment")
    press(app, "Save verdict")
    assert [row.action for row in history(case_id)].count("answer_shown") == 1
    app = choose(open_case(open_page("worklist"), case_id, SECOND), "cyst")  # another session
    assert "ZZFIRST" not in everything_in(app)  # the other read is kept back all the same
    press(app, "Save verdict")
    assert case_file(case_id).reads[-1].reader == SECOND
    assert case_file(case_id).reads[-1].stage is Stage.WITH_AI
    assert case_file(case_id).needs is Need.ADJUDICATION


def test_a_first_reader_goes_on_seeing_their_own_case(open_page: OpenPage, use_settings):
    app = open_page("worklist")
    case_id = add()
    use_settings(second_read_share=1)
    app = press(choose(open_case(app, case_id, FIRST), "tumor"), "Save verdict")
    assert case_file(case_id).needs is Need.SECOND_READ
    assert shows_answer(app, case_id)
    assert f"{FIRST} (you)" in words_of(app)
    assert "Report as PDF" in everything_in(app)


@pytest.fixture
def differing(open_page: OpenPage) -> tuple[AppTest, str]:
    """Return a page and a case whose two readers differ."""
    app = open_page("worklist")
    case_id = add()
    says(case_id, FIRST, "tumor", comment="upper pole")
    says(case_id, SECOND, "cyst", stage=Stage.SECOND_BLIND)
    return app, case_id


def test_readers_who_differ_stand_side_by_side_and_the_answer_stays_away(differing):
    app, case_id = differing
    app = open_case(app, case_id, THIRD)
    said = words_of(app)
    assert "2 readers differ" in said and FIRST in said and SECOND in said
    assert "upper pole" in said
    assert not shows_answer(app, case_id)
    app = press(write(choose(app, "cyst"), "fluid, no wall"), "Record the consensus")
    found = case_file(case_id)
    [decided] = found.consensus
    assert (decided.verdict, decided.adjudicator, decided.comment) == (
        "cyst",
        THIRD,
        "fluid, no wall",
    )
    assert [read.verdict for read in found.reads] == ["tumor", "cyst"]
    assert shows_answer(app, case_id)
    assert "Consensus, the reference standard" in words_of(app)
    assert "adjudicated: Cyst: fluid, no wall" in words_of(app)


def test_a_consensus_on_reads_that_changed_meanwhile_is_refused_and_the_text_stays(differing):
    app, case_id = differing
    app = write(choose(open_case(app, case_id, THIRD), "cyst"), "long thought")
    says(case_id, FIRST, "stone")
    app = press(app, "Record the consensus")
    assert "changed a verdict" in words_of(app)
    assert app.text_area[0].value == "long thought"
    assert case_file(case_id).consensus == ()


def test_a_correction_after_a_blind_read_says_what_it_corrects(open_page: OpenPage, use_settings):
    app = open_page("worklist")
    case_id = add()
    use_settings(second_read_share=1)
    says(case_id, FIRST, "tumor")
    says(case_id, SECOND, "tumor", stage=Stage.SECOND_BLIND)
    app = press(open_case(app, case_id, SECOND), "Correct your verdict")
    press(choose(app, "stone"), "Save verdict")
    blind, corrected = case_file(case_id).reads[1:]
    assert corrected.corrects == blind.sequence
    assert (blind.stage, corrected.stage) == (Stage.SECOND_BLIND, Stage.WITH_AI)


def test_the_validator_sees_kappa_with_n_and_writes_the_verdicts_as_a_set(
    open_page: OpenPage, tmp_path
):
    app = open_page("worklist")
    for seed, (one, other) in enumerate((("cyst", "cyst"), ("stone", "stone"), ("tumor", "cyst"))):
        case_id = add(70 + seed)
        says(case_id, FIRST, one)
        says(case_id, SECOND, other, stage=Stage.SECOND_BLIND)
    app.switch_page("pages/readers.py").run()
    assert not app.exception
    said = words_of(app)
    kappa = agreement("kidney_ct").pairs[FIRST, SECOND]
    assert f"{FIRST} and {SECOND}" in said and kappa.n == 3
    assert f"{kappa.value:.2f}" in said and markup.figure_text(asdict(kappa))[1] in said
    app = press(app, "Write verdicts as a labelled set")
    [folder] = (tmp_path / "home" / "labelled").iterdir()
    assert len(list(folder.glob("*.png"))) == 2
    assert "2 pictures of 2 patients" in words_of(app) and "1 cases are left out" in words_of(app)


def test_readers_page_without_a_verdict_says_that_nothing_is_defined(open_page: OpenPage):
    app = open_page("readers")
    assert "undefined" in words_of(app)
    app = press(app, "Write verdicts as a labelled set")
    assert "has a verdict that stands" in words_of(app)


def test_a_picture_of_analyse_becomes_a_case_with_one_button(open_page: OpenPage):
    app = upload(open_page("analyse"), ("ZZPHI.png", encoded(picture(81))))
    app = press(as_reader(app, FIRST), "Add as case")
    assert "This picture is a case now." in words_of(app)
    said = app.session_state[state.CASE_ADDED][1]
    shown = probabilities_of(app)
    assert probabilities_of(open_case(app, said.case_id)) == pytest.approx(shown, abs=1e-6)
    assert "ZZPHI" not in json.dumps([row.facts for row in history(said.case_id)], default=str)
