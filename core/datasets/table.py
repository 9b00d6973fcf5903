"""Read a CSV table strictly: every fault is told with its line and column."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from core.errors import DatasetError
from core.wording import counted

_SEPARATORS = {";": "semicolons", "\t": "tabs"}  # as spreadsheets write them in some countries
_COMMAS = "Save it as CSV with commas between the cells."


@dataclass(frozen=True)
class Table:
    """A CSV file as text.

    Attributes
    ----------
    name : str
        Name of the file, for messages.
    columns : mapping of str to list of str
        Cells by column, stripped of surrounding blanks; every list has the same length.
    lines : list of int
        Line of the file on which each row ends (header = 1).
    """

    name: str
    columns: dict[str, list[str]]
    lines: list[int]

    def __len__(self) -> int:
        return len(self.lines)

    def require(self, columns: Iterable[str]) -> None:
        """Refuse the table when a column is missing.

        Raises
        ------
        DatasetError
            With ``row`` None and the name of the first missing column.
        """
        for column in columns:
            if column not in self.columns:
                remedy = f"Add the column {column!r} (cells are separated by commas)."
                raise self.lacks(column, remedy=remedy)

    def lacks(self, column: str, *, remedy: str) -> DatasetError:
        """Return the error of a missing column; where commas separate nothing, it says so."""
        separated = _separated_by(list(self.columns))
        if separated is not None:
            problem = f"its cells are separated by {separated}, not by commas"
            return DatasetError(
                f"{self.name} has no column {column!r}: {problem}.", remedy=_COMMAS, column=column
            )
        present = ", ".join(self.columns)
        return DatasetError(
            f"{self.name} has no column {column!r}; its columns: {present}.",
            remedy=remedy,
            column=column,
        )

    def fault(self, place: int, column: str, problem: str, *, remedy: str) -> DatasetError:
        """Return the error for one cell: ``place`` is the zero-based row, ``column`` its name."""
        line = self.lines[place]
        return DatasetError(
            f"{self.name}, row {line}, column {column!r}: {problem}",
            remedy=remedy,
            row=line,
            column=column,
        )

    def refuse_empty(self, columns: Iterable[str]) -> None:
        """Refuse the first empty cell of the columns named."""
        for column in columns:
            for place, cell in enumerate(self.columns[column]):
                if not cell:
                    raise self.fault(
                        place, column, "the cell is empty.", remedy="Fill it in or drop the row."
                    )

    def refuse_repeated(self, column: str) -> None:
        """Refuse the first cell of a column that an earlier row has already."""
        seen: dict[str, int] = {}
        for place, cell in enumerate(self.columns[column]):
            if cell in seen:
                earlier = self.lines[seen[cell]]
                raise self.fault(
                    place,
                    column,
                    f"{cell!r} stands in row {earlier} already.",
                    remedy="Keep one row for each file.",
                )
            seen[cell] = place


def read_table(path: Path, *, header: str = "file,label") -> Table:
    """Read a CSV file: UTF-8 (a byte-order mark is fine), commas, a header, blank lines ignored.

    ``header`` is the one that the remedy of an empty file names.

    Raises
    ------
    DatasetError
        If the file is missing, empty, not UTF-8, not CSV, has a column twice, a row with too many
        or too few cells, or no rows at all.
    """
    rows, lines = _rows(path, _text(path))
    if not rows:
        raise DatasetError(f"{path.name} is empty.", remedy=f"Start it with a header: {header}.")
    names = [cell.strip() for cell in rows[0]]
    for column in names:
        if names.count(column) > 1:
            raise DatasetError(
                f"{path.name} has the column {column!r} more than once.",
                remedy="Rename or drop one of them.",
                row=lines[0],
                column=column,
            )
    separated = _separated_by(names)
    for row, line in zip(rows[1:], lines[1:], strict=True):
        if len(row) != len(names):
            raise DatasetError(
                f"{path.name}, row {line}: {counted(len(row), 'cell')}, but the header has "
                f"{len(names)}.",
                remedy="Quote cells that hold a comma, and fill in the missing ones."
                if separated is None
                else f"Its cells are separated by {separated}. {_COMMAS}",
                row=line,
            )
    if len(rows) == 1:
        raise DatasetError(
            f"{path.name} has a header but no rows.", remedy="Add one row for each picture."
        )
    cells = zip(*rows[1:], strict=True)
    columns = {
        name: [cell.strip() for cell in column] for name, column in zip(names, cells, strict=True)
    }
    return Table(path.name, columns, lines[1:])


def _separated_by(names: list[str]) -> str | None:
    """Return what separates the cells of a header in which no comma does; None: nothing known.

    >>> _separated_by(["file;label"]), _separated_by(["file", "label"])
    ('semicolons', None)
    """
    words = [word for sign, word in _SEPARATORS.items() if len(names) == 1 and sign in names[0]]
    return words[0] if words else None


def _text(path: Path) -> str:
    try:
        content = path.read_bytes()
    except OSError as error:
        raise DatasetError(
            f"{path.name} cannot be read: {error.strerror}.", remedy="Check the path."
        ) from None
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise DatasetError(
            f"{path.name}, row {line}: the bytes are not UTF-8.",
            remedy="Save the table as CSV in UTF-8.",
            row=line,
        ) from None


def _rows(path: Path, text: str) -> tuple[list[list[str]], list[int]]:
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    rows, lines = [], []
    try:
        for row in reader:
            if any(cell.strip() for cell in row):
                rows.append(row)
                lines.append(reader.line_num)
    except csv.Error as error:
        raise DatasetError(
            f"{path.name}, row {reader.line_num}: not a CSV table ({error}).",
            remedy="Save it as CSV with commas; quote cells that hold quotes or commas.",
            row=reader.line_num,
        ) from None
    return rows, lines
