"""What of a picture goes into a case: facts that identify nobody; and the picture back from it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from core.domain import PictureKind, Quality, StudyImage, Window
from core.persistence import pictures

_PLAIN = ("sha256", "bits", "modality", "body_part", "photometric", "laterality", "n_frames")


def facts_of(image: StudyImage) -> dict[str, Any]:
    """Return what is needed to show a picture again: JSON values, no tag, date or name of a file.

    ``sha256`` is that of the bytes that were read.
    """
    return {
        **{name: getattr(image, name) for name in (*_PLAIN, "frame")},
        "rows": image.rows,
        "columns": image.columns,
        "kind": image.kind.value,
        "window": asdict(image.window),
        "presets": [asdict(window) for window in image.presets],
        "pixel_spacing_mm": image.pixel_spacing_mm,
        "orientation": image.orientation,
        "quality": None
        if image.quality is None
        else {
            "score": image.quality.score,
            "reason": image.quality.reason,
            "parts": dict(image.quality.parts),
        },
        "notes": list(image.notes),
    }


def image_of(digest: str, facts: Mapping[str, Any]) -> StudyImage:
    """Return the picture of a case as it was decoded, checked against its digest.

    Raises
    ------
    PersistenceError
        If it is no longer in the store, or no longer what it was.
    """
    quality, spacing, orientation = (
        facts[name] for name in ("quality", "pixel_spacing_mm", "orientation")
    )
    return StudyImage(
        values=pictures.read(digest),
        window=Window(**facts["window"]),
        kind=PictureKind(facts["kind"]),
        presets=tuple(Window(**window) for window in facts["presets"]),
        pixel_spacing_mm=None if spacing is None else (spacing[0], spacing[1]),
        orientation=None if orientation is None else (orientation[0], orientation[1]),
        quality=None if quality is None else Quality(**quality),
        notes=tuple(facts["notes"]),
        frame=facts["frame"],
        **{name: facts[name] for name in _PLAIN},
    )
