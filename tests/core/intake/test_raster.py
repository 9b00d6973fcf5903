"""PNG, JPEG, TIFF and BMP: truncation, orientation, pages, bytes after the end."""

import io
import struct

import numpy as np
import pytest
from PIL import Image, ImageFile, TiffImagePlugin

from core.errors import IntakeError
from core.intake import read_study
from tests.core.intake import files
from tests.source_tree import sources

KINDS = {"PNG": {}, "JPEG": {}, "TIFF": {"compression": "tiff_lzw"}, "BMP": {}}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("share", [0.02, 0.3, 0.5, 0.95])
def test_a_truncated_file_is_refused_and_says_what_to_do(kind, share):
    data = files.encoded(files.picture(), kind, **KINDS[kind])
    with pytest.raises(IntakeError) as caught:
        read_study(data[: max(4, int(len(data) * share))])
    assert caught.value.remedy == "Export it again."


@pytest.mark.parametrize("kind", KINDS)
def test_half_a_file_is_called_incomplete(kind):
    data = files.encoded(files.picture(), kind, **KINDS[kind])
    with pytest.raises(IntakeError, match=r"The file is incomplete. Export it again."):
        read_study(data[: len(data) // 2])


def test_a_png_that_lacks_only_its_end_is_incomplete():
    with pytest.raises(IntakeError, match="incomplete"):
        read_study(files.encoded(files.picture())[:-6])


def test_a_png_with_a_flipped_bit_in_its_pixels_is_damaged():
    data = bytearray(files.encoded(files.picture()))
    data[len(data) // 2] ^= 1
    with pytest.raises(IntakeError, match="checksum is wrong"):
        read_study(bytes(data))


def test_truncated_files_are_never_completed_and_verify_is_not_relied_on():
    assert ImageFile.LOAD_TRUNCATED_IMAGES is False
    words = ("LOAD_TRUNCATED_IMAGES", ".verify(")
    found = [
        source.name
        for source in sources("core", "pages")
        for word in words
        if word in source.text and "verify()``" not in source.text
    ]
    assert found == []


@pytest.mark.parametrize("kind", ["PNG", "TIFF", "BMP"])
def test_an_8_bit_file_keeps_its_own_grey_values(kind):
    image = read_study(files.encoded(files.picture(), kind))
    assert np.array_equal(image.pixels, files.picture())
    assert image.values.dtype == np.float32
    assert (image.window.low, image.window.high, image.bits, image.notes) == (0, 255, 8, ())


def test_a_jpeg_is_decoded_as_pillow_does():
    data = files.encoded(files.colour(), "JPEG", quality=90)
    assert np.array_equal(read_study(data).pixels, np.asarray(Image.open(io.BytesIO(data))))


def test_a_colour_file_whose_channels_are_equal_becomes_grey():
    grey = np.stack([files.picture()] * 3, axis=-1)
    assert np.array_equal(read_study(files.encoded(grey)).values, files.picture())
    grey[5, 5, 2] ^= 1
    assert read_study(files.encoded(grey)).is_colour


UPRIGHT = {
    1: lambda a: a,
    2: np.fliplr,
    3: lambda a: np.rot90(a, 2),
    4: np.flipud,
    5: np.transpose,
    6: lambda a: np.rot90(a, -1),
    7: lambda a: np.rot90(np.transpose(a), 2),
    8: np.rot90,
}


def oriented(orientation, kind):
    exif = Image.Exif()
    exif[0x0112] = orientation
    return files.encoded(files.picture(), kind, exif=exif)


@pytest.mark.parametrize("orientation", UPRIGHT)
@pytest.mark.parametrize("kind", ["PNG", "TIFF"])
def test_every_orientation_is_brought_upright(kind, orientation):
    image = read_study(oriented(orientation, kind))
    assert np.array_equal(image.pixels, UPRIGHT[orientation](files.picture()))
    assert any("turned" in note for note in image.notes) == (orientation != 1)


def test_a_turned_jpeg_is_brought_upright():
    plain, turned = read_study(oriented(1, "JPEG")), read_study(oriented(6, "JPEG"))
    assert np.array_equal(turned.pixels, np.rot90(plain.pixels, -1))


@pytest.mark.parametrize("kind", ["TIFF", "PNG"])
def test_of_several_pages_none_is_taken_silently(kind):
    pages = [Image.fromarray(files.picture(seed=seed)) for seed in range(3)]
    data = files.encoded(pages[0], kind, save_all=True, append_images=pages[1:])
    with pytest.raises(IntakeError, match=r"The file has 3 pages. Choose one: frame 0 to 2"):
        read_study(data)
    chosen = read_study(data, frame=2)
    assert np.array_equal(chosen.pixels, files.picture(seed=2))
    assert (chosen.n_frames, chosen.frame) == (3, 2)


def test_a_directory_that_points_at_itself_is_one_page():
    data = bytearray(files.tiff16(files.picture().astype("u2")))
    data[8 + 2 + 120 : 8 + 2 + 124] = struct.pack("<I", 8)
    assert read_study(bytes(data)).n_frames == 1


def test_more_pages_than_are_counted_are_refused(monkeypatch):
    monkeypatch.setattr("core.intake.raster._MAX_PAGES", 2)
    pages = [Image.fromarray(files.picture(8, 8, seed=seed)) for seed in range(4)]
    with pytest.raises(IntakeError, match="more than 2 pages"):
        read_study(files.encoded(pages[0], "TIFF", save_all=True, append_images=pages[1:]))


@pytest.mark.parametrize("kind", ["PNG", "JPEG"])
def test_bytes_after_the_picture_change_nothing_and_are_noted(kind):
    data = files.encoded(files.picture(), kind)
    plain, tailed = read_study(data), read_study(data + b"<script>alert(1)</script>")
    assert np.array_equal(plain.values, tailed.values)
    assert tailed.notes == ("25 bytes after the end of the picture were ignored.",)


def test_a_frame_of_a_single_picture_must_be_its_only_one():
    with pytest.raises(IntakeError, match="The file has 1 page; there is no frame 1"):
        read_study(files.encoded(files.picture()), frame=1)


def test_nothing_of_a_files_own_text_reaches_the_image():
    exif = Image.Exif()
    exif[0x010E] = exif[0x013B] = "ZZPHI^TEST"
    info = TiffImagePlugin.ImageFileDirectory_v2()
    info[270] = "ZZPHI^TEST"
    for data in (
        files.encoded(files.picture(), "JPEG", exif=exif, comment=b"ZZPHI^TEST"),
        files.encoded(files.picture(), "TIFF", tiffinfo=info),
    ):
        assert b"ZZPHI^TEST" in data
        assert "ZZPHI" not in repr(read_study(data))
