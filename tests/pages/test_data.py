"""Data: what a set holds, its checks, a few pictures, and a recipe tried on one."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from tests.pages.conftest import OpenPage
from tests.pages.looking import encoded, html_of, picture, words_of


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Eight pictures of two classes in four series, two of them equal."""
    folder = tmp_path / "root" / "ours"
    folder.mkdir(parents=True)
    lines = ["file,label,group,scanner"]
    for number in range(8):
        seed = 0 if number == 7 else number
        (folder / f"{number}.png").write_bytes(encoded(picture(seed)))
        label = "stone" if number < 4 else "normal"
        lines.append(f"{number}.png,{label},s{number // 2},<one>")
    (folder / "labels.csv").write_text("\n".join(lines))
    (folder / "dataset.yaml").write_text(
        "name: Our <archive>\ntask: kidney_ct\nslice_columns: [scanner]\n"
        "already_applied: [resize_lanczos_224, clahe_lab_4_8x8]\n"
    )
    return tmp_path / "root"


def test_a_set_is_counted_shown_and_tried(open_page: OpenPage, root: Path):
    app = open_page("data", data_root=root)
    words = words_of(app)
    for part in ("Our &lt;archive&gt;", "8 pictures", "4 series", "By scanner", "SL003"):
        assert part in words
    assert "pictures were not read yet" in words
    assert "Carried already, so left out: resize_lanczos_224, clahe_lab_4_8x8" in words
    assert html_of(app).count("<figure class='sl-pane'><img") == 4 + 1 + 6
    assert "<archive>" not in html_of(app)
    app.selectbox(key="data.experiment").set_value("published_kidney_ct_efficientnet_b3").run()
    assert not app.exception


def test_reading_every_picture_runs_aside_and_its_outcome_stays(open_page: OpenPage, root: Path):
    app = open_page("data", data_root=root)
    app.button(key="data.check").click().run()
    until = time.monotonic() + 60
    while "Checks of all 8 pictures" not in words_of(app) and time.monotonic() < until:
        time.sleep(0.1)
        app.run()
    words = words_of(app)
    assert "exact duplicates with different labels" in words
    assert "figures on it measure memory" in words
    assert "data.check" not in [button.key for button in app.button]
    assert not app.exception


def test_without_a_set_the_page_says_how_to_attach_one(open_page: OpenPage):
    words = words_of(open_page("data"))
    assert "No data set of Kidney CT is attached" in words
    assert "python -m core import FOLDER --task kidney_ct" in words


def test_a_drawn_task_has_no_folder(open_page: OpenPage):
    assert "The pictures of this task are drawn" in words_of(open_page("data", task="phantom_ct"))


def test_a_damaged_table_is_a_sentence_with_its_row(open_page: OpenPage, root: Path):
    with (root / "ours" / "labels.csv").open("a") as stream:
        stream.write("\n9.png,,s9,one")
    app = open_page("data", data_root=root)
    assert "row 10" in words_of(app).lower() or "labels.csv" in words_of(app)
    assert not app.exception


def test_a_damaged_picture_stands_there_with_its_reason(open_page: OpenPage, root: Path):
    (root / "ours" / "1.png").write_bytes(b"nothing")
    app = open_page("data", data_root=root)
    assert html_of(app).count("<figure class='sl-pane'><div>") == 1
    assert not app.exception
