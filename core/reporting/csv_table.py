"""A table as CSV that a spreadsheet opens without running anything in it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

# OWASP ASVS 1.2.10: what a spreadsheet takes for the start of a formula, full-width forms too.
_FORMULA_STARTS = tuple("=+-@\t\r\n＝＋－＠")
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


def csv_bytes(frame: pd.DataFrame, *, provenance: Mapping[str, Any] | None = None) -> bytes:
    """Return the frame as CSV (UTF-8 with a byte-order mark), provenance as columns at the end.

    Parameters
    ----------
    frame : DataFrame
        Undefined values become empty cells; numbers stay numbers.
    provenance : mapping of column name to value, or None
        The same in every row: model version, threshold, run, date.
    """
    whole = frame.assign(**{str(key): value for key, value in (provenance or {}).items()})
    safe = pd.DataFrame(
        {
            harmless(str(name)): whole[name]
            if pd.api.types.is_numeric_dtype(whole[name])
            else whole[name].astype(object).map(harmless, na_action="ignore")
            for name in whole.columns
        }
    )
    text = safe.to_csv(index=False, lineterminator="\n")
    return (_BOM + text).encode("utf-8")
