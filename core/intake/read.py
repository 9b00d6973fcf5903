"""Bytes to one :class:`StudyImage`: sniff, check the limits, decode, judge the quality."""

from __future__ import annotations

import hashlib
from dataclasses import replace

from core.domain import PictureKind, StudyImage
from core.intake.limits import check_file_size
from core.intake.quality import measure_quality
from core.intake.sniff import sniff


def read_study(
    data: bytes,
    *,
    frame: int | None = None,
    default_window: tuple[float, float] | None = None,
) -> StudyImage:
    """Read one picture; the only decoder of the product, for what is shown and predicted on.

    Parameters
    ----------
    data : bytes
        A PNG, JPEG, TIFF, BMP or DICOM file. Its name is never needed.
    frame : int or None
        Which page or frame, zero-based; needed where the file has several.
    default_window : tuple of float or None
        (low, high) in HU, for a CT that states no window of its own (a task's ``window``).

    Raises
    ------
    IntakeError
        If the bytes are not one readable picture: empty, truncated, damaged, of another kind, too
        large, several frames without a choice. The message holds no value of the file's text.
    """
    check_file_size(len(data))
    kind = sniff(data)
    if kind is PictureKind.DICOM:
        from core.intake.dicom import read_dicom  # noqa: PLC0415 - pydicom only where needed

        image = read_dicom(data, frame=frame, default_window=default_window)
    else:
        image = _from_raster(data, kind, frame=frame)
    return replace(image, quality=measure_quality(image))


def _from_raster(data: bytes, kind: PictureKind, *, frame: int | None) -> StudyImage:
    from core.intake.raster import read_raster  # noqa: PLC0415 - plugins only where needed

    decoded = read_raster(data, kind, frame=frame)
    return StudyImage(
        values=decoded.values,
        window=decoded.window,
        kind=kind,
        sha256=hashlib.sha256(data).hexdigest(),
        bits=decoded.bits,
        presets=(decoded.window,),
        n_frames=decoded.n_frames,
        frame=decoded.frame,
        notes=decoded.notes,
    )
