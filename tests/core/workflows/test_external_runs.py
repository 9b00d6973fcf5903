"""Predictions that are dropped in: kept only when every row is right."""

from __future__ import annotations

import pytest

from core.errors import EvaluationError
from core.tasks import load_task
from core.workflows.external_runs import store_predictions
from core.workflows.stored_runs import open_run, stored_runs
from tests.small_version import write_small_version

HEADER = "file,y_true,cyst,normal,stone,tumor,group,scanner"
ROWS = ("a.png,cyst,0.7,0.1,0.1,0.1,p1,north", "b.png,stone,0.1,0.6,0.2,0.1,p2,south")


def table(*rows: str, header: str = HEADER) -> bytes:
    return "\n".join((header, *rows)).encode()


@pytest.fixture
def task(use_settings, tmp_path):
    write_small_version(tmp_path / "models", "kidney_ct")
    use_settings(models=tmp_path / "models", home=tmp_path / "home")
    return load_task("kidney_ct")


def test_a_right_table_becomes_an_external_run_of_the_task(task):
    told: list[str] = []
    stored = store_predictions(table(*ROWS), "their model.csv", task, tell=told.append)
    assert stored.facts.model_version is None
    assert (stored.n, stored.n_groups, stored.facts.data) == (2, 2, "their model.csv")
    assert [run.name for run in stored_runs("kidney_ct")] == [stored.name]
    run = open_run(stored)
    assert run.slices["scanner"].tolist() == ["north", "south"]
    assert told == ["Reading and checking every row", "Storing 2 rows"]


def test_the_same_table_twice_is_two_runs(task):
    names = {store_predictions(table(*ROWS), "a.csv", task).name for _ in range(2)}
    assert len(names) == 2


@pytest.mark.parametrize(
    ("data", "row", "said"),
    [
        (table("a.png,cyst,0.7,0.1,0.1,0.1,p1,n", "b.png,cyst,0.7,x,0.1,0.1,p1,n"), 3, "Line 3"),
        (table("a.png,cyst,0.9,0.9,0.1,0.1,p1,n"), 2, "sum to 2"),
        (table(), None, "no rows"),
        (b"\x89PNG\x00", None, "not a CSV"),
    ],
)
def test_a_wrong_table_names_the_line_and_nothing_is_stored(task, data, row, said):
    with pytest.raises(EvaluationError, match=said) as caught:
        store_predictions(data, "wrong.csv", task)
    assert caught.value.row == row
    assert caught.value.remedy
    assert stored_runs("kidney_ct") == []


def test_classes_of_another_task_come_with_what_to_do(task):
    data = table("a.png,benign,0.7,0.3", header="file,y_true,benign,malignant")
    with pytest.raises(EvaluationError, match="none of the classes of Kidney CT") as caught:
        store_predictions(data, "theirs.csv", task)
    assert "--class-names" in caught.value.remedy
    assert stored_runs("kidney_ct") == []


def test_a_single_missing_class_is_named_as_such(task):
    data = table("a.png,cyst,0.7,0.2,0.1", header="file,y_true,cyst,normal,stone")
    with pytest.raises(EvaluationError, match="no column 'tumor'"):
        store_predictions(data, "theirs.csv", task)


def test_a_binary_task_takes_two_columns(use_settings, tmp_path):
    write_small_version(tmp_path / "models", "kidney_stone")
    use_settings(models=tmp_path / "models", home=tmp_path / "home")
    names = load_task("kidney_stone").class_names
    data = table("a.png,stone,0.4,0.6", header=f"file,y_true,{','.join(names)}")
    assert store_predictions(data, "b.csv", load_task("kidney_stone")).n == 1
