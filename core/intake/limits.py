"""Size limits, checked from the header: a picture that is too large is never decoded."""

from __future__ import annotations

from core.config import settings
from core.errors import IntakeError

MAX_SIDE = 20_000  # pixels; no detector or scanner of a single picture is larger
# No clinical codec compresses further than this: an object that claims more is not to be trusted.
MAX_COMPRESSION = 100
MAX_FRAMES = 100_000
MODALITY_LUT = "ModalityLUT"  # key in StudyImage.tags: a table took the place of the rescale
SMALLER = "Export a smaller picture, or raise {setting}."


def check_file_size(n_bytes: int) -> None:
    """Refuse a file above the upload limit.

    Raises
    ------
    IntakeError
        If ``n_bytes`` exceeds the setting ``max_upload_mb`` (1 MB = 2**20 bytes).
    """
    limit = settings().max_upload_mb
    if n_bytes > limit * 2**20:
        raise IntakeError(
            f"The file has {n_bytes / 2**20:.1f} MB; at most {limit} MB are read.",
            remedy=SMALLER.format(setting="SECOND_LOOK_MAX_UPLOAD_MB"),
        )


def check_dimensions(rows: int, columns: int) -> None:
    """Refuse a picture whose header claims no pixels, or more than are decoded.

    Raises
    ------
    IntakeError
        If a side is below 1 or above 20,000 pixels, or the picture has more than the setting
        ``max_megapixels``.
    """
    shown = f"The picture claims {columns} x {rows} pixels"
    if rows < 1 or columns < 1:
        raise IntakeError(f"{shown}.", remedy="Export it again.")
    if max(rows, columns) > MAX_SIDE:
        raise IntakeError(
            f"{shown}; a side may have at most {MAX_SIDE}.", remedy="Export a smaller picture."
        )
    limit = settings().max_megapixels
    if rows * columns > limit * 1_000_000:
        raise IntakeError(
            f"{shown}; at most {limit} million are decoded.",
            remedy=SMALLER.format(setting="SECOND_LOOK_MAX_MEGAPIXELS"),
        )


def declared_bytes_limit() -> int:
    """Return how many bytes of decoded pixels one file may declare, over all frames."""
    return settings().max_upload_mb * 2**20 * MAX_COMPRESSION


def check_declared_bytes(
    rows: int, columns: int, *, n_frames: int, n_samples: int, bits: int
) -> None:
    """Refuse a DICOM object that declares more pixels than a file of ours can hold.

    Rows * Columns * Frames * Samples * bytes, before any pixel is touched.

    Raises
    ------
    IntakeError
        If the product is above 100 times the upload limit, or one frame is too large.
    """
    check_dimensions(rows, columns)
    declared = rows * columns * n_frames * n_samples * -(-bits // 8)
    if n_frames > MAX_FRAMES or declared > declared_bytes_limit():
        raise IntakeError(
            f"The object claims {n_frames} frames of {columns} x {rows} pixels "
            f"({declared / 2**20:.0f} MB).",
            remedy="Export the frames that matter as an object of their own.",
        )


def pick_frame(n_frames: int, frame: int | None, *, unit: str) -> int:
    """Return which frame to read, zero-based; never silently the first of many.

    Parameters
    ----------
    n_frames : int
        How many the file holds (at least 1).
    frame : int or None
        What the caller asked for, zero-based.
    unit : str
        What the file calls them: "page" or "frame".

    Raises
    ------
    IntakeError
        If there are several and none was chosen, or the chosen one does not exist.
    """
    if n_frames == 1 and frame in (None, 0):
        return 0
    units = unit if n_frames == 1 else f"{unit}s"
    if frame is None:
        raise IntakeError(
            f"The file has {n_frames} {units}.",
            remedy=f"Choose one: frame 0 to {n_frames - 1}.",
        )
    if not 0 <= frame < n_frames:
        raise IntakeError(
            f"The file has {n_frames} {units}; there is no frame {frame}.",
            remedy=f"Choose one: frame 0 to {n_frames - 1}, counted from 0."
            if n_frames > 1
            else "Leave the frame out.",
        )
    return frame
