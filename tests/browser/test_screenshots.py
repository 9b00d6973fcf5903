"""A picture of every page with what the product ships, for the README and for looking at.

They are written to ``screenshots/``; ``docs/images/analyse.png`` is a copy of the first.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Browser, expect

from core.config import ROOT
from core.workflows.teaching import teaching_cases
from tests.browser.conftest import Visit, served, visiting
from tests.browser.steps import open_address, probabilities, settle, upload

pytestmark = pytest.mark.browser
FOLDER = ROOT / "screenshots"


@pytest.fixture(scope="module")
def shipped_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Address of a server with the models that the repository holds."""
    with served(ROOT / "models", tmp_path_factory.mktemp("shipped") / "home") as base:
        yield base


def photographed(visit: Visit, name: str) -> np.ndarray:
    FOLDER.mkdir(exist_ok=True)
    path = FOLDER / f"{name}.png"
    visit.page.screenshot(path=path)
    with Image.open(path) as picture:
        return np.asarray(picture.convert("L"))


def test_analyse_with_a_drawn_case(browser: Browser, shipped_server: str, tmp_path: Path):
    case = next(case for case in teaching_cases("phantom_ct") if "stone" in case.key)
    picture = tmp_path / "teaching case.png"
    picture.write_bytes(case.data)
    with visiting(browser, shipped_server) as visit:
        open_address(visit, "/analyse?task=phantom_ct")
        upload(visit, picture)
        assert sum(probabilities(visit).values()) == pytest.approx(1, abs=1e-3)
        assert photographed(visit, "analyse").std() > 10


@pytest.mark.parametrize("page", ["performance", "models"])
def test_a_page_of_the_shipped_teaching_version(browser: Browser, shipped_server: str, page: str):
    with visiting(browser, shipped_server) as visit:
        open_address(visit, f"/{page}?task=phantom_ct")
        settle(visit)
        # Charts are drawn after the page has stopped working.
        expect(visit.page.locator("[data-testid=stSkeleton]")).to_have_count(0)
        assert photographed(visit, page).std() > 5


def test_the_picture_in_the_readme_shows_the_page_at_its_size():
    with Image.open(ROOT / "docs/images/analyse.png") as picture:
        assert (picture.format, picture.size) == ("PNG", (1366, 768))
