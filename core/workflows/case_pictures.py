"""What of a picture goes into a case: facts that identify nobody; and the picture back from it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from core.domain import PictureKind, Quality, StudyImage, Window
from core.intake.limits import MODALITY_LUT
from core.persistence import pictures

# Whether a CT is in HU decides whether it is answered at all; no other tag is kept.
_HU_TAGS = ("RescaleSlope", "RescaleIntercept", MODALITY_LUT)
_PLAIN = ("sha256", "bits", "modality", "body_part", "photometric", "laterality", "n_frames")


def facts_of(image: StudyImage) -> dict[str, Any]:
    """Return what is needed to show a picture again and to answer it again: JSON values.

    No date, no name of a file, and of all tags those of the rescale alone. ``sha256`` is that of
    the bytes that were read.
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
        "tags": {name: image.tags[name] for name in _HU_TAGS if name in image.tags},
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
        # A case of before the tags were kept: one that was answered was in HU.
        tags=dict(facts.get("tags", dict.fromkeys(_HU_TAGS, ""))),
        **{name: facts[name] for name in _PLAIN},
    )
