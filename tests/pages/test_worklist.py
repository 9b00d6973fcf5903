"""Worklist: the order, the filters, the pages, the batch in the background, what is kept back."""

from __future__ import annotations

import io
import json

import numpy as np
import pytest
from PIL import Image
from streamlit.testing.v1 import AppTest

from core.errors import PersistenceError
from core.persistence import batch_journal
from core.persistence.case_store import CaseStore
from core.workflows.adding_cases import CaseFacts
from core.workflows.batches import batch_desk
from core.workflows.cases import CaseState, worklist_page, worklist_query
from core.workflows.verdicts import Verdict, record_verdict
from pages._shared import state, style
from tests.pages.conftest import OpenPage
from tests.pages.looking import component_of, encoded, picture, words_of

BLANK = encoded(np.zeros((200, 200), np.uint8))


@pytest.fixture(autouse=True)
def _own_batches():
    batch_desk.cache_clear()


def fill(*files: tuple[str, bytes], by: str = "A. Reader", **said: object):
    """Add files as the page's background does, and wait for the last."""
    desk = batch_desk()
    batch = desk.start("kidney_ct", files, said=CaseFacts(by, already_applied=(), **said))
    assert desk.wait(batch, 60)
    assert desk.failure(batch) is None
    return batch


def drawn(n: int, first: int = 40) -> list[tuple[str, bytes]]:
    return [(f"slice{seed}.png", encoded(picture(seed))) for seed in range(first, first + n)]


def lines_of(app: AppTest) -> list[dict[str, object]]:
    return list(component_of(app, "second_look_worklist")["items"])


def named(app: AppTest, who: str) -> AppTest:
    app.text_input(key=state.READER_FIELD).set_value(who).run()
    assert not app.exception
    return app


def test_an_empty_worklist_offers_to_add_pictures(open_page: OpenPage):
    app = open_page("worklist")
    assert "No case here" in words_of(app)
    assert app.file_uploader
    assert app.button(key="worklist.add").disabled


def test_a_batch_fills_the_worklist_and_says_what_became_of_each_file(open_page: OpenPage):
    app = named(open_page("worklist"), "A. Reader")
    whole, other = drawn(2)
    files = [
        whole,
        other,
        ("again.png", whole[1]),
        ("blank.png", BLANK),
        ("cut.png", whole[1][:99]),
    ]
    app.file_uploader[0].set_value([(*file, "image/png") for file in files]).run()
    app.text_input(key=state.WORK_PSEUDONYM).set_value("P7").run()
    app.button(key="worklist.add").click().run()
    assert not app.exception
    desk = batch_desk()
    [batch] = desk.of_reader("A. Reader")
    assert desk.wait(batch, 60)
    app.run()
    said = words_of(app)
    assert "✓ 2 added" in said and "≡ 1 already there" in said
    assert "⊘ 1 refused, waits for a person" in said and "✕ 1 unreadable" in said
    assert len(lines_of(app)) == 3
    assert not app.file_uploader[0].value  # its bytes are let go
    table = app.dataframe[0].value
    assert list(table["File"]) == ["again.png", "blank.png", "cut.png"]
    assert "incomplete" in table["Why"].iloc[2] or "cannot" in table["Why"].iloc[2]


def test_adding_without_a_name_stores_nothing_and_says_so(open_page: OpenPage):
    app = open_page("worklist")
    app.file_uploader[0].set_value([(*drawn(1)[0], "image/png")]).run()
    app.button(key="worklist.add").click().run()
    assert "Say who you are" in words_of(app)
    assert worklist_page(worklist_query(task="kidney_ct")).rows == ()


def test_a_refused_case_never_looks_normal(open_page: OpenPage):
    app = open_page("worklist")
    fill(*drawn(1), ("blank.png", BLANK))
    app.run()
    refused, answered = sorted(lines_of(app), key=lambda item: item["state"] != "refused")
    assert (refused["icon"], refused["word"]) == style.CASE_STATES["refused"]
    assert refused["finding"] == "no answer" and refused["colour"] is None
    assert refused["risk"] is None and refused["risk_said"] == "unknown"
    assert answered["state"] == "new" and answered["colour"] is not None
    shown = {key: (icon, word) for key, (icon, word) in style.CASE_STATES.items()}
    assert set(shown) == {state.value for state in CaseState}
    assert len({icon for icon, _ in shown.values()}) == len({w for _, w in shown.values()}) == 6


def test_orders_and_filters_are_those_of_the_workflow_and_survive_another_page(
    open_page: OpenPage,
):
    app = open_page("worklist")
    fill(*drawn(4))
    fill(*drawn(1, 60), priority=2)
    app.run()
    app.selectbox(key=state.WORK_SORT).set_value("priority").run()
    assert lines_of(app)[0]["priority_said"] == "Urgent"
    expected = worklist_page(worklist_query(task="kidney_ct", sort="uncertainty")).rows
    app.selectbox(key=state.WORK_SORT).set_value("uncertainty").run()
    assert [item["case_id"] for item in lines_of(app)] == [row.case_id for row in expected]
    app.selectbox(key=state.WORK_STATE).set_value("done").run()
    assert "No case here" in words_of(app)
    app.switch_page("pages/models.py").run()
    app.switch_page("pages/worklist.py").run()
    assert app.selectbox(key=state.WORK_STATE).value == "done"
    assert app.selectbox(key=state.WORK_SORT).value == "uncertainty"


def test_pages_turn_by_key_and_the_total_is_asked_for_apart(
    open_page: OpenPage, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("pages._shared.worklist.ROWS", 2)
    app = open_page("worklist")
    fill(*drawn(5))
    app.run()
    everything = [row.case_id for row in worklist_page(worklist_query(task="kidney_ct")).rows]
    seen = [item["case_id"] for item in lines_of(app)]
    assert "cases" not in words_of(app).split("1 to 2")[1][:12]
    for _ in range(2):
        app.button(key="worklist.next").click().run()
        seen += [item["case_id"] for item in lines_of(app)]
    assert seen == everything
    app.button(key="worklist.previous").click().run()
    assert [item["case_id"] for item in lines_of(app)] == everything[2:4]
    app.button(key="worklist.count").click().run()
    assert "3 to 4 of 5 cases" in words_of(app)


def test_the_finding_is_kept_back_where_a_case_is_to_be_read_without_it(
    open_page: OpenPage, use_settings
):
    app = open_page("worklist")
    fill(*drawn(2))
    use_settings(second_read_share=1)
    [first, second] = worklist_page(worklist_query(task="kidney_ct")).rows
    record_verdict(Verdict(first.case_id, "A", "stone", "k1"))
    app.run()
    by_id = {item["case_id"]: item for item in lines_of(app)}
    blind = json.dumps(by_id[first.case_id])
    assert "kept back" in blind and "second read wanted" in blind
    assert by_id[first.case_id]["risk"] is None
    assert by_id[second.case_id]["risk"] is not None
    app.segmented_control(key=state.WORK_QUEUE).set_value("second_read").run()
    assert [item["case_id"] for item in lines_of(app)] == [first.case_id]
    use_settings(read_first=True)
    app.segmented_control(key=state.WORK_QUEUE).set_value("all").run()
    assert all(item["risk"] is None for item in lines_of(app))
    assert state.WORK_FINDING not in [box.key for box in app.selectbox]


def test_names_of_files_are_data_and_never_reach_a_table_as_markup(open_page: OpenPage):
    app = named(open_page("worklist"), "A. Reader")
    hostile = ("<img src=x onerror=alert(1)>.png", "a\u202egnp.exe", "=HYPERLINK(1).png", "x" * 300)
    fill(*((name, b"GIF89a") for name in hostile))
    app.run()
    assert "<img src=x" not in "\n".join(item.proto.body for item in app.get("html"))
    shown = list(app.dataframe[0].value["File"])
    assert "\u202e" not in "".join(shown)
    assert max(map(len, shown)) <= 60


def test_what_is_stored_of_an_upload_holds_neither_name_nor_metadata(open_page: OpenPage, tmp_path):
    stream = io.BytesIO()
    exif = Image.Exif()
    exif[0x010E] = "ZZPHI^TEST"
    Image.fromarray(picture(77)).save(stream, "JPEG", quality=95, exif=exif)
    open_page("worklist")
    fill(("ZZPHI^TEST.jpg", stream.getvalue()), ("ZZPHI^TEST.png", b"no picture"))
    held = [path for path in (tmp_path / "home").rglob("*") if path.is_file()]
    assert held
    assert [path for path in held if b"ZZPHI" in path.read_bytes() or "ZZPHI" in path.name] == []


def test_a_batch_is_found_again_by_a_new_session_of_its_reader_alone(open_page: OpenPage):
    open_page("worklist")
    fill(*drawn(1), ("cut.png", b"no picture"))
    assert "Batch of 2" in words_of(named(open_page("worklist"), "A. Reader"))
    assert "Batch of 2" not in words_of(named(open_page("worklist"), "B. Other"))


def test_a_batch_that_the_disk_ended_says_why_and_goes_on(open_page: OpenPage, monkeypatch):
    app = named(open_page("worklist"), "A. Reader")
    add_case = CaseStore.add_case

    def full(*_: object, **__: object) -> None:
        raise PersistenceError("Not saved: the disk of the home is full.", remedy="Make room.")

    monkeypatch.setattr(CaseStore, "add_case", full)
    desk = batch_desk()
    batch = desk.start("kidney_ct", drawn(2), said=CaseFacts("A. Reader", already_applied=()))
    assert desk.wait(batch, 60)
    app.run()
    assert "the disk of the home is full" in words_of(app) and "2 are left" in words_of(app)
    monkeypatch.setattr(CaseStore, "add_case", add_case)
    next(item for item in app.button if item.label.startswith("Go on")).click().run()
    assert desk.wait(batch, 60)
    app.run()
    assert "✓ 2 added" in words_of(app)


def test_a_damaged_database_is_told_and_left_as_it_is(open_page: OpenPage, tmp_path):
    app = open_page("models")
    (tmp_path / "home").mkdir(exist_ok=True)
    path = tmp_path / "home" / "second_look.db"
    path.write_bytes(b"no database" * 100)
    app.switch_page("pages/worklist.py").run()
    assert not app.exception
    assert "is not an SQLite database" in words_of(app)
    assert path.read_bytes() == b"no database" * 100


def test_a_batch_that_the_server_did_not_finish_is_told_once(open_page: OpenPage):
    counts = {"added": 3, "error": 1}
    at = 1_795_305_600.0
    journal = batch_journal.BatchJournal("b7", "kidney_ct", "A. Reader", 9, counts, at, 0, 0.0)
    app = open_page("worklist")
    batch_journal.keep(journal)
    assert "The server ended" not in words_of(named(app, "B. Other"))
    said = words_of(named(app, "A. Reader"))
    assert "your batch of 9 files (22 Nov 2026, 00:00 UTC)" in said
    assert "✓ 3 added · ✕ 1 unreadable; 5 are not added." in said
    assert "Add the same files again" in said
    app.button(key="batch.forget.b7").click().run()
    assert "The server ended" not in words_of(app)
    assert batch_journal.journals() == []
