"""The one way in: digest, quality, speed, and how little it imports."""

import hashlib
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from pydicom.uid import JPEG2000Lossless

from core.errors import IntakeError
from core.intake import read_study
from core.intake.failures import DECODER_FAILURES, refusing
from tests.core.intake import files


def test_the_digest_is_that_of_the_bytes():
    for data in (files.encoded(files.picture()), files.dicom(files.picture())):
        assert read_study(data).sha256 == hashlib.sha256(data).hexdigest()


def test_every_picture_comes_with_its_quality():
    assert 0 <= read_study(files.encoded(files.picture())).quality.score <= 1


def test_the_values_of_a_shared_picture_cannot_change():
    image = read_study(files.encoded(files.picture()))
    with pytest.raises(ValueError, match="read-only"):
        image.values[0, 0] = 1


@pytest.mark.parametrize("failure", DECODER_FAILURES)
def test_every_failure_of_a_decoder_becomes_a_refusal_without_its_text(failure):
    with pytest.raises(IntakeError) as caught, refusing("It is damaged.", remedy="Export again."):
        raise failure("ZZPHI^TEST")
    assert str(caught.value) == "It is damaged. Export again."
    assert caught.value.__suppress_context__


def test_a_fault_of_ours_is_not_taken_for_a_damaged_file():
    with pytest.raises(KeyboardInterrupt), refusing("It is damaged.", remedy="Export again."):
        raise KeyboardInterrupt


def test_many_threads_read_what_one_does():
    data = [
        files.encoded(files.picture(seed=1)),
        files.encoded(files.colour(), "JPEG"),
        files.encoded(files.picture().astype(np.uint16) * 257, "TIFF"),
        files.compressed(files.picture(), JPEG2000Lossless),
        files.bundled("MR_small.dcm"),
    ] * 8
    with ThreadPoolExecutor(8) as pool:
        together = list(pool.map(read_study, data))
    for one, many in zip(map(read_study, data[:5]), together, strict=False):
        assert np.array_equal(one.values, many.values)


LIGHT = """
import sys
import core.intake
heavy = {"pydicom", "cv2", "PIL.PngImagePlugin", "PIL.TiffImagePlugin", "tensorflow", "sklearn"}
assert not heavy & set(sys.modules), heavy & set(sys.modules)
from tests.core.intake import files
"""


def test_importing_intake_brings_neither_pydicom_nor_a_plugin():
    done = subprocess.run(
        [sys.executable, "-c", LIGHT], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
