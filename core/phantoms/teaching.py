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
    ``must_be_refused`` : whether the gate has to turn it away; ``known_miss`` : whether the shipped
    version answers wrongly, as its stored run has it.
    """

    key: str
    title: str
    what_to_notice: str
    file_id: str
    label: str | None
    must_be_refused: bool = False
    known_miss: bool = False


# Series 900000 and up: `phantom_table` reaches them with seed 9 only, so no model saw them. The
# known miss is from the test part of the shipped version: choose another when that changes.
_CASES = (
    TeachingCase(
        "stone",
        "A stone in a scan without contrast",
        "White inside the kidney, in the dark fat of its middle: nothing but calcium is as bright.",
        "phantom_ct/s900231_1.png",
        "stone",
    ),
    TeachingCase(
        "small_stone",
        "A small stone that the model misses",
        "Five millimetres beside bright cortex: you see it, the model calls the slice normal.",
        "phantom_ct/s300273_5.png",
        "stone",
        known_miss=True,
    ),
    TeachingCase(
        "vascular_calcification",
        "Bright specks, and no stone",
        "The specks lie in the walls of the aorta and a renal artery, outside both kidneys.",
        "phantom_ct/s900192_1.png",
        "normal",
    ),
    TeachingCase(
        "cyst",
        "A cyst",
        "Round, even and as dark as water, with a sharp edge: it does not take up contrast.",
        "phantom_ct/s900026_1.png",
        "cyst",
    ),
    TeachingCase(
        "wide_pelvis",
        "Water in the kidney, and no cyst",
        "The dark water lies at the hilum, where the ureter begins, and on both sides.",
        "phantom_ct/s900148_1.png",
        "normal",
    ),
    TeachingCase(
        "mass",
        "A mass",
        "It bulges, its edge is uneven, and it takes up less contrast than the kidney around it.",
        "phantom_ct/s900285_1.png",
        "tumor",
    ),
    TeachingCase(
        "chest_film",
        "A chest film",
        "It is no slice of an abdomen: the model has to refuse it instead of guessing.",
        "drawings/chest_film.png",
        None,
        must_be_refused=True,
    ),
    TeachingCase(
        "stained_slide",
        "A stained slide",
        "A kidney, but under the microscope: the model has to refuse it.",
        "drawings/stained_slide.png",
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
