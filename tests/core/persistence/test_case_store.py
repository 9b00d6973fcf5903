"""Cases and reads: stored once with their audit row, never overwritten; faults 36, 37, 40 to 42."""

import sqlite3
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime

import pytest
import sqlalchemy as sa

from core.errors import CaseError, ConflictError, PersistenceError
from core.persistence import sqlite_file
from core.persistence.case_records import CaseState, Consensus, Need, Stage
from core.persistence.case_rows import to_row
from core.persistence.case_store import CaseStore
from core.persistence.case_tables import review_case
from core.persistence.chain import recording
from core.persistence.database import database
from core.persistence.worklist_store import WorklistQuery, count, read_page
from tests.core.persistence.case_examples import answer, case, read
from tests.core.persistence.conftest import ordinary_user


@pytest.fixture
def store(where) -> CaseStore:
    return CaseStore(where)


def add(store: CaseStore, number: int, **changes):
    return store.add_case(case(number), answer(number, **changes))


def page(store: CaseStore, **asked):
    with store.database.reading() as connection:
        return read_page(connection, WorklistQuery(**asked))


def test_a_case_comes_out_as_it_went_in(store):
    stored, is_new = add(store, 1)
    found = store.find(stored.case_id)
    assert is_new
    assert (
        found.case
        == stored
        == replace(
            case(1),
            added_at=stored.added_at,
            sequence=1,
            picture={"rows": 4, "columns": 4, "pixel_spacing_mm": [0.5, 1.0]},
        )
    )
    assert found.answers[0] == replace(
        answer(1), answered_at=found.answers[0].answered_at, sequence=1
    )
    assert (found.state, found.needs) == (CaseState.NEW, None)


def test_the_same_picture_is_the_same_case(store):
    first, _ = add(store, 1)
    again, is_new = store.add_case(case(1, added_by="B. Reader"), answer(1))
    assert (again, is_new) == (first, False)


def test_a_read_closes_the_case_and_a_repeated_key_is_one_row(store):
    add(store, 1)
    first = store.add_read(read(1), key="k1")
    assert store.add_read(read(1), key="k1") == first
    found = store.find(case(1).case_id)
    assert (found.state, len(found.reads)) == (CaseState.DONE, 1)
    with pytest.raises(PersistenceError, match="used before for another verdict"):
        store.add_read(read(1, verdict="cyst"), key="k1")


def test_a_later_verdict_of_the_same_reader_corrects_the_earlier_which_stays(store):
    add(store, 1)
    store.add_read(read(1), key="k1")
    second = store.add_read(read(1, verdict="not_assessable"), key="k2")
    found = store.find(case(1).case_id)
    assert [item.verdict for item in found.reads] == ["stone", "not_assessable"]
    assert second.corrects == found.reads[0].sequence
    assert found.state is CaseState.NOT_ASSESSABLE
    assert [row.action for row in store.history(case(1).case_id)][-1] == "read_corrected"


def test_the_second_of_two_readers_is_told_and_nothing_is_overwritten(store):
    add(store, 1)
    first = store.add_read(read(1), key="k1", based_on=0)
    other = read(1, reader="B. Reader", verdict="cyst")
    with pytest.raises(ConflictError, match=r"A\. Reader decided this case") as told:
        store.add_read(other, key="k2", based_on=0)
    assert "your text is kept" in told.value.remedy
    assert [item.verdict for item in store.find(case(1).case_id).reads] == ["stone"]
    store.add_read(other, key="k2", based_on=first.sequence)
    found = store.find(case(1).case_id)
    assert (found.state, found.needs) == (CaseState.IN_REVIEW, Need.ADJUDICATION)


def test_a_consensus_settles_it_and_both_reads_stay(store):
    add(store, 1)
    a = store.add_read(read(1), key="k1")
    with pytest.raises(CaseError, match="has 1 reader"):
        store.add_consensus(Consensus(case(1).case_id, "cyst", (a.sequence,), "C. Chief"))
    b = store.add_read(read(1, reader="B. Reader", verdict="cyst"), key="k2")
    with pytest.raises(ConflictError, match="changed a verdict"):
        store.add_consensus(Consensus(case(1).case_id, "cyst", (a.sequence,), "C. Chief"))
    numbers = (a.sequence, b.sequence)
    store.add_consensus(Consensus(case(1).case_id, "cyst", numbers, "C. Chief"))
    found = store.find(case(1).case_id)
    assert (found.state, found.needs, len(found.reads)) == (CaseState.DONE, None, 2)
    assert found.consensus[0].reads == numbers
    store.add_read(read(1, verdict="tumor"), key="k3")
    assert store.find(case(1).case_id).needs is Need.ADJUDICATION


def test_what_was_said_before_the_reveal_does_not_close_a_case(store):
    add(store, 1)
    store.add_read(read(1, stage=Stage.BEFORE_REVEAL), key="k1")
    assert store.find(case(1).case_id).state is CaseState.IN_REVIEW
    after = store.add_read(read(1), key="k2")
    found = store.find(case(1).case_id)
    assert (found.state, after.corrects) == (CaseState.DONE, None)
    assert set(found.in_force) == {
        ("A. Reader", Stage.BEFORE_REVEAL),
        ("A. Reader", Stage.WITH_AI),
    }


@pytest.mark.parametrize(
    ("share", "verdict", "needs"),
    [
        (None, "cyst", None),
        (0.0, "stone", None),
        (0.0, "cyst", Need.SECOND_READ),
        (1.0, "stone", Need.SECOND_READ),
    ],
)
def test_a_second_read_is_asked_for_of_a_share_and_of_disagreements(where, share, verdict, needs):
    store = CaseStore(where, share=share)
    add(store, 1)
    store.add_read(read(1, verdict=verdict), key="k1")
    assert store.find(case(1).case_id).needs is needs
    assert [row.needs for row in page(store).rows] == [needs]


@pytest.mark.parametrize("sort", ["risk", "uncertainty", "waiting_since", "priority"])
def test_pages_follow_each_other_without_gap_or_repeat(store, sort):
    for number in range(1, 14):
        risk = None if number % 5 == 0 else (number * 7 % 13) / 13
        store.add_case(case(number, priority=number % 3), answer(number, stone=risk))
    seen, after = [], None
    while True:
        found = page(store, sort=sort, rows=5, after=after)
        seen += found.rows
        if found.after is None:
            break
        after = found.after
    assert len({row.case_id for row in seen}) == len(seen) == 13
    values = [getattr(row, sort) for row in seen]
    shown = [1.0 if value is None else value for value in values]
    assert shown == sorted(shown, reverse=sort != "waiting_since")


def test_filters_and_the_total_agree(store):
    for number in range(1, 8):
        add(store, number, stone=None if number == 7 else number / 10)
    store.add_read(read(1), key="k1")
    with store.database.reading() as connection:
        for asked, n in [
            ({}, 7),
            ({"state": CaseState.DONE}, 1),
            ({"state": CaseState.REFUSED}, 1),
            ({"finding": "stone"}, 1),
            ({"task": "phantom_ct"}, 0),
            ({"task": "kidney_ct", "finding": "normal"}, 5),
        ]:
            query = WorklistQuery(**asked)
            assert len(read_page(connection, query).rows) == count(connection, query) == n
    (refused,) = page(store, state=CaseState.REFUSED).rows
    assert (refused.finding, refused.risk) == (None, None)


def test_the_worklist_can_be_made_anew(store):
    for number in range(1, 4):
        add(store, number)
    store.add_read(read(2, verdict="cyst"), key="k1")
    before = page(store)
    with store.database.writing() as connection:
        connection.exec_driver_sql("DELETE FROM worklist")
    assert page(store).rows == ()
    assert store.rebuild() == 3
    assert page(store) == before


def test_threads_that_read_at_once_lose_nothing_and_the_chain_holds(store, holds):
    add(store, 1)
    with ThreadPoolExecutor(4) as pool:
        list(
            pool.map(
                lambda n: store.add_read(read(1, reader=f"R{n}", verdict="stone"), key=f"k{n}"),
                range(12),
            )
        )
    assert len(store.find(case(1).case_id).reads) == 12
    assert holds()


UNLOCKED = {
    "sqlite": "DROP TRIGGER case_read_no_update",
    "postgresql": "DROP TRIGGER case_read_stays ON case_read",
}


def test_a_row_changes_only_past_the_triggers_and_the_chain_tells(store, holds):
    add(store, 1)
    store.add_read(read(1), key="k1")
    change = "UPDATE case_read SET verdict = 'cyst'"
    with pytest.raises(PersistenceError), store.database.writing() as connection:
        connection.exec_driver_sql(change)
    assert holds()
    with store.database.writing() as connection:
        connection.exec_driver_sql(UNLOCKED[connection.dialect.name])
        connection.exec_driver_sql(change)
    assert not holds()


def test_a_unit_of_work_that_fails_leaves_no_gap_in_the_chain(store, holds):
    add(store, 1)
    with pytest.raises(RuntimeError), recording(store.database) as recorder:
        recorder.append("shown", who="A. Reader", facts={})
        raise RuntimeError
    store.add_read(read(1), key="k1")
    assert [row.sequence for row in store.history(case(1).case_id)] == [1, 2, 3]
    assert holds()


def test_an_unknown_case_is_a_sentence(store):
    with pytest.raises(CaseError, match="There is no case 'x'"):
        store.find("x")
    with pytest.raises(CaseError):
        store.add_read(read(9), key="k1")


def test_a_read_only_or_busy_database_says_not_saved(open_home, impatient):
    made = CaseStore(database())
    made.add_case(case(1), answer(1))
    path = open_home / "second_look.db"
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(PersistenceError, match="Not saved: another program"):
            made.add_read(read(1), key="k1")
    path.chmod(0o444)
    open_home.chmod(0o555)
    with ordinary_user(), pytest.raises(PersistenceError, match=r"Not saved: .* is read-only"):
        made.add_read(read(1), key="k1")
    open_home.chmod(0o755)
    path.chmod(0o644)
    assert made.add_read(read(1), key="k1").sequence == 1


def test_a_full_disk_says_not_saved_and_keeps_what_was_told(home, monkeypatch):
    made = CaseStore(database())
    made.add_case(case(1), answer(1))
    told = 0
    with closing(sqlite3.connect(home / "second_look.db")) as connection:
        (pages,) = connection.execute("PRAGMA page_count").fetchone()
    monkeypatch.setattr(
        sqlite_file, "PRAGMAS", (*sqlite_file.PRAGMAS, f"PRAGMA max_page_count={pages + 8}")
    )
    with pytest.raises(PersistenceError, match=r"Not saved: .*full"):
        for number in range(100):
            made.add_read(read(1, comment="n" * 3000), key=f"k{number}")
            told += 1
    monkeypatch.undo()
    assert told > 0
    assert len(CaseStore(database()).find(case(1).case_id).reads) == told


def plan_of(store: CaseStore, ask) -> str:
    """Return how the database finds what a call of the store asks for, in its own words."""
    engine, asked = store.database._engine, []

    def note(_connection, _cursor, statement, parameters, *_):
        asked.append((statement, parameters))

    sa.event.listen(engine, "before_cursor_execute", note)
    try:
        ask()
    finally:
        sa.event.remove(engine, "before_cursor_execute", note)
    [(statement, parameters)] = [item for item in asked if "pseudonym =" in item[0]]
    explain = {"sqlite": "EXPLAIN QUERY PLAN", "postgresql": "EXPLAIN"}[engine.dialect.name]
    with store.database.reading() as connection:
        rows = connection.exec_driver_sql(f"{explain} {statement}", parameters).all()
    return "\n".join(str(row[-1]) for row in rows)


def test_priors_among_many_cases_are_found_by_an_index(store):
    prior, mine = case(1, pseudonym="P"), case(2, pseudonym="P")
    many = [case(number) for number in range(3, 3003)]
    at = datetime(2026, 11, 22, tzinfo=UTC)
    rows = [to_row(item) | {"added_at": at} for item in (prior, mine, *many)]
    with store.database.writing() as connection:
        connection.execute(review_case.insert(), rows)
    with store.database.writing() as connection:
        connection.exec_driver_sql("ANALYZE review_case")
    assert [item.case_id for item in store.same_patient(mine)] == [prior.case_id]
    plan = plan_of(store, lambda: store.same_patient(mine))
    assert "review_case_of_pseudonym" in plan
    assert "SCAN review_case" not in plan and "Seq Scan" not in plan
