"""A case of any kind of file is answered again as it was: what its maps and its report rest on."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

from core.workflows.adding_cases import ADDED, CaseFacts, add_bytes
from core.workflows.analyst import open_analyst
from core.workflows.answered_cases import answer_again
from core.workflows.case_pictures import facts_of, image_of
from core.workflows.case_views import case_view
from core.workflows.cases import case_file, case_image
from tests.core.intake.files import tiff16
from tests.core.intake.stack_files import ct
from tests.pages.looking import encoded, picture
from tests.small_version import write_small_version

SAID = CaseFacts("A. Reader", already_applied=())


def turned_jpeg() -> bytes:
    """Return a JPEG that its EXIF turns by 90 degrees."""
    stream, told = io.BytesIO(), Image.Exif()
    told[0x0112] = 6
    Image.fromarray(picture(4)).save(stream, "JPEG", exif=told)
    return stream.getvalue()


FILES = {
    "png": lambda: encoded(picture(3)),
    "jpeg": turned_jpeg,
    "tiff": lambda: tiff16(picture(5).astype(np.uint16) * 257),
    "ct in HU": lambda: ct(picture(6), RescaleSlope=1, RescaleIntercept=-160, WindowCenter=-32),
    "ct with its own window": lambda: ct(picture(7), WindowCenter=100, WindowWidth=180),
}


@pytest.fixture
def analyst(tmp_path, use_settings):
    write_small_version(tmp_path / "models", "kidney_ct")
    use_settings(models=tmp_path / "models", home=tmp_path / "home")
    return open_analyst("kidney_ct")


@pytest.mark.parametrize("kind", FILES)
def test_a_case_is_answered_again_as_it_was_and_keeps_its_maps(analyst, kind: str):
    added = add_bytes(analyst, FILES[kind](), said=SAID)
    assert added.status == ADDED
    again = answer_again(added.case_id)
    assert (again.is_same, again.largest_difference) == (True, 0.0)
    view = case_view(case_file(added.case_id))
    assert view.no_maps is None
    assert len(view.answer.explanations) == len(analyst.task.class_names)


def test_a_case_of_before_the_rescale_was_kept_is_answered_again(analyst):
    added = add_bytes(analyst, FILES["ct in HU"](), said=SAID)
    found = case_file(added.case_id).case
    older = {name: value for name, value in found.picture.items() if name != "tags"}
    assert {"RescaleSlope", "RescaleIntercept"} <= set(image_of(found.picture_sha256, older).tags)


def test_of_all_tags_those_of_the_rescale_alone_are_kept(analyst):
    data = ct(picture(8), PatientName="ZZPHI^TEST", KVP="120", Manufacturer="SIEMENS")
    added = add_bytes(analyst, data, said=SAID)
    image = case_image(case_file(added.case_id).case)
    assert set(image.tags) == {"RescaleSlope", "RescaleIntercept"}
    assert "ZZPHI" not in str(facts_of(image))
