"""Deep grey is kept, transparency is laid on black, other colour spaces are converted."""

import cv2
import numpy as np
import pytest
from PIL import Image

from core.errors import IntakeError
from core.intake import read_study
from tests.core.intake import files

RAMP = np.arange(65536, dtype=np.uint16).reshape(256, 256)


@pytest.mark.parametrize("kind", ["PNG", "TIFF"])
def test_a_16_bit_ramp_is_kept_and_shown_as_a_ramp(kind):
    image = read_study(files.encoded(RAMP, kind))
    assert np.array_equal(image.values, RAMP)
    assert np.array_equal(image.pixels, np.rint(RAMP / 257))
    assert image.bits == 16
    assert "16-bit values were kept; 0 to 65535 are shown" in image.notes[0]


@pytest.mark.parametrize("factor", [1, 4, 16, 257])
def test_the_same_picture_in_more_bits_is_shown_alike(factor):
    deep = read_study(files.encoded(files.picture().astype(np.uint16) * factor))
    difference = deep.pixels.astype(int) - files.picture()
    assert abs(difference).max() <= 1


def test_16_bits_that_use_a_sliver_of_their_range_are_stretched():
    sliver = 31744 + files.picture().astype(np.uint16) * 4
    image = read_study(files.encoded(sliver))
    assert image.pixels.std() > 40
    assert "(robust range)" in image.notes[0]


def test_a_float_tiff_is_neither_black_nor_clipped():
    fractions = files.picture().astype(np.float32) / 255
    image = read_study(files.encoded(fractions, "TIFF"))
    assert np.array_equal(image.values, fractions)
    assert np.array_equal(image.pixels, files.picture())


def test_a_float_tiff_near_the_end_of_its_range_is_shown():
    values = files.picture().astype(np.float32)
    values[0, 0] = np.finfo(np.float32).max
    image = read_study(files.encoded(values, "TIFF"))
    assert image.pixels[0, 0] == 255
    assert image.values[0, 0] == np.finfo(np.float32).max


def test_a_float_tiff_with_negative_values_gets_a_robust_window():
    image = read_study(files.encoded(files.picture().astype(np.float32) * 10 - 1000, "TIFF"))
    assert image.values.min() == -1000
    assert -1000 <= image.window.low < image.window.high <= 1550


def test_values_that_are_not_numbers_are_refused():
    holed = files.picture().astype(np.float32)
    holed[3, 4] = np.nan
    with pytest.raises(IntakeError, match="not numbers"):
        read_study(files.encoded(holed, "TIFF"))


def test_32_bit_integers_are_kept():
    image = read_study(files.encoded(Image.fromarray(RAMP.astype(np.int32) * 8), "TIFF"))
    assert image.values.max() == 65535 * 8


def test_deep_white_is_zero_is_inverted():
    deep = files.picture().astype(np.uint16) * 257
    image = read_study(files.tiff16(65535 - deep, photometric=0))
    assert np.array_equal(image.values, deep)
    assert "inverted" in image.notes[0]


@pytest.mark.parametrize("extension", [".png", ".tiff"])
@pytest.mark.parametrize("n_samples", [3, 4])
def test_16_bit_colour_keeps_all_its_bits(extension, n_samples):
    deep = np.random.default_rng(0).integers(0, 4096, (70, 90, n_samples), np.uint16)
    deep[..., 3:] = 65535
    image = read_study(cv2.imencode(extension, deep)[1].tobytes())
    assert np.array_equal(image.values, deep[..., 2::-1])
    assert image.bits == 16
    assert image.window.high == 4095


@pytest.mark.parametrize("orientation", [1, 3, 6])
def test_16_bit_colour_is_brought_upright_once(orientation):
    deep = files.colour().astype(np.uint16) * 257
    image = read_study(files.tiff16(deep, photometric=2, orientation=orientation))
    upright = {1: deep, 3: deep[::-1, ::-1], 6: np.rot90(deep, -1)}[orientation]
    assert np.array_equal(image.values, upright)


def test_a_fully_transparent_picture_is_refused_not_revealed():
    hidden = Image.fromarray(files.colour())
    hidden.putalpha(0)
    with pytest.raises(IntakeError, match="fully transparent"):
        read_study(files.encoded(hidden))


def test_transparent_parts_are_laid_on_black_with_a_note():
    half = np.dstack([files.colour(), np.full((96, 128), 255, np.uint8)])
    half[:48, :, 3] = 0
    image = read_study(files.encoded(half))
    assert not image.pixels[:48].any()
    assert np.array_equal(image.pixels[48:], files.colour()[48:])
    assert image.notes == ("Transparent parts were laid on black.",)


def test_an_opaque_alpha_channel_changes_nothing():
    opaque = np.dstack([files.colour(), np.full((96, 128), 255, np.uint8)])
    image = read_study(files.encoded(opaque))
    assert np.array_equal(image.pixels, files.colour())
    assert image.notes == ()


def test_grey_with_alpha_is_grey():
    with_alpha = Image.merge("LA", [Image.fromarray(files.picture())] * 2)
    image = read_study(files.encoded(with_alpha))
    expected = np.rint(files.picture().astype(float) ** 2 / 255)
    assert np.array_equal(image.pixels, expected)


@pytest.mark.parametrize("kind", ["PNG", "TIFF", "BMP"])
def test_a_palette_picture_equals_its_rgb_version(kind):
    indexed = Image.fromarray(files.colour()).quantize(16)
    image = read_study(files.encoded(indexed, kind))
    rgb = np.asarray(indexed.convert("RGB")).astype(int)
    assert abs(image.pixels - rgb).max() <= 1
    assert "Palette" in image.notes[0]


@pytest.mark.parametrize("kind", ["PNG", "TIFF", "BMP"])
def test_a_1_bit_picture_is_black_and_white(kind):
    bits = Image.fromarray(files.picture()).convert("1")
    image = read_study(files.encoded(bits, kind))
    assert np.array_equal(image.pixels, np.asarray(bits) * np.uint8(255))


@pytest.mark.parametrize("kind", ["JPEG", "TIFF"])
def test_print_colours_are_converted_with_a_note(kind):
    print_colours = Image.fromarray(files.colour()).convert("CMYK")
    image = read_study(files.encoded(print_colours, kind))
    assert abs(image.pixels.astype(int) - files.colour()).mean() < 12
    assert "CMYK" in image.notes[0]


def test_a_colour_space_that_cannot_be_shown_is_refused_by_name():
    lab = Image.frombytes("LAB", (96, 96), bytes(96 * 96 * 3))
    with pytest.raises(IntakeError, match="colour space LAB is not read"):
        read_study(files.encoded(lab, "TIFF"))


def test_16_bit_colour_png_is_brought_upright():
    exif = Image.Exif()
    exif[0x0112] = 6
    deep = files.colour().astype(np.uint16) * 257
    data = cv2.imencode(".png", deep[..., ::-1])[1].tobytes()
    chunk = files.png_chunk(b"eXIf", exif.tobytes()[6:])
    image = read_study(data[:33] + chunk + data[33:])
    assert np.array_equal(image.values, np.rot90(deep, -1))
