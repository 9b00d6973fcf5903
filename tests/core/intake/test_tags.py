"""The allow-list of tags and the form each value must have."""

import pydicom
import pytest

from core.intake.tags import ALLOWED, code, technical_tags


@pytest.mark.parametrize("text", ["ZZPHI^TEST", "Müller", "x" * 65, "A;B", "", None, 7])
def test_what_is_not_a_code_is_dropped(text):
    assert code(text) is None


def test_a_code_is_put_in_upper_case():
    assert code(" abdomen/pelvis ") == "ABDOMEN/PELVIS"


def test_a_maker_is_named_only_when_known():
    made = pydicom.Dataset()
    made.Manufacturer = "SIEMENS Healthineers, ward of Dr. Who"
    assert technical_tags(made) == {"Manufacturer": "Siemens"}
    made.Manufacturer = "Dr. Who"
    assert technical_tags(made) == {}


def test_the_list_stays_short_and_names_no_person_date_or_place():
    assert len(ALLOWED) <= 30
    words = ("Name", "ID", "Date", "Time", "UID", "Institution", "Physician", "Comments")
    assert [tag for tag in ALLOWED if any(word in tag for word in words)] == []


def test_numbers_are_shown_as_numbers_and_text_in_their_place_is_dropped():
    made = pydicom.Dataset()
    made.PixelSpacing = [0.70, 0.80]
    made.add_new("SliceThickness", "LO", "ZZPHI^TEST")
    assert technical_tags(made) == {"PixelSpacing": "0.7\\0.8"}
