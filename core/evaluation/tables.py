"""A text table as columns of text, and the way back from a record to its line in the file.

Commas, or what spreadsheets write instead where the comma is the decimal sign: semicolons, tabs.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.csv as pa_csv

from core.errors import EvaluationError

_SEPARATORS = ",;\t"
_BLOCK_BYTES = 1 << 24  # a record must fit into a block


@dataclass(frozen=True, slots=True, eq=False)
class TextTable:
    """A table whose cells are all text.

    Attributes
    ----------
    name : str
        Name of the file, for messages.
    columns : pyarrow Table of strings
        Column names without surrounding spaces; empty lines are no records.
    """

    name: str
    columns: pa.Table
    separator: str
    text: str

    def line_of(self, record: int) -> int:
        """Return the line on which data record ``record`` (zero-based) starts; header = 1."""
        for index, (line, _) in enumerate(_records(self.text, self.separator)):
            if index == record + 1:
                return line
        raise IndexError(record)


def read_table(data: bytes, *, name: str) -> TextTable:
    """Read the bytes of a CSV file.

    Raises
    ------
    EvaluationError
        If it is not text, has lines of different width, or holds no header.
    """
    text = _decoded(data, name=name)
    header_line = text.lstrip("\r\n").split("\n", 1)[0]
    separator = max(_SEPARATORS, key=header_line.count)
    try:
        header = next((row for _, row in _records(text, separator)), None)
    except csv.Error:
        raise _not_csv(name) from None
    if header is None:
        raise EvaluationError(
            f"{name} is empty.", remedy="Give a CSV file with a header line and one line a case."
        )
    names = [item.strip() for item in header]
    repeated = next((item for index, item in enumerate(names) if item in names[:index]), None)
    if repeated is not None:
        raise EvaluationError(
            f"{name} has more than one column named {repeated!r}.",
            remedy="Keep one of them.",
            row=1,
            column=repeated,
        )
    try:
        table = pa_csv.read_csv(
            io.BytesIO((text if text.endswith("\n") else text + "\n").encode("utf-8")),
            read_options=pa_csv.ReadOptions(block_size=_BLOCK_BYTES),
            parse_options=pa_csv.ParseOptions(delimiter=separator, newlines_in_values=True),
            convert_options=pa_csv.ConvertOptions(
                column_types={item: pa.string() for item in header}, strings_can_be_null=False
            ),
        )
    except pa.ArrowInvalid:
        raise _ragged(text, separator, name=name) from None
    return TextTable(name, table.rename_columns(names), separator, text)


def _decoded(data: bytes, *, name: str) -> str:
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):  # what spreadsheets call "Unicode text"
        encodings = ["utf-16"]
    elif b"\0" in data:
        raise _not_csv(name)
    else:
        encodings = ["utf-8-sig", "cp1252"]
    for encoding in encodings:
        try:
            return data.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise _not_csv(name)


def _records(text: str, separator: str) -> Iterator[tuple[int, list[str]]]:
    """Yield (line on which it starts, fields) of every record, the header first."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator)
    line = 1
    for row in reader:
        if row:
            yield line, row
        line = reader.line_num + 1


def _ragged(text: str, separator: str, *, name: str) -> EvaluationError:
    """Return the error that names the first line whose width is not the header's."""
    width = 0
    try:
        for line, row in _records(text, separator):
            width = width or len(row)
            if len(row) != width:
                return EvaluationError(
                    f"Line {line} of {name} has {len(row)} fields, the header {width}.",
                    remedy="Correct the line; text that holds the separator needs quotes.",
                    row=line,
                )
    except csv.Error:
        pass
    return _not_csv(name)


def _not_csv(name: str) -> EvaluationError:
    return EvaluationError(
        f"{name} is not a CSV file.",
        remedy="Export the predictions as CSV text (UTF-8), with a header line.",
    )
