"""Limits from the header: what is too large is never decoded, and memory stays flat."""

import struct
import subprocess
import sys

import pytest

from core.errors import IntakeError
from core.intake import read_study
from core.intake.limits import check_declared_bytes, check_dimensions, pick_frame
from tests.core.intake import files


def test_a_file_above_the_upload_limit_is_refused(use_settings):
    use_settings(max_upload_mb=1)
    with pytest.raises(IntakeError, match=r"2.0 MB; at most 1 MB are read"):
        read_study(bytes(2 * 2**20))


def test_megapixels_come_from_the_settings(use_settings):
    use_settings(max_megapixels=1)
    check_dimensions(1000, 1000)
    with pytest.raises(IntakeError, match="1000 x 1001 pixels; at most 1 million"):
        check_dimensions(1001, 1000)


@pytest.mark.parametrize(("rows", "columns"), [(20_001, 3), (3, 20_001), (0, 5), (8000, 8000)])
def test_a_side_and_an_area_are_limited(rows, columns):
    with pytest.raises(IntakeError, match="The picture claims"):
        check_dimensions(rows, columns)


@pytest.mark.parametrize(
    "data",
    [
        files.png_claiming(50_000, 50_000),
        files.png_claiming(10_000, 10_000),
        b"BM"
        + struct.pack("<IHHIIiiHHIIiiII", 900, 0, 0, 54, 40, 50_000, 50_000, 1, 24, *[0] * 6)
        + bytes(846),
        files.tiff16(files.picture().astype("u2")).replace(
            struct.pack("<HHII", 256, 4, 1, 128), struct.pack("<HHII", 256, 4, 1, 50_000_000)
        ),
        files.encoded(files.picture(), "JPEG").replace(
            struct.pack(">HH", 96, 128), struct.pack(">HH", 50_000, 50_000), 1
        ),
    ],
    ids=["png_2500_mp", "png_100_mp", "bmp", "tiff", "jpeg"],
)
def test_a_bomb_is_refused_by_its_header(data):
    with pytest.raises(IntakeError, match="The picture claims"):
        read_study(data)


def test_a_tile_larger_than_the_limits_is_refused():
    tiff = files.tiff16(files.picture().astype("u2"))
    strip = struct.pack("<HHII", 273, 4, 1, 8 + 2 + 120 + 4 + 2)
    rows = struct.pack("<HHII", 278, 4, 1, 96)
    tiled = tiff.replace(strip, struct.pack("<HHII", 322, 4, 1, 1 << 20)).replace(
        rows, struct.pack("<HHII", 323, 4, 1, 1 << 20)
    )
    assert tiled != tiff
    with pytest.raises(IntakeError):
        read_study(tiled)


BOMB = """
import resource, sys
from core.errors import IntakeError
from core.intake import read_study
from tests.core.intake import files
read_study(files.encoded(files.picture()))
read_study(files.dicom(files.picture()))
bombs = [files.png_claiming(50_000, 50_000), files.png_claiming(13_000, 13_000)]
small = files.dataset(files.picture())
small.Rows = small.Columns = 65535
bombs.append(files.saved(small))
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
for bomb in bombs:
    try:
        read_study(bomb)
    except IntakeError:
        continue
    sys.exit("a bomb was read")
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
"""


def test_bombs_do_not_raise_the_memory_of_the_process_by_50_mb():
    done = subprocess.run([sys.executable, "-c", BOMB], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) < 50 * 1024  # ru_maxrss counts kilobytes


def test_declared_dicom_bytes_are_capped_over_all_frames(use_settings):
    use_settings(max_upload_mb=1)
    check_declared_bytes(1000, 1000, n_frames=50, n_samples=1, bits=16)
    with pytest.raises(IntakeError, match="claims 60 frames of 1000 x 1000 pixels"):
        check_declared_bytes(1000, 1000, n_frames=60, n_samples=1, bits=16)


def test_a_frame_is_asked_for_only_where_there_are_several():
    assert pick_frame(1, None, unit="page") == 0
    assert pick_frame(3, 2, unit="page") == 2
    with pytest.raises(IntakeError, match=r"The file has 3 pages. Choose one: frame 0 to 2"):
        pick_frame(3, None, unit="page")


@pytest.mark.parametrize(("n_frames", "frame"), [(3, 3), (3, -1), (1, 1)])
def test_a_frame_that_does_not_exist_is_refused(n_frames, frame):
    with pytest.raises(IntakeError, match=f"there is no frame {frame}"):
        pick_frame(n_frames, frame, unit="frame")
