"""The teaching cases that Analyse offers: a table, easy to change, drawn when one is opened."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import numpy as np

from core.domain import PictureKind, StudyImage, Window
from core.errors import PhantomError
from core.phantoms.foreign import FOREIGN_FILES, foreign_pixels
from core.phantoms.phantom import NOTE, png_of, to_study_image
from core.phantoms.table import phantom_picture, phantom_pixels


@dataclass(frozen=True, slots=True)
class TeachingCase:
    """One example for a learner.

    ``file_id`` draws it; ``label`` is what it shows, None where there is no CT to label;
    ``must_be_refused`` : whether the gate has to turn it away.
    """

    key: str
    title: str
    what_to_notice: str
    file_id: str
    label: str | None
    must_be_refused: bool = False


_CASES = (
    TeachingCase(
        "large_cyst",
        "A round, dark bulge",
        "Water is darker than kidney, and the edge is sharp: a cyst needs no second opinion.",
        "phantom_ct/s0014_1.png",
        "cyst",
    ),
    TeachingCase(
        "chest_film",
        "A chest film",
        "It is no CT at all: a model must say so instead of answering.",
        "drawings/chest_film.png",
        None,
        must_be_refused=True,
    ),
)


def teaching_cases() -> tuple[TeachingCase, ...]:
    """Return the cases in the order in which they are offered."""
    return _CASES


def teaching_case(key: str) -> TeachingCase:
    """Return one case.

    Raises
    ------
    PhantomError
        If there is none of that key.
    """
    for case in _CASES:
        if case.key == key:
            return case
    raise PhantomError(
        f"There is no teaching case {key!r}.",
        remedy=f"Cases: {', '.join(case.key for case in _CASES)}.",
    )


def teaching_png(case: TeachingCase) -> bytes:
    """Return the picture of a case as the PNG that a person would upload."""
    return phantom_picture(case.file_id)


def teaching_image(case: TeachingCase) -> StudyImage:
    """Return the picture of a case as intake would, with HU and spacing where it is a CT slice."""
    if case.file_id not in FOREIGN_FILES:
        return to_study_image(phantom_pixels(case.file_id))
    pixels = foreign_pixels(case.file_id)
    return StudyImage(
        values=pixels.astype(np.float32),
        window=Window(0.0, 255.0),
        kind=PictureKind.DRAWN,
        sha256=hashlib.sha256(png_of(pixels)).hexdigest(),
        notes=(NOTE,),
    )
