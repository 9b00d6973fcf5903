"""Fault 70: a backup made while somebody writes holds, and comes back whole."""

import os
import threading
import zipfile

import numpy as np
import pytest

from core.errors import PersistenceError
from core.persistence import pictures
from core.persistence.backup import restore_backup, write_backup
from core.persistence.case_store import case_store
from core.persistence.chain import head_of, parse_head
from core.persistence.database import database
from core.persistence.verifying import known_heads, verify
from tests.core.persistence.case_examples import answer, case, read


def add(number: int) -> None:
    values = np.full((6, 6), number, np.float32)
    kept = pictures.keep(values)
    case_store().add_case(case(number, picture_sha256=kept), answer(number))
    case_store().add_read(read(number), key=f"k{number}")


def checked():
    with database().reading() as connection:
        return verify(connection, heads=known_heads(None))


def test_a_backup_made_while_writing_holds_all_that_was_told_before(home, tmp_path):
    add(0)
    stop, written = threading.Event(), [0]

    def write() -> None:
        while not stop.is_set():
            add(written[-1] + 1)
            written.append(written[-1] + 1)

    writer = threading.Thread(target=write)
    writer.start()
    try:
        while len(written) < 3:
            stop.wait(0.01)
        told = written[-1]
        made = write_backup(tmp_path / "kept.zip", settings_told={"a": 1})
        during = written[-1]
    finally:
        stop.set()
        writer.join()
    assert during <= written[-1]
    restore_backup(made.path, home, replace=True)
    found = checked()
    assert (found.ok, found.head, found.rows) == (True, made.head, made.rows)
    for number in range(told + 1):
        (kept,) = case_store().find(case(number).case_id).reads
        assert kept.verdict == "stone"
        name = case_store().find(case(number).case_id).case.picture_sha256
        assert (pictures.read(name) == number).all()
    assert (home / "settings.json").is_file()


def test_an_older_backup_is_on_the_chain_that_went_on(home, tmp_path):
    add(1)
    made = write_backup(tmp_path / "kept.zip", settings_told={})
    add(2)
    with database().reading() as connection:
        assert verify(connection, heads=(parse_head(made.head),)).ok
        assert head_of(connection).number > parse_head(made.head).number


def test_a_home_that_lost_a_picture_or_whose_chain_is_broken_is_not_backed_up(home, tmp_path):
    add(1)
    path = next(pictures.files())
    kept = path.rename(tmp_path / path.name)
    with pytest.raises(PersistenceError, match="1 of 1 pictures are not in the store"):
        write_backup(tmp_path / "kept.zip", settings_told={})
    kept.rename(path)
    with database().writing() as connection:
        connection.exec_driver_sql("DROP TRIGGER case_read_no_delete")
        connection.exec_driver_sql("DELETE FROM case_read")
    with pytest.raises(PersistenceError, match="Row 1 of case_read is gone"):
        write_backup(tmp_path / "kept.zip", settings_told={})
    assert sorted(os.listdir(tmp_path)) == ["home"]


def test_an_empty_home_takes_a_backup_and_a_used_one_asks(home, tmp_path, use_settings):
    add(1)
    made = write_backup(tmp_path / "kept.zip", settings_told={})
    with pytest.raises(PersistenceError, match="is not empty: it holds audit_head"):
        restore_backup(made.path, home)
    other = tmp_path / "other"
    (other / "logs").mkdir(parents=True)
    use_settings(home=other)
    assert restore_backup(made.path, other).head == made.head
    assert checked().ok
    add(2)
    assert checked().rows == made.rows + 3


def test_a_backup_names_the_digest_of_everything_in_it(home, tmp_path):
    add(1)
    made = write_backup(tmp_path / "kept.zip", settings_told={})
    with zipfile.ZipFile(made.path) as archive:
        assert archive.testzip() is None
        names = set(archive.namelist())
    assert {"second_look.db", "settings.json", "manifest.json"} < names
    assert len(names) == 4
