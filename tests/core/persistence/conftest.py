"""A home of one's own for each test of the database, and people who may not write into it."""

import os
import shutil
import sqlite3
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
import sqlalchemy as sa

from core.persistence import sqlite_file
from core.persistence.database import Database, database
from core.persistence.records import (
    ComparisonVerdict,
    MissCause,
    OperatingPoint,
    Promotion,
    Retirement,
)
from core.persistence.store import store
from core.persistence.verifying import known_heads, verify
from tests.postgres import address, find_postgres, running_server

NOBODY = 65534

POINT = OperatingPoint(
    task="kidney_ct",
    model_version="small-1",
    version_digest="d1",
    class_name="stone",
    threshold=0.31,
    sensitivity_asked=0.95,
    rule="one class",
    run="test",
    chosen_on="calibration",
    sensitivity=(0.96, 0.91, 0.985),
    specificity=(0.8, None, None),
    n_positive=120,
    n_groups=31,
    lower_bound_one_sided_95=0.917,
    claim_holds=False,
    prevalence=0.11,
    signed_by="A. Reader",
)
CAUSE = MissCause(
    task="kidney_ct",
    run="test",
    run_digest="r1",
    file="Stone- (19).jpg",
    y_true="stone",
    called="normal",
    kind="miss",
    cause="too_small",
    note="2 mm, beside the ureter",
    recorded_by="A. Reader",
)
VERDICT = ComparisonVerdict(
    task="kidney_ct",
    run_a="test",
    run_b="test-2",
    version_a="small-1",
    version_b="small-2",
    class_name="stone",
    margin=0.05,
    verdict="may replace",
    facts={"n": 300, "auc_difference": {"value": 0.01, "low": None}, "slices": [1, 2]},
    recorded_by="A. Reader",
)
PROMOTION = Promotion(
    task="kidney_ct",
    version="small-2",
    digest="d2",
    previous="small-1",
    verdict="may replace",
    override=None,
    promoted_by="A. Reader",
)
RETIREMENT = Retirement(
    task="kidney_ct",
    version="small-1",
    digest="d1",
    state="retired",
    reason="Too slow.",
    recorded_by="A. Reader",
)
RECORDS = {
    "point": POINT,
    "cause": CAUSE,
    "verdict": VERDICT,
    "promotion": PROMOTION,
    "retirement": RETIREMENT,
}


@pytest.fixture
def home(tmp_path, use_settings) -> Path:
    """Return a home that holds nothing yet."""
    folder = tmp_path / "home"
    use_settings(home=folder)
    return folder


@pytest.fixture
def kept(home) -> Path:
    """Return the database file of a home in which one cause is recorded."""
    store().add(CAUSE)
    return home / "second_look.db"


@pytest.fixture
def impatient(monkeypatch) -> None:
    """Wait a tenth of a second for another writer, not five."""
    monkeypatch.setattr(sqlite_file, "BUSY_SECONDS", 0.1)


@pytest.fixture
def rows():
    """Return a function that counts the rows of a table, past the product's own code."""

    def count(path: Path, table: str) -> int:
        with closing(sqlite3.connect(path)) as connection:
            return connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0]

    return count


@pytest.fixture
def open_home(use_settings) -> Iterator[Path]:
    """Return a home that an ordinary user can reach; pytest's own folders are for root alone."""
    folder = Path(tempfile.mkdtemp(prefix="second-look-open-"))
    folder.chmod(0o755)
    use_settings(home=folder / "home")
    yield folder / "home"
    shutil.rmtree(folder)


@contextmanager
def ordinary_user() -> Iterator[None]:
    """Be someone whom the rights of a file bind: root may write anything."""
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(NOBODY)
    try:
        yield
    finally:
        os.seteuid(0)


@pytest.fixture(scope="session")
def postgres_socket() -> Iterator[Path]:
    """Return the folder of the socket of a server; only for tests marked ``needs_postgres``."""
    with running_server(find_postgres()) as folder:
        yield folder


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.needs_postgres)])
def where(request, tmp_path, use_settings) -> Database:
    """Return an empty database with a home of its own: a file, and one of a server."""
    url = None
    if request.param == "postgresql":
        socket, name = request.getfixturevalue("postgres_socket"), f"t{uuid.uuid4().hex}"
        engine = sa.create_engine(address(socket, "postgres"), isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:
            connection.exec_driver_sql(f"CREATE DATABASE {name}")
        engine.dispose()
        url = address(socket, name)
    use_settings(home=tmp_path / "home", database_url=url)
    return database()


@pytest.fixture
def holds(where):
    """Return a function that says whether the audit chain holds."""

    def check() -> bool:
        with where.reading() as connection:
            return verify(connection, heads=known_heads(None)).ok

    return check
