"""The gate of the shipped teaching version: real pictures are its wrong ones."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from itertools import islice

import cv2
import numpy as np
import pytest

from core.domain import Status
from core.phantoms import phantom_pixels, phantom_table
from core.workflows.analyse import analyse_bytes
from tests.validity import wrong_pictures as wrong
from tests.validity.wrong_pictures import Picture, png, read_square

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]
N = 120
UNSEEN_SEED = 7  # no version was trained on series of this seed


def share_refused(pictures: Iterable[Picture]) -> float:
    """Return the share of pictures that get no answer."""
    answers = [analyse_bytes(png(pixels), task="phantom_ct") for pixels in islice(pictures, N)]
    assert len(answers) >= 100
    assert all((answer.prediction is None) == (answer.status != Status.OK) for answer in answers)
    return float(np.mean([answer.status == Status.REFUSED for answer in answers]))


@pytest.fixture(scope="module")
def drawings() -> list[Picture]:
    """Return slices of series that the version never saw, one a series."""
    table = phantom_table(n_series=N, seed=UNSEEN_SEED)
    return [phantom_pixels(rows["file"].iloc[2]).pixels for _, rows in table.groupby("group")]


@pytest.mark.parametrize("kind", ["noise", "photographs", "grey_photographs", "blank", "text"])
def test_drawn_and_photographed_pictures_are_refused(kind, report_figure):
    share = share_refused(getattr(wrong, kind)())
    report_figure(f"teaching gate, {kind}", share)
    assert share >= 0.99


@pytest.mark.needs_data
@pytest.mark.parametrize("folder", ["chest_xray", "glomeruli", "kidney_ct", "kidney_ct_raw"])
def test_real_pictures_are_refused(data_root, folder, report_figure):
    files = wrong.files_of(data_root / folder)
    share = share_refused(read_square(path) for path in files)
    report_figure(f"teaching gate, {folder}", share)
    assert share >= 0.99


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("inverted", lambda pixels: 255 - pixels),
        ("strongly blurred", lambda pixels: cv2.GaussianBlur(pixels, (0, 0), 6)),
    ],
)
def test_spoilt_drawings_are_refused(
    drawings, name: str, change: Callable[[Picture], Picture], report_figure
):
    share = share_refused(change(pixels) for pixels in drawings)
    report_figure(f"teaching gate, {name}", share)
    assert share >= 0.99


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("upside down", lambda pixels: pixels[::-1].copy()),
        ("turned by 90 degrees", lambda pixels: np.rot90(pixels).copy()),
    ],
)
def test_turned_drawings_are_stated(drawings, name, change, report_figure):
    report_figure(f"teaching gate, {name}", share_refused(change(pixels) for pixels in drawings))


def test_hardly_any_unseen_drawing_is_refused(drawings, report_figure):
    share = share_refused(drawings)
    report_figure("teaching gate, unseen drawings", share)
    assert share <= 0.02
