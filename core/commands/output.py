"""Where a command's answer goes: one JSON document, or text for a person, on standard output.

Libraries that print (Keras, OpenVINO, tf-keras-vis) cannot spoil it: while a command works, file
descriptor 1 points at standard error, and the answer goes to a private copy of the real one.
"""

from __future__ import annotations

import contextlib
import dataclasses
import json
import math
import os
import sys
from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any, TextIO

from core.errors import ArgumentError, CoreError

STDOUT, STDERR = 1, 2


def plain(value: Any) -> Any:
    """Return the value as JSON knows it: numpy and dataclasses unpacked, undefined numbers None.

    Raises
    ------
    TypeError
        If there is no JSON form of it.

    Examples
    --------
    >>> plain({"a": float("nan"), "b": (1, 2.5)})
    {'a': None, 'b': [1, 2.5]}
    """
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        named = {item.name: getattr(value, item.name) for item in dataclasses.fields(value)}
        return plain(named)
    if hasattr(value, "tolist"):  # numpy arrays and scalars, np.float64 included
        value = value.tolist()
    match value:
        case None | bool() | int():
            return value
        case float():
            return value if math.isfinite(value) else None
        case str() | Path() | datetime():
            return str(value)
        case Mapping():
            return {str(key): plain(item) for key, item in value.items()}
        case list() | tuple() | set() | frozenset():
            return [plain(item) for item in value]
    raise TypeError(f"{type(value).__name__} has no JSON form")


def as_json(value: Any) -> str:
    """Return the value as strict JSON: ASCII, never NaN or Infinity."""
    return json.dumps(plain(value), allow_nan=False)


def _lost(reason: str) -> ArgumentError:
    return ArgumentError(
        f"The answer cannot be written to standard output: {reason}.",
        remedy="Give standard output a place, such as a file on a disk with room.",
    )


class Output:
    """The answer's way out, for a program (``as_json``) or for a person."""

    def __init__(self, stream: TextIO, *, as_json: bool, closed: bool = False) -> None:
        self._stream = stream
        self._closed = closed
        self._answered = False
        self.as_json = as_json

    def document(self, value: Any, *, text: str) -> None:
        """Give the whole answer: ``value`` to a program, ``text`` to a person. Once a command."""
        self._answered = True
        self._write(as_json(value) if self.as_json else text)

    def line(self, value: Any, *, text: str) -> None:
        """Give one JSON line (where the contract says JSON lines), or one line of text."""
        self._write(as_json(value) if self.as_json else text)

    def text(self, text: str) -> None:
        """Give text whoever reads it: help."""
        self._answered = True
        self._write(text.rstrip("\n"))

    def progress(self, text: str) -> None:
        """Tell how far the work is, on standard error."""
        print(text, file=sys.stderr, flush=True)

    def error(self, error: CoreError) -> None:
        """Say what happened and what to do; a program gets a document unless it has one already."""
        if self.as_json and not self._answered:
            document = {
                "error": error.problem,
                "row": error.row,
                "column": error.column,
                "what_to_do": error.remedy,
            }
            try:
                self.document(document, text="")
            except BrokenPipeError:
                return
            except ArgumentError:
                self.progress(str(error))
        else:
            self.progress(str(error))

    def _write(self, text: str) -> None:
        if self._closed:
            raise _lost("it is closed")
        try:
            self._stream.write(text + "\n")
            self._stream.flush()
        except BrokenPipeError:
            raise
        except OSError as error:
            raise _lost(error.strerror or type(error).__name__) from None


@contextlib.contextmanager
def open_output(*, as_json: bool) -> Iterator[Output]:
    """Yield an output on a private copy of standard output.

    Where a program closed standard output, there is nobody to answer: the
    command ends with a sentence on standard error.
    """
    try:
        descriptor, closed = os.dup(STDOUT), False
    except OSError:
        descriptor, closed = os.open(os.devnull, os.O_WRONLY), True
        if descriptor != STDOUT:  # work_aside needs the descriptor itself to exist
            os.dup2(descriptor, STDOUT)
        else:
            descriptor = os.dup(STDOUT)
    _flush()
    stream = os.fdopen(descriptor, "w", encoding="utf-8", errors="backslashreplace")
    try:
        yield Output(stream, as_json=as_json, closed=closed)
    finally:
        # A reader that went away, or a full disk, leaves bytes that cannot be flushed: closing
        # raises again, after the command has ended with its own sentence.
        with contextlib.suppress(OSError):
            stream.close()


def _flush() -> None:
    """Flush what was printed so far; a closed or full standard output keeps its bytes."""
    if sys.stdout is not None:
        with contextlib.suppress(OSError, ValueError):
            sys.stdout.flush()


@contextlib.contextmanager
def work_aside() -> Iterator[None]:
    """Point standard output at standard error while the work is done, the descriptor too."""
    _flush()
    kept = os.dup(STDOUT)
    os.dup2(STDERR, STDOUT)
    try:
        with contextlib.redirect_stdout(sys.stderr):
            yield
    finally:
        _flush()
        os.dup2(kept, STDOUT)
        os.close(kept)
