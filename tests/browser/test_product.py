"""The product as a person meets it: a real browser on a real server."""

from __future__ import annotations

import contextlib
import csv
import http.client
import urllib.parse
from collections.abc import Callable
from pathlib import Path

import numpy as np
import psutil
import pytest
from playwright.sync_api import Browser, Locator, Request, expect

from core.workflows.analyse import analyse_bytes
from tests.browser.conftest import Visit, served, visiting
from tests.browser.steps import open_address, pane, probabilities, settle, upload, write_dicom
from tests.pages.looking import encoded, picture

pytestmark = pytest.mark.browser
PAGES = {"analyse": "Drop", "performance": "No stored run", "models": "Intended use"}


@pytest.fixture
def png(tmp_path: Path) -> Path:
    path = tmp_path / "slice.png"
    path.write_bytes(encoded(picture()))
    return path


def named(visit: Visit, name: str) -> Locator:
    """Return the line that names the picture that is looked at."""
    return visit.page.locator("[data-testid=stText]").get_by_text(name, exact=True)


@pytest.mark.parametrize("page", PAGES)
def test_a_deep_link_to_a_fresh_server_ends_on_the_page_inside_the_frame(
    browser: Browser, shipped: Path, tmp_path: Path, page: str
):
    with served(shipped, tmp_path / "home") as base, visiting(browser, base) as visit:
        open_address(visit, f"/{page}?task=phantom_ct")
        assert visit.page.url == f"{base}/{page}?task=phantom_ct"
        expect(visit.page.locator(".sl-brand")).to_have_text("Second Look")
        expect(visit.page.locator(".sl-badge")).to_have_text("Synthetic, for teaching")
        current = visit.page.get_by_role("link", name=page.capitalize(), exact=True)
        expect(current).to_be_visible()
        if page != "analyse":
            expect(visit.page.get_by_text(PAGES[page])).to_be_visible()
        else:
            expect(visit.page.locator("input[type=file]")).to_have_count(1)
        assert visit.outside == []


def test_the_bare_address_leads_to_analyse(visit: Visit):
    open_address(visit, "/")
    assert visit.page.url.startswith(f"{visit.base}/analyse?task=")


def test_a_png_and_the_dicom_made_from_it_get_the_same_probabilities(
    visit: Visit, png: Path, tmp_path: Path
):
    open_address(visit, "/analyse?task=kidney_ct")
    upload(visit, png)
    from_png = probabilities(visit)
    row = downloaded_row(visit)
    assert {name: float(row[f"p_{name}"]) for name in from_png} == pytest.approx(from_png)
    assert (row["file"], row["model_version"], row["threshold"]) == (
        "slice.png",
        "small-1",
        "argmax",
    )
    assert np.array_equal(pane(visit, "original"), picture())
    overlay = pane(visit, "overlay")
    assert overlay.shape == (*picture().shape, 3)
    assert not np.array_equal(overlay, np.repeat(picture()[..., None], 3, axis=2))

    upload(visit, write_dicom(tmp_path / "slice.dcm", picture()))
    named(visit, "slice.dcm").wait_for()
    visit.page.get_by_role("button", name="Invert").wait_for()
    from_dicom = probabilities(visit)
    assert from_dicom == pytest.approx(from_png, abs=1e-3)
    assert sum(from_png.values()) == pytest.approx(1, abs=1e-6)
    assert np.array_equal(pane(visit, "original"), picture())


def downloaded_row(visit: Visit) -> dict[str, str]:
    """Return the last line of the table of answers, taken away as a person would."""
    with visit.page.expect_download() as caught:
        visit.page.get_by_role("button", name="Answers as CSV").click()
    text = Path(caught.value.path()).read_text(encoding="utf-8-sig")
    return list(csv.DictReader(text.splitlines()))[-1]


def test_a_truncated_jpeg_is_refused_while_the_page_lives_on(
    visit: Visit, png: Path, tmp_path: Path
):
    whole = encoded(picture(8), "JPEG", quality=95)
    (tmp_path / "cut.jpg").write_bytes(whole[: len(whole) // 2])
    open_address(visit, "/analyse?task=kidney_ct")
    upload(visit, tmp_path / "cut.jpg")
    visit.page.locator("[data-status=error]").wait_for()
    expect(visit.page.locator("[data-status=error]")).to_contain_text("incomplete")
    expect(visit.page.locator("[data-probability]")).to_have_count(0)
    upload(visit, png)
    assert len(probabilities(visit)) == 4


def test_names_of_files_are_text_and_make_no_request(visit: Visit, tmp_path: Path):
    names = ("![a](http:⁄⁄127.0.0.1:9⁄x).png", "<img src=x onerror=window.hit=1>.png")
    for name in names:
        (tmp_path / name).write_bytes(encoded(picture()))
    open_address(visit, "/analyse?task=kidney_ct")
    upload(visit, *(tmp_path / name for name in names))
    probabilities(visit)
    for name in names:
        expect(named(visit, name)).to_be_visible()
        visit.page.keyboard.press("n")
        settle(visit)
    assert visit.page.evaluate("window.hit") is None
    assert visit.outside == []


def test_quick_changes_of_picture_end_with_the_map_of_the_picture_shown(
    visit: Visit, shipped: Path, tmp_path: Path, use_settings: Callable[..., None]
):
    use_settings(models=shipped)
    paths = [tmp_path / f"{seed}.png" for seed in (1, 2, 3)]
    for seed, path in enumerate(paths, start=1):
        path.write_bytes(encoded(picture(seed)))
    open_address(visit, "/analyse?task=kidney_ct")
    upload(visit, *paths)
    probabilities(visit)
    for key in "nnpnppn":
        visit.page.keyboard.press(key)
        visit.page.wait_for_timeout(60)
    shown = 2  # every key counts, however fast: 2 3 2 3 2 1 2
    expect(visit.page.locator(".strip [aria-current=true] .name")).to_have_text(f"{shown}.png")
    # The strip says at once what was asked for; the panes follow when the page has answered.
    expect(visit.page.locator(".st-key-file_name [data-testid=stText]")).to_have_text(
        f"{shown}.png"
    )
    settle(visit)
    assert np.array_equal(pane(visit, "original"), picture(shown))
    answer = analyse_bytes(encoded(picture(shown)), task="kidney_ct")
    assert answer.prediction is not None
    expected = dict(answer.prediction.probabilities)
    assert probabilities(visit) == pytest.approx(expected, abs=1e-6)


def test_a_file_over_the_limit_is_turned_away_in_words(visit: Visit, tmp_path: Path):
    (tmp_path / "huge.png").write_bytes(b"\0" * (51 << 20))
    open_address(visit, "/analyse?task=kidney_ct")
    upload(visit, tmp_path / "huge.png")
    expect(visit.page.get_by_role("alert").first).to_contain_text("50.0MB or smaller")


def test_the_server_itself_stops_an_upload_that_hides_its_length(visit: Visit, png: Path):
    open_address(visit, "/analyse?task=kidney_ct")
    with visit.page.expect_request(lambda sent: "/upload_file/" in sent.url) as caught:
        upload(visit, png)
    before = resident_megabytes(visit)
    assert replayed_with(caught.value, megabytes=600) == 413
    assert resident_megabytes(visit) - before < 80  # what is turned away never stays in memory
    assert len(probabilities(visit)) == 4


def replayed_with(request: Request, *, megabytes: int) -> int:
    """Send the upload again, chunked and without a length; return the status."""
    url = urllib.parse.urlsplit(request.url)
    kept = {"cookie", "x-xsrftoken", "origin"}
    headers = {name: value for name, value in request.all_headers().items() if name in kept}
    headers["content-type"] = "multipart/form-data; boundary=edge"
    start = b'--edge\r\nContent-Disposition: form-data; name="file"; filename="a.png"\r\n\r\n'
    chunks = [start, *[b"\0" * (1 << 20)] * megabytes, b"\r\n--edge--\r\n"]
    connection = http.client.HTTPConnection(str(url.hostname), url.port, timeout=60)
    with contextlib.closing(connection):
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):  # refused half-way
            connection.request(
                "PUT", url.path, body=iter(chunks), headers=headers, encode_chunked=True
            )
        with connection.getresponse() as response:
            return response.status


def resident_megabytes(visit: Visit) -> float:
    """Return the memory of the server that the visit looks at."""
    port = visit.base.rpartition(":")[2]
    servers = psutil.Process().children(recursive=True)
    [found] = [child for child in servers if port in child.cmdline()]
    return found.memory_info().rss / 2**20


def test_the_page_can_be_worked_with_the_keyboard_alone(visit: Visit, png: Path):
    open_address(visit, "/analyse?task=kidney_ct")
    upload(visit, png)
    probabilities(visit)
    reached = set()
    for _ in range(45):
        visit.page.keyboard.press("Tab")
        reached.add(
            visit.page.evaluate(
                """() => {
                    let at = document.activeElement;
                    while (at && at.shadowRoot && at.shadowRoot.activeElement)
                        at = at.shadowRoot.activeElement;
                    return at.type === 'range' ? 'slider'
                        : at.dataset.pane || at.getAttribute('role') || at.tagName;
                }"""
            )
        )
    assert {"original", "overlay", "slider", "A", "BUTTON"} <= reached


def test_one_key_hides_the_map_and_brings_it_back(visit: Visit, png: Path):
    open_address(visit, "/analyse?task=kidney_ct")
    upload(visit, png)
    probabilities(visit)
    overlay = pane(visit, "overlay")
    visit.page.keyboard.press("o")
    assert np.array_equal(pane(visit, "overlay"), picture())
    visit.page.keyboard.press("o")
    assert np.array_equal(pane(visit, "overlay"), overlay)


def test_both_panes_zoom_together(visit: Visit, png: Path):
    open_address(visit, "/analyse?task=kidney_ct")
    upload(visit, png)
    probabilities(visit)
    zooms = visit.page.locator(".pane .zoom")
    before = zooms.first.inner_text()
    visit.page.keyboard.press("z")
    assert zooms.nth(0).inner_text() == zooms.nth(1).inner_text() != before
    visit.page.keyboard.press("=")
    assert zooms.nth(0).inner_text() == before


def test_two_sessions_see_only_their_own_picture(browser: Browser, server: str, tmp_path: Path):
    seen = []
    with visiting(browser, server) as one, visiting(browser, server) as two:
        for seed, visit in ((1, one), (2, two)):
            path = tmp_path / f"{seed}.png"
            path.write_bytes(encoded(picture(seed)))
            open_address(visit, "/analyse?task=kidney_ct")
            upload(visit, path)
        for seed, visit in ((1, one), (2, two)):
            probabilities(visit)
            seen.append(np.array_equal(pane(visit, "original"), picture(seed)))
    assert seen == [True, True]
