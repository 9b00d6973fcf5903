"""The name of a file is text for the screen: never a path, never markup, never a crash."""

from __future__ import annotations

from pathlib import Path

import pytest

from pages._shared.viewer import shortened
from tests.pages.conftest import OpenPage
from tests.pages.looking import encoded, html_of, picture, probabilities_of, upload
from tests.source_tree import ROOT

PNG = encoded(picture())
NAMES = (
    "../../../escaped.png",
    "..\\..\\escaped.png",
    "/etc/passwd.png",
    "<img src=x onerror=alert(1)>.png",
    "![](http://127.0.0.1:9/x).png",
    "[a](javascript:alert(1)).png",
    ":material/delete: $x^2$ :red[x].png",
    "слайд 肾脏 كلية.png",
    "gnp.\u202eexe.png",
    "line\nbreak\r\ttab.png",
    "CON.png",
    "a" * 300 + ".png",
    "=HYPERLINK(1).png",
)


def test_a_hostile_name_is_shown_as_short_text_and_answered_like_any_other(
    open_page: OpenPage, tmp_path: Path
):
    before = {path.name for path in ROOT.iterdir()}
    app = upload(open_page("analyse"), *((name, PNG) for name in NAMES))
    for name in NAMES:
        assert probabilities_of(app)
        assert [text.value for text in app.text] == [shortened(name, 70)]
        markdown = " ".join(element.value for element in (*app.markdown, *app.caption))
        assert name not in html_of(app) + markdown
        assert shortened(name, 70) not in html_of(app) + markdown
        if name != NAMES[-1]:
            next(button for button in app.button if button.label == "Next").click().run()
    assert {path.name for path in ROOT.iterdir()} == before
    assert [path for path in tmp_path.rglob("*") if "escaped" in path.name] == []


@pytest.mark.parametrize("name", NAMES)
def test_a_shortened_name_is_one_printable_line_that_keeps_the_end(name: str):
    short = shortened(name, 40)
    assert len(short) <= 40
    assert short.isprintable()
    assert not set("\u202a\u202b\u202d\u202e") & set(short)
    assert short.endswith(".png")


def test_a_name_without_a_printable_letter_still_has_a_name():
    assert shortened("\u202e\n\t") == "unnamed"
