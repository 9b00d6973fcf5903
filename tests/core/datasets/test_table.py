from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.datasets.table import read_table
from core.errors import DatasetError


def table_of(tmp_path, content):
    path = tmp_path / "labels.csv"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def test_cells_are_stripped_and_lines_counted_over_blank_and_quoted_ones(tmp_path):
    table = read_table(table_of(tmp_path, '\ufefffile, label\r\n\r\n"a\nb", cyst \r\nc,stone\r\n'))
    assert table.columns == {"file": ["a\nb", "c"], "label": ["cyst", "stone"]}
    assert table.lines == [4, 5]


@pytest.mark.parametrize(
    ("content", "row", "said"),
    [
        (b"", None, "empty"),
        (b"\n\n", None, "empty"),
        (b"file,label\n", None, "no rows"),
        (b"file,label\na,b\nc,\xff\n", 3, "UTF-8"),
        (b"file,label\na,b,c\n", 2, "3 cells"),
        (b"file,label\na,b\n\nc\n", 4, "1 cell, but"),
        (b'file,label\na,"b\n', 2, "CSV"),
        (b"file,file\na,b\n", 1, "more than once"),
        ("file,label\n".encode("utf-16"), 1, "UTF-8"),
    ],
)
def test_a_file_that_is_no_table_is_refused_with_its_row(tmp_path, content, row, said):
    with pytest.raises(DatasetError, match=said) as error:
        read_table(table_of(tmp_path, content))
    assert error.value.row == row


@pytest.mark.parametrize(("sign", "word"), [(";", "semicolons"), ("\t", "tabs")])
def test_cells_that_something_else_separates_are_told(tmp_path, sign, word):
    table = read_table(table_of(tmp_path, f"file{sign}label\na{sign}stone\n"))
    with pytest.raises(DatasetError, match=f"no column 'file': .*{word}, not by commas"):
        table.require(["file"])
    with pytest.raises(DatasetError, match=f"row 2: 2 cells.*separated by {word}. Save it as CSV"):
        read_table(table_of(tmp_path, f"file{sign}share\na{sign}0,5\n"))


def test_a_missing_file_is_refused(tmp_path):
    with pytest.raises(DatasetError, match=r"labels\.csv cannot be read"):
        read_table(tmp_path / "labels.csv")


@given(content=st.binary(max_size=60))
def test_any_bytes_are_a_table_or_our_own_refusal(tmp_path_factory, content):
    path = table_of(tmp_path_factory.mktemp("any"), b"file,label\n" + content)
    try:
        table = read_table(path)
    except DatasetError as error:
        assert error.remedy
    else:
        assert len(table.columns["file"]) == len(table) > 0
