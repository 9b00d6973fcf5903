"""Fonts of a PDF, and text that they can print: nothing is lost, nothing turns into an empty box.

DejaVu Sans (a free licence, brought by matplotlib) holds Latin, Greek, Cyrillic, Armenian,
Georgian, Hebrew, Arabic and most signs. Right-to-left scripts are set in reading order, Arabic
letters joined (arabic-reshaper). Chinese, Japanese and Korean letters are drawn as pictures
(:mod:`core.reporting.glyphs`). What neither holds (Thai, the scripts of India) is printed as its
code point, ``⟨U+0E44⟩``; the CSV of the same export holds the letters themselves.
"""

from __future__ import annotations

import unicodedata
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from xml.sax.saxutils import escape

from arabic_reshaper import ArabicReshaper
from reportlab import rl_config
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont

from core.errors import SettingsError
from core.reporting.glyphs import glyph_markup

REGULAR, BOLD = "DejaVuSans", "DejaVuSans-Bold"
_RIGHT_TO_LEFT = {"R", "AL"}
_NEUTRAL = {"WS", "ON", "CS", "ES", "ET", "NSM"}
_JOINED = ArabicReshaper({"delete_harakat": False, "support_ligatures": False})


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
    # reportlab opens the address of a picture: ours are letters in the text itself, and no other
    # scheme than that is ever followed ("localhost" is what it wants to hear for "data").
    rl_config.trustedHosts, rl_config.trustedSchemes = ["localhost"], ["data"]
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
    return "".join(
        letter if ord(letter) in held else f"⟨U+{ord(letter):04X}⟩" for letter in _in_line(text)
    )


def paragraph_text(text: str, size: float = 8.5) -> str:
    """Return printable text for a paragraph of reportlab, which reads markup: none gets through.

    Letters that only a picture can show stand as pictures, ``size`` points high.
    """
    held = load_fonts()
    return "".join(
        escape(letter)
        if ord(letter) in held
        else glyph_markup(letter, size) or f"⟨U+{ord(letter):04X}⟩"
        for letter in _in_line(text)
    )


def _in_line(text: str) -> str:
    """Return text without what no letter is, in the order in which it is printed."""
    letters = []
    for letter in _JOINED.reshape(unicodedata.normalize("NFC", text)):
        if letter.isspace():
            letters.append(" ")
        elif unicodedata.category(letter) not in ("Cc", "Cf", "Cs", "Co"):
            letters.append(letter)
    return _in_reading_order("".join(letters)).strip()


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
