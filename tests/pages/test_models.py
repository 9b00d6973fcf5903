"""Models: the card in words, leakage named, red where the files are not as they were shipped."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from pathlib import Path

import pytest

from core.inference.card import CardFigure, MetricSet
from core.inference.package import read_version
from core.tasks import load_task
from core.workflows.downloads import card_csv
from core.workflows.records import Promotion, record_promotion
from pages._shared import worth
from tests.pages.conftest import OpenPage
from tests.pages.looking import html_of, words_of
from tests.small_version import small_card, write_small_version

STONES = CardFigure(
    value=0.8, low=0.7, high=0.87, n=165, low_grouped=0.61, high_grouped=0.91, n_groups=22
)
LEAKED = CardFigure(value=0.98, low=0.97, high=0.99, n=200)
METRICS = (
    MetricSet(
        split="random",
        title="A random split",
        leakage=True,
        n=200,
        figures={"sensitivity_stone": LEAKED},
    ),
    MetricSet(
        split="out_of_fold",
        title="Five folds by series",
        n=600,
        n_groups=60,
        figures={"sensitivity_stone": STONES},
    ),
)
CARD = small_card(load_task("kidney_ct"), "told-1", metrics=METRICS, limits=("One centre <only>.",))


@pytest.fixture
def told(tmp_path: Path) -> Path:
    write_small_version(tmp_path / "told", "kidney_ct", "told-1", card=CARD)
    return tmp_path / "told"


def test_the_card_stands_in_words(open_page: OpenPage, told: Path):
    words = words_of(open_page("models", models=told))
    for part in (CARD.intended_use, *CARD.known_failures, CARD.training_data.licence):
        assert part in words
    assert "resize_lanczos_224, then clahe_lab_4_8x8" in words
    assert "One centre &lt;only&gt;." in words
    assert "✓ verified" in words


def test_the_card_says_that_the_maps_were_not_audited_and_how_to_do_it(
    open_page: OpenPage, told: Path
):
    words = words_of(open_page("models", models=told))
    assert "Whether its maps can be believed" in words
    assert "explain-audit --task kidney_ct --version told-1" in words


def test_figures_stand_with_interval_and_n_and_a_leaking_split_says_so(
    open_page: OpenPage, told: Path
):
    blocks = html_of(open_page("models", models=told)).split("<section class='sl-split")[1:]
    assert len(blocks) == 2
    assert "leakage: measures memory" in blocks[0]
    assert "leakage" not in blocks[1]
    assert "0.61–0.91" in blocks[1]
    assert "n 600 in 60 series" in blocks[1]


def test_the_figures_can_be_taken_away_with_the_version(open_page: OpenPage, told: Path):
    app = open_page("models", models=told)
    assert [button.proto.label for button in app.get("download_button")] == ["Figures as CSV"]
    rows = list(csv.DictReader(io.StringIO(card_csv(CARD, version_digest="d").decode("utf-8-sig"))))
    assert [row["leakage"] for row in rows] == ["True", "False"]
    assert {row["model_version"] for row in rows} == {"told-1"}


def test_a_changed_version_is_red_and_says_which_file(open_page: OpenPage, told: Path):
    (told / "kidney_ct" / "told-1" / "calibration.yaml").write_text("temperature: 9\n")
    app = open_page("models", models=told)
    assert "This version may not answer" in words_of(app)
    assert "calibration.yaml" in words_of(app)
    assert "sl-tone-bad'>✕ refused" in html_of(app)


def promote(told: Path, digest: str) -> None:
    row = Promotion(
        "kidney_ct", "told-1", digest, "older", "may not", "Stones <first>.", "A. Reader"
    )
    record_promotion(row)


def test_who_made_it_champion_stands_in_a_quiet_line(
    open_page: OpenPage, told: Path, tmp_path: Path, use_settings: Callable[..., None]
):
    use_settings(home=tmp_path / "home")
    promote(told, read_version(told / "kidney_ct" / "told-1").digest)
    words = words_of(open_page("models", models=told))
    assert "Champion told-1: promoted by A. Reader on" in words
    assert "in place of older against the check (verdict: may not): Stones &lt;first&gt;." in words


def test_a_champion_that_is_not_what_was_promoted_is_red(
    open_page: OpenPage, told: Path, tmp_path: Path, use_settings: Callable[..., None]
):
    use_settings(home=tmp_path / "home")
    promote(told, "0" * 64)
    app = open_page("models", models=told)
    assert "told-1 is not the version that was promoted: its files are others." in words_of(app)
    assert "Champion cannot answer" in [link.proto.label for link in app.get("page_link")]


def test_what_an_answer_is_worth_is_taken_from_a_split_that_does_not_leak():
    said = worth.sentence(CARD, "stone", "Stone", group_name="series")
    assert said == (
        "On series it had not seen, it found 80 % of stone pictures (61–91 %, n 165 in 22 series)."
    )
    assert worth.sentence(CARD, "cyst", "Cyst", group_name="series") is None
