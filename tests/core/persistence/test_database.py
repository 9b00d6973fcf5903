"""Faults 38 and 40 to 43: killed, busy, read-only, full, damaged; triggers of the tables."""

import json
import os
import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing
from dataclasses import replace

import pytest
import sqlalchemy as sa

from core.errors import PersistenceError
from core.persistence import sqlite_file
from core.persistence.database import Database, database
from core.persistence.place import database_exists
from core.persistence.store import Store, store
from core.persistence.tables import TABLES
from tests.core.persistence.conftest import CAUSE, RECORDS, ordinary_user
from tests.source_tree import ROOT

OTHER = replace(CAUSE, file="another.jpg")


def refusal_of(work) -> str:
    with pytest.raises(PersistenceError) as refusal:
        work()
    return str(refusal.value)


def test_a_connection_has_every_pragma(kept):
    with database().reading() as connection:
        values = {
            name: connection.exec_driver_sql(f"PRAGMA {name}").scalar_one()
            for name in ("journal_mode", "synchronous", "foreign_keys", "busy_timeout")
        }
    assert values == {
        "journal_mode": "wal",
        "synchronous": 2,
        "foreign_keys": 1,
        "busy_timeout": 5000,
    }


def test_one_connection_a_unit_of_work_and_none_is_left_open(kept):
    assert sorted(path.name for path in kept.parent.iterdir()) == ["audit_head", "second_look.db"]


CHANGES = [
    "UPDATE {0} SET task = 'other'",
    "DELETE FROM {0}",
    "REPLACE INTO {0} SELECT * FROM {0}",
    "INSERT OR REPLACE INTO {0} SELECT * FROM {0}",
]


@pytest.mark.parametrize("bare", [False, True], ids=["our connection", "any connection"])
def test_no_row_is_ever_changed_or_deleted(home, bare):
    for record in RECORDS.values():
        store().add(record)
    path = home / "second_look.db"
    opened = sqlite3.connect(path) if bare else sqlite_file.connect(path, "mode=rw")
    with closing(opened) as connection:
        for table in (table.name for table in TABLES.values()):
            before = connection.execute(f"SELECT * FROM {table}").fetchall()
            assert len(before) == 1
            for statement in CHANGES:
                with pytest.raises(sqlite3.IntegrityError, match="never changed or deleted"):
                    connection.execute(statement.format(table))
            assert connection.execute(f"SELECT * FROM {table}").fetchall() == before


def test_another_writer_is_waited_for_and_then_told(kept, impatient):
    with closing(sqlite3.connect(kept, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        told = refusal_of(lambda: store().add(OTHER))
        assert store().causes("r1")  # a reader goes on
        other.execute("ROLLBACK")
    assert told == ("Not saved: another program is writing to the database. Try again in a moment.")
    assert store().add(OTHER).sequence == 2


def test_a_file_without_the_right_to_write_is_read_and_not_written(open_home):
    store().add(CAUSE)
    path = open_home / "second_look.db"
    path.chmod(0o444)
    open_home.chmod(0o777)
    with ordinary_user():
        assert [cause.file for cause in store().causes("r1")] == [CAUSE.file]
        told = refusal_of(lambda: store().add(OTHER))
    assert told.startswith(f"Not saved: the database {path} is read-only. Give the product")


def test_a_folder_without_the_right_to_write_is_read_and_not_written(open_home):
    store().add(CAUSE)
    path = open_home / "second_look.db"
    path.chmod(0o444)
    open_home.chmod(0o555)
    with ordinary_user():
        assert [cause.file for cause in store().causes("r1")] == [CAUSE.file]
        assert "is read-only" in refusal_of(lambda: store().add(OTHER))
    names = sorted(item.name for item in open_home.iterdir())
    assert names == ["audit_head", "second_look.db"]


def test_a_home_that_cannot_be_made_is_a_sentence(open_home):
    with ordinary_user():
        told = refusal_of(lambda: store().add(CAUSE))
    assert "cannot be used (PermissionError). Check that SECOND_LOOK_HOME is a folder" in told


def test_a_home_that_cannot_be_entered_is_a_sentence_and_not_an_empty_one(open_home):
    store().add(CAUSE)
    open_home.chmod(0o700)
    with ordinary_user():
        assert database_exists()
        told = refusal_of(lambda: store().causes("r1"))
    assert "cannot be used (PermissionError)" in told
    open_home.chmod(0o755)


def test_a_home_that_is_a_file_is_a_sentence(tmp_path, use_settings):
    (tmp_path / "home").write_text("not a folder")
    use_settings(home=tmp_path / "home")
    told = refusal_of(lambda: store().add(CAUSE))
    assert told.startswith("Not saved: ")
    assert "Check that SECOND_LOOK_HOME is a folder that you may write" in told


def test_a_full_disk_loses_nothing_that_was_told(kept):
    full = Database(database().url)
    store().causes("r1")
    pages = os.path.getsize(kept) // 4096

    def limit(connection, _record):
        connection.execute(f"PRAGMA max_page_count={pages + 1}")

    sa.event.listen(full._engine, "connect", limit)
    told_numbers = [1]

    def fill():
        for number in range(1000):
            record = replace(CAUSE, file=f"{number}.jpg", note="x" * 500)
            told_numbers.append(Store(full).add(record).sequence)

    told = refusal_of(fill)
    assert told == f"Not saved: the disk of {kept.parent} is full. Make room on it, then try again."
    assert [cause.sequence for cause in store().causes("r1")] == told_numbers
    with closing(sqlite3.connect(kept)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)


def damage_header(path):
    with path.open("r+b") as stream:
        stream.write(b"\xff" * 64)


def damage_pages(path):
    with path.open("r+b") as stream:
        stream.seek(4096)
        stream.write(b"\xff" * (path.stat().st_size - 4096))


def empty(path):
    path.write_bytes(b"")


def cut(path):
    with path.open("r+b") as stream:
        stream.truncate(5000)


def replace_by_text(path):
    path.write_text("not a database, but longer than a header of one\n" * 9)


def of_another_product(path):
    path.unlink()
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE song (name TEXT)")


DAMAGES = [damage_header, damage_pages, empty, cut, replace_by_text, of_another_product]


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_file_is_refused_left_alone_and_told_how_to_restore(kept, damage):
    damage(kept)
    before = kept.read_bytes()
    made = Store(Database(database().url))  # a process that starts now
    for work in (lambda: made.causes("r1"), lambda: made.add(OTHER)):
        told = refusal_of(work)
        assert "it was left as it is" in told
        assert "docs/settings.md" in told
        assert "backups" in told
    assert kept.read_bytes() == before


def test_a_damaged_header_is_seen_although_the_log_still_holds_the_page(kept):
    with closing(sqlite3.connect(kept)) as open_elsewhere:  # keeps the log from being folded in
        open_elsewhere.execute("SELECT * FROM miss_cause").fetchall()
        store().add(OTHER)
        damage_header(kept)
        made = Store(Database(database().url))
        assert "is not an SQLite database" in refusal_of(lambda: made.causes("r1"))


def test_a_file_that_vanished_under_its_log_is_not_made_anew(kept):
    log = kept.with_name("second_look.db-wal")
    log.write_bytes(b"rows that were told to be saved")
    kept.unlink()
    assert "is missing while its log is still there" in refusal_of(lambda: store().causes("r1"))
    assert not kept.exists()


def test_a_file_that_is_put_back_is_checked_again(kept):
    copy = kept.with_name("copy.db")
    shutil.copy(kept, copy)
    store().add(OTHER)
    damage_header(kept)
    kept.unlink()
    copy.rename(kept)
    assert [cause.file for cause in store().causes("r1")] == [CAUSE.file]


def test_the_address_may_name_another_file(tmp_path, use_settings):
    path = tmp_path / "a folder" / "100 %?#.db"
    use_settings(home=tmp_path / "home", database_url=f"sqlite:///{path}")
    store().add(CAUSE)
    assert path.is_file()
    assert [item.name for item in (tmp_path / "home").iterdir()] == ["audit_head"]


@pytest.mark.parametrize(
    "url", ["sqlite://", "sqlite:///", "sqlite:///:memory:", "orchid://db/lens", "nonsense"]
)
def test_an_address_that_cannot_be_used_is_a_sentence(url, tmp_path, use_settings):
    use_settings(home=tmp_path / "home", database_url=url)
    assert "SECOND_LOOK_DATABASE_URL" in refusal_of(lambda: store().causes("r1"))


def test_a_server_without_its_driver_is_a_sentence_without_the_password(tmp_path, use_settings):
    use_settings(home=tmp_path, database_url="postgresql+pg8000://lens:s3cret@127.0.0.1:9/lens")
    told = refusal_of(lambda: store().causes("r1"))
    assert "s3cret" not in told
    assert "SECOND_LOOK_DATABASE_URL" in told


def kill(times: int, folder) -> dict[str, int]:
    done = subprocess.run(
        [sys.executable, "-m", "tests.core.persistence.killed_writer", str(times)],
        cwd=ROOT,
        env={**os.environ, "SECOND_LOOK_HOME": str(folder)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return json.loads(done.stdout)


def test_ten_kills_in_the_middle_of_saving_lose_nothing_that_was_told(tmp_path):
    counted = kill(10, tmp_path)
    assert counted["kills"] == 10
    assert counted["told"] > 10
    assert (counted["lost"], counted["torn"], counted["gaps"]) == (0, 0, 0)


@pytest.mark.slow
def test_three_hundred_kills_lose_nothing_that_was_told(tmp_path):
    counted = kill(300, tmp_path)
    assert (counted["kills"], counted["lost"], counted["torn"]) == (300, 0, 0)
    assert counted["gaps"] == 0
