"""The DICOM instance of a case: kept apart, given to nobody who does not ask for it by name.

UIDs lead whoever has the archive to the patient. So they stand in no other table, no listing, no
audit row (the chain has the digest of the row, which is enough to notice a change) and no export
but a report that is filed beside its source.
"""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from core.domain import SourceInstance
from core.persistence.case_tables import case_source
from core.persistence.chain import Recorder

_TUPLES = (
    "pixel_spacing_mm",
    "imager_pixel_spacing_mm",
    "image_orientation",
    "image_position_mm",
    "patient_orientation",
)


def link(recorder: Recorder, case_id: str, source: SourceInstance, *, who: str) -> bool:
    """Store the instance of a case and say so in the chain; the first one stays.

    Returns
    -------
    bool
        False where the case has one already: the same pixels came again in another object.
    """
    if source_of(recorder.connection, case_id) is not None:
        return False
    row = {
        "case_id": case_id,
        "source": asdict(source),
        "linked_by": who.strip(),
        "linked_at": recorder.now,
    }
    recorder.store(case_source, row, action="case_linked", who=who, is_told=False)
    return True


def source_of(connection: Connection, case_id: str) -> SourceInstance | None:
    """Return the instance that a case was made of; None where none is known."""
    found = sa.select(case_source.c.source).where(case_source.c.case_id == case_id)
    values: dict[str, Any] | None = connection.execute(found).scalar_one_or_none()
    if values is None:
        return None
    tuples = {name: tuple(values[name]) for name in _TUPLES if values.get(name) is not None}
    return SourceInstance(**(values | tuples))
