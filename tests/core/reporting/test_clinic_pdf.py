"""The PDF of the clinic: text is text in every script, every page says what it is."""

from __future__ import annotations

import io
import unicodedata

import numpy as np
import pypdfium2
import pytest
from PIL import Image
from reportlab import rl_config

from core.reporting.case_report import USE
from core.reporting.clinic_pdf import Card, Clinic, render_clinic_pdf
from core.reporting.fonts import load_fonts, paragraph_text, printable
from core.reporting.pdf_parts import Pane

NOTES = (
    "<b>not bold</b> <img src=x onerror=alert(1)> & <para>",
    "![x](http://127.0.0.1:9/x)",
    "=HYPERLINK(1)",
    "Ünïcödé Пётр Ελένη",
    "w" * 300,
    "line\nbreak\ttab\x00\x1b",
)


def png(colour: int) -> bytes:
    stream = io.BytesIO()
    Image.fromarray(np.full((64, 48, 3), colour, np.uint8)).save(stream, "PNG")
    return stream.getvalue()


def card(place: int, note: str) -> Card:
    return Card(
        title=f"{place}. {note}",
        panes=[Pane("Picture", png(90)), Pane("Map", None, "no positive evidence")],
        probabilities=[("Stone", "#E69F00", 0.2, "true"), ("Normal", "#009E73", 0.8, "called")],
        facts=[("Series", note)],
        near=[Pane("Cyst 0.71", png(40)), Pane("Stone 0.75", None, "away")],
        near_said="Nearest training pictures",
        cause="Look-alike",
        note=note,
    )


def clinic(n_rows: int = 3, **changes: object) -> Clinic:
    values: dict[str, object] = {
        "title": "Stone: misses",
        "headline": "3 stone pictures missed of 4",
        "detail": "Miss rate",
        "header": "Version v1 (digest abc) · run hand · threshold stone >= 0.2 · n 4",
        "facts": [("Task", "Kidney CT")],
        "sentences": ["A sentence."],
        "causes": [("Look-alike", 1, "100 %")],
        "cards": [card(place, note) for place, note in enumerate(NOTES)],
        "columns": ["file", "note"],
        "rows": [[f"file_{row}.png", NOTES[row % len(NOTES)]] for row in range(n_rows)],
        "made_at": "2026-01-02T03:04:05Z",
    }
    return Clinic(**(values | changes))


def pages(content: bytes) -> list[str]:
    document = pypdfium2.PdfDocument(content)
    return [page.get_textpage().get_text_range() for page in document]


def test_every_page_says_version_digest_run_threshold_n_and_what_it_is_not():
    shown = pages(render_clinic_pdf(clinic(200)))
    assert len(shown) > 3
    for number, text in enumerate(shown, 1):
        assert "Version v1 (digest abc) · run hand · threshold stone >= 0.2 · n 4" in text
        assert USE in text
        assert f"Page {number}" in text
        assert "200 rows, SHA-256 " in text


def test_notes_appear_as_the_text_that_they_are():
    text = " ".join(" ".join(pages(render_clinic_pdf(clinic()))).split())
    for said in (NOTES[0], NOTES[1], NOTES[2], NOTES[3], "line break tab"):
        assert said in text


def test_nothing_in_the_file_leads_anywhere():
    content = render_clinic_pdf(clinic())
    for word in (b"/URI", b"/JavaScript", b"/Launch", b"/OpenAction"):
        assert word not in content


def test_without_cards_and_rows_the_front_stands_alone():
    shown = pages(render_clinic_pdf(clinic(cards=[], rows=[])))
    assert len(shown) == 1
    assert "0 rows" in shown[0]


@pytest.mark.parametrize(
    ("text", "printed"),
    [
        ("stone", "stone"),
        ("a\u202egnp.exe", "agnp.exe"),
        ("中", "⟨U+4E2D⟩"),
        ("שלום 1", "םולש 1"),
        ("ab שלום cd", "ab םולש cd"),
        ("e\u0301", "é"),
        ("a\r\nb\u2028c", "a  b c"),
    ],
)
def test_text_is_made_printable_without_losing_a_letter(text: str, printed: str):
    assert printable(text) == printed


def test_markup_of_paragraphs_is_escaped():
    assert paragraph_text("<b>&") == "&lt;b&gt;&amp;"
    assert paragraph_text('<img src="file:///etc/passwd"/>').startswith("&lt;img src=")


@pytest.mark.parametrize("letter", list("中肾日のカ한、Ａ"))
def test_a_letter_of_china_japan_and_korea_is_drawn(letter: str):
    markup = paragraph_text(letter, 10)
    assert markup.startswith('<img src="data:image/png;base64,')
    assert markup != paragraph_text("文", 10)


@pytest.mark.parametrize("letter", list("ไहअቀ"))
def test_a_letter_that_nothing_can_draw_is_its_code_point(letter: str):
    assert paragraph_text(letter) == f"⟨U+{ord(letter):04X}⟩"


def test_arabic_letters_are_joined_and_none_is_lost():
    text = "حصاة في الكلية"
    printed = printable(text)
    assert set(printed).isdisjoint(set(text) - {" "})  # presentation forms, all of them
    assert unicodedata.normalize("NFKC", printed[::-1]) == text
    held = load_fonts()
    assert all(ord(letter) in held for letter in printed)


def test_no_address_but_a_letter_in_the_text_itself_is_ever_opened():
    load_fonts()
    assert rl_config.trustedSchemes == ["data"]


def test_the_font_holds_the_scripts_that_it_is_chosen_for():
    held = load_fonts()
    assert all(ord(letter) in held for letter in "aÄñЖΩשمԱქ≥⟨⟩µ°")


def test_a_page_can_be_drawn_and_is_not_blank():
    document = pypdfium2.PdfDocument(render_clinic_pdf(clinic()))
    drawn = np.asarray(document[0].render(scale=1).to_pil().convert("L"))
    assert (drawn < 128).mean() > 0.005
