"""Performance: honest runs first, leakage named, every table a CSV with version and threshold."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from core.evaluation.runs import RunFacts, write_run
from core.inference.package import find_version
from core.tasks import load_task
from core.workflows import run_performance
from core.workflows.stored_runs import open_run, performance, stored_runs
from pages._shared import cells, figures
from tests.drawn_runs import draw_run
from tests.pages.conftest import OpenPage
from tests.pages.looking import html_of, upload, words_of


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
    assert len(said) == 4  # matrix, ROC, precision-recall, reliability
    assert all(said)
    assert "Stone called Normal: " in said[0]


TABLES = {
    "Figures of each class",
    "Figures of each class, by series",
    "Means over classes",
    "Means over classes, by series",
    "Figures of the whole run",
    "Confusion matrix",
    "ROC curves",
    "Precision-recall curves",
    "Reliability bins",
}


def test_every_table_can_be_taken_away_with_version_and_threshold(
    open_page: OpenPage, with_runs: Path
):
    app = open_page("performance")
    labels = {button.proto.label for button in app.get("download_button")}
    assert labels == TABLES
    stored = stored_runs("kidney_ct")[0]
    made, drawn = performance(stored), run_performance.curves(open_run(stored))
    for frame in (made.confusion, made.classes, made.averages, made.reliability, made.summary,
                  drawn.roc, drawn.precision_recall):  # fmt: skip
        text = run_performance.frame_csv(made, frame).decode("utf-8-sig")
        first = next(csv.DictReader(io.StringIO(text)))
        assert (first["model_version"], first["threshold"]) == ("small-1", "argmax")


def test_both_intervals_and_n_stand_in_every_cell_on_demand(open_page: OpenPage, with_runs: Path):
    app = open_page("performance")
    row = figures_of("sensitivity")["stone"]
    plain = f"plain {row['low']:.2f}–{row['high']:.2f}, n {row['n']:,}"
    # Where the pointer rests both are said; in the cell itself only after the switch.
    said = (
        f"respecting groups {row['low_grouped']:.3f}–{row['high_grouped']:.3f}; as if independent"
    )
    assert said in html_of(app)
    assert plain not in words_of(app)
    app.toggle(key="performance.plain_intervals").set_value(True).run()
    assert plain in words_of(app)


def figures_of(figure: str) -> dict[str, dict[str, Any]]:
    made = performance(stored_runs("kidney_ct")[0])
    rows = made.classes[made.classes["figure"] == figure].to_dict("records")
    return {row["class"]: row for row in rows}


def test_series_stand_beside_pictures_by_the_rule_that_is_chosen(
    open_page: OpenPage, with_runs: Path
):
    app = open_page("performance")
    cases, task = open_run(stored_runs("kidney_ct")[0]), load_task("kidney_ct")
    for rule in ("mean", "any"):
        app.segmented_control(key="performance.group_rule").set_value(rule).run()
        made = run_performance.group_level(cases, task, rule)
        for row in made.classes[made.classes["figure"] == "sensitivity"].to_dict("records"):
            assert f"{row['value']:.2f} {row['low']:.2f}–{row['high']:.2f}" in words_of(app)
        assert f"{made.n_mixed:,} of {made.n_groups:,} series hold several classes" in words_of(app)


def test_where_a_group_is_no_case_one_sentence_says_so(open_page: OpenPage, with_runs: Path):
    app = open_page("performance")
    assert "is positive for a class when any of its pictures is" in words_of(app)
    made = performance(stored_runs("kidney_ct")[0])
    task = load_task("kidney_ct").model_copy(update={"group_is_case": False, "group_name": "slide"})
    with pytest.MonkeyPatch.context() as patch:
        said: list[str] = []
        patch.setattr(figures.style, "quiet", said.append)
        figures.show_level(made, None, task)
    assert said == [
        "Here every picture is a case of its own: a slide is no case, it only widens the intervals."
    ]


def test_nothing_of_a_cell_is_shown_before_one_is_chosen(open_page: OpenPage, with_runs: Path):
    app = open_page("performance")
    assert app.selectbox(key="performance.cell_true").value is None
    assert "the most confident call first" not in words_of(app)


def choose_cell(app: AppTest, true: str, called: str) -> AppTest:
    app.selectbox(key="performance.cell_true").set_value(true)
    app.selectbox(key="performance.cell_called").set_value(called)
    app.run()
    assert not app.exception
    return app


def test_a_cell_with_the_pictures_away_shows_its_rows_and_how_to_attach_them(
    open_page: OpenPage, with_runs: Path
):
    app = choose_cell(open_page("performance"), "normal", "cyst")
    rows = app.dataframe[0].value
    assert len(rows) == cells.CASES_ON_A_PAGE
    assert (rows["y_true"] == "normal").all() and (rows["called"] == "cyst").all()
    assert rows["p_called"].is_monotonic_decreasing
    assert "set SECOND_LOOK_DATA_ROOT to the folder" in words_of(app)
    app.button(key="performance.cell_later").click().run()
    later = app.dataframe[0].value
    assert later["p_called"].max() <= rows["p_called"].min()
    assert set(later["file"]).isdisjoint(rows["file"])


def test_a_missed_finding_leads_on_to_the_clinic(open_page: OpenPage, with_runs: Path):
    app = choose_cell(open_page("performance"), "stone", "normal")
    asked = [link.proto.query_string for link in app.get("page_link")]
    assert any("run=out-of-fold" in text and "class=stone" in text for text in asked)
    choose_cell(app, "normal", "stone")
    asked = [link.proto.query_string for link in app.get("page_link")]
    assert not any("class=" in text for text in asked)


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
    leaking = {run.name: run.is_random for run in stored_runs("kidney_ct")}
    assert leaking == {"out-of-fold": False, "z-random": True}


PREDICTIONS = "file,y_true,cyst,normal,stone,tumor\n" + "".join(
    f"p{index}.png,{name},{'0.7,0.1,0.1,0.1' if index % 3 else '0.1,0.7,0.1,0.1'}\n"
    for index, name in enumerate(["cyst", "normal", "stone", "tumor"] * 5)
)


def test_predictions_that_are_dropped_in_become_the_run_that_is_looked_at(
    open_page: OpenPage, with_runs: Path
):
    app = upload(open_page("performance"), ("their model.csv", PREDICTIONS.encode()))
    picker = app.selectbox(key="performance.run")
    assert picker.value.endswith("their-model-csv")
    chosen = next(text for text in picker.options if "their model.csv" in text)
    assert "20 pictures" in chosen and "external" in chosen
    assert "Groups (series, patients, slides) are unknown" in words_of(app)
    assert "This run names no groups" in words_of(app)
    app.run()
    assert len(stored_runs("kidney_ct")) == 3  # stored once, not again with a rerun


def test_a_wrong_file_is_not_stored_and_says_where_and_what_to_do(
    open_page: OpenPage, with_runs: Path
):
    wrong = PREDICTIONS.replace("p3.png,tumor,0.1", "p3.png,tumor,much")
    app = upload(open_page("performance"), ("wrong.csv", wrong.encode()))
    said = [element.value for element in app.text]
    assert "Line 5 of wrong.csv: The probability of cyst is 'much', not a number." in said
    assert "Give a number from 0 to 1." in said
    assert len(stored_runs("kidney_ct")) == 2


def test_the_first_run_of_a_task_can_be_dropped_in(open_page: OpenPage):
    app = upload(open_page("performance"), ("theirs.csv", PREDICTIONS.encode()))
    assert app.selectbox(key="performance.run").value.endswith("theirs-csv")
