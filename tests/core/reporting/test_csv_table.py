"""CSV that a spreadsheet opens without running anything (faults, row 32)."""

import io

import numpy as np
import pandas as pd
import pytest

from core.reporting.csv_table import csv_bytes, harmless


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
