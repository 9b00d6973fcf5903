"""Training as a person walks it: start, see curves, cancel, resume, close the browser, promote."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.conftest import Visit, served, visiting
from tests.browser.steps import open_address, settle

pytestmark = [pytest.mark.browser, pytest.mark.slow]
ERRORS = ".stException, .sl-error, [data-status=error]"
RUN_MS = 600_000  # TensorFlow starts first, on whatever machine this is
TINY = """key: tiny
title: Tiny
task: phantom_ct
architecture: simple_cnn
training: {epochs: 8, steps_per_epoch: 20, batch_size: 8, patience: 100, strategy: all}
data: {series: 100, limit: 96}
"""
ADDRESS = "/training?task=phantom_ct"


def write_experiment(visit: Visit, text: str) -> None:
    visit.page.get_by_text("YAML", exact=True).click()
    box = visit.page.locator("textarea")
    box.fill(text)
    box.press("Control+Enter")
    settle(visit)


def chip(visit: Visit, words: str):
    return visit.page.locator(".sl-title .sl-chip", has_text=words)


@pytest.mark.timeout(1800)
def test_a_run_outlives_the_browser_and_ends_as_a_version(browser: Browser, tmp_path: Path):
    models = tmp_path / "models"
    models.mkdir()
    with served(models, tmp_path / "home") as base:
        with visiting(browser, base) as visit:
            open_address(visit, ADDRESS)
            write_experiment(visit, TINY)
            visit.page.get_by_role("button", name="Start training").click()
            expect(chip(visit, "running")).to_be_visible()
            curves = visit.page.locator(".st-key-training-loss .js-plotly-plot")
            expect(curves).to_be_visible(timeout=RUN_MS)
            visit.page.get_by_role("button", name="Cancel").click()
            expect(chip(visit, "cancelled")).to_be_visible()
            visit.page.get_by_role("button", name="Resume").click()
            expect(chip(visit, "running")).to_be_visible()
            assert visit.page.locator(ERRORS).count() == 0
        # The browser is closed meanwhile.
        with visiting(browser, base) as visit:
            open_address(visit, ADDRESS)
            expect(chip(visit, "finished")).to_be_visible(timeout=RUN_MS)
            expect(visit.page.locator(".sl-figureline")).to_contain_text("macro F1")
            visit.page.get_by_role("link", name="Open it on Models").click()
            expect(visit.page.locator(".sl-title h1")).to_be_visible()
            expect(chip(visit, "verified")).to_be_visible()
            assert visit.page.locator(ERRORS).count() == 0
    (written,) = (models / "phantom_ct").glob("simple_cnn-*")
    assert (written / "manifest.json").is_file()
