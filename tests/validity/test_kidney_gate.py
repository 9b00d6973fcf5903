"""The gate of the shipped kidney version, kind by kind, at least 100 pictures a kind."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path

import cv2
import numpy as np
import pytest

from core.domain import Status
from core.workflows.analyse import analyse_bytes
from core.workflows.evaluating import open_run, stored_runs
from tests.validity import wrong_pictures as wrong
from tests.validity.wrong_pictures import Picture, png, read_square

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900), pytest.mark.needs_data]
RECIPE = ("resize_lanczos_224", "clahe_lab_4_8x8")


def share_refused(pictures: Iterable[Picture], *, already_applied: tuple[str, ...]) -> float:
    """Return the share of pictures that get no answer."""
    answers = [
        analyse_bytes(png(pixels), task="kidney_ct", already_applied=already_applied)
        for pixels in pictures
    ]
    assert len(answers) >= 100
    assert all((answer.prediction is None) == (answer.status != Status.OK) for answer in answers)
    return float(np.mean([answer.status == Status.REFUSED for answer in answers]))


def folder_pictures(folder: Path) -> list[Picture]:
    return [read_square(path) for path in wrong.files_of(folder)]


def changed_kidneys(data_root: Path, change: Callable[[Picture], Picture]) -> list[Picture]:
    """Return kidney slices, processed at the source, with something done to them."""
    return [change(pixels) for pixels in folder_pictures(data_root / "kidney_ct")]


@pytest.mark.parametrize("applied", [(), RECIPE], ids=["recipe", "as it is"])
@pytest.mark.parametrize("kind", ["noise", "photographs", "grey_photographs", "blank", "text"])
def test_drawn_and_photographed_pictures_are_refused(kind, applied, report_figure):
    share = share_refused(getattr(wrong, kind)(), already_applied=applied)
    report_figure(f"gate, {kind}, {'as it is' if applied else 'recipe'}", share)
    assert share >= 0.99


@pytest.mark.parametrize("applied", [(), RECIPE], ids=["recipe", "as it is"])
@pytest.mark.parametrize("folder", ["chest_xray", "glomeruli"])
def test_pictures_of_other_tasks_are_refused(data_root, folder, applied, report_figure):
    share = share_refused(folder_pictures(data_root / folder), already_applied=applied)
    report_figure(f"gate, {folder}, {'as it is' if applied else 'recipe'}", share)
    assert share >= 0.99


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("inverted", lambda pixels: 255 - pixels),
        ("strongly blurred", lambda pixels: cv2.GaussianBlur(pixels, (0, 0), 4)),
    ],
)
def test_spoilt_kidney_slices_are_refused(data_root, name, change, report_figure):
    share = share_refused(changed_kidneys(data_root, change), already_applied=RECIPE)
    report_figure(f"gate, {name}", share)
    assert share >= 0.99


@pytest.mark.parametrize(
    ("name", "change", "applied"),
    [
        ("upside down", lambda pixels: pixels[::-1].copy(), RECIPE),
        ("turned by 90 degrees", lambda pixels: np.rot90(pixels).copy(), RECIPE),
        ("recipe applied twice", lambda pixels: pixels, ()),
    ],
)
def test_turned_and_twice_processed_slices_are_stated(
    data_root, name, change, applied, report_figure
):
    share = share_refused(changed_kidneys(data_root, change), already_applied=applied)
    report_figure(f"gate, {name}", share)
    assert 0 <= share <= 1


def test_raw_files_without_the_recipe_are_stated(data_root, report_figure):
    raw = folder_pictures(data_root / "kidney_ct_raw")
    report_figure("gate, raw without the recipe", share_refused(raw, already_applied=RECIPE))
    with_recipe = share_refused(raw, already_applied=("resize_lanczos_224",))
    report_figure("gate, raw with the recipe", with_recipe)
    assert with_recipe <= 0.02


def test_series_that_were_not_trained_on_are_rarely_refused(report_figure):
    shipped = next(run for run in stored_runs("kidney_ct") if "fold" in run.name)
    run = open_run(shipped)
    folds = run.slices["fold"]
    shares = [float(run.refused[folds == fold].mean()) for fold in sorted(set(folds))]
    report_figure("gate, unseen series, by fold", shares)
    assert np.mean(shares) <= 0.02
