"""Files for the intake tests, made in code: pictures, DICOM objects, and damage done to them."""

from __future__ import annotations

import io
import struct
import zlib
from pathlib import Path

import numpy as np
import pydicom
from PIL import Image
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian, generate_uid

CT_IMAGE = "1.2.840.10008.5.1.4.1.1.2"
SCANNED = "1.2.840.10008.5.1.4.1.1.7"
BUNDLED = Path(pydicom.__file__).parent / "data" / "test_files"


def bundled(name):
    """Return the bytes of a DICOM file that comes inside pydicom's wheel."""
    return (BUNDLED / name).read_bytes()


def picture(rows=96, columns=128, *, seed=0):
    """Return a grey picture without any symmetry, 0..255, that fills its range."""
    rng = np.random.default_rng(seed)
    down, across = np.mgrid[0:rows, 0:columns]
    slope = 90 * down / rows + 60 * across / columns
    disc = 70.0 * ((down - rows / 3) ** 2 + (across - columns / 4) ** 2 < (rows / 6) ** 2)
    grey = slope + disc + rng.normal(0, 12, (rows, columns)) + 20
    grey[0, 0], grey[0, 1] = 0, 255
    return np.clip(grey, 0, 255).astype(np.uint8)


def colour(rows=96, columns=128):
    return np.stack([picture(rows, columns, seed=seed) for seed in (1, 2, 3)], axis=-1)


def encoded(image, kind="PNG", **options):
    """Return an array or a Pillow image as the bytes of a file."""
    image = Image.fromarray(image) if isinstance(image, np.ndarray) else image
    stream = io.BytesIO()
    image.save(stream, kind, **options)
    return stream.getvalue()


def png_chunk(name, content, *, checksum=None):
    checksum = zlib.crc32(name + content) if checksum is None else checksum
    return struct.pack(">I", len(content)) + name + content + struct.pack(">I", checksum)


def png_claiming(columns, rows, *, bits=8, colour_type=0):
    """Return a small PNG whose header claims any size."""
    header = struct.pack(">IIBBBBB", columns, rows, bits, colour_type, 0, 0, 0)
    body = png_chunk(b"IDAT", zlib.compress(bytes(600)))
    return b"\x89PNG\r\n\x1a\n" + png_chunk(b"IHDR", header) + body + png_chunk(b"IEND", b"")


def tiff16(pixels, *, photometric=1, orientation=1):
    """Return an uncompressed little-endian TIFF of 16 bits a sample, as a scanner writes it."""
    rows, columns = pixels.shape[:2]
    n_samples = 1 if pixels.ndim == 2 else pixels.shape[2]
    entries = [
        (256, 4, 1, columns), (257, 4, 1, rows), (258, 3, n_samples, 16), (259, 3, 1, 1),
        (262, 3, 1, photometric), (273, 4, 1, 0), (274, 3, 1, orientation),
        (277, 3, 1, n_samples), (278, 4, 1, rows), (279, 4, 1, pixels.size * 2),
    ]  # fmt: skip
    bits_at = 8 + 2 + 12 * len(entries) + 4
    at = {258: bits_at if n_samples > 2 else 16, 273: bits_at + 2 * n_samples}
    directory = b"".join(
        struct.pack("<HHII", tag, kind, count, at.get(tag, value))
        for tag, kind, count, value in entries
    )
    bits = struct.pack(f"<{n_samples}H", *[16] * n_samples)
    head = b"II*\x00" + struct.pack("<IH", 8, len(entries))
    return head + directory + struct.pack("<I", 0) + bits + pixels.astype("<u2").tobytes()


def dataset(pixels, *, bits_stored=None, photometric=None, rescale=(1, 0), n_frames=None, **tags):
    """Return a CT object that holds ``pixels``; tags given as None are left out."""
    made = Dataset()
    made.SOPClassUID, made.SOPInstanceUID = CT_IMAGE, generate_uid()
    made.Modality = "CT"
    shape = pixels.shape[1:] if n_frames else pixels.shape
    made.Rows, made.Columns = shape[:2]
    made.SamplesPerPixel = shape[2] if len(shape) == 3 else 1
    made.PhotometricInterpretation = photometric or ("RGB" if len(shape) == 3 else "MONOCHROME2")
    if len(shape) == 3:
        made.PlanarConfiguration = 0
    made.BitsAllocated = pixels.dtype.itemsize * 8
    made.BitsStored = bits_stored or made.BitsAllocated
    made.HighBit = made.BitsStored - 1
    made.PixelRepresentation = int(pixels.dtype.kind == "i")
    if rescale is not None:
        made.RescaleSlope, made.RescaleIntercept = rescale
    if n_frames:
        made.NumberOfFrames = n_frames
    content = pixels.tobytes()
    made.PixelData = content + bytes(len(content) % 2)
    made["PixelData"].VR = "OW" if made.BitsAllocated > 8 else "OB"
    for keyword, value in tags.items():
        if value is None:
            delattr(made, keyword)
        else:
            setattr(made, keyword, value)
    return made


def saved(made, *, syntax=ExplicitVRLittleEndian, preamble=None):
    """Return a data set as the bytes of a DICOM file."""
    if not hasattr(made, "file_meta"):
        made.file_meta = FileMetaDataset()
    made.file_meta.setdefault("TransferSyntaxUID", pydicom.DataElement(0x00020010, "UI", syntax))
    made.file_meta.MediaStorageSOPClassUID = made.get("SOPClassUID", CT_IMAGE)
    made.file_meta.MediaStorageSOPInstanceUID = made.get("SOPInstanceUID", "1.2.3")
    stream = io.BytesIO()
    made.save_as(stream, enforce_file_format=True)
    data = stream.getvalue()
    return data if preamble is None else preamble.ljust(128, b"\x00") + data[128:]


def dicom(pixels, *, preamble=None, **tags):
    return saved(dataset(pixels, **tags), preamble=preamble)


def compressed(pixels, syntax, **tags):
    """Return a DICOM file compressed losslessly with one of the codecs that come installed."""
    made = dataset(pixels, **tags)
    made.file_meta = FileMetaDataset()
    made.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    made.compress(syntax, generate_instance_uid=False)
    return saved(made)


def edited(name, **tags):
    """Return a bundled DICOM file with some tags changed; None removes one."""
    made = pydicom.dcmread(BUNDLED / name)
    for keyword, value in tags.items():
        if value is None:
            delattr(made, keyword)
        else:
            setattr(made, keyword, value)
    stream = io.BytesIO()
    made.save_as(stream)
    return stream.getvalue()


def hounsfield(rows=80, columns=80):
    """Return stored values of a 12-bit slice: air, fat, water, bone in bands, intercept -1024."""
    bands = np.repeat(np.array([24, 924, 1064, 1824], np.uint16), rows // 4)
    return np.repeat(bands[:, None], columns, axis=1)
