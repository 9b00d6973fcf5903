"""A day of reading in a browser: verdicts by keys, a second reader, a consensus, its report."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pypdfium2
import pytest
from PIL import Image
from playwright.sync_api import Browser, Locator, expect

from tests.browser.conftest import Visit, served, visiting
from tests.browser.steps import open_address, settle
from tests.pages.looking import encoded, picture

pytestmark = [pytest.mark.browser, pytest.mark.slow]
N = 3
SCALE = 2.0  # pixels a point: 144 dots an inch


@pytest.fixture
def reading_room(shipped: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Address of a server of its own, where every case is read twice."""
    monkeypatch.setenv("SECOND_LOOK_SECOND_READ_SHARE", "1")
    with served(shipped, tmp_path / "home") as base:
        yield base


def say_who(visit: Visit, who: str) -> None:
    name = visit.page.locator(".st-key-reader_field input")
    name.fill(who)
    name.press("Tab")
    visit.page.wait_for_timeout(1000)  # the page has begun to run again
    settle(visit)


def lines(visit: Visit) -> Locator:
    return visit.page.locator("tr[data-case]")


def press(visit: Visit, label: str) -> None:
    visit.page.get_by_role("button", name=label).first.click()
    settle(visit)


def choose(visit: Visit, title: str) -> None:
    form = visit.page.locator("[data-testid=stButtonGroup]")
    option = form.filter(has_text="Not assessable").get_by_role("radio", name=title, exact=True)
    expect(option).to_have_count(1)  # an older form may still leave
    option.click()
    settle(visit)


def case_in(visit: Visit) -> str:
    return visit.page.url.split("case=")[1].split("&")[0]


def note(visit: Visit) -> Locator:
    return visit.page.locator(".st-key-case_comment textarea")


def wait_for_note(visit: Visit, text: str) -> None:
    """Wait until one form stands on the page and holds a comment; an older one may still leave."""
    visit.page.wait_for_function(
        "text => { const fields = document.querySelectorAll('.st-key-case_comment textarea');"
        " return fields.length === 1 && fields[0].value === text; }",
        arg=text,
    )
    settle(visit)


def add(visit: Visit, folder: Path, n: int) -> list[str]:
    """Add drawn pictures on the worklist; return the cases in its order."""
    files = [folder / f"slice{seed}.png" for seed in range(n)]
    for seed, path in enumerate(files):
        path.write_bytes(encoded(picture(40 + seed)))
    open_address(visit, "/worklist?task=kidney_ct")
    say_who(visit, "A. First")
    visit.page.locator("input[type=file]").set_input_files([str(path) for path in files])
    press(visit, f"Add {n} picture")
    expect(lines(visit)).to_have_count(n)
    return [str(line.get_attribute("data-case")) for line in lines(visit).all()]


def reads_the_first_two(visit: Visit, order: list[str]) -> None:
    """Open the first line by key, read it with a reload in between, then the next by key."""
    visit.page.keyboard.press("Enter")
    visit.page.wait_for_url(f"**case={order[0]}*")
    settle(visit)
    choose(visit, "Tumour")
    note(visit).fill("begun, then the page was reloaded")
    visit.page.wait_for_timeout(1500)  # a pause in typing hands the text on
    visit.page.reload()
    wait_for_note(visit, "begun, then the page was reloaded")
    press(visit, "Save verdict")
    expect(visit.page.locator("[data-case-state=in_review]")).to_be_visible()
    visit.page.keyboard.press("n")
    visit.page.wait_for_url(f"**case={order[1]}*")
    settle(visit)
    visit.page.get_by_role("button", name="Agree").dblclick()
    expect(visit.page.get_by_text("A. First (you)")).to_have_count(1)


def reads_blind(visit: Visit, case_id: str) -> None:
    """Read a case a second time, with nothing of the first read or the answer on the page."""
    open_address(visit, f"/case?task=kidney_ct&case={case_id}")
    expect(visit.page.get_by_text("waits for a second read")).to_be_visible()
    say_who(visit, "B. Second")
    wait_for_note(visit, "")
    expect(visit.page.locator("[data-probability]")).to_have_count(0)
    expect(visit.page.get_by_text("begun, then")).to_have_count(0)
    choose(visit, "Cyst")
    press(visit, "Save verdict")
    expect(visit.page.get_by_text("2 readers differ")).to_be_visible()


def adjudicates(visit: Visit) -> None:
    """Decide between the two reads; the answer is shown after that."""
    say_who(visit, "C. Third")
    expect(visit.page.get_by_text("You are one of the readers")).to_have_count(0)
    expect(visit.page.locator(".sl-read")).to_have_count(2)
    expect(visit.page.locator("[data-probability]")).to_have_count(0)
    choose(visit, "Cyst")
    press(visit, "Record the consensus")
    expect(visit.page.get_by_text("Consensus, the reference standard")).to_be_visible()
    expect(visit.page.locator("[data-case-state=done]")).to_be_visible()
    expect(visit.page.locator("[data-probability]").first).to_be_visible()


def takes_the_report(visit: Visit, folder: Path) -> Path:
    """Download the PDF of the case that is open."""
    with visit.page.expect_download() as taken:
        visit.page.get_by_role("button", name="Report as PDF").click()
    path = folder / "report.pdf"
    taken.value.save_as(path)
    return path


def rendered(path: Path) -> tuple[str, list[np.ndarray], np.ndarray]:
    """Return a report's words, its pictures cut out of the rendered first page, and the page.

    A picture is where the PDF says that one stands: grey, 0 to 255, as a person sees it.
    """
    with pypdfium2.PdfDocument(path) as document:
        words = "\n".join(page.get_textpage().get_text_range() for page in document)
        page = document[0]
        seen = np.asarray(page.render(scale=SCALE).to_pil().convert("L"), float)
        height, found = page.get_height(), []
        for item in page.get_objects(filter=[pypdfium2.raw.FPDF_PAGEOBJ_IMAGE]):
            left, bottom, right, top = (SCALE * at for at in item.get_bounds())
            down = slice(round(SCALE * height - top), round(SCALE * height - bottom))
            found.append(seen[down, round(left) : round(right)])
    return words, found, seen


def likeness(seen: np.ndarray, pixels: np.ndarray) -> float:
    """Return how much a rendered picture is that of the pixels: their correlation."""
    rows, columns = seen.shape
    resized = Image.fromarray(pixels).resize((columns, rows), Image.Resampling.BICUBIC)
    return float(np.corrcoef(seen.ravel(), np.asarray(resized, float).ravel())[0, 1])


def expect_report(path: Path, case_id: str) -> None:
    """Expect words, picture and map of the case on the page as it would be printed."""
    words, pictures, page = rendered(path)
    for said in (case_id, "A. First", "B. Second", "C. Third", "Consensus", "begun, then the page",
                 "small-1", "Research use"):  # fmt: skip
        assert said.lower() in words.lower(), said
    assert 0.05 < (page < 128).mean() < 0.6  # ink, and paper
    alike = [max(likeness(seen, picture(40 + seed)) for seed in range(N)) for seen in pictures]
    assert len(alike) == 2
    assert alike[0] > 0.98  # the picture as it was read
    assert 0.5 < alike[1] < alike[0]  # the map lies over the same picture


def test_the_day_from_the_upload_to_the_consensus(
    browser: Browser, reading_room: str, tmp_path: Path
):
    with visiting(browser, reading_room) as first:
        order = add(first, tmp_path, N)
        reads_the_first_two(first, order)
        assert first.outside == []
    with visiting(browser, reading_room) as second:
        reads_blind(second, order[0])
        adjudicates(second)
        expect_report(takes_the_report(second, tmp_path), order[0])
        assert second.outside == []


def test_a_lost_connection_takes_no_word_away(browser: Browser, reading_room: str, tmp_path: Path):
    with visiting(browser, reading_room) as visit:
        [case_id] = add(visit, tmp_path, 1)
        lines(visit).first.click()
        visit.page.wait_for_url(f"**case={case_id}*")
        settle(visit)
        note(visit).fill("before")
        visit.page.wait_for_timeout(1500)
        visit.page.context.set_offline(True)
        note(visit).press_sequentially(" and after the cut")
        visit.page.context.set_offline(False)
        visit.page.reload()
        wait_for_note(visit, "before and after the cut")
