"""Transfer syntaxes and colour models: equal to the uncompressed twin, or refused by name."""

import numpy as np
import pydicom
import pytest
from pydicom.encaps import encapsulate, generate_frames
from pydicom.uid import (
    HTJ2K,
    JPEG2000,
    HTJ2KLossless,
    JPEG2000Lossless,
    JPEGBaseline8Bit,
    JPEGExtended12Bit,
    JPEGLSLossless,
    RLELossless,
)

from core.errors import IntakeError
from core.intake import read_study
from tests.core.intake import files

DEEP = files.picture().astype(np.uint16) * 16


@pytest.mark.parametrize("syntax", [RLELossless, JPEGLSLossless, JPEG2000Lossless])
@pytest.mark.parametrize("pixels", [files.picture(), DEEP, files.colour()], ids=["8", "16", "rgb"])
def test_a_compressed_picture_equals_its_uncompressed_twin(syntax, pixels):
    plain = read_study(files.dicom(pixels, Modality="DX"))
    twin = read_study(files.compressed(pixels, syntax, Modality="DX"))
    assert np.array_equal(plain.values, twin.values)
    assert plain.window == twin.window


@pytest.mark.parametrize("kind", ["RLE", "jp2klossless", "jpeg_ls_lossless"])
def test_the_bundled_twins_are_equal(kind):
    plain = read_study(files.bundled("MR_small.dcm"))
    assert np.array_equal(read_study(files.bundled(f"MR_small_{kind}.dcm")).values, plain.values)


def recoded(syntax, frame, **tags):
    """Return a DICOM file around one codestream."""
    made = files.dataset(files.picture(), **tags)
    made.PixelData = encapsulate([frame])
    made["PixelData"].is_undefined_length = True
    return files.saved(made, syntax=syntax)


MR_SMALL = {"BitsAllocated": 16, "BitsStored": 16, "PixelRepresentation": 1}


def codestream():
    made = pydicom.dcmread(files.BUNDLED / "MR_small_jp2klossless.dcm")
    return next(generate_frames(made.PixelData, number_of_frames=1))


def test_the_high_throughput_syntax_has_a_decoder():
    data = recoded(HTJ2KLossless, codestream(), Rows=64, Columns=64, **MR_SMALL)
    twin = read_study(files.bundled("MR_small.dcm"))
    assert np.array_equal(read_study(data).values, twin.values)


def test_a_syntax_without_a_decoder_is_named():
    with pytest.raises(IntakeError, match=r"JPEG Lossless.*is not supported on this server"):
        read_study(files.bundled("SC_rgb_jpeg_gdcm.dcm"))


def test_a_12_bit_jpeg_is_refused_by_name():
    with pytest.raises(IntakeError, match=r"\(JPEG Extended.*cannot be decoded here"):
        read_study(files.bundled("JPGExtended.dcm"))
    assert JPEGExtended12Bit.name.startswith("JPEG Extended")


def test_a_baseline_jpeg_equals_the_file_inside():
    inside = files.encoded(files.picture(), "JPEG", quality=95)
    data = recoded(JPEGBaseline8Bit, inside, Modality="DX")
    assert np.array_equal(read_study(data).pixels, read_study(inside).pixels)


@pytest.mark.parametrize(
    "name", ["SC_rgb_dcmtk_+eb+cy+np.dcm", "SC_ybr_full_422_uncompressed.dcm", "SC_rgb_rle.dcm"]
)
def test_every_colour_model_ends_as_the_same_red_green_and_blue(name):
    golden = pydicom.dcmread(files.BUNDLED / "SC_rgb_rle.dcm").pixel_array.astype(int)
    image = read_study(files.bundled(name))
    centres = (slice(5, None, 10), slice(50, 51))  # away from the borders of the colour bars
    assert abs(image.pixels[centres].astype(int) - golden[centres]).max() <= 5


def test_a_palette_is_looked_up():
    image = read_study(files.bundled("examples_palette.dcm"))
    assert image.values.shape == (350, 800, 3)
    assert image.pixels.max() > 250


def test_a_codestream_of_another_size_than_the_header_is_refused():
    data = recoded(JPEG2000Lossless, codestream())
    with pytest.raises(IntakeError, match="128 x 96 pixels, the compressed picture 64 x 64"):
        read_study(data)


@pytest.mark.timeout(60)
def test_a_wrapped_codestream_with_an_empty_box_is_refused_and_read_no_further():
    wrapped = files.encoded(files.picture(), "JPEG2000")
    at = wrapped.index(b"jp2h") - 4
    for syntax in (JPEG2000, JPEG2000Lossless, HTJ2K, HTJ2KLossless):
        read_study(recoded(JPEG2000Lossless, wrapped))
        with pytest.raises(IntakeError, match="a box of 0 bytes"):
            read_study(recoded(syntax, wrapped[:at] + bytes(4) + wrapped[at + 4 :]))


def test_a_codestream_cut_short_is_not_completed():
    cut = codestream().rstrip(b"\x00")[:-400]
    with pytest.raises(IntakeError, match="incomplete"):
        read_study(recoded(JPEG2000Lossless, cut, Rows=64, Columns=64))


def test_a_colour_model_that_is_not_read_is_named():
    with pytest.raises(IntakeError, match="photometric interpretation HSV is not read"):
        read_study(files.dicom(files.colour(), photometric="HSV"))


def test_a_missing_rescale_leaves_the_stored_values():
    data = files.edited("CT_small.dcm", RescaleSlope=None, RescaleIntercept=None)
    image = read_study(data)
    assert image.values.min() == 128
    assert "RescaleSlope" not in image.tags


def test_bits_above_the_stored_ones_are_masked():
    stored = files.picture().astype(np.uint16)
    with_overlay = stored | 0x8000
    image = read_study(files.dicom(with_overlay, bits_stored=12, Modality="DX"))
    assert np.array_equal(image.values, stored)


def test_a_modality_table_replaces_the_rescale():
    item = pydicom.Dataset()
    item.LUTDescriptor = [256, 0, 16]
    item.LUTData = [value * 2 for value in range(256)]
    item["LUTData"].VR = "US"
    made = files.dataset(files.picture(), rescale=None, ModalityLUTSequence=[item])
    item["LUTDescriptor"].VR = "US"
    image = read_study(files.saved(made))
    assert np.array_equal(image.values, files.picture().astype(int) * 2)
    assert image.tags["ModalityLUT"] == "yes"
