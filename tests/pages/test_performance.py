"""Performance: honest runs first, leakage named, every table a CSV with version and threshold."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from core.evaluation.runs import RunFacts, write_run
from core.inference.package import find_version
from core.workflows.stored_runs import performance, stored_runs, table_csv
from pages._shared import runs
from tests.drawn_runs import draw_run
from tests.pages.conftest import OpenPage
from tests.pages.looking import html_of, words_of


@pytest.fixture
def with_runs(use_settings: Callable[..., None], small_models: Path, tmp_path: Path) -> Path:
    """Store a grouped run and a random-split run of the small version in the product's home."""
    use_settings(models=small_models, home=tmp_path / "home")
    version = find_version("kidney_ct")
    folder = tmp_path / "home" / "evaluation" / "kidney_ct" / version.name
    for name, split in (("z-random", "random_split"), ("out-of-fold", "out_of_fold")):
        run = draw_run(300)
        facts = RunFacts(
            name=name,
            task="kidney_ct",
            model_version=version.name,
            version_digest=version.digest,
            data="drawn",
            split=split,
            split_made=f"how {split} was made",
            group_source="column",
            group_name="series",
            created_at="2026-01-02T03:04:05Z",
        )
        write_run(replace(run, facts=facts), folder / name)
    return folder


def test_the_run_that_keeps_groups_apart_comes_first_with_its_facts(
    open_page: OpenPage, with_runs: Path
):
    app = open_page("performance")
    picker = app.selectbox(key="performance.run")
    assert picker.value == "out-of-fold"
    assert picker.options[0].startswith("Out of fold · drawn · 300 pictures, ")
    assert "how out_of_fold was made" in words_of(app)
    assert "Leakage" not in words_of(app)


def test_a_random_split_is_labelled_as_leakage_in_the_list_and_on_the_page(
    open_page: OpenPage, with_runs: Path
):
    app = open_page("performance")
    assert app.selectbox(key="performance.run").options[1].endswith("LEAKAGE")
    app.selectbox(key="performance.run").select_index(1).run()
    assert not app.exception
    assert "these figures measure memory, not diagnosis" in words_of(app)


def test_every_class_stands_with_n_and_the_interval_that_respects_groups(
    open_page: OpenPage, with_runs: Path
):
    app = open_page("performance")
    made = performance(stored_runs("kidney_ct")[0])
    rows = made.classes[made.classes["figure"] == "sensitivity"].to_dict("records")
    for row in rows:
        assert f"{row['low_grouped']:.2f}–{row['high_grouped']:.2f}" in words_of(app)
        assert f"{row['n']:,} in {row['n_groups']}" in words_of(app)


def test_the_figures_are_charts_with_words_for_who_cannot_see_them(
    open_page: OpenPage, with_runs: Path
):
    app = open_page("performance")
    said = [chart.proto.alt for chart in app.get("plotly_chart")]
    assert len(said) == 3
    assert all(said)
    assert "Stone called Normal: " in said[0]


def test_every_table_can_be_taken_away_with_version_and_threshold(
    open_page: OpenPage, with_runs: Path
):
    app = open_page("performance")
    labels = {button.proto.label for button in app.get("download_button")}
    assert labels == {"Matrix as CSV", "Table as CSV", "Bins as CSV", "Summary as CSV"}
    made = performance(stored_runs("kidney_ct")[0])
    for table in ("confusion", "classes", "reliability", "summary"):
        text = table_csv(made, table).decode("utf-8-sig")
        first = next(csv.DictReader(io.StringIO(text)))
        assert (first["model_version"], first["threshold"]) == ("small-1", "argmax")


def test_the_matrix_can_be_read_in_counts_by_row_and_by_column(
    open_page: OpenPage, with_runs: Path
):
    app = open_page("performance")
    for scale in ("row", "column", "count"):
        app.segmented_control(key="performance.scale").set_value(scale).run()
        assert not app.exception


def test_without_a_run_the_page_says_how_to_measure(open_page: OpenPage):
    app = open_page("performance")
    assert "python -m core evaluate --task kidney_ct --data FOLDER" in words_of(app)


def test_an_undefined_figure_is_a_dash_and_never_a_zero(open_page: OpenPage, with_runs: Path):
    run = draw_run(60)
    version = find_version("kidney_ct")
    facts = replace(run.facts, task="kidney_ct", version_digest=version.digest, split="test")
    never = replace(run, y_true=np.where(run.y_true == 2, 1, run.y_true), facts=facts)
    write_run(never, with_runs / "a-no-stones")
    app = open_page("performance")
    app.selectbox(key="performance.run").select("a-no-stones").run()
    row = html_of(app).split(">Stone</th>")[1].split("</tr>")[0]
    assert "<b>–</b><span>undefined</span>" in row
    assert "0.00" not in row.split("</td>")[1]


def test_a_split_leaks_only_when_it_is_random(with_runs: Path):
    leaking = {run.name: runs.leaks(run) for run in stored_runs("kidney_ct")}
    assert leaking == {"out-of-fold": False, "z-random": True}
