"""The log: JSON lines in the product's home, built so that no patient can be in them.

Only the keys of ``ALLOWED`` are written, each only in its own narrow shape; anything else is left
out. File names, free text and messages of foreign exceptions have no key. A picture is named by
``sha8``, the first eight digits of its SHA-256.
"""

from __future__ import annotations

import json
import logging
import re
import traceback
from datetime import UTC, datetime
from logging.handlers import RotatingFileHandler
from pathlib import Path
from typing import Any

from core.config import ROOT, settings

MAX_BYTES = 5_000_000
KEPT_FILES = 5

_WORD = r"[A-Za-z][A-Za-z0-9_]{0,63}"
ALLOWED = {
    "event": re.compile(r"[a-z][a-z0-9_]{1,47}"),
    "command": re.compile(_WORD),
    "task": re.compile(_WORD),
    "architecture": re.compile(_WORD),
    "model_version": re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}"),
    "sha8": re.compile(r"[0-9a-f]{8}"),
    "status": re.compile(r"ok|refused|error"),
    "error_type": re.compile(_WORD),
    "where": re.compile(r"[A-Za-z0-9_./-]{1,120}:\d{1,6}( < [A-Za-z0-9_./-]{1,120}:\d{1,6}){0,11}"),
}
ALLOWED_NUMBERS = {"exit_code", "seconds", "n"}


class _JsonLines(logging.Formatter):
    """One JSON object a record; the time is UTC."""

    def format(self, record: logging.LogRecord) -> str:
        fields: dict[str, Any] = getattr(record, "fields", {})
        at = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
        return json.dumps({"at": at, "level": record.levelname, **fields})


def allowed(fields: dict[str, Any]) -> dict[str, str | int | float]:
    """Return what may be written of these fields.

    >>> allowed({"event": "answered", "sha8": "0a1b2c3d", "file": "DOE^JANE.dcm", "task": "a b"})
    {'event': 'answered', 'sha8': '0a1b2c3d'}
    """
    kept: dict[str, str | int | float] = {}
    for key, value in fields.items():
        is_word = key in ALLOWED and isinstance(value, str) and ALLOWED[key].fullmatch(value)
        if is_word or (key in ALLOWED_NUMBERS and isinstance(value, int | float)):
            kept[key] = value
    return kept


def log_file() -> Path:
    """Return the file that is written now."""
    return settings().home / "logs" / "second_look.jsonl"


def _logger() -> logging.Logger:
    logger = logging.getLogger("second_look")
    path = log_file()
    if any(getattr(handler, "baseFilename", "") == str(path) for handler in logger.handlers):
        return logger
    for handler in list(logger.handlers):
        logger.removeHandler(handler)
        handler.close()
    logger.propagate = False
    logger.setLevel(settings().log_level)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        writer: logging.Handler = RotatingFileHandler(
            path, maxBytes=MAX_BYTES, backupCount=KEPT_FILES, encoding="utf-8"
        )
    except OSError:
        # A home that cannot be written must not cost a reader the answer: go on without a log.
        writer = logging.NullHandler()
    writer.setFormatter(_JsonLines())
    logger.addHandler(writer)
    return logger


def log_event(event: str, *, level: int = logging.INFO, **fields: str | int | float | None) -> None:
    """Write one event.

    Parameters
    ----------
    event : str
        What happened, in lower case with underscores.
    level : int
        Severity, as in :mod:`logging`.
    **fields
        Keys of ``ALLOWED`` and ``ALLOWED_NUMBERS``; any other key, and a value that does not have
        the key's shape, is left out.
    """
    _logger().log(level, event, extra={"fields": allowed({"event": event, **fields})})


def log_unforeseen(error: BaseException) -> None:
    """Write where a foreign exception came from: its type and the lines, never its message."""
    frames = traceback.extract_tb(error.__traceback__)[::-1][:12]
    places = " < ".join(f"{_short(frame.filename)}:{frame.lineno or 0}" for frame in frames)
    log_event("unforeseen", level=logging.ERROR, error_type=type(error).__name__, where=places)


def _short(filename: str) -> str:
    """Return a source file's path without the folders of this machine."""
    path = Path(filename)
    if path.is_relative_to(ROOT) and ".venv" not in path.parts:
        return path.relative_to(ROOT).as_posix()
    return "/".join(path.parts[-2:])
