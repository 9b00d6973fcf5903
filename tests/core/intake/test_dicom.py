"""DICOM to one image: twins, frames, inversion, allow-listed tags."""

import logging
import warnings

import numpy as np
import pytest

from core.errors import IntakeError
from core.intake import read_study
from tests.core.intake import files


@pytest.mark.parametrize("rescale", [(1, 0), None])
@pytest.mark.parametrize("modality", ["CT", "DX", "OT"])
def test_a_png_and_a_dicom_made_from_it_give_equal_pixels(modality, rescale):
    png = read_study(files.encoded(files.picture()))
    dicom = read_study(
        files.dicom(files.picture(), Modality=modality, rescale=rescale),
        default_window=(-160, 240),
    )
    assert np.array_equal(png.pixels, dicom.pixels)


def test_a_png_in_a_16_bit_ct_object_gives_equal_pixels_too():
    made = files.dicom(files.picture().astype(np.uint16), bits_stored=12)
    dicom = read_study(made, default_window=(-160, 240))
    assert np.array_equal(dicom.pixels, files.picture())


def test_the_window_of_the_full_range_changes_no_grey_value():
    made = files.dicom(files.picture(), WindowCenter=128, WindowWidth=256)
    assert np.array_equal(read_study(made).pixels, files.picture())


def test_colour_is_kept_and_equal_channels_become_grey():
    image = read_study(files.dicom(files.colour()))
    assert np.array_equal(image.pixels, files.colour())
    grey = np.stack([files.picture()] * 3, axis=-1)
    assert np.array_equal(read_study(files.dicom(grey)).values, files.picture())


def test_ct_values_are_hu():
    made = files.dicom(files.hounsfield(), bits_stored=12, rescale=(1, -1024))
    image = read_study(made)
    assert image.values[::20, 0].tolist() == [-1000, -100, 40, 800]


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.int16])
def test_monochrome1_and_its_twin_are_equal(dtype):
    stored = files.picture().astype(dtype)
    mirror = -1 - stored if dtype is np.int16 else np.iinfo(dtype).max - stored
    plain = read_study(files.dicom(stored, Modality="DX"))
    twin = read_study(files.dicom(mirror, Modality="DX", photometric="MONOCHROME1"))
    assert np.array_equal(plain.values, twin.values)
    assert np.array_equal(plain.pixels, twin.pixels)
    assert "inverted" in twin.notes[0]


def test_monochrome1_in_hu_and_its_twin_are_equal():
    stored = files.hounsfield()
    plain = read_study(files.dicom(stored, bits_stored=12, rescale=(1, -1024)))
    mirror = 4095 - stored
    twin = files.dicom(mirror, bits_stored=12, rescale=(1, -1024), photometric="MONOCHROME1")
    assert np.array_equal(plain.values, read_study(twin).values)
    assert np.array_equal(plain.pixels, read_study(twin).pixels)


def test_the_window_of_a_monochrome1_film_is_meant_for_its_stored_values():
    stored = files.picture().astype(np.uint16) * 16
    film = files.dicom(
        stored, bits_stored=12, Modality="DX", photometric="MONOCHROME1", rescale=None,
        WindowCenter=1000.5, WindowWidth=801,
    )  # fmt: skip
    image = read_study(film)
    assert (4095 - image.window.high, 4095 - image.window.low) == (600, 1400)
    assert (image.pixels[stored >= 1400] == 0).all()
    assert (image.pixels[stored <= 600] == 255).all()


def test_several_frames_are_asked_for():
    data = files.bundled("examples_ybr_color.dcm")
    with pytest.raises(IntakeError, match=r"The file has 30 frames. Choose one: frame 0 to 29"):
        read_study(data)
    image = read_study(data, frame=7)
    assert (image.frame, image.n_frames, image.values.shape) == (7, 30, (240, 320, 3))
    assert not np.array_equal(image.values, read_study(data, frame=25).values)


def test_frames_beyond_the_declared_number_are_frames_too():
    stack = np.stack([files.picture(seed=seed) for seed in range(3)])
    made = files.dicom(stack, n_frames=3, NumberOfFrames=None)
    with pytest.raises(IntakeError, match="The file has 3 frames"):
        read_study(made)
    assert np.array_equal(read_study(made, frame=2).pixels, stack[2])


def test_padding_shorter_than_a_frame_is_no_frame():
    padded, plain = files.bundled("MR_small_padded.dcm"), files.bundled("MR_small.dcm")
    assert np.array_equal(read_study(padded).values, read_study(plain).values)


@pytest.mark.parametrize("n_frames", ["-3", "1A"])
def test_a_number_of_frames_that_is_none_is_refused(n_frames):
    made = files.dataset(files.picture())
    made.add_new("NumberOfFrames", "IS", 1)
    data = files.saved(made).replace(
        b"\x28\x00\x08\x00IS\x02\x001 ", b"\x28\x00\x08\x00IS\x02\x00" + n_frames.encode()
    )
    with pytest.raises(IntakeError, match="frames"):
        read_study(data)


def test_spacing_laterality_and_edges_come_from_the_file():
    made = files.dicom(
        files.picture(),
        PixelSpacing=[0.7, 0.8],
        Laterality="L",
        ImageOrientationPatient=[1, 0, 0, 0, 1, 0],
        BodyPartExamined="ABDOMEN",
    )
    image = read_study(made)
    assert image.pixel_spacing_mm == (0.7, 0.8)
    assert (image.laterality, image.orientation, image.body_part) == ("L", ("R", "A"), "ABDOMEN")


def test_a_film_states_its_edges_as_letters_and_its_spacing_at_the_detector():
    made = files.dicom(
        files.picture(),
        Modality="DX",
        PatientOrientation=["L", "F"],
        ImagerPixelSpacing=[0.14, 0.14],
    )
    image = read_study(made)
    assert image.orientation == ("R", "H")
    assert image.pixel_spacing_mm == (0.14, 0.14)


def test_what_the_file_does_not_state_is_none():
    image = read_study(files.dicom(files.picture(), Modality=None))
    assert (image.modality, image.body_part, image.orientation) == (None, None, None)
    assert (image.laterality, image.pixel_spacing_mm) == (None, None)


def test_a_program_in_the_preamble_is_ignored_with_a_note():
    image = read_study(files.dicom(files.picture(), preamble=b"MZ\x90\x00"))
    assert np.array_equal(image.pixels, files.picture())
    assert image.notes[0] == "The file's preamble is not empty; it was ignored."


def test_text_burned_into_the_picture_is_noted():
    image = read_study(files.dicom(files.picture(), BurnedInAnnotation="YES"))
    assert "text is burned" in image.notes[0]


MARKER = "ZZPHI^TEST"


def marked():
    """Return a DICOM data set with the marker wherever text may stand."""
    words = (
        "PatientName",
        "PatientID",
        "InstitutionName",
        "StudyDescription",
        "Manufacturer",
        "WindowCenterWidthExplanation",
        "ImageComments",
        "RequestingPhysician",
        "BodyPartExamined",
        "ViewPosition",
        "Laterality",
        "RescaleType",
        "PatientAddress",
    )
    made = files.dataset(files.picture(), **dict.fromkeys(words, MARKER))
    made.add_new(0x00090010, "LO", MARKER)
    made.add_new(0x00091001, "LT", MARKER)
    return made


@pytest.mark.filterwarnings("ignore:Invalid value for VR")
def test_of_all_tags_only_technical_ones_survive(caplog):
    with caplog.at_level(logging.DEBUG):
        image = read_study(files.saved(marked()))
    shown = (image.tags, image.notes, image.presets, image.body_part, image.laterality)
    assert "ZZPHI" not in repr(shown) + repr(image) + caplog.text
    assert image.tags["Rows"] == "96"


@pytest.mark.filterwarnings("ignore:Invalid value for VR")
@pytest.mark.parametrize("damage", ["cut", "syntax", "photometric", "frames", "class"])
def test_no_refusal_quotes_a_tag(damage, caplog):
    made = marked()
    if damage == "photometric":
        made.PhotometricInterpretation = MARKER
    if damage == "frames":
        made.add_new("NumberOfFrames", "LO", MARKER)
    if damage == "class":
        made.SOPClassUID = MARKER
        del made.PixelData
    data = files.saved(made)
    if damage == "syntax":
        data = data.replace(b"1.2.840.10008.1.2.1\x00", b"1.2.840.99999.31415\x00")
    with pytest.raises(IntakeError) as caught, caplog.at_level(logging.DEBUG):
        read_study(data[:-3000] if damage == "cut" else data)
    assert "ZZPHI" not in str(caught.value) + caplog.text
    assert "31415" not in str(caught.value)
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__ or caught.value.__context__ is None


def test_reading_warns_of_nothing(recwarn):
    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("always")
        warnings.filterwarnings("ignore", module="pydicom")
        read_study(files.bundled("MR_small_padded.dcm"))
    assert seen == []
