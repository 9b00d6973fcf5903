"""A day of reading in a real browser: pictures in, verdicts by keys, a second reader, a consensus."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Locator, expect

from tests.browser.conftest import Visit, served, visiting
from tests.browser.steps import open_address, settle
from tests.pages.looking import encoded, picture

pytestmark = [pytest.mark.browser, pytest.mark.slow]
N = 3


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
    settle(visit)


def lines(visit: Visit) -> Locator:
    return visit.page.locator("tr[data-case]")


def press(visit: Visit, label: str) -> None:
    visit.page.get_by_role("button", name=label).first.click()
    settle(visit)


def choose(visit: Visit, title: str) -> None:
    form = visit.page.locator("[data-testid=stButtonGroup]")
    form.filter(has_text="Not assessable").get_by_role("radio", name=title, exact=True).click()
    settle(visit)


def case_in(visit: Visit) -> str:
    return visit.page.url.split("case=")[1].split("&")[0]


def test_the_day_from_the_upload_to_the_consensus(
    browser: Browser, reading_room: str, tmp_path: Path
):
    files = []
    for seed in range(N):
        files.append(tmp_path / f"slice{seed}.png")
        files[-1].write_bytes(encoded(picture(40 + seed)))
    with visiting(browser, reading_room) as first:
        open_address(first, "/worklist?task=kidney_ct")
        say_who(first, "A. First")
        first.page.locator("input[type=file]").set_input_files([str(path) for path in files])
        press(first, f"Add {N} pictures")
        expect(lines(first)).to_have_count(N)
        order = [str(line.get_attribute("data-case")) for line in lines(first).all()]
        first.page.keyboard.press("Enter")  # the first line, by key
        first.page.wait_for_url("**/case?*")
        settle(first)
        assert case_in(first) == order[0]

        choose(first, "Tumour")
        note = first.page.locator(".st-key-case_comment textarea")
        note.fill("begun, then the page was reloaded")
        first.page.wait_for_timeout(1500)  # a pause in typing hands the text on
        first.page.reload()
        settle(first)
        note = first.page.locator(".st-key-case_comment textarea")
        expect(note).to_have_value("begun, then the page was reloaded")
        press(first, "Save verdict")
        expect(first.page.locator("[data-case-state=in_review]")).to_be_visible()

        first.page.keyboard.press("n")
        first.page.wait_for_url(f"**case={order[1]}*")
        settle(first)
        first.page.get_by_role("button", name="Agree").dblclick()
        settle(first)
        expect(first.page.get_by_text("A. First (you)")).to_have_count(1)
        assert first.outside == []

    with visiting(browser, reading_room) as second:
        open_address(second, f"/case?task=kidney_ct&case={order[0]}")
        expect(second.page.get_by_text("waits for a second read")).to_be_visible()
        say_who(second, "B. Second")
        expect(second.page.locator("[data-probability]")).to_have_count(0)
        expect(second.page.get_by_text("begun, then")).to_have_count(0)
        choose(second, "Cyst")
        press(second, "Save verdict")
        expect(second.page.get_by_text("2 readers differ")).to_be_visible()

        say_who(second, "C. Third")
        expect(second.page.locator(".sl-read")).to_have_count(2)
        choose(second, "Cyst")
        press(second, "Record the consensus")
        expect(second.page.get_by_text("Consensus, the reference standard")).to_be_visible()
        expect(second.page.locator("[data-case-state=done]")).to_be_visible()
        expect(second.page.locator("[data-probability]").first).to_be_visible()
        assert second.outside == []


def test_a_lost_connection_takes_no_word_away(browser: Browser, reading_room: str, tmp_path: Path):
    path = tmp_path / "slice.png"
    path.write_bytes(encoded(picture(44)))
    with visiting(browser, reading_room) as visit:
        open_address(visit, "/worklist?task=kidney_ct")
        say_who(visit, "A. First")
        visit.page.locator("input[type=file]").set_input_files(str(path))
        press(visit, "Add 1 picture")
        expect(lines(visit)).to_have_count(1)
        lines(visit).first.click()
        visit.page.wait_for_url("**/case?*")
        settle(visit)
        visit.page.locator(".st-key-case_comment textarea").fill("before")
        visit.page.wait_for_timeout(1500)
        visit.page.context.set_offline(True)
        note = visit.page.locator(".st-key-case_comment textarea")
        note.evaluate(
            "(field) => { field.value = 'before and after the cut';"
            " field.dispatchEvent(new Event('input', { bubbles: true })); }"
        )
        visit.page.context.set_offline(False)
        visit.page.reload()
        settle(visit)
        note = visit.page.locator(".st-key-case_comment textarea")
        expect(note).to_have_value("before and after the cut")
