"""Objects that hold no one picture are refused before any pixel is touched."""

import io
import zlib

import numpy as np
import pydicom
import pytest
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.sequence import Sequence
from pydicom.uid import DeflatedExplicitVRLittleEndian, ImplicitVRLittleEndian

from core.errors import IntakeError
from core.intake import read_study
from core.intake.dicom_file import read_dataset
from tests.core.intake import files


@pytest.mark.parametrize(
    ("name", "what"),
    [
        ("rtplan.dcm", "RT Plan Storage"),
        ("reportsi.dcm", "Basic Text SR Storage"),
        ("waveform_ecg.dcm", "12-lead ECG Waveform Storage"),
    ],
)
def test_an_object_without_a_picture_is_named(name, what):
    with pytest.raises(IntakeError) as caught:
        read_study(files.bundled(name))
    assert caught.value.problem == f"This DICOM object has no image ({what})."


@pytest.mark.parametrize("length", [140, 200, 330, 700])
def test_a_header_cut_short_is_refused(length):
    with pytest.raises(IntakeError, match=r"incomplete|damaged"):
        read_study(files.bundled("MR_small.dcm")[:length])


@pytest.mark.parametrize("name", ["MR_small.dcm", "MR_small_RLE.dcm", "MR_small_jp2klossless.dcm"])
def test_pixel_data_cut_short_are_never_filled_up(name):
    with pytest.raises(IntakeError, match=r"The file is incomplete. Export it again."):
        read_study(files.bundled(name)[:-200])


def test_a_file_that_arrives_truncated_is_refused():
    with pytest.raises(IntakeError, match="incomplete"):
        read_study(files.bundled("MR_truncated.dcm"))


@pytest.mark.parametrize(
    "keyword",
    ["Rows", "Columns", "SamplesPerPixel", "PhotometricInterpretation", "BitsAllocated",
     "BitsStored", "PixelRepresentation"],
)  # fmt: skip
def test_a_tag_that_decoding_needs_is_named_when_missing(keyword):
    with pytest.raises(IntakeError, match=f"incomplete: {keyword} is missing"):
        read_study(files.dicom(files.picture(), **{keyword: None}))


def nested(depth):
    """Return a picture before whose pixels a sequence is nested ``depth`` deep."""
    start = bytes.fromhex("40003003") + b"SQ\x00\x00\xff\xff\xff\xff"
    start += bytes.fromhex("feff00e0ffffffff")
    end = bytes.fromhex("feff0de000000000feffdde000000000")
    data = files.dicom(files.picture())
    at = data.index(bytes.fromhex("e07f1000"))
    return data[:at] + start * depth + end * depth + data[at:]


def test_a_sequence_nested_beyond_reason_is_refused_and_the_process_lives():
    assert np.array_equal(read_study(nested(3)).pixels, files.picture())
    with pytest.raises(IntakeError, match="damaged and cannot be read"):
        read_study(nested(600))


def test_nesting_beyond_reason_is_survived_in_a_thread_too():
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(1) as pool:
        failure = pool.submit(read_study, nested(5000)).exception()
    assert isinstance(failure, IntakeError)


def test_a_dicomdir_is_refused():
    made = Dataset()
    made.SOPClassUID = "1.2.840.10008.1.3.10"
    made.DirectoryRecordSequence = Sequence([Dataset()])
    with pytest.raises(IntakeError, match="DICOMDIR"):
        read_study(files.saved(made))


def test_a_header_that_claims_65535_squared_is_refused_before_decoding(monkeypatch):
    monkeypatch.setattr("core.intake.dicom.read_pixels", None)
    made = files.dataset(files.picture())
    made.Rows = made.Columns = 65535
    with pytest.raises(IntakeError, match="claims 65535 x 65535 pixels"):
        read_study(files.saved(made))


def test_the_deflated_syntax_is_read():
    assert read_study(files.bundled("image_dfl.dcm")).values.shape == (512, 512)


def test_a_deflated_bomb_is_refused(use_settings):
    use_settings(max_upload_mb=1)
    made = Dataset()
    made.file_meta = FileMetaDataset()
    made.file_meta.TransferSyntaxUID = DeflatedExplicitVRLittleEndian
    made.file_meta.MediaStorageSOPClassUID = made.SOPClassUID = files.CT_IMAGE
    made.file_meta.MediaStorageSOPInstanceUID = made.SOPInstanceUID = "1.2.3"
    stream = io.BytesIO()
    made.save_as(stream, enforce_file_format=True)
    head = stream.getvalue()
    meta_length = (
        132 + 12 + pydicom.dcmread(io.BytesIO(head)).file_meta.FileMetaInformationGroupLength
    )
    deflate = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    bomb = deflate.compress(bytes(40 * 2**20)) + deflate.flush()
    with pytest.raises(IntakeError, match="deflated data set holds more than 10 MB"):
        read_study(head[:meta_length] + bomb)


def test_implicit_little_endian_and_big_endian_hold_the_same_values():
    plain = read_study(files.bundled("MR_small.dcm")).values
    for name in ("MR_small_implicit.dcm", "MR_small_bigendian.dcm", "MR_small_expb.dcm"):
        assert np.array_equal(read_study(files.bundled(name)).values, plain)


def test_elements_that_are_not_listed_are_not_even_parsed():
    made = files.dataset(files.picture(), PatientName="A^B", AccessionNumber="7", StudyID="8")
    dataset = read_dataset(files.saved(made, syntax=ImplicitVRLittleEndian))
    assert {"PatientName", "AccessionNumber", "StudyID"} & set(dataset.dir()) == set()
