"""Fault 44 and the second half of 43: a schema changes whole or not at all, a copy stands first."""

import os
import shutil
import signal
import sqlite3
import subprocess
import sys
from contextlib import closing
from dataclasses import replace

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext

from core.errors import PersistenceError
from core.persistence import database as database_module
from core.persistence import migrating, tables
from core.persistence.database import Database, database
from core.persistence.place import database_exists
from core.persistence.store import Store, store
from tests.core.persistence.conftest import CAUSE
from tests.source_tree import ROOT

NOW = tables.REVISION
NEXT = f"{int(NOW) + 1:04d}"
SECOND = '''
"""A colour for every promotion."""
import sqlalchemy as sa
from alembic import op
revision, down_revision, branch_labels, depends_on = "{next}", "{now}", None, None

def upgrade():
    op.create_table("colour", sa.Column("name", sa.Text))
    op.add_column("promotion", sa.Column("colour", sa.Text))
    {last}
'''


@pytest.fixture
def next_release(tmp_path, monkeypatch):
    """Return a function that makes this release the next one, with a second revision."""

    def release(last: str = "") -> None:
        folder = tmp_path / "migrations"
        shutil.copytree(migrating.FOLDER, folder)
        (folder / "versions" / "r9999_colour.py").write_text(
            SECOND.format(last=last, now=NOW, next=NEXT)
        )
        monkeypatch.setattr(migrating, "FOLDER", folder)
        monkeypatch.setattr(database_module, "REVISION", NEXT)

    return release


def restarted() -> Store:
    return Store(Database(database().url))


def schema(path) -> tuple[str, set[str]]:
    with closing(sqlite3.connect(path)) as connection:
        (revision,) = connection.execute("SELECT version_num FROM alembic_version").fetchone()
        names = {name for (name,) in connection.execute("SELECT name FROM sqlite_schema")}
    return revision, names


def test_the_revisions_lead_to_the_tables_that_are_used(kept):
    with database().reading() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, tables.metadata) == []
    assert schema(kept)[0] == tables.REVISION == migrating._scripts().get_current_head()


def test_nothing_exists_until_something_is_written(home):
    assert not database_exists()
    store().add(CAUSE)
    assert database_exists()


def test_two_who_make_it_at_once_use_one_database(home, monkeypatch):
    upgrade = migrating._upgrade

    def and_then_another(connection, revision):
        upgrade(connection, revision)
        monkeypatch.setattr(migrating, "_upgrade", upgrade)
        monkeypatch.setattr(migrating.os, "getpid", lambda: 1)
        restarted().add(CAUSE)

    monkeypatch.setattr(migrating, "_upgrade", and_then_another)
    store().add(replace(CAUSE, file="second.jpg"))
    assert [(item.sequence, item.file) for item in store().causes("r1")] == [
        (1, CAUSE.file),
        (2, "second.jpg"),
    ]
    assert sorted(path.name for path in home.iterdir()) == ["audit_head", "second_look.db"]


def test_without_hard_links_it_is_renamed(home, monkeypatch):
    def refused(*_):
        raise OSError("no links here")

    monkeypatch.setattr(migrating.os, "link", refused)
    assert store().add(CAUSE).sequence == 1
    assert sorted(path.name for path in home.iterdir()) == ["audit_head", "second_look.db"]


def test_an_older_database_is_copied_and_then_brought_forward(kept, next_release):
    next_release()
    assert restarted().causes("r1")[0].file == CAUSE.file
    revision, names = schema(kept)
    assert revision == NEXT
    assert "colour" in names
    (copy,) = (kept.parent / "backups").iterdir()
    assert copy.name.endswith(f"-schema-{NOW}.db")
    assert schema(copy)[0] == NOW
    shutil.copy(copy, kept)  # a copy is a database: the old one again, and forward once more
    assert restarted().add(replace(CAUSE, file="later.jpg")).sequence == 2


def test_the_copy_holds_what_still_stands_in_the_log(kept, next_release):
    with closing(sqlite3.connect(kept)) as open_elsewhere:
        open_elsewhere.execute("SELECT * FROM miss_cause").fetchall()
        store().add(replace(CAUSE, file="in the log.jpg"))
        open_elsewhere.close()
        next_release()
        restarted().causes("r1")
    (copy,) = (kept.parent / "backups").iterdir()
    with closing(sqlite3.connect(copy)) as connection:
        assert connection.execute("SELECT count(*) FROM miss_cause").fetchone() == (2,)


def test_a_migration_that_fails_changes_nothing(kept, next_release):
    next_release(last='op.execute("SELECT no_such_function()")')
    with pytest.raises(PersistenceError):
        restarted().causes("r1")
    revision, names = schema(kept)
    assert (revision, "colour" in names) == (NOW, False)


KILLED = """
import os, signal
from pathlib import Path
from core.persistence import database, migrating
migrating.FOLDER = Path(os.environ["MIGRATIONS"])
database.REVISION = os.environ["NEXT"]
from core.persistence.store import store
store().causes("r1")
"""


def test_a_migration_that_is_killed_changes_nothing_and_runs_again(kept, next_release, tmp_path):
    next_release(last='__import__("os").kill(__import__("os").getpid(), 9)')
    done = subprocess.run(
        [sys.executable, "-c", KILLED],
        cwd=ROOT,
        env={**os.environ, "MIGRATIONS": str(migrating.FOLDER), "NEXT": NEXT},
        check=False,
    )
    assert done.returncode == -signal.SIGKILL
    revision, names = schema(kept)
    assert (revision, "colour" in names) == (NOW, False)
    broken = migrating.FOLDER / "versions" / "r9999_colour.py"
    broken.write_text(SECOND.format(last="", now=NOW, next=NEXT))
    shutil.rmtree(broken.parent / "__pycache__", ignore_errors=True)
    assert restarted().causes("r1")[0].file == CAUSE.file
    assert schema(kept)[0] == NEXT


def test_a_database_of_a_newer_release_is_refused_and_left_alone(kept):
    with closing(sqlite3.connect(kept)) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '0099'")
        connection.commit()
    before = kept.read_bytes()
    with pytest.raises(PersistenceError, match=r"made by another release \(schema 0099"):
        restarted().causes("r1")
    assert kept.read_bytes() == before


def test_a_database_that_another_release_changes_meanwhile_is_not_written(kept):
    store().causes("r1")
    with closing(sqlite3.connect(kept)) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '0099'")
        connection.commit()
    with pytest.raises(PersistenceError, match="changed by another release"):
        store().add(replace(CAUSE, file="later.jpg"))


def test_triggers_stand_in_front_of_every_table(kept):
    with database().reading() as connection:
        names = set(
            connection.execute(
                sa.text("SELECT name FROM sqlite_schema WHERE type = 'trigger'")
            ).scalars()
        )
    wanted = {
        f"{table.name}_no_{verb}"
        for table in tables.TABLES.values()
        for verb in ("update", "delete", "replace")
    }
    assert wanted <= names
