"""Series in a browser: a zip opens, the arrow keys scroll it, its report is downloaded."""

from __future__ import annotations

import re
from pathlib import Path

import pypdfium2
import pytest
from playwright.sync_api import expect

from tests.browser.conftest import Visit
from tests.core.intake.stack_files import ct, zipped
from tests.small_version import slices

pytestmark = pytest.mark.browser


def test_a_zip_is_scrolled_by_key_answered_and_taken_away(visit: Visit, tmp_path: Path):
    page = visit.page
    pictures = slices(4, (224, 224), seed=5)[..., 0]
    files = {
        f"{k}.dcm": ct(pixels, at=(0, 0, 5 * k), number=k + 1) for k, pixels in enumerate(pictures)
    }
    path = tmp_path / "scan.zip"
    path.write_bytes(zipped(files))
    page.goto(f"{visit.base}/series?task=kidney_ct")
    page.locator("input[type=file]").first.set_input_files(path)
    expect(page.get_by_text("4 of 4 slices were answered.")).to_be_visible()
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
