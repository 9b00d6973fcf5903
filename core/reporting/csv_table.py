"""A table as CSV that a spreadsheet opens without running anything in it, and that tells its end.

Every row of an export names the number of rows and the SHA-256 of the table: half a file, or one
that was edited, is noticed (:func:`check_export`).
"""

from __future__ import annotations

import csv
import hashlib
import io
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import pandas as pd

from core.errors import EvaluationError

# OWASP ASVS 1.2.10: what a spreadsheet takes for the start of a formula, full-width forms too.
_FORMULA_STARTS = tuple("=+-@\t\r\n＝＋－＠")
SEAL = ("export_rows", "export_sha256")
_BOM = "\ufeff"  # without it, spreadsheets read UTF-8 as the machine's old code page


def harmless(value: object) -> object:
    """Return text that starts like a formula with an apostrophe before it; the rest unchanged.

    >>> harmless("=1+1"), harmless("  @cmd"), harmless(-1.5), harmless("stone")
    ("'=1+1", "'  @cmd", -1.5, 'stone')
    """
    if not isinstance(value, str):
        return value
    starts = value.startswith(_FORMULA_STARTS) or value.lstrip().startswith(_FORMULA_STARTS)
    return f"'{value}" if starts else value


def _cell(value: object) -> object:
    """Return harmless text; a lone carriage return, which no writer quotes, as a line feed."""
    safe = harmless(value)
    return safe.replace("\r\n", "\n").replace("\r", "\n") if isinstance(safe, str) else safe


def csv_bytes(frame: pd.DataFrame, *, provenance: Mapping[str, Any] | None = None) -> bytes:
    """Return the frame as CSV (UTF-8 with a byte-order mark), provenance as columns at the end.

    Parameters
    ----------
    frame : DataFrame
        Undefined values become empty cells; numbers stay numbers.
    provenance : mapping of column name to value, or None
        The same in every row: model version, threshold, run, date. With it come ``export_rows``
        and ``export_sha256``, the SHA-256 of everything before them.
    """
    text = _text(frame, provenance)
    if provenance is not None:
        text = _sealed(text)
    return (_BOM + text).encode("utf-8")


def check_export(data: bytes) -> int:
    """Return the number of rows of an export that is whole and unchanged.

    Raises
    ------
    EvaluationError
        If rows are missing or a cell was changed.
    """
    lines = list(csv.reader(io.StringIO(data.decode("utf-8-sig"), newline="")))
    header, rows = (lines[0], lines[1:]) if lines else ([], [])
    if header[-2:] != list(SEAL):
        raise _broken(f"It does not end with the columns {' and '.join(SEAL)}.")
    stated = {tuple(row[-2:]) for row in rows}
    if len(stated) > 1 or any(len(row) != len(header) for row in rows):
        raise _broken("Its rows do not belong together, or the last one is cut.")
    if not rows:
        return 0
    n_rows, digest = stated.pop()
    if n_rows != str(len(rows)):
        raise _broken(f"It has {len(rows)} of {n_rows} rows.")
    if _digest(_joined(row[:-2] for row in lines)) != digest:
        raise _broken("A cell was changed after the export.")
    return len(rows)


def _broken(what: str) -> EvaluationError:
    return EvaluationError(f"The table is not as it was exported. {what}", remedy="Export again.")


def _sealed(text: str) -> str:
    lines = list(csv.reader(io.StringIO(text, newline="")))
    seal = (str(len(lines) - 1), _digest(_joined(lines)))
    return _joined([*line, *(seal if place else SEAL)] for place, line in enumerate(lines))


def _joined(lines: Iterable[Sequence[str]]) -> str:
    out = io.StringIO(newline="")
    csv.writer(out, lineterminator="\n").writerows(lines)
    return out.getvalue()


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8")).hexdigest()


def _text(frame: pd.DataFrame, provenance: Mapping[str, Any] | None) -> str:
    whole = frame.assign(**{str(key): value for key, value in (provenance or {}).items()})
    safe = pd.DataFrame(
        {
            _cell(str(name)): whole[name]
            if pd.api.types.is_numeric_dtype(whole[name])
            else whole[name].astype(object).map(_cell, na_action="ignore")
            for name in whole.columns
        }
    )
    return str(safe.to_csv(index=False, lineterminator="\n"))
