"""The predictions table of any model: ``file, y_true``, a probability column a class, and more.

A wrong table is refused with the line (header = 1) and column of its first offender. The checks run
on whole columns; only once something is wrong is the file walked line by line to name the place.
"""

from __future__ import annotations

import difflib
import math
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from core.errors import EvaluationError
from core.evaluation.runs import EvaluationRun, RunFacts
from core.evaluation.tables import TextTable, read_table

SUM_TOLERANCE = 0.01
_RANGE_TOLERANCE = 1e-6  # a probability of 1.0000001 is rounding
_SUM_SLACK = 1e-9  # 0.99 must not fail for how 0.01 is written in binary
FIXED_COLUMNS = ("file", "y_true", "group")


# What R, pandas and spreadsheets write where there is nothing.
_NO_GROUP = ("", "NA", "N/A", "#N/A", "NaN", "nan", "NULL", "null", "None", "<NA>")


class _Offender(NamedTuple):
    """The first record that fails one check; the smallest of all is reported."""

    record: int
    problem: str
    remedy: str
    column: str | None


def read_predictions(
    data: bytes, *, class_names: Sequence[str], facts: RunFacts, name: str = "The file"
) -> EvaluationRun:
    """Read a predictions table.

    Parameters
    ----------
    data : bytes
        CSV: ``file``, ``y_true``, one probability column named as each class; optional ``group``;
        every other column is kept as a slice column. Column names may differ in case.
    class_names : sequence of str
    facts : RunFacts
        What is known of the run; the source of groups and notes are filled in here.
    name : str
        How messages call the file.

    Raises
    ------
    EvaluationError
        With ``row`` (line in the file) and ``column`` of the first offender: missing column, not
        a number, NaN, unknown class, outside 0..1, row sum off by more than 0.01, repeated file,
        no rows, not a CSV.
    """
    return run_of_table(read_table(data, name=name), class_names=class_names, facts=facts)


def run_of_table(table: TextTable, *, class_names: Sequence[str], facts: RunFacts) -> EvaluationRun:
    """Return the run of a table that was read already; see :func:`read_predictions`.

    Raises
    ------
    EvaluationError
        As :func:`read_predictions`.
    """
    found = _find_columns(table, class_names)
    if table.columns.num_rows == 0:
        raise EvaluationError(
            f"{table.name} has a header and no rows.",
            remedy="Give one line a case below the header.",
        )
    columns = {key: table.columns[actual].combine_chunks() for key, actual in found.items()}
    y_true = pc.index_in(pc.utf8_trim_whitespace(columns["y_true"]), pa.array(list(class_names)))
    probabilities = [numbers(columns[key], table.separator) for key in class_names]
    y_prob = np.column_stack(probabilities)
    offenders = [
        *_label_offenders(columns["y_true"], y_true, class_names),
        *_number_offenders(columns, y_prob, class_names),
        *_sum_offenders(y_prob),
        *_repeat_offenders(columns["file"]),
    ]
    if offenders:
        raise _explained(min(offenders, key=lambda item: item.record), table)
    group, notes = _groups(columns)
    slices = [item for item in table.columns.column_names if item not in found.values()]
    return EvaluationRun(
        class_names=tuple(class_names),
        file=_objects(columns["file"]),
        y_true=y_true.to_numpy(zero_copy_only=False).astype(np.int64),
        y_prob=np.clip(y_prob, 0.0, 1.0),
        group=group,
        refused=np.zeros(len(y_prob), dtype=bool),
        slices={item: _objects(table.columns[item]) for item in slices},
        facts=replace(
            facts,
            group_source="none" if group is None else "column",
            notes=(*facts.notes, *notes),
        ),
    )


def _find_columns(table: TextTable, class_names: Sequence[str]) -> dict[str, str]:
    """Return wanted name -> name in the file; the case of letters may differ."""
    present = table.columns.column_names
    found: dict[str, str] = {}
    for wanted in (*FIXED_COLUMNS, *class_names):
        alike = [item for item in present if item.casefold() == wanted.casefold()]
        if wanted in present:
            found[wanted] = wanted
        elif len(alike) == 1:
            found[wanted] = alike[0]
        elif wanted != "group":
            close = difflib.get_close_matches(wanted, present, n=1)
            hint = f" (is it {close[0]!r}?)" if close else ""
            raise EvaluationError(
                f"{table.name} has no column {wanted!r}{hint}.",
                remedy="Needed: file, y_true and a probability column named as each class "
                f"({', '.join(class_names)}); found: {', '.join(present)[:300]}.",
                column=wanted,
            )
    return found


def numbers(column: pa.Array, separator: str) -> NDArray[np.float64]:
    """Return the numbers of a text column; what is none becomes NaN."""
    text = pc.utf8_trim_whitespace(column)
    if separator != ",":
        text = pc.replace_substring(text, ",", ".")  # a decimal comma
    try:
        return np.array(pc.cast(text, pa.float64()).to_numpy(zero_copy_only=False))
    except pa.ArrowInvalid:
        return np.array([_number(item) for item in text.to_pylist()])


def _number(text: str) -> float:
    try:
        return float("nan") if "_" in text else float(text)
    except ValueError:
        return float("nan")


def _first(mask: NDArray[np.bool_]) -> int | None:
    where = int(np.argmax(mask))
    return where if mask[where] else None


def _label_offenders(
    column: pa.Array, index: pa.Array, class_names: Sequence[str]
) -> Iterator[_Offender]:
    record = _first(index.is_null().to_numpy(zero_copy_only=False))
    if record is not None:
        text = column[record].as_py()
        close = difflib.get_close_matches(text.strip().casefold(), class_names, n=1)
        hint = f" (is it {close[0]!r}?)" if close else ""
        yield _Offender(
            record,
            f"y_true is {text!r}, which is no class{hint}.",
            f"Use one of: {', '.join(class_names)}.",
            "y_true",
        )


def _number_offenders(
    columns: dict[str, pa.Array], y_prob: NDArray[np.float64], class_names: Sequence[str]
) -> Iterator[_Offender]:
    with np.errstate(invalid="ignore"):
        wrong = ~((y_prob >= -_RANGE_TOLERANCE) & (y_prob <= 1 + _RANGE_TOLERANCE))
    for index, name in enumerate(class_names):
        record = _first(wrong[:, index])
        if record is None:
            continue
        text = columns[name][record].as_py().strip()
        if not math.isnan(y_prob[record, index]):
            problem = f"is {text}, outside 0..1"
        elif text.lower().lstrip("+-") == "nan":
            problem = "is NaN"
        else:
            problem = f"is {text!r}, not a number" if text else "is empty, not a number"
        yield _Offender(
            record, f"The probability of {name} {problem}.", "Give a number from 0 to 1.", name
        )


def _sum_offenders(y_prob: NDArray[np.float64]) -> Iterator[_Offender]:
    total = y_prob.sum(axis=1)
    with np.errstate(invalid="ignore"):
        record = _first(np.abs(total - 1) > SUM_TOLERANCE + _SUM_SLACK)
    if record is not None:
        yield _Offender(
            record,
            f"The probabilities sum to {total[record]:.4g}, not 1.",
            f"Give probabilities that sum to 1 within {SUM_TOLERANCE}.",
            None,
        )


def _repeat_offenders(column: pa.Array) -> Iterator[_Offender]:
    encoded = column.dictionary_encode()
    if len(encoded.dictionary) == len(column):
        return
    # Codes are given in order of appearance, so a code that is not above all before it repeats.
    codes = encoded.indices.to_numpy(zero_copy_only=False)
    repeats = np.r_[False, codes[1:] <= np.maximum.accumulate(codes)[:-1]]
    record = int(np.argmax(repeats))
    yield _Offender(
        record,
        f"The file {column[record].as_py()!r} stands there a second time.",
        "Keep one line a file.",
        "file",
    )


def _explained(first: _Offender, table: TextTable) -> EvaluationError:
    line = table.line_of(first.record)
    return EvaluationError(
        f"Line {line} of {table.name}: {first.problem}",
        remedy=first.remedy,
        row=line,
        column=first.column,
    )


def _groups(columns: dict[str, pa.Array]) -> tuple[NDArray[np.object_] | None, list[str]]:
    """Return the group of each case; one without a group is a group of its own."""
    if "group" not in columns:
        return None, []
    group = _objects(pc.utf8_trim_whitespace(columns["group"]))
    empty = np.isin(group, list(_NO_GROUP))
    n_empty = int(empty.sum())
    if n_empty == len(group):
        return None, ["The group column is empty: groups are unknown."]
    if n_empty == 0:
        return group, []
    group[empty] = [f"case {index}" for index in np.flatnonzero(empty)]
    one = "1 case has no group; it counts"
    said = one if n_empty == 1 else f"{n_empty} cases have no group; each counts"
    return group, [f"{said} as a group of its own."]


def _objects(column: pa.Array | pa.ChunkedArray) -> NDArray[np.object_]:
    return np.array(column.to_pylist(), dtype=object)
