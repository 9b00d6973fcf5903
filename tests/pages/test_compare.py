"""Compare: a verdict in words, what it rests on, and a record that is there afterwards."""

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
from core.workflows import records
from core.workflows.comparing import (
    Question,
    comparable_runs,
    compare_stored,
    comparison_csv,
    gap_frame,
    partners,
    verdict_record,
)
from tests.drawn_runs import draw_run
from tests.pages.conftest import OpenPage
from tests.pages.looking import html_of, words_of


@pytest.fixture
def store(use_settings: Callable[..., None], small_models: Path, tmp_path: Path):
    """Return a function that stores a run of the small version in the product's home."""
    use_settings(models=small_models, home=tmp_path / "home")
    version = find_version("kidney_ct")

    def write(name: str, *, skill: float = 1.5, n: int = 300, external: bool = False) -> Path:
        run = draw_run(n, skill=skill)
        facts = RunFacts(
            name=name,
            task="kidney_ct",
            model_version=None if external else version.name,
            version_digest=None if external else version.digest,
            data=f"{name}.csv" if external else "drawn",
            split="test",
            group_source="column",
            group_name="series",
            created_at=f"2026-01-0{9 if name == 'first' else 2}T03:04:05Z",  # newest first
        )
        phase = np.where(np.arange(n) % 2, "arterial", "venous").astype(object)
        folder = tmp_path / "home" / "evaluation" / "kidney_ct"
        folder /= "external" if external else version.name
        return write_run(replace(run, facts=facts, slices={"phase": phase}), folder / name)

    return write


@pytest.fixture
def pair(store):
    return store("first"), store("20260103T010101Z-second", skill=0.6)


def test_the_verdict_stands_in_words_with_reason_numbers_and_tests(open_page: OpenPage, pair):
    app = open_page("compare")
    made = compare_stored(*_stored(), Question(app.selectbox(key="compare.class").value))
    words = words_of(app)
    said = {
        "may replace": "B may replace A",
        "may not": "B may not replace A",
        "cannot tell": "Cannot tell whether B may replace A",
    }
    assert said[made.verdict] in words
    assert f"{made.gap.sensitivity_a * 100:.1f} %" in words
    assert "McNemar, exact" in words
    assert "DeLong" in words
    assert "2,000 paired resamples of 40 series" in words
    table = html_of(app).split("sl-misses")[1].split("</table>")[0]
    for count in (made.gap.misses.both_found, made.gap.misses.only_b_missed):
        assert f"<b>{count}</b>" in table


def _stored():
    runs = comparable_runs("kidney_ct")
    return runs[0], partners(runs[0], runs)[0]


def test_margin_and_class_change_the_verdict(open_page: OpenPage, pair):
    app = open_page("compare")
    app.number_input(key="compare.margin").set_value(100.0).run()
    assert "B may replace A" in words_of(app)
    app.selectbox(key="compare.class").set_value("tumor").run()
    app.number_input(key="compare.margin").set_value(0.0).run()
    assert not app.exception
    assert "B may not replace A" in words_of(app)


def test_at_thresholds_two_numbers_are_asked_for(open_page: OpenPage, pair):
    app = open_page("compare")
    app.segmented_control(key="compare.calls").set_value("thresholds").run()
    thresholds = [item for item in app.number_input if "threshold" in item.key]
    assert [item.value for item in thresholds] == [0.5, 0.5]
    thresholds[1].set_value(0.05).run()
    assert not app.exception


def test_the_chart_says_every_row_to_who_cannot_see_it(open_page: OpenPage, pair):
    alt = open_page("compare").get("plotly_chart")[0].proto.alt
    assert alt.count("points") == 4 + 2  # classes, and the two phases
    assert "phase arterial" in alt


def test_without_pictures_the_rows_stand_with_how_to_attach_them(open_page: OpenPage, pair):
    app = open_page("compare")
    app.selectbox(key="compare.class").set_value("tumor").run()
    assert "are not attached" in words_of(app)
    shown = app.dataframe[0].value
    assert list(shown["what"].unique()) == ["only B missed"]
    app.segmented_control(key="compare.kind").set_value("only A false alarm").run()
    assert not app.exception


def test_both_tables_can_be_taken_away_with_both_runs(open_page: OpenPage, pair):
    app = open_page("compare")
    labels = {button.proto.label for button in app.get("download_button")}
    assert labels == {"Differences as CSV", "All disagreements as CSV"}
    stored = _stored()
    made = compare_stored(*stored, Question("stone", threshold_b=0.2))
    for frame in (gap_frame(made), made.cases):
        text = comparison_csv(made, frame, *stored).decode("utf-8-sig")
        first = next(csv.DictReader(io.StringIO(text)))
        assert (first["run_a"], first["run_b"]) == (stored[0].name, stored[1].name)
        assert (first["threshold_a"], first["threshold_b"]) == ("argmax", "0.2")
        assert first["verdict"]


def test_a_verdict_is_recorded_with_a_name_and_is_there_on_the_next_visit(
    open_page: OpenPage, pair
):
    app = open_page("compare")
    app.button(key="compare.record").click().run()
    assert "not signed" in words_of(app)
    assert records.comparisons("kidney_ct") == []
    app.text_input(key="compare.signed_by").set_value("Dr. Who")
    app.button(key="compare.record").click().run()
    assert not app.exception
    (stored,) = records.comparisons("kidney_ct")
    assert (stored.recorded_by, stored.margin) == ("Dr. Who", 0.05)
    assert {"mcnemar_p", "sensitivity_difference", "reason", "n_positive"} <= stored.facts.keys()
    again = open_page("compare")
    assert f"Dr. Who: {stored.verdict}" in words_of(again)


def test_a_record_needs_a_name(pair):
    stored = _stored()
    with pytest.raises(Exception, match="not signed"):
        verdict_record(compare_stored(*stored, Question("stone")), *stored, by="  ")


def test_one_run_only_says_what_is_needed(open_page: OpenPage, store):
    store("first")
    words = words_of(open_page("compare"))
    assert "Comparing needs two runs on the same cases" in words
    assert "python -m core evaluate --task kidney_ct --predictions FILE.csv" in words


def test_runs_of_another_number_of_cases_are_no_partners(open_page: OpenPage, store):
    store("first")
    store("other", n=200)
    assert "no two of them hold the same cases" in words_of(open_page("compare"))


def test_as_many_other_cases_are_refused_by_the_first_file(open_page: OpenPage, store, tmp_path):
    store("first")
    path = store("second")
    moved = path.with_name("third")
    run = draw_run(300)
    names = np.array([f"other/{name}" for name in run.file], object)
    facts = RunFacts(task="kidney_ct", model_version=None, data="x.csv")
    folder = tmp_path / "home" / "evaluation" / "kidney_ct" / "external" / moved.name
    write_run(replace(run, file=names, facts=facts), folder)
    app = open_page("compare")
    app.selectbox(key="compare.b").set_value(str(folder)).run()
    assert "picture_00000.png&#x27; of A is not in B" in words_of(app)
    assert app.selectbox(key="compare.b").value == str(folder)  # another one can be chosen


def test_somebody_else_s_run_is_a_challenger_too(open_page: OpenPage, store):
    store("first")
    store("theirs", external=True, skill=2.5)
    app = open_page("compare")
    assert app.selectbox(key="compare.b").options[0].startswith("not ours: theirs.csv")
    assert not app.exception


def test_no_file_name_enters_the_markup(open_page: OpenPage, pair):
    assert "picture_0" not in html_of(open_page("compare"))
