"""The worklist's speed: the shape of the figures; the promise itself is kept on both databases."""

import pytest

from core.errors import PersistenceError
from core.persistence.database import Database
from core.persistence.worklist_store import WorklistQuery, read_page
from core.workflows.benchmarking_review import _fill, run_review_bench


def test_every_figure_has_its_samples():
    rows = run_review_bench(n_cases=300, rounds=3)
    assert set(rows) == {"first_page", "middle_page", "filtered_page", "filtered_total"}
    for row in rows.values():
        assert len(row["ours_s"]) == len(row["theirs_s"]) == 3
        assert row["met"] == (row["ratio"] < row["target"])


def test_the_middle_is_the_middle(tmp_path):
    database = Database(f"sqlite:///{tmp_path / 'bench.db'}")
    middle = _fill(database, 101)
    with database.reading() as connection:
        after = read_page(connection, WorklistQuery(after=middle, rows=101)).rows
    assert len(after) == 50


def test_a_database_in_use_is_not_measured_on(tmp_path):
    url = f"sqlite:///{tmp_path / 'bench.db'}"
    _fill(Database(url), 10)
    with pytest.raises(PersistenceError, match="is not empty"):
        run_review_bench(n_cases=10, rounds=1, url=url)
