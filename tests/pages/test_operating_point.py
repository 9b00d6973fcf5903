"""Operating point: one slider moves every number; what is signed is what Analyse uses."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from core.evaluation.runs import RunFacts, write_run
from core.inference.package import find_version
from core.tasks import load_task
from core.workflows import operating
from core.workflows.records import operating_points
from core.workflows.signing import sign
from core.workflows.stored_runs import stored_runs
from tests.drawn_runs import draw_run
from tests.pages.conftest import OpenPage
from tests.pages.looking import encoded, html_of, picture, upload, words_of

TASK = load_task("kidney_ct")


def store(folder: Path, name: str, *, seed: int, **facts: object) -> None:
    """Store a drawn run of the small version under the product's home."""
    version = find_version("kidney_ct")
    run = draw_run(300, seed=seed)
    group = np.array([f"{name}-{item}" for item in run.group], dtype=object)
    known = RunFacts(
        name=name,
        task="kidney_ct",
        model_version=version.name,
        version_digest=version.digest,
        data="drawn",
        split=name,
        split_made="by whole series",
        group_source="column",
        group_name="series",
        created_at="2026-01-02T03:04:05Z",
    )
    write_run(replace(run, group=group, facts=replace(known, **facts)), folder / name)


@pytest.fixture
def with_runs(use_settings: Callable[..., None], small_models: Path, tmp_path: Path) -> Path:
    """Store an out-of-fold run and a test run of the small version."""
    use_settings(models=small_models, home=tmp_path / "home")
    folder = tmp_path / "home" / "evaluation" / "kidney_ct" / "small-1"
    store(folder, "out_of_fold", seed=1)
    store(folder, "test", seed=2)
    return folder


def tiles_of(app: AppTest) -> list[str]:
    """Return the text of every number of the contract."""
    block = html_of(app).split("class='sl-tiles'")[1].split("</dl>")[0]
    return [re.sub(r"<[^>]+>", " ", item) for item in block.split("<div>")[1:]]


def bench() -> operating.Bench:
    """Return what the page works on."""
    runs = {run.name: run for run in stored_runs("kidney_ct")}
    return operating.open_bench(TASK, runs["out_of_fold"], runs["test"])


def made(sensitivity: float, name: str = "tumor") -> operating.Setting:
    """Return the numbers of the page for a sensitivity."""
    return operating.setting(bench(), operating.Demand(name, sensitivity))


def test_the_out_of_fold_run_chooses_and_the_test_run_checks(open_page: OpenPage, with_runs: Path):
    app = open_page("operating_point")
    assert app.selectbox(key="operating.chosen_on").value == "out_of_fold"
    assert app.selectbox(key="operating.checked_on").value == "test"
    assert "Checked on test: 300 pictures in 40 series" in words_of(app)


def test_one_slider_moves_every_number(open_page: OpenPage, with_runs: Path):
    app = open_page("operating_point")
    before = tiles_of(app)
    assert f"{made(0.95).threshold:.3f}" in before[0]  # the dearest miss comes first
    app.slider(key="operating.sensitivity").set_value(70.0).run()
    after = tiles_of(app)
    assert f"{made(0.70).threshold:.3f}" in after[0]
    assert all(one != other for one, other in zip(before, after, strict=True))


def test_more_sensitivity_misses_less_and_costs_more(with_runs: Path):
    curve = operating.trade_off_frame(bench(), operating.Demand("stone", 0.95))
    assert curve["sensitivity_asked"].tolist() == list(operating.STEPS)
    assert (np.diff(curve["threshold"]) <= 0).all()
    assert (np.diff(curve["misses"]) <= 0).all()
    assert (np.diff(curve["false_alarms"]) >= 0).all()


def test_the_page_says_what_may_be_said_by_series_and_by_picture(
    open_page: OpenPage, with_runs: Path
):
    app = open_page("operating_point")
    words, now = words_of(app), made(0.95)
    for level, unit in ((now.groups, "series"), (now.pictures, "pictures")):
        counts = level.counts
        assert f"Missed {counts.fn} of {counts.n_positive} {unit}" in words
        assert f"It would take {level.positives_needed:,} {unit}" in words


def test_a_prevalence_moves_the_price_and_not_what_was_found(open_page: OpenPage, with_runs: Path):
    app = open_page("operating_point")
    before = tiles_of(app)
    prevalence = next(item for item in app.select_slider if item.key.startswith("operating."))
    assert "(this run)" in " ".join(prevalence.options)
    prevalence.set_value(0.02).run()
    after = tiles_of(app)
    assert before[:4] == after[:4]
    assert all(one != other for one, other in zip(before[4:], after[4:], strict=True))


def test_any_finding_is_a_rule_of_its_own(open_page: OpenPage, with_runs: Path):
    app = open_page("operating_point")
    app.segmented_control(key="operating.finding").set_value("any_finding").run()
    assert not app.exception
    now = made(0.95, "any_finding")
    assert f"{now.threshold:.3f}" in tiles_of(app)[0]
    assert "Any finding found, by picture" in tiles_of(app)[1]
    assert "One missed finding counts" in words_of(app)


def test_the_same_run_twice_is_halved_by_whole_series(open_page: OpenPage, with_runs: Path):
    app = open_page("operating_point")
    app.selectbox(key="operating.chosen_on").select("test").run()
    assert "one half of the run and checked on the other: whole series, seed 0" in words_of(app)


def test_signed_and_stored_it_is_what_analyse_uses(open_page: OpenPage, with_runs: Path):
    picture_bytes = encoded(picture())
    app = upload(open_page("analyse"), ("slice.png", picture_bytes))
    assert "sl-tick" not in html_of(app).split("</style>")[-1]
    app = open_page("operating_point")
    app.text_input(key="operating.signed_by").set_value("Dr Example")
    app.button(key="operating.sign").click().run()
    assert not app.exception
    assert "In force: Analyse uses it" in words_of(app)
    point = operating_points(find_version("kidney_ct").digest)["tumor"]
    assert (point.threshold, point.signed_by) == (made(0.95).threshold, "Dr Example")
    assert (point.run, point.rule) == ("test: 300 pictures in 40 series", "one class")
    app = upload(open_page("analyse"), ("slice.png", picture_bytes))
    assert f"data-threshold='{point.threshold:.9f}'" in html_of(app)
    assert f"the model finds {100 * point.sensitivity[0]:.0f} % of tumours" in words_of(app)
    alarms = 100 * (1 - point.specificity[0])
    assert f"calls {alarms:.0f} of 100 pictures without one suspicious" in words_of(app)


def test_an_answer_on_the_light_box_is_worked_out_again_after_a_signature(
    open_page: OpenPage, with_runs: Path
):
    app = upload(open_page("analyse"), ("slice.png", encoded(picture())))
    sign(bench(), made(1.0, "stone"), signed_by="Dr Example")
    app.run()
    assert "data-threshold='" in html_of(app)
    assert "stone ≥ " in words_of(app)


def test_nobody_s_name_stores_nothing(open_page: OpenPage, with_runs: Path):
    app = open_page("operating_point")
    app.button(key="operating.sign").click().run()
    assert "Nobody signed. Give your name." in app.error[0].value
    assert operating_points(find_version("kidney_ct").digest) == {}


def test_a_point_of_another_model_cannot_be_stored(open_page: OpenPage, with_runs: Path):
    store(with_runs.parent / "external", "theirs", seed=3, model_version=None, version_digest=None)
    app = open_page("operating_point")
    app.selectbox(key="operating.checked_on").select("theirs").run()
    assert not app.exception
    assert "cannot be stored" in words_of(app)
    assert not [item for item in app.button if item.label.startswith("Sign and store")]


def test_without_a_positive_case_the_page_says_undefined_and_never_zero(
    open_page: OpenPage, with_runs: Path
):
    version = find_version("kidney_ct")
    run = draw_run(200, seed=4)
    facts = RunFacts(task="kidney_ct", version_digest=version.digest, split="calibration")
    never = replace(run, y_true=np.where(run.y_true == 3, 1, run.y_true), facts=facts)
    write_run(never, with_runs / "none")
    app = open_page("operating_point")
    app.selectbox(key="operating.chosen_on").select("none").run()
    assert not app.exception
    tiles = tiles_of(app)
    assert "no such case to choose it on" in tiles[0]
    assert "undefined" in tiles[1]
    assert "cannot be said" in words_of(app)


def test_every_table_can_be_taken_away_with_version_and_threshold(
    open_page: OpenPage, with_runs: Path
):
    app = open_page("operating_point")
    labels = {button.proto.label for button in app.get("download_button")}
    assert labels >= {"Curve as CSV", "Net benefit as CSV", "Calls as CSV", "All numbers as CSV"}
    now = made(0.95)
    data = operating.table_csv(bench(), operating.setting_frame(now), {"tumor": now.threshold})
    rows = list(csv.DictReader(io.StringIO(data.decode("utf-8-sig"))))
    assert [row["level"] for row in rows] == ["picture", "group"]
    assert rows[0]["threshold"] == f"tumor >= {now.threshold!r}"
    assert rows[0]["model_version"] == "small-1"


def test_what_is_called_is_what_analyse_would_call(with_runs: Path):
    here, now = bench(), made(0.95)
    frame, thresholds = operating.called_frame(here, now, {"stone": 0.3})
    assert thresholds == {"stone": 0.3, "tumor": now.threshold}
    run = here.parts.checking
    assert frame["n"].sum() == frame["n_at_argmax"].sum() == run.n
    flagged = (run.y_prob[:, 3] >= now.threshold) & (run.y_true == 3)
    tumours = frame[(frame["y_true"] == "tumor") & (frame["called"] == "tumor")]
    assert 0 < tumours["n"].item() <= flagged.sum()  # a more probable flagged finding goes first


def test_without_a_run_the_page_says_how_to_measure(open_page: OpenPage):
    app = open_page("operating_point")
    assert "python -m core evaluate --task kidney_ct --data FOLDER" in words_of(app)
