"""Stacks for the tests of series: drawn CT slices with a place, in zips, folders and memory."""

from __future__ import annotations

import functools
import io
import zipfile

import numpy as np
from pydicom.uid import generate_uid

from core.intake.file_names import natural_key
from core.intake.file_sources import Listing
from core.intake.series import read_series
from core.phantoms import draw_phantom
from tests.core.intake.files import dicom

AXIAL = (1, 0, 0, 0, 1, 0)
CORONAL = (1, 0, 0, 0, 0, -1)
SERIES, OTHER_SERIES = generate_uid(), generate_uid()


@functools.cache
def _phantom():
    return draw_phantom(7, 1).pixels


def drawn(n, side=80):
    """Return n pictures of a drawn abdomen, uint8, each moved on by three rows and made smaller."""
    step = 256 // side
    moved = (np.roll(_phantom(), 3 * k, axis=0) for k in range(n))
    return [picture[: side * step : step, : side * step : step] for picture in moved]


def ct(pixels, *, at=None, orientation=AXIAL, number=None, series=SERIES, **tags):
    """Return a CT slice as the bytes of a file; its window shows the 8-bit values as they are."""
    if at is not None:
        tags |= {"ImagePositionPatient": list(at), "ImageOrientationPatient": list(orientation)}
    if number is not None:
        tags["InstanceNumber"] = number
    if series is not None:
        tags["SeriesInstanceUID"] = series
    tags = {"PixelSpacing": [0.8, 0.7], "WindowCenter": 128, "WindowWidth": 256, **tags}
    return dicom(pixels.astype(np.int16), **tags)


def axial(n, *, distance=5.0, **tags):
    """Return n axial slices by name, from the feet upwards; names run the other way."""
    return {
        f"scan/IM{n - k:04d}": ct(pixels, at=(-100, -120, k * distance), number=k + 1, **tags)
        for k, pixels in enumerate(drawn(n))
    }


class InMemory:
    """Files by name."""

    def __init__(self, files):
        self.files = files

    def read(self, name):
        return self.files[name]


def listing(files, **options):
    """Return files in memory as a listing, in natural order as every listing is."""
    return Listing(tuple(sorted(files, key=natural_key)), InMemory(files), **options)


def stacks(files, **options):
    return read_series(listing(files, **options))


def zipped(files, method=zipfile.ZIP_DEFLATED):
    """Return files by name as the bytes of a zip."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", method) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return stream.getvalue()
