"""Where explanation audits are kept: by the version's digest, in the home or beside the versions.

A version is never changed once it is written, so its audit lies outside it: in
``home/explanation_audits/<digest>/``, or, shipped with a release, in
``models/<task>/audits/<version>.json``. Both say which digest they are about; one that is about
another digest is passed over.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from core.config import settings
from core.inference.package import AUDITS, ModelVersion, models_folder
from core.saliency.faithfulness.weak_maps import Floor

FOLDER = "explanation_audits"
SCHEMA = 1
Rows = Sequence[dict[str, Any]]


@dataclass(frozen=True, slots=True, eq=False)
class Audit:
    """A finished audit: ``document`` as ``explain-audit`` answers it; ``shipped`` or made here."""

    document: dict[str, Any]
    shipped: bool

    def floor(self, method: str, class_name: str) -> Floor | None:
        """Return the raw peak below which a map is weak; None where it is not known."""
        stored = self.document.get("floors", {}).get(method, {}).get(class_name)
        if stored is None:
            return None
        return Floor(float(stored["value"]), int(stored["n"]), stored["absent_above"])


def audit_of(version: ModelVersion) -> Audit | None:
    """Return the audit of a version: the one made here, else the shipped one, else None."""
    own = _read(_home(version) / "audit.json", version)
    if own is not None:
        return Audit(own, shipped=False)
    shipped = _read(models_folder() / version.card.task / AUDITS / f"{version.name}.json", version)
    return None if shipped is None else Audit(shipped, shipped=True)


def store_audit(version: ModelVersion, document: dict[str, Any]) -> bool:
    """Keep a finished audit as the version's, and return whether it was kept.

    One of some methods, places or pictures alone does not take the place of one that tells more:
    floors and failed checks would vanish from the pages by a question.
    """
    standing = audit_of(version)
    if standing is not None and not _tells_as_much(document, standing.document):
        return False
    path = _home(version) / "audit.json"
    write_json(path, {"schema": SCHEMA, "digest": version.digest, "document": document})
    return True


def _tells_as_much(new: dict[str, Any], old: dict[str, Any]) -> bool:
    parts = ("randomisation", "deletion", "pointing", "energy")
    if any(old[part].keys() - new[part].keys() for part in parts):
        return False
    if any(old["pointing"][name]["n"] > new["pointing"][name]["n"] for name in old["pointing"]):
        return False
    return all(
        old["deletion"][method]["area"]["n"] <= new["deletion"][method]["area"]["n"]
        for method in old["deletion"]
    )


def ship_audit(version: ModelVersion, document: dict[str, Any], path: Path) -> None:
    """Write the audit of a version to a file that can be put beside the versions."""
    write_json(path, {"schema": SCHEMA, "digest": version.digest, "document": document})


def read_part(version: ModelVersion, key: str, asked: Any) -> Rows | None:
    """Return the rows of a part that was measured before, for the same question; else None."""
    try:
        stored = json.loads(_part(version, key).read_text(encoding="utf-8"))
        return list(stored["rows"]) if stored["asked"] == _fingerprint(asked) else None
    except (OSError, ValueError, KeyError, TypeError):
        return None  # not measured yet, or damaged: it is measured again


def store_part(version: ModelVersion, key: str, asked: Any, rows: Rows) -> None:
    """Keep the rows of a part, so that an audit that was broken off goes on from here."""
    write_json(_part(version, key), {"asked": _fingerprint(asked), "rows": list(rows)})


def write_json(path: Path, content: Any) -> None:
    """Write a file as a whole: a reader meets the old one or the new one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_suffix(f".{os.getpid()}.part")
    draft.write_text(json.dumps(content, allow_nan=False), encoding="utf-8")
    draft.replace(path)


def _home(version: ModelVersion) -> Path:
    return settings().home / FOLDER / version.digest[:32]


def _part(version: ModelVersion, key: str) -> Path:
    return _home(version) / "parts" / f"{key}.json"


def _fingerprint(asked: Any) -> str:
    text = json.dumps([SCHEMA, asked], sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()


def _read(path: Path, version: ModelVersion) -> dict[str, Any] | None:
    try:
        stored = json.loads(path.read_text(encoding="utf-8"))
        if stored["schema"] != SCHEMA or stored["digest"] != version.digest:
            return None
        return dict(stored["document"])
    except (OSError, ValueError, KeyError, TypeError):
        return None  # none, or not one of this product's: as good as none
