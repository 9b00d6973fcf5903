"""Training: an experiment in words or YAML, its run as it goes, and what came of it."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from core.config import ROOT
from core.jobs import job as jobs
from core.jobs.lines import LineWriter
from core.workflows import training_jobs
from core.workflows.training_jobs import JobState, cancel_run, training_runs
from tests.pages.conftest import OpenPage
from tests.pages.looking import html_of, words_of

TINY = "key: tiny\ntitle: Tiny\ntask: phantom_ct\narchitecture: simple_cnn\n"
TEXT_KEY = "training.text.phantom_ct.phantom_ct"


@pytest.fixture
def asleep(monkeypatch: pytest.MonkeyPatch, open_page: OpenPage):
    """Open the page where runs sleep instead of training; none is left behind."""

    def start(job, command, *, working_folder):
        sleep = [sys.executable, "-c", "import time; time.sleep(90)"]
        return jobs.start_job(job, sleep, working_folder=ROOT)

    monkeypatch.setattr(training_jobs, "start_job", start)
    yield lambda: open_page("training", task="phantom_ct")
    for run in training_runs("phantom_ct"):
        if run.state is JobState.RUNNING:
            cancel_run(run)


def epoch(number: int, **more: object) -> dict[str, object]:
    scores = {"loss": 1.0, "nll": 0.9, "accuracy": 0.5, "macro_f1": 0.4, "seconds": 90.0}
    told = {"fit": "final", "stage": "all", "epoch": number, "epochs": 14}
    return {**told, **scores, **more}


def test_an_experiment_stands_in_words_with_its_defaults(open_page: OpenPage):
    app = open_page("training", task="kidney_ct")
    words = words_of(app)
    assert "resize_lanczos_224 → clahe_lab_4_8x8" in words
    assert "random split, which leaks" in words
    assert "No run was started here yet" in words
    app.selectbox(key="training.experiment").set_value("published_kidney_ct_efficientnet_b3").run()
    assert "What it runs again" in words_of(app)
    assert not app.exception


def test_a_wrong_text_is_told_in_the_words_of_the_loader_and_cannot_be_started(asleep: Callable):
    app = asleep()
    app.button_group(key="training.view").set_value("YAML").run()
    app.text_area(key=TEXT_KEY).set_value(TINY + "training: {impetus: 3}\n").run()
    words = words_of(app)
    assert "impetus is 3" in words
    assert app.button(key="training.start").disabled
    app.text_area(key=TEXT_KEY).set_value("key: [<b>").run()
    assert "cannot be read as YAML" in words_of(app)
    assert "<b>" not in html_of(app)
    app.button(key="training.undo").click().run()
    assert not app.button(key="training.start").disabled
    assert not app.exception


def test_a_changed_text_is_kept_as_an_experiment_of_ones_own(
    open_page: OpenPage, tmp_path: Path, use_settings: Callable[..., None]
):
    mine = tmp_path / "mine"
    mine.mkdir()
    use_settings(experiments=mine)
    app = open_page("training", task="phantom_ct")
    app.button_group(key="training.view").set_value("YAML").run()
    app.text_area(key=TEXT_KEY).set_value(f"# Why\n{TINY}").run()
    app.text_input(key="training.name").set_value("Not A Name").run()
    app.button(key="training.save").click().run()
    assert "Not saved" in words_of(app)
    assert app.text_area(key=TEXT_KEY).value == f"# Why\n{TINY}"
    app.text_input(key="training.name").set_value("quick").run()
    app.button(key="training.save").click().run()
    assert "Saved as quick" in words_of(app)
    assert app.selectbox(key="training.experiment").value == "quick"
    text = (mine / "quick.yaml").read_text(encoding="utf-8")
    assert text == f"# Why\n{TINY.replace('key: tiny', 'key: quick')}"
    assert app.text_area(key="training.text.phantom_ct.quick").value == text
    assert not app.exception


def test_a_wrong_file_of_ones_own_hides_no_other(
    open_page: OpenPage, tmp_path: Path, use_settings: Callable[..., None]
):
    (tmp_path / "broken.yaml").write_text("key: broken\ntask: [", encoding="utf-8")
    (tmp_path / "tiny.yaml").write_text(TINY, encoding="utf-8")
    use_settings(experiments=tmp_path)
    app = open_page("training", task="phantom_ct")
    assert list(app.selectbox(key="training.experiment").options)[-1] == "Tiny · yours, tiny"
    assert "broken.yaml" in words_of(app)
    assert not app.button(key="training.start").disabled
    assert not app.exception


def test_a_run_is_started_watched_cancelled_and_resumed(asleep: Callable):
    app = asleep()
    app.button(key="training.start").click().run()
    (run,) = training_runs("phantom_ct")
    words = words_of(app)
    assert "● running" in words
    assert "Curves begin with the first whole epoch" in words
    assert "time left: not known yet" in app.get("progress")[0].proto.text
    app.button(key="training.start").click().run()
    assert "This experiment is running already" in words_of(app)
    writer = LineWriter(run.job.progress_path)
    for number in (1, 2, 3):
        writer.write("epoch", **epoch(number))
    app.run()
    assert "final: 3 of at most 14 epochs" in words_of(app)
    assert "about 16 min of fitting left" in app.get("progress")[0].proto.text  # 11 x 90 s
    assert len(app.get("plotly_chart")) == 2
    app.button(key="training.cancel").click().run()
    assert "■ cancelled" in words_of(app)
    assert run.state is JobState.CANCELLED
    app.button(key="training.resume").click().run()
    assert "● running" in words_of(app)
    assert not app.exception


def test_a_killed_run_says_so_and_what_failed_says_why(asleep: Callable):
    app = asleep()
    app.button(key="training.start").click().run()
    (run,) = training_runs("phantom_ct")
    jobs.end(run.job.process)
    app.run()
    assert "Its process ended without a word" in words_of(app)
    LineWriter(run.job.progress_path).write("failed", problem="No <room>.", remedy="Make some.")
    app.run()
    assert "No &lt;room&gt;. Make some." in words_of(app)
    assert app.button(key="training.resume")
    assert not app.exception


def test_a_finished_run_shows_its_figures_and_leads_to_models(
    asleep: Callable, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(training_jobs, "new_version_name", lambda *args, taken: "small-1")
    app = asleep()
    app.button(key="training.start").click().run()
    (run,) = training_runs("phantom_ct")
    jobs.end(run.job.process)
    app.run()  # small-1 is installed
    assert "✓ finished" in words_of(app)
    assert "Open it on Models, where it can be promoted" in [
        link.proto.label for link in app.get("page_link")
    ]
    assert not app.exception


def test_without_pictures_the_data_and_the_start_say_how_to_attach_them(open_page: OpenPage):
    app = open_page("training", task="kidney_ct")
    app.button_group(key="training.view").set_value("Its data").run()
    assert "SECOND_LOOK_DATA_ROOT" in words_of(app)
    app.button(key="training.start").click().run()
    assert "Not started" in words_of(app)
    assert not app.exception


def test_a_home_that_cannot_be_written_refuses_the_start(
    open_page: OpenPage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(training_jobs, "LEAST_FREE_MB", 1 << 40)
    app = open_page("training", task="phantom_ct")
    app.button(key="training.start").click().run()
    assert "MB are free where the home lies" in words_of(app)
    assert training_runs("phantom_ct") == []
