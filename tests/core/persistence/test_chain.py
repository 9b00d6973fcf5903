"""The audit chain: whatever is changed, removed, exchanged or cut off is found, by its number."""

import sqlite3
from contextlib import closing

import pytest

from core.errors import PersistenceError
from core.persistence.case_store import CaseStore
from core.persistence.chain import head_of, parse_head
from core.persistence.database import Database, database
from core.persistence.store import store as decisions
from core.persistence.verifying import known_heads, verify
from core.workflows.audit_chain import verify_chain
from tests.core.persistence.case_examples import answer, case, read
from tests.core.persistence.conftest import POINT


@pytest.fixture
def filled(home):
    """Return the database file of a home with six rows of the chain."""
    made = CaseStore(database())
    for number in (1, 2):
        made.add_case(case(number), answer(number))
    made.add_read(read(1), key="k1")
    decisions().add(POINT)
    return home / "second_look.db"


def tamper(path, *statements: str) -> None:
    with closing(sqlite3.connect(path)) as connection:
        names = connection.execute("SELECT name FROM sqlite_schema WHERE type = 'trigger'")
        for (name,) in names.fetchall():
            connection.execute(f"DROP TRIGGER {name}")
        for statement in statements:
            connection.execute(statement)
        connection.commit()


def check(*heads):
    with Database(database().url).reading() as connection:
        return verify(connection, heads=heads or known_heads(None))


def test_a_chain_that_nobody_touched_holds(filled):
    found = check()
    assert (found.rows, found.ok, found.first_bad, found.problem) == (6, True, None, None)
    assert (filled.parent / "audit_head").read_text().strip() == f"{6:020d}:{found.head[2:]}"


def test_every_decision_stands_in_the_chain(filled):
    with database().reading() as connection:
        rows = connection.exec_driver_sql("SELECT action, who FROM audit").fetchall()
    assert [tuple(row) for row in rows] == [
        ("case_added", "A. Reader"),
        ("case_answered", "A. Reader"),
        ("case_added", "A. Reader"),
        ("case_answered", "A. Reader"),
        ("read", "A. Reader"),
        ("operating_point", "A. Reader"),
    ]


@pytest.mark.parametrize(
    ("statement", "first_bad"),
    [
        ("UPDATE audit SET who = 'B. Reader' WHERE sequence = 3", 3),
        ("UPDATE audit SET at = '2001-01-01 00:00:00.000000' WHERE sequence = 2", 2),
        ("UPDATE audit SET facts = '{}' WHERE sequence = 5", 5),
        ("UPDATE audit SET facts = 'no JSON' WHERE sequence = 5", 5),
        ("UPDATE audit SET at = 'never' WHERE sequence = 4", 4),
        ("UPDATE case_read SET shown = '{'", 5),
        ("UPDATE audit SET row_hash = 'x' WHERE sequence = 3", 3),
        ("DELETE FROM audit WHERE sequence = 2", 2),
        ("DELETE FROM audit WHERE sequence = 6", 6),
        ("DELETE FROM audit", 1),
        ("UPDATE case_read SET verdict = 'cyst'", 5),
        ("UPDATE case_read SET comment = ''", 5),
        ("UPDATE case_answer SET probabilities = '{}' WHERE sequence = 2", 4),
        ("UPDATE operating_point SET threshold = 0.5", 6),
        ("DELETE FROM case_read", 5),
        (
            "INSERT INTO case_read (case_id, reader, verdict, comment, stage, shown, read_at) "
            "SELECT case_id, reader, verdict, comment, stage, shown, read_at FROM case_read",
            None,
        ),
    ],
)
def test_whatever_is_changed_is_found(filled, statement, first_bad):
    tamper(filled, statement)
    found = check()
    assert (found.ok, found.first_bad) == (False, first_bad)
    assert found.problem


def test_a_chain_that_was_made_anew_from_the_change_on_is_found_by_the_head(filled):
    with database().reading() as connection:
        head = head_of(connection)
    tamper(filled, "DELETE FROM audit WHERE sequence = 6", "DELETE FROM operating_point")
    decisions_again = Database(database().url)
    made = CaseStore(decisions_again)
    made.note("else", who="M", facts={})
    made.note("else", who="M", facts={})
    assert check(head).first_bad == 6
    # The home's file keeps what it knew: a chain that is another one does not move it.
    assert check().first_bad == 6


def test_a_head_that_is_none_is_a_sentence(filled):
    for text in ("", "7", "x:" + "a" * 64, "7:" + "A" * 64, "-1:" + "a" * 64):
        with pytest.raises(PersistenceError, match="no head of an audit chain"):
            parse_head(text)


def test_a_row_that_nobody_signs_is_not_stored(filled):
    with pytest.raises(PersistenceError, match="nobody's name"):
        CaseStore(database()).note("context_shown", who=" ", facts={})
    assert check().rows == 6


@pytest.mark.parametrize(
    "table", ["review_case", "case_answer", "case_read", "audit", "operating_point"]
)
def test_triggers_forbid_every_change(filled, table):
    changes = [
        f"UPDATE {table} SET key = 'x'",
        f"DELETE FROM {table}",
        f"REPLACE INTO {table} SELECT * FROM {table}",
    ]
    with closing(sqlite3.connect(filled)) as connection:
        for statement in changes:
            with pytest.raises(sqlite3.IntegrityError, match="never changed or deleted"):
                connection.execute(statement)


def test_the_head_lags_where_its_file_cannot_be_written_and_nothing_is_lost(filled, monkeypatch):
    def full(*_):
        raise OSError("no space")

    monkeypatch.setattr("core.persistence.chain._move_head_file", full)
    CaseStore(database()).add_read(read(2), key="k2")
    found = check()
    assert (found.rows, found.ok) == (7, True)


@pytest.mark.parametrize(("left", "ok", "rows"), [(b"", True, 7), (b"7:damaged", False, 7)])
def test_a_head_file_that_a_kill_or_a_hand_left_stops_no_saving(filled, left, ok, rows):
    (filled.parent / "audit_head").write_bytes(left)
    CaseStore(database()).add_read(read(2), key="k2")
    found = verify_chain()
    assert (found.ok, found.rows, found.first_bad) == (ok, rows, None)
    assert ((filled.parent / "audit_head").read_bytes() == left) is not ok


def test_a_case_is_not_replaced_under_another_number_either(filled):
    columns = "case_id, task, pseudonym, picture_sha256, picture, priority, added_by, added_at"
    with closing(sqlite3.connect(filled)) as connection:
        with pytest.raises(sqlite3.IntegrityError, match="never changed or deleted"):
            connection.execute(
                f"REPLACE INTO review_case ({columns}) SELECT {columns} FROM review_case"
            )
        assert connection.execute("SELECT count(*) FROM review_case").fetchone() == (2,)
