"""Rows as bytes that are the same on every database: what digests and the audit chain cover."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa


def canonical(value: Any) -> bytes:
    r"""Return strict JSON with sorted keys and no spaces, ASCII; moments in UTC.

    Raises
    ------
    ValueError
        If a number is not one (NaN, infinity).

    >>> canonical({"b": 0.5, "a": [None, "é"]})
    b'{"a":[null,"\\u00e9"],"b":0.5}'
    """
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), allow_nan=False, default=_other)
    return text.encode("ascii")


def sha256_of(value: Any) -> str:
    """Return the SHA-256 of the canonical JSON, in hexadecimal digits."""
    return hashlib.sha256(canonical(value)).hexdigest()


def as_stored(table: sa.Table, row: Mapping[str, Any]) -> dict[str, Any]:
    """Return a row as it will come back from the database: floats as floats, tuples as lists."""
    stored: dict[str, Any] = {}
    for name, value in row.items():
        kind = table.c[name].type
        if value is not None and isinstance(kind, sa.Double):
            stored[name] = float(value)
        elif value is not None and isinstance(kind, sa.JSON):
            stored[name] = json.loads(canonical(value))
        elif isinstance(value, datetime):
            stored[name] = value.astimezone(UTC)
        else:
            stored[name] = value
    return stored


def _other(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat(timespec="microseconds")
    if isinstance(value, Mapping):
        return dict(value)
    if hasattr(value, "item"):  # a number of numpy
        return value.item()
    raise ValueError(f"{type(value).__name__} has no JSON form")
