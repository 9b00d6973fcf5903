"""``bench review`` on both databases: filled, measured, and not measured on twice."""

import pytest

from core.errors import PersistenceError
from core.workflows.benchmarking_review import run_review_bench


def test_the_worklist_is_measured_on_either_database(where):
    rows = run_review_bench(n_cases=300, rounds=3, url=where.url)
    assert {name: len(row["ours_s"]) for name, row in rows.items()} == dict.fromkeys(
        ("first_page", "middle_page", "filtered_page", "filtered_total"), 3
    )
    with pytest.raises(PersistenceError, match="is not empty"):
        run_review_bench(n_cases=300, rounds=3, url=where.url)


@pytest.mark.slow
def test_pages_of_100000_cases_cost_what_was_promised_on_either_database(where):
    rows = run_review_bench(rounds=30, url=where.url)
    assert [name for name, row in rows.items() if not row["met"]] == []
