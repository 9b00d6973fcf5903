"""DICOM bytes to a :class:`StudyImage`: one frame, its window, and the allow-listed tags."""

from __future__ import annotations

import hashlib

from pydicom import Dataset, FileDataset

from core.domain import PictureKind, StudyImage
from core.intake.dicom_file import read_dataset, refusing_dicom
from core.intake.dicom_frame import count_frames, flatten
from core.intake.dicom_pixels import frame_bytes, is_encapsulated, read_pixels
from core.intake.dicom_window import choose_window
from core.intake.failures import incomplete
from core.intake.limits import MODALITY_LUT, check_declared_bytes, pick_frame
from core.intake.orientation import edges_from_codes, edges_from_cosines
from core.intake.sniff import DICOM_PREFIX_AT
from core.intake.tags import code, numbers, technical_tags


def read_dicom(
    data: bytes, *, frame: int | None, default_window: tuple[float, float] | None
) -> StudyImage:
    """Read one frame of a DICOM file.

    Parameters
    ----------
    data : bytes
        Sniffed as DICOM.
    frame : int or None
        Zero-based; needed where there are several.
    default_window : tuple of float or None
        (low, high) in HU for a CT that states none.

    Raises
    ------
    IntakeError
        If the file is not one readable picture; no message quotes a text value of the file.
    """
    dataset = read_dataset(data)
    with refusing_dicom():
        n_frames = _check_size(dataset)
    chosen = pick_frame(n_frames, frame, unit="frame")
    facts = flatten(dataset, chosen)
    pixels = read_pixels(dataset, facts, chosen, n_frames=n_frames)
    with refusing_dicom():
        shown = choose_window(facts, pixels, default_window)
        tags = technical_tags(facts)
        if facts.get("ModalityLUTSequence"):
            tags[MODALITY_LUT] = "yes"
        return StudyImage(
            values=pixels.values,
            window=shown.window,
            kind=PictureKind.DICOM,
            sha256=hashlib.sha256(data).hexdigest(),
            bits=int(facts.get("BitsStored") or facts.BitsAllocated),
            presets=shown.presets,
            modality=tags.get("Modality"),
            body_part=tags.get("BodyPartExamined"),
            photometric=tags.get("PhotometricInterpretation"),
            laterality=tags.get("ImageLaterality") or tags.get("Laterality"),
            pixel_spacing_mm=_spacing(facts),
            orientation=_edges(facts),
            n_frames=n_frames,
            frame=chosen,
            tags=tags,
            notes=(
                *_notes(data, tags, is_inverted=pixels.mirrored_about is not None),
                *shown.notes,
            ),
        )


def _check_size(dataset: FileDataset) -> int:
    """Check what the header claims before any pixel is touched; return the number of frames."""
    n_frames = count_frames(dataset)
    check_declared_bytes(
        int(dataset.Rows),
        int(dataset.Columns),
        n_frames=n_frames,
        n_samples=int(dataset.SamplesPerPixel),
        bits=int(dataset.BitsAllocated),
    )
    if not is_encapsulated(dataset) and "PixelData" in dataset:
        length = frame_bytes(dataset)
        if length <= 0:
            raise incomplete()
        # Whole frames beyond the declared number are frames too: never silently the first.
        n_frames = max(n_frames, int(len(dataset.PixelData) // length))
    return n_frames


def _spacing(facts: Dataset) -> tuple[float, float] | None:
    for keyword in ("PixelSpacing", "ImagerPixelSpacing"):
        found = numbers(facts.get(keyword))
        if len(found) == 2 and min(found) > 0:
            return found[0], found[1]
    return None


def _edges(facts: Dataset) -> tuple[str, str] | None:
    edges = edges_from_cosines(numbers(facts.get("ImageOrientationPatient")))
    if edges is not None:
        return edges
    value = facts.get("PatientOrientation")
    items = [] if value is None or isinstance(value, str) else list(value)
    return edges_from_codes([code(item) or "" for item in items])


def _notes(data: bytes, tags: dict[str, str], *, is_inverted: bool) -> tuple[str, ...]:
    notes = []
    if any(data[:DICOM_PREFIX_AT]):
        notes.append("The file's preamble is not empty; it was ignored.")
    if is_inverted:
        notes.append("White is the smallest value in this file; the grey values were inverted.")
    if tags.get("BurnedInAnnotation") == "YES":
        notes.append("The file says that text is burned into the picture.")
    is_ct_elsewhere = tags.get("Modality") == "CT" and tags.get("RescaleType", "HU") != "HU"
    if is_ct_elsewhere:
        notes.append("The file says that its values are not in HU.")
    return tuple(notes)
