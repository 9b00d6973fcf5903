"""Kinds by content, never by name."""

import pytest

from core.domain import PictureKind
from core.errors import IntakeError
from core.intake import read_study, sniff
from tests.core.intake import files


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (files.encoded(files.picture()), PictureKind.PNG),
        (files.encoded(files.picture(), "JPEG"), PictureKind.JPEG),
        (files.encoded(files.picture(), "TIFF"), PictureKind.TIFF),
        (files.encoded(files.picture(), "TIFF", big_tiff=True), PictureKind.TIFF),
        (files.encoded(files.picture(), "BMP"), PictureKind.BMP),
        (files.dicom(files.picture()), PictureKind.DICOM),
    ],
)
def test_each_kind_is_known_by_its_bytes(data, kind):
    assert sniff(data) is kind
    assert read_study(data).kind is kind


@pytest.mark.parametrize(
    ("data", "name"),
    [
        (files.encoded(files.picture(), "GIF"), "a GIF picture"),
        (b"GIF89a/*\x00*/=1;alert(1)", "a GIF picture"),
        (b'<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg"/>', "an SVG drawing"),
        (b"\xef\xbb\xbf  <!DOCTYPE html><html></html>", "an HTML page"),
        (b"<?xml version='1.0'?><a/>", "an XML document"),
        (b"%PDF-1.7\n", "a PDF document"),
        (b"%!PS-Adobe-3.0 EPSF-3.0\n", "a PostScript (EPS) document"),
        (b"PK\x03\x04aaaa", "a zip archive or an office document"),
        (b"MZ\x90\x00", "a Windows program"),
        (b"\x7fELF\x02", "a Linux program"),
        (files.encoded(files.picture(), "WEBP"), "a WebP picture"),
        (bytes(344) + b"n+1\x00", "a NIfTI volume"),
        (b"name,age\nx,3\n", "plain text"),
        (b"\x01\x02\x03\x04", "something unknown"),
    ],
)
def test_anything_else_is_refused_by_what_it_looks_like(data, name):
    with pytest.raises(IntakeError, match="PNG, JPEG, TIFF, BMP or DICOM") as caught:
        read_study(data)
    assert caught.value.problem == f"The file looks like {name}, which is not read here."


def test_an_empty_file_is_refused_as_empty():
    with pytest.raises(IntakeError, match="The file is empty"):
        read_study(b"")


@pytest.mark.parametrize("name", ["ExplVR_LitEndNoMeta.dcm", "ExplVR_BigEndNoMeta.dcm"])
def test_dicom_without_its_preamble_is_refused_and_never_forced(name):
    with pytest.raises(IntakeError, match=r"without its 128-byte preamble.*\(Part 10\)"):
        read_study(files.bundled(name))


def test_a_damaged_beginning_is_refused_and_never_forced():
    with pytest.raises(IntakeError, match="not read here"):
        read_study(files.bundled("no_meta.dcm"))


def test_eps_is_not_opened_though_the_decoder_library_could():
    with pytest.raises(IntakeError, match="PostScript"):
        read_study(files.encoded(files.picture(), "EPS"))
