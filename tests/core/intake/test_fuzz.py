"""Damaged bytes of every kind end as a picture or as our own refusal, and as nothing else."""

import random
import time

import numpy as np
import pytest
from PIL import Image

from core.domain import StudyImage
from core.errors import CoreError
from core.intake import check_intended_use, read_study
from core.tasks import load_task
from tests.core.intake import files

BUNDLED = sorted(path.name for path in files.BUNDLED.glob("*.dcm") if path.stat().st_size < 40_000)


def seeds():
    """Return one small file of every kind that is read."""
    grey, rgb = files.picture(40, 48), files.colour(40, 48)
    deep = grey.astype(np.uint16) * 16
    pages = [Image.fromarray(files.picture(20, 24, seed=seed)) for seed in range(3)]
    several = {"save_all": True, "append_images": pages[1:]}
    exif = Image.Exif()
    exif[0x0112] = 6
    return [
        files.encoded(grey), files.encoded(rgb), files.encoded(deep),
        files.encoded(Image.fromarray(rgb).quantize(16)), files.encoded(pages[0], **several),
        files.encoded(grey, "JPEG", exif=exif), files.encoded(rgb, "JPEG", progressive=True),
        files.encoded(Image.fromarray(rgb).convert("CMYK"), "JPEG"),
        files.encoded(grey, "TIFF"), files.encoded(pages[0], "TIFF", **several),
        files.encoded(grey.astype(np.float32), "TIFF", compression="tiff_lzw"),
        files.encoded(rgb, "TIFF", compression="jpeg"),
        files.encoded(Image.fromarray(grey).convert("1"), "TIFF", compression="group4"),
        files.tiff16(rgb.astype(np.uint16) * 16, photometric=2),
        files.encoded(rgb, "BMP"), files.encoded(Image.fromarray(rgb).quantize(16), "BMP"),
        files.dicom(grey), files.dicom(rgb), files.dicom(deep, rescale=(1, -1024)),
        *(files.bundled(name) for name in BUNDLED),
    ]  # fmt: skip


def mutated(data, rng):
    """Return ``data`` with a few bytes flipped, set, cut out, doubled or cut off."""
    changed = bytearray(data)
    for _ in range(rng.choice([1, 1, 2, 4, 16])):
        at = (
            rng.randrange(len(changed))
            if rng.random() < 0.5
            else rng.randrange(min(len(changed), 900))
        )
        kind = rng.randrange(6)
        if kind == 0:
            changed[at] ^= 1 << rng.randrange(8)
        elif kind == 1:
            changed[at : at + 4] = rng.choice([b"\xff" * 4, bytes(4), b"\x7f\xff\xff\xff"])
        elif kind == 2:
            del changed[at : at + rng.randrange(1, 40)]
        elif kind == 3:
            changed[at:at] = changed[at : at + rng.randrange(1, 40)]
        elif kind == 4:
            changed[at] = rng.randrange(256)
        else:
            del changed[max(at, 4) :]
        if len(changed) < 4:
            break
    return bytes(changed)


def ends_well(data, rng):
    frame = rng.choice([None, 0, 1])
    try:
        image = read_study(data, frame=frame, default_window=(-160, 240))
        check_intended_use(image, load_task("kidney_ct"))
    except CoreError as refusal:
        return bool(refusal.problem and refusal.remedy)
    return isinstance(image, StudyImage) and image.pixels.dtype == np.uint8


def fuzz(seconds, seed):
    """Return how many files were tried; every trial can be repeated from ``seed``."""
    rng, sources, n_tried = random.Random(seed), seeds(), 0
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        data = mutated(rng.choice(sources), rng)
        assert ends_well(data, rng), data[:64]
        n_tried += 1
    return n_tried


def test_no_seed_of_the_fuzz_run_raises_anything_unknown():
    for data in seeds():
        assert ends_well(data, random.Random(0))


def test_damaged_files_end_as_a_picture_or_a_refusal():
    assert fuzz(12, seed=20260721) > 100


@pytest.mark.slow
@pytest.mark.timeout(400)  # a decoder that never ends is a failure too
def test_many_more_damaged_files_end_as_a_picture_or_a_refusal():
    n_tried = sum(fuzz(40, seed=seed) for seed in range(4))
    assert n_tried > 2000


@pytest.mark.parametrize("n_bytes", [1, 3, 8, 132, 133, 140, 300])
def test_noise_is_refused(n_bytes):
    rng = random.Random(n_bytes)
    noise = bytearray(rng.randbytes(n_bytes))
    assert ends_well(bytes(noise), rng)
    noise[128:132] = b"DICM"
    assert ends_well(bytes(noise), rng)
