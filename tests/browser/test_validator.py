"""The validator's walk: a cell of the matrix, its pictures, a signed point, a cause that stays."""

from __future__ import annotations

import base64
import csv
import io
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Browser, Locator, expect

from core.workflows.evaluating import StoredRun, open_run, stored_runs
from core.workflows.run_performance import cell_cases
from core.workflows.run_pictures import PictureSource, picture_source
from tests.browser.conftest import Visit, served, visiting
from tests.browser.steps import open_address, settle, upload
from tests.source_tree import ROOT

pytestmark = pytest.mark.browser
SHOWS = {
    "performance": ".st-key-performance-matrix .js-plotly-plot",
    "operating_point": ".sl-claims",
    "missed_findings": ".sl-miss",
    "compare": "text=Comparing needs two runs on the same cases",
    "slices": "text=Worst slice found for",
}
ERRORS = ".stException, [data-testid=stAlertContentError], .sl-error, [data-status=error]"
MISSED, FALSE_ALARMS = "Missed per 1,000", "False alarms per 1,000"
PRICE = "Price of a miss avoided"
WHO, NOTE = "Dr. Ada Walker", "Below 3 mm, behind the <b>rib</b>"


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Path]:
    """A home of its own; no server that wrote beside it may have raised anything."""
    yield tmp_path / "home"
    for log in tmp_path.glob("server-*.log"):
        assert "Traceback" not in log.read_text()


# A server for each page takes its time; one of them runs every day, the rest in the long run.
PAGES = [
    page if page == "operating_point" else pytest.param(page, marks=pytest.mark.slow)
    for page in SHOWS
]


@pytest.mark.parametrize("page", PAGES)
def test_a_validate_page_opens_by_deep_link_on_a_fresh_server(
    browser: Browser, home: Path, page: str
):
    with served(ROOT / "models", home) as base, visiting(browser, base) as visit:
        open_address(visit, f"/{page}?task=phantom_ct")
        assert visit.page.url == f"{base}/{page}?task=phantom_ct"
        expect(visit.page.locator(".sl-badge")).to_have_text("Synthetic, for teaching")
        expect(visit.page.locator(SHOWS[page]).first).to_be_visible()
        looks_well(visit)


@pytest.mark.parametrize(
    "task",
    [
        "phantom_ct",
        pytest.param("kidney_ct", marks=[pytest.mark.needs_data, pytest.mark.slow]),
    ],
)
def test_what_a_validator_finds_signs_and_writes_down_stays(
    browser: Browser, home: Path, tmp_path: Path, task: str
):
    stone = missed_stone(task, tmp_path)
    with served(ROOT / "models", home) as base, visiting(browser, base) as visit:
        look_at_the_cell(visit, task)
        analyse(visit, *stone)
        assert answer(visit) == ("argmax", "")
        threshold = raise_and_sign(visit)
        follow(visit, "Analyse", visit.page.locator("[data-class=stone] [data-threshold]"))
        at, flagged = answer(visit)
        assert (f"{float(at.removeprefix('stone >= ')):.3f}", flagged) == (threshold, "stone")
        expect(visit.page.get_by_text(f"(stone ≥ {threshold}, signed by {WHO})")).to_be_visible()
        file = write_down_a_cause(visit)
    with served(ROOT / "models", home) as base, visiting(browser, base) as visit:
        open_address(visit, f"/missed_findings?task={task}&class=stone")
        card = visit.page.locator("[class*=st-key-clinic_card_]").filter(has_text=file)
        expect(card).to_contain_text(f"Too small, {WHO}, ")
        expect(card.locator("textarea")).to_have_value(NOTE)
        looks_well(visit)
        follow(visit, "Operating point", visit.page.get_by_text(f"signed by {WHO}"))
        looks_well(visit)


def looks_well(visit: Visit) -> None:
    """Wait for the page to come to rest; no error stands on it, nothing left the machine."""
    settle(visit)
    expect(visit.page.locator("[data-testid=stSkeleton]")).to_have_count(0)
    expect(visit.page.locator(ERRORS)).to_have_count(0)
    assert "Traceback" not in visit.page.locator("body").inner_text()
    assert visit.outside == []


def follow(visit: Visit, title: str, awaited: Locator) -> None:
    """Go to another page by its link, and wait for what must stand there."""
    visit.page.get_by_role("link", name=title, exact=True).click()
    awaited.first.wait_for()
    settle(visit)


def missed_stone(task: str, folder: Path) -> tuple[Path, PictureSource]:
    """Return a stone that the answering weights call normal, the nearest to being found."""
    run = next(run for run in stored_runs(task) if run.facts.split == "test")
    file = nearest_to_found(run)
    source = picture_source(run)
    path = folder / Path(file).name
    path.write_bytes(source.read(file))
    return path, source


def nearest_to_found(run: StoredRun) -> str:
    cases = cell_cases(open_run(run), y_true="stone", called="normal")
    return str(cases.loc[cases["p_true"].idxmax(), "file"])


def look_at_the_cell(visit: Visit, task: str) -> None:
    """Open the run and click "stone called normal": pictures with the maps of both classes."""
    open_address(visit, f"/performance?task={task}")
    chart = visit.page.locator(".st-key-performance-matrix .js-plotly-plot")
    chart.locator(".scatterlayer .point").first.wait_for()
    place = chart.evaluate(
        "plot => plot.data.at(-1).customdata.findIndex(pair => pair.join() === 'stone,normal')"
    )
    box = chart.locator(".scatterlayer .point").nth(place).bounding_box()
    assert box is not None
    visit.page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    expect(visit.page.get_by_text("Stone called Normal: ")).to_be_visible()
    pictures = visit.page.locator("figure.sl-pane img[alt=picture]")
    expect(pictures).to_have_count(6)
    looks_well(visit)
    drawn = visit.page.locator("figure.sl-pane img[alt^='map: ']")
    assert drawn.count() >= 6
    assert pixels(drawn.first).std() > 5
    assert pixels(pictures.first).shape[:2] == pixels(drawn.first).shape[:2]


def pixels(image: Locator) -> np.ndarray:
    source = str(image.get_attribute("src"))
    with Image.open(io.BytesIO(base64.b64decode(source.partition("base64,")[2]))) as opened:
        return np.asarray(opened.convert("RGB"))


def analyse(visit: Visit, path: Path, source: PictureSource) -> None:
    """Put a picture on the light box; say that it carries the recipe's steps where it does."""
    follow(visit, "Analyse", visit.page.locator("[data-testid=stFileUploader]"))
    upload(visit, path)
    visit.page.get_by_text("What the model saw").wait_for()
    settle(visit)
    if source.already_applied:
        visit.page.get_by_text("This picture already carries these steps").click()
        visit.page.get_by_text("· carried").first.wait_for()
        settle(visit)


def answer(visit: Visit) -> tuple[str, str]:
    """Return the threshold and the flagged classes of the one answer, as its CSV has them."""
    looks_well(visit)
    with visit.page.expect_download() as caught:
        visit.page.get_by_role("button", name="Answers as CSV").click()
    text = Path(caught.value.path()).read_text(encoding="utf-8-sig")
    [row] = csv.DictReader(text.splitlines())
    return row["threshold"], row["flagged"]


def raise_and_sign(visit: Visit) -> str:
    """Ask for more stones: fewer missed, at a higher price; sign that and return its threshold."""
    claims = visit.page.locator(".sl-claims")
    follow(visit, "Operating point", claims)
    visit.page.get_by_role("radio", name="Stone", exact=True).click()
    slider = visit.page.get_by_role("slider", name="at least").first
    slider.press("PageDown")
    expect(claims).to_contain_text("At least 90 % by picture")
    before = tiles(visit)
    slider.press("PageUp")
    for _ in range(6):
        slider.press("ArrowRight")
    expect(claims).to_contain_text("At least 98 % by picture")
    after = tiles(visit)
    assert after[MISSED] < before[MISSED]
    assert after[FALSE_ALARMS] > before[FALSE_ALARMS]
    assert after[PRICE] > before[PRICE]
    threshold = f"{after['Threshold']:.3f}"
    visit.page.get_by_label("Your name").fill(WHO)
    visit.page.get_by_role("button", name="Sign and store for stone").click()
    expect(visit.page.get_by_text("In force: Analyse uses it")).to_be_visible()
    looks_well(visit)
    return threshold


def tiles(visit: Visit) -> dict[str, float]:
    """Return the numbers of the contract that stand now, by their titles."""
    settle(visit)
    found = {}
    for tile in visit.page.locator(".sl-tiles > div").all():
        number = tile.locator("b").inner_text().split()[0]
        found[tile.locator("dt").inner_text()] = float(number.replace(",", ""))
    return found


def write_down_a_cause(visit: Visit) -> str:
    """Say of the first stone that is still missed why it was; return its file."""
    card = visit.page.locator("[class*=st-key-clinic_card_]").first
    follow(visit, "Missed findings", card)
    visit.page.get_by_role("radio", name="Stone", exact=True).click()
    expect(visit.page.locator(".sl-count")).to_contain_text("stone pictures missed of")
    settle(visit)
    visit.page.get_by_placeholder("Your name, under each cause").fill(WHO)
    card.get_by_role("combobox", name="Cause").click()
    visit.page.get_by_role("option", name="Too small", exact=True).click()
    card.locator("textarea").fill(NOTE)
    card.get_by_role("button", name="Save the cause").click()
    expect(card).to_contain_text(f"Too small, {WHO}, ")
    looks_well(visit)
    return card.locator("[data-testid=stText]").inner_text().partition("· ")[2]
