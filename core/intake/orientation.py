"""Which side of the patient lies at the left and the top edge of a picture."""

from __future__ import annotations

from collections.abc import Sequence

# PS3.3 C.7.6.2.1.1: x grows to the patient's left, y to the back, z to the head.
_GROWS = ("L", "P", "H")
_SHRINKS = ("R", "A", "F")
_OPPOSITE = {"L": "R", "R": "L", "A": "P", "P": "A", "H": "F", "F": "H"}
_OBLIQUE = 0.38  # a direction more than about 22 degrees off an axis gets a second letter


def direction(cosines: Sequence[float]) -> str:
    """Return the letters of a direction in patient coordinates, the dominant one first.

    Parameters
    ----------
    cosines : sequence of 3 float
        Direction cosines (x, y, z).

    Examples
    --------
    >>> direction((1, 0, 0)), direction((0, 0.8, -0.6)), direction((0, 0, 0))
    ('L', 'PF', '')
    """
    letters = [
        (abs(value), grows if value > 0 else shrinks)
        for value, grows, shrinks in zip(cosines, _GROWS, _SHRINKS, strict=True)
        if abs(value) > _OBLIQUE
    ]
    return "".join(letter for _, letter in sorted(letters, key=lambda pair: -pair[0])[:2])


def edges_from_cosines(cosines: Sequence[float]) -> tuple[str, str] | None:
    """Return what lies at the (left, top) edge, from ImageOrientationPatient.

    The six numbers give the directions of growing column and of growing row (PS3.3 C.7.6.2.1.1);
    the left and top edges lie the other way.

    Examples
    --------
    >>> edges_from_cosines((1, 0, 0, 0, 1, 0))
    ('R', 'A')
    """
    if len(cosines) != 6:
        return None
    return _opposites(direction(cosines[:3]), direction(cosines[3:]))


def edges_from_codes(codes: Sequence[str]) -> tuple[str, str] | None:
    """Return what lies at the (left, top) edge, from PatientOrientation (PS3.3 C.7.6.1.1.1).

    Examples
    --------
    >>> edges_from_codes(("L", "F")), edges_from_codes(("", "F"))
    (('R', 'H'), None)
    """
    if len(codes) != 2:
        return None
    return _opposites(codes[0], codes[1])


def _opposites(along_row: str, along_column: str) -> tuple[str, str] | None:
    sides = [
        "".join(_OPPOSITE.get(letter, "") for letter in text) for text in (along_row, along_column)
    ]
    return (sides[0], sides[1]) if sides[0] and sides[1] else None
