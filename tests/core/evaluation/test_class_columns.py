"""Classes found from the columns of a table: labels, and what makes every row sum to 1."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.errors import EvaluationError
from core.evaluation.class_columns import infer_class_names
from core.evaluation.facts import RunFacts
from core.evaluation.predictions import run_of_table
from core.evaluation.tables import read_table

HEAD = "file,y_true,cyst,normal,stone,tumor"
ROWS = ["a.png,stone,0.1,0.2,0.6,0.1", "b.png,normal,0.1,0.7,0.1,0.1", "c.png,cyst,0.7,0.1,0.1,0.1"]


def table(*lines, name="A.csv"):
    return read_table("\n".join(lines).encode(), name=name)


def names_of(*tables, class_name="stone"):
    return infer_class_names(tables, class_name=class_name)


def test_a_class_without_any_true_case_is_found_by_its_probability():
    assert names_of(table(HEAD, *ROWS)) == ("cyst", "normal", "stone", "tumor")


@pytest.mark.parametrize("values", [("0.5",) * 3, ("0", "1", "0"), ("0", "0", "0"), ("", "1", "x")])
def test_a_slice_column_of_shares_is_no_class(values):
    lines = [f"{row},{value}" for row, value in zip(ROWS, values, strict=True)]
    found = names_of(table(HEAD + ",quality", *lines))
    assert found == ("cyst", "normal", "stone", "tumor")


def test_slices_may_stand_anywhere_and_the_order_is_the_first_tables():
    left = table("scanner,file,tumor,y_true,age,stone", "x,a,0.2,tumor,0.3,0.8")
    right = table("file,y_true,stone,tumor,age,scanner", "a,tumor,0.7,0.3,0.9,x")
    assert names_of(left, right) == ("tumor", "stone")


def test_somebody_elses_classes_of_one_true_class_only():
    lines = ["1,benign,0.9,0.1,61", "2,benign,0.4,0.6,47"]
    found = names_of(table("file,y_true,benign,malignant,age", *lines), class_name="malignant")
    assert found == ("benign", "malignant")


def test_one_wrong_row_does_not_hide_the_classes_and_is_left_to_the_reader():
    wrong = table(HEAD, *ROWS, "d.png,stone,0.1,0.2,0.9,0.1", "e.png,stone,x,0.2,0.7,0.1")
    found = names_of(wrong)
    assert found == ("cyst", "normal", "stone", "tumor")
    with pytest.raises(EvaluationError) as caught:
        run_of_table(wrong, class_names=found, facts=RunFacts())
    assert caught.value.row == 5


def test_an_unknown_label_is_no_class_where_the_rows_sum_to_one_without_it():
    wrong = table(HEAD, *ROWS, "d.png,stoen,0.1,0.2,0.6,0.1")
    with pytest.raises(EvaluationError) as caught:
        run_of_table(wrong, class_names=names_of(wrong), facts=RunFacts())
    assert (caught.value.row, caught.value.column) == (5, "y_true")


def test_a_label_whose_probability_is_missing_is_named_as_a_column():
    cut = table("file,y_true,cyst,stone,tumor", "a,stone,0.1,0.6,0.1", "b,normal,0.1,0.1,0.1")
    with pytest.raises(EvaluationError) as caught:
        run_of_table(cut, class_names=names_of(cut), facts=RunFacts())
    assert (caught.value.row, caught.value.column) == (None, "normal")


def test_a_class_that_one_of_two_tables_lacks_is_named():
    short = [",".join(line.split(",")[:5]) for line in (HEAD, *ROWS)]
    with pytest.raises(EvaluationError, match=r"B\.csv has no column 'tumor'") as caught:
        names_of(table(HEAD, *ROWS), table(*short, name="B.csv"))
    assert caught.value.column == "tumor"


@pytest.mark.parametrize("missing", ["y_true", "stone"])
def test_a_missing_column_is_named(missing):
    with pytest.raises(EvaluationError) as caught:
        names_of(table((HEAD + ",extra").replace(missing, "other"), "a,stone,0,0,1,0,0"))
    assert (caught.value.row, caught.value.column) == (None, missing)


def test_letters_of_another_case_are_the_same_column():
    assert names_of(table("FILE,Y_True,Cyst,STONE", "a,cyst,0.5,0.5")) == ("cyst", "stone")


def test_a_header_alone_is_left_to_the_reader():
    found = names_of(table(HEAD))
    with pytest.raises(EvaluationError, match="no rows"):
        run_of_table(table(HEAD), class_names=found, facts=RunFacts())


@settings(deadline=None, max_examples=40)
@given(
    seed=st.integers(0, 10_000),
    n_classes=st.integers(2, 7),
    n_slices=st.integers(0, 16),
    n=st.integers(40, 80),
)
def test_the_classes_are_found_among_any_slices_of_shares(seed, n_classes, n_slices, n):
    rng = np.random.default_rng(seed)
    prob = rng.dirichlet(np.ones(n_classes), n).round(4)
    shares = rng.random((n, n_slices)).round(3)
    classes = [f"class {index}" for index in range(n_classes)]
    columns = [*classes, *(f"slice {index}" for index in range(n_slices))]
    order = rng.permutation(len(columns))
    values = np.hstack([prob, shares])[:, order]
    lines = [f"{row}.png,class 0," + ",".join(map(str, cells)) for row, cells in enumerate(values)]
    head = "file,y_true," + ",".join(columns[index] for index in order)
    assert set(names_of(table(head, *lines), class_name="class 1")) == set(classes)
