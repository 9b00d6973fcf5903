"""Verdicts that were begun and not saved: a small file a reader and case, beside the database.

A draft is no decision: it may change and goes once the verdict is saved, so it has no place among
rows that are only added. Its name is a digest: neither reader nor case stands in it.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import threading
import time
from pathlib import Path
from typing import Any

from core.config import settings
from core.errors import PersistenceError

FOLDER = "drafts"
LIVES_S = 30 * 86_400.0


def keep(reader: str, case_id: str, values: dict[str, Any]) -> None:
    """Keep a draft; it replaces the one before.

    Raises
    ------
    PersistenceError
        If it was not kept.
    """
    target = _path(reader, case_id)
    part = target.with_name(f".{target.name}.{os.getpid()}-{threading.get_ident()}.part")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        part.write_text(json.dumps(values), encoding="utf-8")
        part.replace(target)
    except OSError as error:
        raise PersistenceError(
            f"The draft was not kept ({type(error).__name__}).",
            remedy="Your text stands in the form; save the verdict, or copy the text.",
        ) from None
    finally:
        with contextlib.suppress(OSError):
            part.unlink(missing_ok=True)


def find(reader: str, case_id: str) -> dict[str, Any]:
    """Return a draft; empty where there is none, or none that can be read."""
    try:
        found = json.loads(_path(reader, case_id).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def forget(reader: str, case_id: str) -> None:
    """Remove a draft: the verdict is saved."""
    with contextlib.suppress(OSError):
        _path(reader, case_id).unlink(missing_ok=True)


def sweep() -> int:
    """Remove drafts that nobody touched for 30 days; return how many."""
    swept = 0
    oldest = time.time() - LIVES_S
    for path in (settings().home.absolute() / FOLDER).glob("*.json"):
        with contextlib.suppress(OSError):
            if path.stat().st_mtime < oldest:
                path.unlink()
                swept += 1
    return swept


def _path(reader: str, case_id: str) -> Path:
    name = hashlib.sha256(f"{reader.strip()}\n{case_id}".encode()).hexdigest()
    return settings().home.absolute() / FOLDER / f"{name}.json"
