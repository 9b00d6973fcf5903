"""What a person does and sees, as short functions over a browser page."""

from __future__ import annotations

import base64
import io
from pathlib import Path

import numpy as np
import pydicom
from PIL import Image
from pydicom.dataset import FileDataset, FileMetaDataset
from pydicom.uid import CTImageStorage, ExplicitVRLittleEndian, generate_uid

from tests.browser.conftest import Visit

INTERCEPT = -160  # HU of grey value 0


def open_address(visit: Visit, address: str) -> None:
    """Go to an address of the product and wait for the frame."""
    visit.page.goto(visit.base + address)
    visit.page.locator(".sl-banner").wait_for()
    settle(visit)


def settle(visit: Visit) -> None:
    """Wait until the page has stopped working."""
    visit.page.wait_for_function(
        "document.querySelector('.stApp')?.dataset.testScriptState === 'notRunning'"
    )
    visit.page.wait_for_timeout(250)


def upload(visit: Visit, *paths: Path) -> None:
    """Hand files over, as the dialog would."""
    visit.page.locator("input[type=file]").set_input_files([str(path) for path in paths])


def probabilities(visit: Visit) -> dict[str, float]:
    """Wait for an answer and return its probabilities by class."""
    bars = visit.page.locator("[data-probability]")
    bars.first.wait_for()
    settle(visit)
    return {
        str(bar.get_attribute("data-class")): float(str(bar.get_attribute("data-probability")))
        for bar in bars.all()
    }


def pane(visit: Visit, name: str) -> np.ndarray:
    """Return the decoded pixels that a pane of the viewer shows."""
    picture = visit.page.locator(f"[data-pane={name}] img")
    picture.wait_for()
    source = str(picture.get_attribute("src"))
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(source.partition("base64,")[2]))))


def write_dicom(path: Path, pixels: np.ndarray) -> Path:
    """Write 8-bit grey pixels as a CT slice whose own window shows exactly those values."""
    meta = FileMetaDataset()
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    meta.MediaStorageSOPClassUID = CTImageStorage
    meta.MediaStorageSOPInstanceUID = generate_uid()
    made = FileDataset(str(path), {}, file_meta=meta, preamble=b"\0" * 128)
    made.SOPClassUID, made.SOPInstanceUID = CTImageStorage, meta.MediaStorageSOPInstanceUID
    made.Modality, made.BodyPartExamined = "CT", "ABDOMEN"
    made.PhotometricInterpretation, made.SamplesPerPixel = "MONOCHROME2", 1
    made.Rows, made.Columns = pixels.shape
    made.BitsAllocated, made.BitsStored, made.HighBit, made.PixelRepresentation = 16, 16, 15, 1
    made.RescaleSlope, made.RescaleIntercept = 1, INTERCEPT
    # PS3.3 C.11.2.1.2.1: width 256 around 128 shows 0 as black and 255 as white.
    made.WindowCenter, made.WindowWidth = 128 + INTERCEPT, 256
    made.PixelSpacing = [0.75, 0.75]
    made.ImageOrientationPatient = [1, 0, 0, 0, 1, 0]
    made.PixelData = pixels.astype(np.int16).tobytes()
    pydicom.dcmwrite(path, made, enforce_file_format=True)
    return path
