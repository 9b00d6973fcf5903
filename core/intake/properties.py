"""What a picture is like, in figures that cases can be sorted by: size, light, detail, orientation.

Brightness, contrast and sharpness are measured on the same copy as the quality score, so that they
compare between sizes. The orientation of a raster picture is estimated from its pixels; how often
that is right: docs/statistics.md.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core.domain import StudyImage
from core.intake.quality import grey_copy, sharpness

AXIAL = "axial"
CORONAL = "coronal"
SAGITTAL = "sagittal"
ALONG = "coronal or sagittal"
NOT_TOLD = "not told"

_GREY = 40.0  # above it is tissue: air, and the fat of a narrow window, lie below
_IN_COLUMNS = 1.1  # between the largest of axial and the smallest of coronal kidney_ct pictures
_CUT = 0.02  # share of tissue along the top edge from which on the body is cut there
_LYING = 0.2  # share of tissue along the left and the right edge: the body lies across
_LEAST_TISSUE = 0.02


@dataclass(frozen=True, slots=True)
class PictureProperties:
    """Properties of one picture.

    Attributes
    ----------
    rows, columns : int
    brightness : float
        Mean grey value, 0..255.
    contrast : float
        Standard deviation of the grey values, 0..127.5.
    sharpness : float
        Variance of the Laplacian over the variance of the picture (Pech-Pacheco et al., 2000).
    orientation : str or None
        "axial", "coronal", "sagittal" from the file; from the pixels "axial", "coronal or
        sagittal" or "not told". None where the picture is no CT or MR slice.
    """

    rows: int
    columns: int
    brightness: float
    contrast: float
    sharpness: float
    orientation: str | None


def measure_properties(image: StudyImage, *, is_sliced: bool) -> PictureProperties:
    """Measure one picture.

    Parameters
    ----------
    image : StudyImage
    is_sliced : bool
        Whether the picture is a slice through a body, which alone has an orientation.
    """
    grey = grey_copy(image.pixels).astype(np.float32)
    orientation = None
    if is_sliced:
        orientation = stated_orientation(image.orientation) or estimate_orientation(grey)
    return PictureProperties(
        rows=image.rows,
        columns=image.columns,
        brightness=float(grey.mean()),
        contrast=float(grey.std()),
        sharpness=sharpness(grey),
        orientation=orientation,
    )


def stated_orientation(edges: tuple[str, str] | None) -> str | None:
    """Return the orientation that a file states: what lies at its (left, top) edge.

    >>> stated_orientation(("R", "A")), stated_orientation(("R", "H")), stated_orientation(None)
    ('axial', 'coronal', None)
    """
    if edges is None:
        return None
    axes = {_AXIS[edge[:1]] for edge in edges if edge[:1] in _AXIS}
    known = {
        frozenset({"side", "depth"}): AXIAL,
        frozenset({"side", "length"}): CORONAL,
        frozenset({"depth", "length"}): SAGITTAL,
    }
    return known.get(frozenset(axes))


_AXIS = {"R": "side", "L": "side", "A": "depth", "P": "depth", "H": "length", "F": "length"}


def estimate_orientation(grey: NDArray[np.float32]) -> str:
    """Return the orientation of a CT slice as its pixels suggest it.

    Along the body, what is bright (spine, muscle, flanks) lies in columns, so that columns differ
    more than rows; across it, the body is a wide oval with air above. Pictures that say neither,
    such as a body cut on all sides or lying across, are "not told".

    Parameters
    ----------
    grey : ndarray of shape (rows, columns), float32, 0..255
    """
    tissue = grey > _GREY
    if min(grey.shape) < 16 or tissue.mean() < _LEAST_TISSUE:
        return NOT_TOLD
    if _columns_over_rows(grey) > _IN_COLUMNS:
        return ALONG
    strip = max(1, min(grey.shape) // 32)
    left, right = tissue[:, :strip].mean(), tissue[:, -strip:].mean()
    is_cut = tissue[:strip].mean() > _CUT
    return NOT_TOLD if is_cut or min(left, right) > _LYING else AXIAL


def _columns_over_rows(grey: NDArray[np.float32]) -> float:
    """Return how much columns differ from each other, over how much rows do."""
    over_rows = float(grey.mean(axis=1).std())
    return float(grey.mean(axis=0).std()) / max(over_rows, 1e-6)
