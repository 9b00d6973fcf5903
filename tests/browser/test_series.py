"""Series in a browser: a zip opens, wheel and keys scroll it, its report and captures are taken."""

from __future__ import annotations

import io
import re
import zipfile
from functools import partial
from pathlib import Path

import numpy as np
import pydicom
import pypdfium2
import pytest
from playwright.sync_api import Locator, Page, expect
from pydicom.uid import generate_uid

from tests.browser.conftest import Visit
from tests.browser.steps import pane, settle
from tests.core.intake.stack_files import OTHER_SERIES, ct, zipped
from tests.small_version import slices

pytestmark = pytest.mark.browser
STUDY = generate_uid()


def scan(n: int, **tags: object) -> dict[str, bytes]:
    """Return n drawn slices of one series by file name, each at its place."""
    pictures = slices(n, (224, 224), seed=5)[..., 0]
    return {
        f"{tags.get('series', '')}{k}.dcm": ct(
            pixels,
            at=(-80, -90, 5 * k),
            number=k + 1,
            StudyInstanceUID=STUDY,
            SOPInstanceUID=generate_uid(),
            **tags,
        )
        for k, pixels in enumerate(pictures)
    }


def opened(visit: Visit, folder: Path, files: dict[str, bytes]) -> Locator:
    """Open files as one zip; return the label that says which slice is painted."""
    path = folder / "scan.zip"
    path.write_bytes(zipped(files))
    visit.page.goto(f"{visit.base}/series?task=kidney_ct")
    visit.page.locator("input[type=file]").first.set_input_files(path)
    place = visit.page.locator("[data-pane=original] .place")
    expect(place).to_have_text(re.compile(r"\d+ of \d+"))
    return place


def answered(page: Page, n: int) -> None:
    """Wait until every slice is answered and the page says so."""
    expect(page.get_by_text(f"{n} of {n} slices were answered.")).to_be_visible()
    expect(page.locator(".st-key-series_progress")).to_have_count(0)


def over_the_picture(page: Page) -> None:
    """Put the mouse on the picture."""
    page.locator("[data-pane=original]").hover()


def scrolled_down(page: Page) -> list[int]:
    """Return how far everything on the page is scrolled that is scrolled at all."""
    return page.evaluate(
        "[...document.querySelectorAll('*')].map((e) => e.scrollTop).filter(Boolean)"
    )


def test_a_zip_is_scrolled_by_key_answered_and_taken_away(visit: Visit, tmp_path: Path):
    page = visit.page
    opened(visit, tmp_path, scan(4))
    answered(page, 4)
    expect(page.get_by_text("Strongest", exact=True)).to_be_visible()
    page.locator(".st-key-series_strongest button").first.click()
    heading = page.get_by_role("heading", name=re.compile(r"Slice \d of 4"))
    expect(heading).to_be_visible()
    first = int(heading.inner_text().split()[1])
    key, then = ("ArrowDown", first + 1) if first < 4 else ("ArrowUp", first - 1)
    page.locator(".sl-brand").click()
    page.keyboard.press(key)
    expect(page.get_by_role("heading", name=f"Slice {then} of 4")).to_be_visible()
    with page.expect_download() as taken:
        page.get_by_text("Report as PDF").click()
    target = tmp_path / "report.pdf"
    taken.value.save_as(target)
    with pypdfium2.PdfDocument(target) as document:
        text = document[0].get_textpage().get_text_range()
    assert "Series report" in text
    assert "scan.zip" not in text


def test_a_zip_larger_than_a_picture_may_be_is_taken(visit: Visit, tmp_path: Path):
    beside = {"raw data.bin": b"\0" * (60 << 20)}
    path = tmp_path / "scan.zip"
    path.write_bytes(zipped(scan(2) | beside, zipfile.ZIP_STORED))
    visit.page.goto(f"{visit.base}/series?task=kidney_ct")
    visit.page.locator("input[type=file]").first.set_input_files(path)
    answered(visit.page, 2)


def test_a_reload_in_the_middle_finds_the_series_again(visit: Visit, tmp_path: Path):
    page = visit.page
    opened(visit, tmp_path, scan(40))
    expect(page.get_by_role("heading", name=re.compile("The series, so far"))).to_be_visible()
    page.reload()
    answered(page, 40)
    expect(page.get_by_text("40 of 40 slices were answered.")).to_be_visible()
    page.get_by_role("button", name="Close").click()
    expect(page.get_by_text("One stack, in the order of the patient")).to_be_visible()
    assert "series=" not in page.url


def test_wheel_and_keys_choose_the_slice_and_the_page_stays(visit: Visit, tmp_path: Path):
    page = visit.page
    place = opened(visit, tmp_path, scan(12))
    answered(page, 12)
    over_the_picture(page)
    page.keyboard.press("Home")
    expect(place).to_have_text("1 of 12")
    first, stood = pane(visit, "original"), scrolled_down(page)
    page.mouse.wheel(0, 100)
    expect(place).to_have_text("2 of 12")
    expect(page.get_by_role("heading", name="Slice 2 of 12")).to_be_visible()
    assert not np.array_equal(pane(visit, "original"), first)
    page.mouse.wheel(0, -100)
    expect(place).to_have_text("1 of 12")
    page.mouse.wheel(0, -300)  # at the end of the stack the page stays where it is, too
    page.mouse.wheel(0, 300)
    expect(place).to_have_text("4 of 12")
    assert scrolled_down(page) == stood
    for key, told in (("End", "12 of 12"), ("ArrowUp", "11 of 12"), ("ArrowDown", "12 of 12")):
        page.keyboard.press(key)
        expect(place).to_have_text(told)
    zoom = page.locator("[data-pane=original] .zoom")
    fitted = zoom.inner_text()
    page.keyboard.down("Control")
    page.mouse.wheel(0, -100)  # with ctrl the wheel is the zoom
    page.keyboard.up("Control")
    expect(zoom).not_to_have_text(fitted)
    larger = zoom.inner_text()
    page.keyboard.press("ArrowUp")
    expect(place).to_have_text("11 of 12")
    assert zoom.inner_text() == larger  # zoom stays while the stack is scrolled


def test_a_wheel_that_spins_makes_no_queue(visit: Visit, tmp_path: Path):
    page = visit.page
    sent: list[str | bytes] = []
    keep = partial(list.append, sent)
    page.on("websocket", lambda socket: socket.on("framesent", keep))
    place = opened(visit, tmp_path, scan(60))
    answered(page, 60)
    page.keyboard.press("Home")
    expect(place).to_have_text("1 of 60")
    settle(visit)
    sent.clear()
    page.locator("[data-pane=original]").evaluate(
        """(pane) => {
          for (let k = 0; k < 40; k += 1)
            pane.dispatchEvent(new WheelEvent("wheel", { deltaY: 100, cancelable: true }));
        }"""
    )
    expect(place).to_have_text("41 of 60")
    settle(visit)
    # The first notch goes at once; while it is answered the other 39 become one message.
    assert 1 <= len(sent) <= 3


def test_page_keys_turn_to_the_next_series(visit: Visit, tmp_path: Path):
    page = visit.page
    files = scan(2) | scan(3, series=OTHER_SERIES)
    place = opened(visit, tmp_path, files)
    before = place.inner_text().split()[-1]
    after = {"2": "3", "3": "2"}[before]
    page.locator(".sl-brand").click()
    page.keyboard.press("PageDown")
    expect(place).to_have_text(re.compile(rf"\d of {after}$"))
    page.keyboard.press("PageUp")
    expect(place).to_have_text(re.compile(rf"\d of {before}$"))


@pytest.mark.slow
def test_200_slices_are_scrolled_answered_to_the_end_and_leave_as_captures(
    visit: Visit, tmp_path: Path
):
    page, n = visit.page, 200
    files = scan(n)
    place = opened(visit, tmp_path, files)
    expect(page.locator(".st-key-series_progress")).to_be_visible()
    over_the_picture(page)
    page.mouse.wheel(0, 100)
    expect(place).to_have_text(f"2 of {n}")
    expect(page.get_by_role("heading", name=f"Slice 2 of {n}")).to_be_visible()
    page.keyboard.press("End")
    expect(place).to_have_text(f"{n} of {n}")
    answered(page, n)
    assert place.inner_text() == f"{n} of {n}"  # who has scrolled is not moved
    page.get_by_role("button", name="DICOM captures").click()
    take = page.locator(".st-key-series-captures button")
    expect(take).to_be_visible()
    with page.expect_download() as taken:
        take.click()
    target = tmp_path / "captures.zip"
    taken.value.save_as(target)
    with zipfile.ZipFile(target) as archive:
        made = [pydicom.dcmread(io.BytesIO(archive.read(name))) for name in archive.namelist()]
    sources = [pydicom.dcmread(io.BytesIO(data)) for data in files.values()]
    assert [item.SourceImageSequence[0].ReferencedSOPInstanceUID for item in made] == [
        source.SOPInstanceUID for source in sources
    ]
    for capture, source in zip(made, sources, strict=True):
        assert capture.ImagePositionPatient == source.ImagePositionPatient
        assert capture.PixelSpacing == source.PixelSpacing
        assert (capture.Rows, capture.Columns) == (source.Rows, source.Columns)
        assert (capture.StudyInstanceUID, capture.ContentQualification) == (STUDY, "RESEARCH")
    assert len({capture.SeriesInstanceUID for capture in made}) == 1
