"""Fonts of a PDF, and text that they can print: nothing is lost, nothing turns into an empty box.

DejaVu Sans (a free licence, brought by matplotlib) holds Latin, Greek, Cyrillic, Armenian,
Georgian, Hebrew, Arabic and most signs. A letter that it does not hold (Chinese, Thai) is printed
as its code point, ``⟨U+4E2D⟩``; the CSV of the same export holds the letters themselves.
Right-to-left scripts are set in reading order; Arabic letters stand unjoined.
"""

from __future__ import annotations

import unicodedata
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from xml.sax.saxutils import escape

from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont

from core.errors import SettingsError

REGULAR, BOLD = "DejaVuSans", "DejaVuSans-Bold"
_RIGHT_TO_LEFT = {"R", "AL"}
_NEUTRAL = {"WS", "ON", "CS", "ES", "ET", "NSM"}


def font_file(name: str) -> Path:
    """Return the file of a font, by its name.

    Raises
    ------
    SettingsError
        If the font files are not where matplotlib keeps them.
    """
    found = find_spec("matplotlib")  # found, not imported: only its files are wanted
    folder = Path(str(found.origin)).parent / "mpl-data" / "fonts" / "ttf" if found else None
    if folder is None or not (folder / f"{name}.ttf").is_file():
        raise SettingsError(
            "The fonts of a PDF are not installed (DejaVu Sans, of matplotlib).",
            remedy="Install requirements.txt again.",
        )
    return folder / f"{name}.ttf"


@cache
def load_fonts() -> frozenset[int]:
    """Register the fonts once a process, and return the code points that they hold.

    Raises
    ------
    SettingsError
        If the font files are not where matplotlib keeps them.
    """
    held = []
    for name in (REGULAR, BOLD):
        font = TTFont(name, str(font_file(name)))
        pdfmetrics.registerFont(font)
        held.append(set(font.face.charToGlyph))
    pdfmetrics.registerFontFamily(REGULAR, normal=REGULAR, bold=BOLD, italic=REGULAR)
    return frozenset(set.intersection(*held))


def printable(text: str) -> str:
    """Return text as the fonts can print it, on one line.

    Control characters and the marks that turn the direction of writing are left out; line ends
    become spaces.
    """
    held = load_fonts()
    letters = []
    for letter in unicodedata.normalize("NFC", text):
        kind = unicodedata.category(letter)
        if letter.isspace():
            letters.append(" ")
        elif kind in ("Cc", "Cf", "Cs", "Co"):
            continue
        else:
            letters.append(letter if ord(letter) in held else f"⟨U+{ord(letter):04X}⟩")
    return _in_reading_order("".join(letters)).strip()


def paragraph_text(text: str) -> str:
    """Return printable text for a paragraph of reportlab, which reads markup: none gets through."""
    return escape(printable(text))


def _in_reading_order(text: str) -> str:
    """Return text with each run of a right-to-left script turned round, signs inside it too."""
    if not any(unicodedata.bidirectional(letter) in _RIGHT_TO_LEFT for letter in text):
        return text
    out: list[str] = []
    run: list[str] = []
    waiting: list[str] = []
    for letter in text:
        kind = unicodedata.bidirectional(letter)
        if kind in _RIGHT_TO_LEFT:
            run += [*waiting, letter]
            waiting = []
        elif run and kind in _NEUTRAL:
            waiting.append(letter)
        else:
            out += [*reversed(run), *waiting, letter]
            run, waiting = [], []
    return "".join([*out, *reversed(run), *waiting])
