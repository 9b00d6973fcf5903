"""The teaching cases of a task, drawn when they are asked for: nothing of them is stored."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from core.tasks import load_task

SOURCE = "phantom_ct"


@dataclass(frozen=True, slots=True)
class OpenCase:
    """One case with the bytes that a person would have uploaded.

    ``lesson`` : what to notice, in a sentence; ``sha256`` : digest of ``data``.
    """

    key: str
    title: str
    lesson: str
    data: bytes
    sha256: str


def teaching_cases(task_key: str) -> tuple[OpenCase, ...]:
    """Return the cases of a task that reads the drawn phantoms; none for any other.

    Raises
    ------
    TaskError
        If there is no such task.
    """
    if load_task(task_key).source_for(SOURCE) is None:
        return ()
    from core import phantoms

    cases = []
    for case in phantoms.teaching_cases():
        data = phantoms.teaching_png(case)
        digest = hashlib.sha256(data).hexdigest()
        cases.append(OpenCase(case.key, case.title, case.what_to_notice, data, digest))
    return tuple(cases)
