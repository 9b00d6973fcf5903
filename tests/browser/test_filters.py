"""Filters as a person walks it: a layer's maps, one channel, the picture that excites it most."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import Browser, expect

from tests.browser.conftest import Visit, served, visiting
from tests.browser.steps import open_address, settle, upload
from tests.small_version import slices
from tests.source_tree import ROOT

pytestmark = pytest.mark.browser
ERRORS = ".stException, .sl-error, [data-status=error]"
SEARCH_MS = 400_000  # TensorFlow starts first, on whatever machine this is


def picture(folder: Path) -> Path:
    path = folder / "slice.png"
    Image.fromarray(slices(1, (224, 224))[0]).save(path)
    return path


def open_with_picture(visit: Visit, folder: Path) -> None:
    open_address(visit, "/filters?task=phantom_ct")
    upload(visit, picture(folder))
    visit.page.locator(".tile[data-channel]").first.wait_for()
    settle(visit)


def test_a_teaching_case_is_opened_and_a_click_on_a_map_enlarges_its_channel(
    server: str, browser: Browser
):
    with visiting(browser, server) as visit:
        open_address(visit, "/filters?task=phantom_ct")
        visit.page.get_by_role("button", name="A stone in a scan without contrast").click()
        tiles = visit.page.locator(".tile[data-channel]")
        tiles.first.wait_for()
        settle(visit)
        expect(tiles).to_have_count(8)
        last = tiles.last.get_attribute("data-channel")
        tiles.last.click()
        settle(visit)
        expect(visit.page.get_by_label("Channel, 0 to 7")).to_have_value(str(last))
        expect(visit.page.locator(".tile[aria-current]")).to_have_attribute("data-channel", last)
        assert visit.page.locator(ERRORS).count() == 0


@pytest.mark.slow
def test_from_a_middle_layer_to_the_picture_that_excites_a_channel_most(
    browser: Browser, tmp_path: Path
):
    home = tmp_path / "home"
    with served(ROOT / "models", home) as base, visiting(browser, base) as visit:
        open_with_picture(visit, tmp_path)
        visit.page.locator(".tile[data-channel]").nth(2).click()
        settle(visit)
        visit.page.get_by_role("button", name="Search for it").click()
        found = visit.page.get_by_text("Searched for: it excites this channel most")
        expect(found).to_be_visible(timeout=SEARCH_MS)
        assert len(list((home / "maximised").rglob("*.png"))) == 1
        assert visit.page.locator(ERRORS).count() == 0
