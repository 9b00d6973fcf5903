"""Sizes inside compressed frames, read before decoding."""

import struct

import pytest

from core.errors import IntakeError
from core.intake.codestream import check_codestream, check_rle, codestream_size
from tests.core.intake import files


@pytest.mark.parametrize("options", [{}, {"progressive": True}, {"comment": b"\xff\xc0" * 9}])
def test_a_jpeg_says_its_size(options):
    assert codestream_size(files.encoded(files.picture(), "JPEG", **options)) == (96, 128)


@pytest.mark.parametrize("options", [{}, {"no_jp2": True}])
def test_a_jpeg_2000_says_its_size_bare_or_boxed(options):
    assert codestream_size(files.encoded(files.picture(), "JPEG2000", **options)) == (96, 128)


@pytest.mark.parametrize(
    "frame",
    [
        b"",
        b"\xff\xd8",
        b"\xff\xd8\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff",
        b"\xff\x4f\xff\x51\x00",
        b"garbage garbage",
    ],
)
def test_a_frame_without_a_header_has_no_size(frame):
    assert codestream_size(frame) is None


def test_a_codestream_that_agrees_and_ends_passes_with_padding():
    jpeg = files.encoded(files.picture(), "JPEG")
    check_codestream(jpeg + b"\x00", rows=96, columns=128)
    with pytest.raises(IntakeError, match="incomplete"):
        check_codestream(jpeg[:-20], rows=96, columns=128)
    with pytest.raises(IntakeError, match="128 x 64 pixels, the compressed picture 128 x 96"):
        check_codestream(jpeg, rows=64, columns=128)


@pytest.mark.parametrize("length", [0, 1, 7])
def test_a_box_shorter_than_its_header_is_refused_where_a_decoder_would_walk_for_ever(length):
    whole = files.encoded(files.picture(), "JPEG2000")
    at = whole.index(b"jp2h") - 4
    damaged = whole[:at] + length.to_bytes(4, "big") + whole[at + 4 :]
    with pytest.raises(IntakeError, match=f"a box of {length} bytes"):
        check_codestream(damaged, rows=96, columns=128)


def test_a_codestream_quoted_in_an_earlier_box_is_not_taken_for_the_picture():
    whole = files.encoded(files.picture(), "JPEG2000")
    decoy = b"\xff\x4f\xff\x51" + struct.pack(">HH4I", 41, 0, 9, 9, 0, 0)
    at = whole.index(b"jp2c") - 4
    box = struct.pack(">I4s", 8 + len(decoy), b"free") + decoy
    assert codestream_size(whole[:at] + box + whole[at:]) == (96, 128)


def test_an_rle_bomb_is_refused_and_a_large_honest_frame_is_not():
    header = struct.pack("<16I", 1, 64, *[0] * 14)
    run_of_128 = b"\x81\x00"
    n_runs = 2**20
    check_rle(header + run_of_128 * n_runs, n_expected=128 * n_runs)
    with pytest.raises(IntakeError, match="RLE"):
        check_rle(header + run_of_128 * n_runs, n_expected=10_000)
