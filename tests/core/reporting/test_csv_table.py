"""CSV that a spreadsheet opens without running anything (faults, row 32), or half of (row 69)."""

import io

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import EvaluationError
from core.reporting.csv_table import check_export, csv_bytes, harmless


@pytest.mark.parametrize(
    "text",
    ['=HYPERLINK("http://x")', "+1", "-cmd", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "  =1+1", "＝1",
     "＋1", "－1", "＠x", "\u00a0=1"],
)  # fmt: skip
def test_text_that_starts_like_a_formula_is_made_harmless(text):
    assert harmless(text) == "'" + text


@pytest.mark.parametrize("value", ["stone", "a=b", "", 1, -1.5, None, True])
def test_everything_else_stays_as_it_is(value):
    assert harmless(value) is value


def test_numbers_stay_numbers_and_names_of_columns_are_made_harmless_too():
    frame = pd.DataFrame({"-cmd": ["=1+1", None], "shift": [-1.5, np.nan]})
    text = csv_bytes(frame).decode("utf-8-sig")
    assert text == "'-cmd,shift\n'=1+1,-1.5\n,\n"


def test_provenance_stands_in_every_row():
    frame = pd.DataFrame({"class": ["stone", "cyst"]})
    data = csv_bytes(frame, provenance={"model_version": "=v", "n_cases": 3})
    again = pd.read_csv(io.BytesIO(data))
    assert again["model_version"].tolist() == ["'=v"] * 2
    assert again["n_cases"].tolist() == [3, 3]


def test_a_spreadsheet_is_told_that_it_is_utf_8():
    assert csv_bytes(pd.DataFrame({"a": ["Ä"]})).startswith(b"\xef\xbb\xbf")


def test_a_table_without_rows_keeps_its_header():
    assert csv_bytes(pd.DataFrame({"a": []})).decode("utf-8-sig") == "a\n"


PROVENANCE = {"model_version": "v", "threshold": 0.5}


def export(n: int = 5) -> bytes:
    rows = [f'a, "{index}"\nä' for index in range(n)]
    return csv_bytes(pd.DataFrame({"file": rows, "p": np.arange(n) / 7}), provenance=PROVENANCE)


@pytest.mark.parametrize("n", [0, 1, 5])
def test_an_export_tells_how_many_rows_it_has_and_their_digest(n):
    assert check_export(export(n)) == n


@given(
    st.lists(
        st.tuples(st.text(max_size=8), st.floats(allow_infinity=False)), min_size=1, max_size=6
    )
)
def test_any_table_comes_out_whole(rows):
    frame = pd.DataFrame(rows, columns=["text", "number"])
    assert check_export(csv_bytes(frame, provenance={"run": "r"})) == len(rows)


@pytest.mark.parametrize("share", [0.3, 0.5, 0.8, 0.99])
def test_half_a_file_is_noticed(share):
    data = export(40)
    with pytest.raises(EvaluationError, match="not as it was exported"):
        check_export(data[: int(share * len(data))].decode("utf-8", "ignore").encode())


def test_a_missing_row_and_a_changed_cell_are_noticed():
    lines = export(3).decode().replace('"\nä', '"ä').splitlines(keepends=True)
    with pytest.raises(EvaluationError, match="2 of 3 rows"):
        check_export("".join(lines[:-1]).encode())
    with pytest.raises(EvaluationError, match="cell was changed"):
        check_export(export(3).replace(b",v,", b",w,"))


def test_a_table_of_somebody_else_is_no_export():
    with pytest.raises(EvaluationError, match="export_rows and export_sha256"):
        check_export(b"a,b\n1,2\n")
