"""One frame's own facts in one flat data set: an enhanced object keeps them in nested groups."""

from __future__ import annotations

from collections.abc import Iterator

from pydicom import Dataset, FileDataset

from core.errors import IntakeError
from core.intake.dicom_file import refusing_dicom
from core.intake.failures import EXPORT_AGAIN

# PS3.3 C.7.6.16.2: functional group macros -> the plain tags that they hold
_MACROS = {
    "PixelMeasuresSequence": ("PixelSpacing", "SliceThickness"),
    "PlaneOrientationSequence": ("ImageOrientationPatient",),
    "PlanePositionSequence": ("ImagePositionPatient",),
    "PixelValueTransformationSequence": ("RescaleSlope", "RescaleIntercept", "RescaleType"),
    "FrameVOILUTSequence": ("WindowCenter", "WindowWidth", "VOILUTFunction"),
}


def flatten(dataset: FileDataset, frame: int) -> Dataset:
    """Return the data set without its pixels, the functional groups of ``frame`` laid on top.

    Parameters
    ----------
    dataset : FileDataset
        As :func:`core.intake.dicom_file.read_dataset` returns it.
    frame : int
        Zero-based.

    Raises
    ------
    IntakeError
        If the functional groups are damaged.
    """
    flat = Dataset()
    with refusing_dicom("The DICOM frame information is damaged."):
        for element in dataset:
            if "PixelData" not in element.keyword:
                flat.add(element)
        for group in _groups(dataset, frame):
            for macro, keywords in _MACROS.items():
                for item in (group.get(macro) or ())[:1]:
                    for keyword in (keyword for keyword in keywords if keyword in item):
                        flat.add(item[keyword])
        for keyword in ("SharedFunctionalGroupsSequence", "PerFrameFunctionalGroupsSequence"):
            if keyword in flat:
                delattr(flat, keyword)
    return flat


def _groups(dataset: FileDataset, frame: int) -> Iterator[Dataset]:
    """Yield the shared groups first, so that the frame's own win."""
    yield from (dataset.get("SharedFunctionalGroupsSequence") or ())[:1]
    yield from (dataset.get("PerFrameFunctionalGroupsSequence") or ())[frame : frame + 1]


def count_frames(dataset: FileDataset) -> int:
    """Return how many frames the object declares; at least 1.

    Raises
    ------
    IntakeError
        If NumberOfFrames is not a whole number of at least 1 (0 and empty count as 1).
    """
    value = dataset.get("NumberOfFrames")
    with refusing_dicom("The number of frames cannot be read."):
        n_frames = int(str(value)) if value not in (None, "") else 1
    if n_frames < 0:
        raise IntakeError(f"The object claims {n_frames} frames.", remedy=EXPORT_AGAIN)
    return max(1, n_frames)
