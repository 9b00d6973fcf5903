"""Predictions tables: what is read, and the line and column of what is not (faults, row 67)."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import EvaluationError
from core.evaluation.predictions import read_predictions
from core.evaluation.runs import RunFacts

HEADER = "file,y_true,benign,malignant"
GOOD = ["a.png,benign,0.9,0.1", "b.png,malignant,0.2,0.8", "c.png,benign,0.5,0.5"]


def read(text, class_names=("benign", "malignant")):
    data = text if isinstance(text, bytes) else text.encode()
    return read_predictions(data, class_names=class_names, facts=RunFacts(), name="t.csv")


def table(*rows, header=HEADER):
    return "\n".join([header, *rows]) + "\n"


def refusal(text):
    with pytest.raises(EvaluationError) as caught:
        read(text)
    assert caught.value.remedy
    return caught.value


def test_a_good_table_is_read():
    run = read(table(*GOOD))
    assert run.file.tolist() == ["a.png", "b.png", "c.png"]
    assert run.y_true.tolist() == [0, 1, 0]
    assert run.y_prob.tolist() == [[0.9, 0.1], [0.2, 0.8], [0.5, 0.5]]
    assert run.group is None
    assert run.facts.group_source == "none"


def test_columns_may_stand_in_any_order_and_others_become_slices():
    header = "centre,malignant,group,benign,y_true,file"
    run = read(table("north,0.4,p1,0.6,benign,a.png", header=header))
    assert run.y_prob.tolist() == [[0.6, 0.4]]
    assert run.group.tolist() == ["p1"]
    assert run.facts.group_source == "column"
    assert {key: values.tolist() for key, values in run.slices.items()} == {"centre": ["north"]}


@pytest.mark.parametrize(
    "data",
    [
        b"\xef\xbb\xbf" + table(*GOOD).encode(),
        table(*GOOD).encode("utf-16"),
        table(*GOOD).replace("\n", "\r\n").encode(),
        table(*GOOD).strip().encode(),
        table(*GOOD).replace(",", ";").encode(),
        table(*GOOD).replace(",", ";").replace(".9", ",9").replace("0.1", "0,1").encode(),
        table(*GOOD).replace(",", "\t").encode(),
        table(*GOOD).replace("y_true,", "Y_True , ").encode(),
        table(*GOOD, header='"file","y_true","benign","malignant"').encode(),
        table(*GOOD).replace("0.9", '" 9e-1 "').encode(),
        ("\n" + table(*GOOD).replace("b.png", "\nb.png")).encode(),
    ],
    ids=[
        "byte-order mark", "utf-16", "crlf", "no last newline", "semicolons", "decimal commas",
        "tabs", "case and spaces of the header", "quoted header", "spaces", "empty lines",
    ],
)  # fmt: skip
def test_the_ways_that_programs_write_a_table_are_all_read(data):
    run = read(data)
    assert run.y_true.tolist() == [0, 1, 0]
    assert run.y_prob.tolist() == [[0.9, 0.1], [0.2, 0.8], [0.5, 0.5]]


def test_file_names_keep_commas_quotes_and_other_alphabets():
    run = read(table('"a, ""b"".png",benign,1,0', "снимок.png,benign,1,0"))
    assert run.file.tolist() == ['a, "b".png', "снимок.png"]


@pytest.mark.parametrize(
    ("bad", "column", "said"),
    [
        ("x.png,benign,high,0.1", "benign", "'high', not a number"),
        ("x.png,benign,0.9,1_0", "malignant", "not a number"),
        ("x.png,benign,,0.1", "benign", "empty, not a number"),
        ("x.png,benign,nan,0.1", "benign", "is NaN"),
        ("x.png,benign,0.9,NaN", "malignant", "is NaN"),
        ("x.png,benign,1.2,-0.2", "benign", "1.2, outside 0..1"),
        ("x.png,benign,1.05,-0.05", "benign", "outside 0..1"),
        ("x.png,benign,0.9,inf", "malignant", "outside 0..1"),
        ("x.png,Benign,0.9,0.1", "y_true", "no class (is it 'benign'?)"),
        ("x.png,,0.9,0.1", "y_true", "no class"),
        ("x.png,benign,0.9,0.2", None, "sum to 1.1"),
        ("x.png,benign,0.4,0.4", None, "sum to 0.8"),
        ("a.png,benign,0.9,0.1", "file", "second time"),
    ],
)
@pytest.mark.parametrize("place", [0, 1, 3])
def test_the_first_offender_is_named_with_line_and_column(bad, column, said, place):
    rows = [*GOOD[:place], bad, *GOOD[place:]]
    error = refusal(table(*rows))
    line = place + 2
    if column == "file" and place == 0:
        line += 1  # the repetition is the second of the two
    assert (error.row, error.column) == (line, column)
    assert said in error.problem
    assert f"Line {line} of t.csv" in error.problem


def test_of_several_faults_the_first_line_is_named():
    rows = ["a.png,benign,0.9,0.1", "a.png,benign,1,0", "c.png,wrong,1,0", "d.png,benign,x,0"]
    assert refusal(table(*rows)).row == 3


def test_lines_are_counted_as_an_editor_does():
    rows = ['"a\nb.png",benign,0.9,0.1', "", "c.png,benign,2,0"]
    assert refusal(table(*rows)).row == 5


@pytest.mark.parametrize("missing", ["file", "y_true", "benign", "malignant"])
def test_a_missing_column_is_named_without_a_line(missing):
    error = refusal(table(*GOOD, header=HEADER.replace(missing, "xyz")))
    assert (error.row, error.column) == (None, missing)


def test_a_misspelt_column_is_guessed():
    assert "is it 'malignent'?" in refusal(HEADER.replace("malignant", "malignent")).problem


@pytest.mark.parametrize("text", [HEADER, HEADER + "\n", HEADER + "\n\n\n"])
def test_a_table_without_rows_is_refused_without_a_line(text):
    error = refusal(text)
    assert (error.row, error.column) == (None, None)
    assert "no rows" in error.problem


@pytest.mark.parametrize("data", [b"", b"\n\n", b"\xef\xbb\xbf"])
def test_an_empty_file_is_refused(data):
    error = refusal(data)
    assert "empty" in error.problem
    assert error.row is None


@pytest.mark.parametrize(
    "data", [b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", b"PK\x03\x04\0\0", b"\xff\xfe\x00", b"\xff\xfea"]
)
def test_a_file_that_is_no_text_is_refused(data):
    assert refusal(data).row is None


def test_a_line_of_another_width_is_named():
    error = refusal(table(GOOD[0], "b.png,benign,0.9,0.05,0.05"))
    assert (error.row, error.column) == (3, None)
    assert "5 fields, the header 4" in error.problem


def test_a_repeated_column_is_refused():
    assert refusal(table("a,benign,1,0,1", header=HEADER + ",benign")).column == "benign"


def test_one_class_only_is_accepted():
    assert read(table("a.png,benign,0.9,0.1")).y_true.tolist() == [0]


def test_sums_within_a_hundredth_are_accepted_and_not_changed():
    run = read(table("a.png,benign,0.90,0.11", "b.png,benign,0.89,0.10"))
    assert run.y_prob.tolist() == [[0.90, 0.11], [0.89, 0.10]]


def test_a_case_without_a_group_is_a_group_of_its_own():
    header = HEADER + ",group"
    run = read(table(*(row + group for row, group in zip(GOOD, [",g", ", ", ",NA"], strict=True)),
                     header=header))  # fmt: skip
    assert len(set(run.group)) == 3
    assert "2 cases have no group" in run.facts.notes[0]


def test_an_empty_group_column_means_unknown():
    run = read(table(*(row + "," for row in GOOD), header=HEADER + ",group"))
    assert run.group is None
    assert run.facts.group_source == "none"


@given(st.binary(max_size=200))
def test_any_bytes_are_a_run_or_a_refusal(data):
    try:
        run = read(data)
    except EvaluationError as error:
        assert error.problem and error.remedy
    else:
        assert run.n > 0


@given(st.lists(st.text(max_size=12), min_size=1, max_size=8))
def test_any_rows_are_a_run_or_a_refusal_with_a_line(cells):
    text = table(*(f"{cell},benign,0.5,0.5" for cell in cells))
    try:
        assert read(text.encode("utf-8", "replace")).n > 0
    except EvaluationError as error:
        assert error.problem and error.remedy


@pytest.mark.slow
def test_a_million_rows_are_checked_to_the_last():
    rng = np.random.default_rng(0)
    positive = rng.integers(0, 10_000, 1_000_000) / 10_000
    rows = [f"f{i}.png,benign,{p:.4f},{1 - p:.4f}" for i, p in enumerate(positive)]
    data = table(*rows, "f7.png,benign,1,0").encode()
    with pytest.raises(EvaluationError) as caught:
        read(data)
    assert caught.value.row == 1_000_002
