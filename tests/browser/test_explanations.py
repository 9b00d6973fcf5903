"""From a picture to its maps, what speaks for them, and what the network saw, in a browser."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Browser, Locator, expect

from tests.browser.conftest import Visit, served, visiting
from tests.browser.steps import open_address, settle, upload
from tests.pages.looking import encoded, picture

pytestmark = pytest.mark.browser
STARTS_MS = 300_000  # TensorFlow starts, on whatever else the machine is doing


def open_case(visit: Visit) -> None:
    """Open the first teaching case on Explanations and wait for its maps."""
    open_address(visit, "/explanations?task=phantom_ct")
    visit.page.get_by_role("button", name="A stone in a scan without contrast").click()
    visit.page.locator(".maps .cell").first.wait_for()
    settle(visit)


def cell(visit: Visit, name: str) -> Locator:
    return visit.page.locator(f"[data-cell='{name}']")


def shown_maps(visit: Visit) -> list[str]:
    """Return the names of the cells that show a map, row by row."""
    found = visit.page.locator("[data-state=map]")
    return [str(item.get_attribute("data-cell")) for item in found.all()]


def follow(visit: Visit, title: str, awaited: Locator) -> None:
    visit.page.get_by_role("link", name=title, exact=True).click()
    awaited.first.wait_for()
    settle(visit)


def test_three_methods_for_two_classes_are_compared_and_held_against_chance(visit: Visit):
    open_case(visit)
    expect(visit.page.locator(".maps .head")).to_have_count(4)
    rows = visit.page.locator("[data-cell^='picture.']")
    expect(rows).to_have_count(2)
    expect(rows.first).to_contain_text("called")
    expect(visit.page.locator(".sl-limit")).to_have_text(
        "A map shows where the score is sensitive, not where disease is."
    )
    # One zoom for all panes, and one key that hides every map.
    scales = visit.page.locator(".maps .zoom")
    before = scales.first.inner_text()
    visit.page.keyboard.press("z")
    assert len(set(scales.all_inner_texts())) == 1 and scales.first.inner_text() != before
    visit.page.keyboard.press("=")
    layers = visit.page.locator("[data-state=map] .layer")
    expect(layers.first).to_be_visible()
    visit.page.keyboard.press("o")
    expect(layers.first).to_be_hidden()
    visit.page.keyboard.press("o")
    # The faithfulness panel: a bar and a verdict under the first map, its figures below.
    maps = shown_maps(visit)
    assert len(maps) >= 3
    expect(cell(visit, maps[0]).locator(".bar")).to_contain_text("chance")
    expect(visit.page.locator(".sl-trust-table tbody tr").first).to_contain_text("at random")
    with visit.page.expect_download() as caught:
        visit.page.get_by_role("button", name="Download maps").click()
        visit.page.get_by_role("button", name="NPY", exact=True).click()
    values = np.load(io.BytesIO(Path(caught.value.path()).read_bytes()))
    assert values.dtype == np.float32 and values.max() == 1.0
    assert caught.value.suggested_filename.startswith("phantom_ct_small-1_")
    visit.page.keyboard.press("Escape")
    # What the picture carries already is asked beside the maps: the whole page follows.
    carries = visit.page.get_by_text("This picture already carries these steps")
    carries.click()
    expect(visit.page.get_by_text("There is no answer for this picture")).to_be_visible()
    carries.click()
    visit.page.locator("[data-state=map]").first.wait_for()
    settle(visit)
    # The same picture, seen by the network.
    follow(visit, "Filters", visit.page.locator(".tiles"))
    expect(visit.page.get_by_text("channels of")).to_be_visible()
    follow(visit, "Explanations", visit.page.locator("[data-state=map]"))
    assert shown_maps(visit) == maps
    assert "Traceback" not in visit.page.locator("body").inner_text()


@pytest.fixture
def network_server(tmp_path: Path) -> Iterator[str]:
    """Address of a server whose version holds a Keras network."""
    from tests.network_version import tiny_network, write_network_version

    network = tiny_network()
    write_network_version(
        tmp_path / "models", network, gate_layer="first", feature_layer="feature_map"
    )
    with served(tmp_path / "models", tmp_path / "home") as base:
        yield base


@pytest.mark.slow
@pytest.mark.heavy
def test_a_gradient_method_and_the_picture_that_excites_a_channel_most(
    browser: Browser, network_server: str, tmp_path: Path
):
    (tmp_path / "slice.png").write_bytes(encoded(picture()))
    with visiting(browser, network_server) as visit:
        open_address(visit, "/explanations?task=kidney_ct")
        upload(visit, tmp_path / "slice.png")
        visit.page.locator(".maps .cell").first.wait_for()
        settle(visit)
        visit.page.get_by_role("button", name="Saliency", exact=True).click()
        expect(visit.page.locator("[data-cell^='saliency.']").first).to_be_visible()
        waiting = visit.page.locator("[data-cell^='saliency.'][data-state=waiting]")
        expect(waiting).to_have_count(0, timeout=STARTS_MS)
        assert any(name.startswith("saliency.") for name in shown_maps(visit))
        follow(visit, "Filters", visit.page.locator(".tiles"))
        visit.page.get_by_role("button", name="Search for it").click()
        found = visit.page.get_by_text("Searched for: it excites this channel most")
        expect(found).to_be_visible(timeout=STARTS_MS)
        assert visit.outside == []
