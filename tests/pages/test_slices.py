"""Slices: a run by its columns, the worst slice found, and honest empty states."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from core.evaluation.runs import EvaluationRun, RunFacts, write_run
from core.inference.package import find_version
from core.tasks import load_task
from core.workflows.points import PointsInForce
from core.workflows.slicing import figures_of, run_columns, sliced_run
from core.workflows.stored_runs import open_run, stored_runs
from tests.drawn_runs import draw_run
from tests.pages.conftest import OpenPage
from tests.pages.looking import html_of, words_of


@pytest.fixture
def keep_run(
    use_settings: Callable[..., None], small_models: Path, tmp_path: Path
) -> Callable[[EvaluationRun], None]:
    """Return a function that stores a run of the small version in the product's home."""
    use_settings(models=small_models, home=tmp_path / "home")
    version = find_version("kidney_ct")

    def keep(run: EvaluationRun) -> None:
        facts = RunFacts(
            name="out-of-fold", task="kidney_ct", model_version=version.name,
            version_digest=version.digest, data="drawn", split="out_of_fold",
            split_made="folds of series", group_source="column", group_name="series",
            created_at="2026-01-02T03:04:05Z",
        )  # fmt: skip
        folder = tmp_path / "home" / "evaluation" / "kidney_ct" / version.name
        write_run(replace(run, facts=facts), folder / "out-of-fold")

    return keep


def with_weak_centre() -> EvaluationRun:
    """Return a run whose stones are missed in one centre."""
    run = draw_run(900, n_groups=150, skill=3)
    codes = np.array([int(name[1:]) for name in run.group])
    centre = np.array(["north", "south", ""], dtype=object)[codes % 3]
    y_prob = run.y_prob.copy()
    spoilt = (centre == "south") & (run.y_true == 2)
    y_prob[spoilt] = [0.1, 0.7, 0.1, 0.1]
    age = np.random.default_rng(0).normal(60, 9, run.n).astype(str).astype(object)
    return replace(run, y_prob=y_prob, slices={"centre": centre, "age": age})


def test_every_slice_stands_with_its_figures_n_and_groups(open_page: OpenPage, keep_run):
    keep_run(with_weak_centre())
    app = open_page("slices")
    run, task = open_run(stored_runs("kidney_ct")[0]), load_task("kidney_ct")
    made = sliced_run(run, task, run_columns(run, {})["centre"], PointsInForce())
    for label, row in figures_of(made, "tumor").items():
        figure = row["sensitivity"]
        words = f"{figure['value']:.2f} {figure['low_grouped']:.2f}–{figure['high_grouped']:.2f}"
        assert words in words_of(app)
        assert label in words_of(app).replace("All cases", "all cases")
    assert f"900 in {len(set(run.group))} series" in words_of(app)


def test_the_planted_slice_is_found_and_leads_to_its_misses(open_page: OpenPage, keep_run):
    keep_run(with_weak_centre())
    app = open_page("slices")
    app.segmented_control(key="slices.finding").set_value("stone").run()
    assert not app.exception
    assert "Missed more here than chance explains" in words_of(app)
    assert "centre: south" in words_of(app)
    links = [link.proto for link in app.get("page_link")]
    (to_misses,) = [link for link in links if link.label.startswith("Look into the missed")]
    assert "run=out-of-fold" in to_misses.query_string
    assert "class=stone" in to_misses.query_string


def test_numbers_are_cut_and_the_cuts_are_shown(open_page: OpenPage, keep_run):
    keep_run(with_weak_centre())
    app = open_page("slices")
    app.selectbox(key="slices.column").select("age").run()
    assert not app.exception
    assert "and above" in words_of(app)
    assert app.selectbox(key="slices.column").options[1].endswith("cut at quartiles")


def test_every_table_can_be_taken_away(open_page: OpenPage, keep_run):
    keep_run(with_weak_centre())
    app = open_page("slices")
    labels = {button.proto.label for button in app.get("download_button")}
    assert "Slices as CSV" in labels
    assert "Misses of this slice" in labels
    assert any(label.startswith("All ") for label in labels)


def test_a_run_without_columns_says_how_to_get_some(open_page: OpenPage, keep_run):
    keep_run(draw_run(60))
    app = open_page("slices")
    assert "This run has no slice columns" in words_of(app)
    assert not app.get("plotly_chart")


def test_pictures_that_are_away_are_one_sentence_and_stored_columns_work(
    open_page: OpenPage, keep_run
):
    keep_run(with_weak_centre())
    app = open_page("slices")
    assert "Picture properties (size, light, sharpness) are missing" in words_of(app)
    assert len(app.get("plotly_chart")) == 1


def test_an_undefined_figure_is_a_dash_and_never_a_zero(open_page: OpenPage, keep_run):
    run = draw_run(300, n_groups=40)
    kind = np.where(run.y_true == 3, "mass", "none").astype(object)
    keep_run(replace(run, slices={"kind": kind}))
    app = open_page("slices")
    row = html_of(app).split(">none</th>")[1].split("</tr>")[0]
    assert "<b>–</b><span>undefined</span>" in row


def test_the_name_of_a_slice_is_text_and_not_markup(open_page: OpenPage, keep_run):
    run = draw_run(300, n_groups=40)
    kind = np.where(np.arange(300) % 2, "<b>x</b>", "<script>").astype(object)
    keep_run(replace(run, slices={"<i>kind</i>": kind}))
    app = open_page("slices")
    assert "<script>" not in html_of(app)
    assert "&lt;script&gt;" in html_of(app)


def test_without_a_run_the_page_says_how_to_measure(open_page: OpenPage):
    app = open_page("slices")
    assert "python -m core evaluate --task kidney_ct --data FOLDER" in words_of(app)


def test_a_slice_of_one_group_has_no_interval_that_leads(open_page: OpenPage, keep_run):
    run = draw_run(300, n_groups=40)
    one = np.where(run.group == "g003", "one", "many").astype(object)
    keep_run(replace(run, slices={"centre": one}))
    app = open_page("slices")
    app.segmented_control(key="slices.finding").set_value("cyst").run()
    row = html_of(app).split(">one</th>")[1].split("</tr>")[0]
    assert "one group: no interval" in row
