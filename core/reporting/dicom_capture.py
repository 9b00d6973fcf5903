"""Secondary captures: every picture of a case with its map, at the source's own place and size.

One Secondary Capture Image (PS3.3 A.8.1) a picture, in one series of the source's study. The
geometry is the source's: rows, columns, spacing, orientation and position, as a Standard Extended
SOP Class carries them, so that a viewer scrolls the captures beside the source. *Research use* is
burnt into the pixels: a capture is looked at where nobody reads its header.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import numpy as np
from highdicom import UID
from highdicom.sc import SCImage
from PIL import Image, ImageDraw, ImageFont
from pydicom import Dataset
from pydicom.sequence import Sequence as Items
from pydicom.uid import ExplicitVRLittleEndian, SecondaryCaptureImageStorage
from pydicom.valuerep import DSfloat

from core.domain import ByteArray, SourceInstance
from core.reporting import case_words as words
from core.reporting.case_report import USE, CaseReport, PictureReport
from core.reporting.dicom_codes import SOURCE_OF_PROCESSING
from core.reporting.dicom_objects import (
    file_bytes,
    lay_subject,
    made_by,
    own_uid,
    plain_text,
    study_uid,
    subject,
    uid,
)
from core.reporting.fonts import REGULAR, font_file, printable

_PICTURES, _CAPTURES = 9901, 9902  # series numbers that no scanner counts to
_LETTERS = (("L", "R"), ("P", "A"), ("H", "F"))
_SMALLEST = 7


def render_captures(report: CaseReport, *, source_file: bytes | None = None) -> tuple[bytes, ...]:
    """Return the captures as DICOM files, in the order of the pictures.

    Parameters
    ----------
    report : CaseReport
    source_file : bytes or None
        One of the DICOM files of the case, for patient and study; None leaves those empty.

    Returns
    -------
    tuple of bytes
        One a picture; before them, where a picture was no DICOM file, that picture itself. A
        slice that nobody could read has none; instance numbers are those of the slices.

    Raises
    ------
    ReportError
        If the pictures come from several studies, none could be read, or ``source_file`` is of
        another case.
    """
    return tuple(each_capture(report, source_file=source_file))


def each_capture(
    report: CaseReport,
    *,
    source_file: bytes | None = None,
    laid: Callable[[int], PictureReport] | None = None,
) -> Iterator[bytes]:
    """Yield what ``render_captures`` returns, one file at a time.

    ``laid`` gives the picture of a place with its overlay, asked for when it is needed: the
    overlays of hundreds of slices are then never all there at once.
    """
    study_uid(report)  # none, or several, before the first file leaves
    who = subject(report, source_file)
    places = [place for place, item in enumerate(report.pictures) if not item.is_unread]
    for place in places:
        if report.pictures[place].source is None:
            yield _finished(report, place, _plain_capture(report, place), who)
    for place in places:
        picture = report.pictures[place] if laid is None else laid(place)
        yield _finished(report, place, _overlay_capture(report, place, picture), who)


def picture_uid(report: CaseReport, place: int) -> UID:
    """Return the instance of a raster picture: the same picture of a case is the same one."""
    return uid(report, "picture", place, report.pictures[place].sha256)


def picture_series_uid(report: CaseReport) -> UID:
    """Return the series of a case's raster pictures."""
    return uid(report, "pictures")


def _plain_capture(report: CaseReport, place: int) -> SCImage:
    capture = _capture(
        report,
        report.pictures[place].pixels,
        place,
        series=(picture_series_uid(report), _PICTURES, "Picture as read"),
        instance=picture_uid(report, place),
    )
    capture.ImageComments = f"Picture of a raster file. {USE}"
    return capture


def _overlay_capture(report: CaseReport, place: int, picture: PictureReport) -> SCImage:
    pixels = picture.pixels if picture.overlay is None else picture.overlay
    lines = (USE, f"{report.model.version}: {picture.overlay_said}")
    capture = _capture(
        report,
        burnt(_rgb(pixels), lines),
        place,
        series=(own_uid(report, "captures"), _CAPTURES, f"AI map. {USE}"),
        instance=own_uid(report, "capture", place),
    )
    said = (
        f"{USE} {words.answer_said(report, picture)} {picture.overlay_said}. "
        f"Version {report.model.version}, digest {report.model.digest}, "
        f"threshold {words.threshold_said(report)}."
    )
    capture.ImageComments = plain_text(said)[:10240]
    capture.DerivationDescription = f"Map of an image classifier laid over the picture. {USE}"
    capture.SourceImageSequence = Items([_source_item(report, place)])
    return capture


def _capture(
    report: CaseReport,
    pixels: ByteArray,
    place: int,
    *,
    series: tuple[UID, int, str],
    instance: UID,
) -> SCImage:
    """Return one capture, without patient and geometry."""
    return SCImage(
        pixel_array=np.ascontiguousarray(pixels),
        photometric_interpretation="RGB" if pixels.ndim == 3 else "MONOCHROME2",
        bits_allocated=8,
        coordinate_system="PATIENT",
        patient_orientation=("L", "P"),  # the argument takes no empty value; _place writes ours
        study_instance_uid=study_uid(report),
        series_instance_uid=series[0],
        series_number=series[1],
        series_description=series[2],
        sop_instance_uid=instance,
        instance_number=place + 1,
        transfer_syntax_uid=ExplicitVRLittleEndian,
        **made_by(report),
    )


def _finished(report: CaseReport, place: int, capture: SCImage, who: Dataset) -> bytes:
    _place(capture, report.pictures[place])
    lay_subject(capture, who)
    return file_bytes(capture)


def _place(capture: Dataset, picture: PictureReport) -> None:
    """Write where the capture lies: exactly where its source does."""
    source = picture.source
    capture.PatientOrientation = list(_directions(source) or ())
    capture.Laterality = source.laterality if source and source.laterality in ("L", "R") else None
    if source is None:
        return
    # Only what the source says of itself: silence is not a "no".
    if source.burned_in:
        capture.BurnedInAnnotation = source.burned_in
    if source.is_lossy:
        capture.LossyImageCompression = "01"
    values = {
        "PixelSpacing": source.pixel_spacing_mm,
        "ImagerPixelSpacing": source.imager_pixel_spacing_mm,
        "ImageOrientationPatient": source.image_orientation,
        "ImagePositionPatient": source.image_position_mm,
    }
    for keyword, numbers in values.items():
        if numbers is not None:
            setattr(capture, keyword, [DSfloat(value, auto_format=True) for value in numbers])
    if source.slice_thickness_mm is not None:
        capture.SliceThickness = DSfloat(source.slice_thickness_mm, auto_format=True)
    if source.frame_of_reference_uid:
        capture.FrameOfReferenceUID = source.frame_of_reference_uid
        capture.PositionReferenceIndicator = None


def _directions(source: SourceInstance | None) -> tuple[str, str] | None:
    """Return in which direction rows and columns grow, as letters."""
    if source is None:
        return None
    if source.image_orientation is None:
        return source.patient_orientation
    along_row, along_column = source.image_orientation[:3], source.image_orientation[3:]
    return _letter(along_row), _letter(along_column)


def _letter(cosines: Sequence[float]) -> str:
    axis = int(np.argmax(np.abs(cosines)))
    return _LETTERS[axis][0 if cosines[axis] > 0 else 1]


def _source_item(report: CaseReport, place: int) -> Dataset:
    """Return the reference to the instance that a capture was made of."""
    source = report.pictures[place].source
    item, purpose = Dataset(), Dataset()
    if source is None:
        item.ReferencedSOPClassUID = SecondaryCaptureImageStorage
        item.ReferencedSOPInstanceUID = picture_uid(report, place)
    else:
        item.ReferencedSOPClassUID = source.sop_class_uid
        item.ReferencedSOPInstanceUID = source.sop_instance_uid
        if source.frame_number is not None:
            item.ReferencedFrameNumber = source.frame_number
    purpose.CodeValue = SOURCE_OF_PROCESSING.value
    purpose.CodingSchemeDesignator = SOURCE_OF_PROCESSING.scheme_designator
    purpose.CodeMeaning = SOURCE_OF_PROCESSING.meaning
    item.PurposeOfReferenceCodeSequence = Items([purpose])
    return item


def _rgb(pixels: ByteArray) -> ByteArray:
    return pixels if pixels.ndim == 3 else np.repeat(pixels[:, :, None], 3, axis=2)


def burnt(pixels: ByteArray, lines: Sequence[str]) -> ByteArray:
    """Return the picture with lines of text at its lower edge, as large as they fit.

    Parameters
    ----------
    pixels : ndarray of shape (rows, columns, 3), uint8
    lines : sequence of str
        A line too long for the width at the smallest size is cut; the header holds it whole.
    """
    image = Image.fromarray(np.ascontiguousarray(pixels))
    rows, columns = pixels.shape[:2]
    draw, bottom = ImageDraw.Draw(image), rows - 2
    for line in reversed(lines):
        font, text = _fitted(printable(line), columns - 4, largest=max(9, rows // 36))
        _, _, _, tall = font.getbbox("Ag")
        bottom -= int(tall)
        draw.text((2, bottom), text, font=font, fill="white", stroke_width=1, stroke_fill="black")
    return np.asarray(image, np.uint8)


def _fitted(line: str, width: int, *, largest: int) -> tuple[ImageFont.FreeTypeFont, str]:
    for size in range(largest, _SMALLEST - 1, -1):
        font = ImageFont.truetype(str(font_file(REGULAR)), size)
        if font.getlength(line) <= width:
            return font, line
    while line and font.getlength(line) > width:
        line = line[:-1]
    return font, line
