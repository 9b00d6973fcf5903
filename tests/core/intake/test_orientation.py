"""Letters at the edges of a picture."""

import pytest

from core.intake.orientation import edges_from_codes, edges_from_cosines


@pytest.mark.parametrize(
    ("cosines", "edges"),
    [
        ((1, 0, 0, 0, 1, 0), ("R", "A")),  # axial, seen from the feet
        ((-1, 0, 0, 0, 1, 0), ("L", "A")),  # axial, seen from the head
        ((1, 0, 0, 0, 0, -1), ("R", "H")),  # coronal
        ((0, 1, 0, 0, 0, -1), ("A", "H")),  # sagittal
        ((0.8, 0.6, 0, -0.6, 0.8, 0), ("RA", "AL")),  # oblique
    ],
)
def test_cosines_become_letters(cosines, edges):
    assert edges_from_cosines(cosines) == edges


def test_what_is_incomplete_becomes_nothing():
    assert edges_from_cosines((1, 0, 0)) is None
    assert edges_from_cosines((0, 0, 0, 0, 0, 0)) is None
    assert edges_from_codes(("L",)) is None
    assert edges_from_codes(("X", "F")) is None


def test_codes_of_a_film_become_letters():
    assert edges_from_codes(("L", "F")) == ("R", "H")
    assert edges_from_codes(("A", "F")) == ("P", "H")
