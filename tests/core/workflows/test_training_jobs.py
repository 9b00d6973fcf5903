"""Training runs as jobs: started once, followed, killed and taken up again; nothing is lost."""

import os
import signal
import sys
import time

import pytest

from core.errors import JobError, TrainingError
from core.jobs import job as jobs
from core.jobs.lines import LineWriter, read_lines
from core.workflows import training_jobs
from core.workflows.training import Listener, TrainingRequest
from core.workflows.training_jobs import (
    JobState,
    cancel_run,
    experiment_from_text,
    open_run,
    resume_run,
    start_run,
    train_telling,
    training_runs,
)
from core.workflows.training_progress import progress_of

TINY = """
key: tiny
title: Tiny
task: phantom_ct
architecture: simple_cnn
training: {epochs: 6, steps_per_epoch: 3, batch_size: 8, patience: 100, variants: 2}
data: {series: 100, limit: 96}
"""
SLEEPER = "import time; time.sleep(60)"


@pytest.fixture
def home(tmp_path, use_settings):
    use_settings(home=tmp_path / "home", models=tmp_path / "models")
    return tmp_path / "home"


@pytest.fixture
def asleep(home, monkeypatch):
    """Runs sleep instead of training."""

    def start(job, command, *, working_folder):
        assert command[:4] == [sys.executable, "-m", "core", "train"]
        sleep = [sys.executable, "-c", SLEEPER]
        return jobs.start_job(job, sleep, working_folder=working_folder)

    monkeypatch.setattr(training_jobs, "start_job", start)
    yield home
    for run in training_runs("phantom_ct"):
        if run.state is JobState.RUNNING:
            cancel_run(run)


def test_the_same_experiment_is_not_started_twice_and_another_one_is(asleep, use_settings):
    use_settings(training_runs=2)
    run = start_run(TINY, task="phantom_ct")
    assert run.experiment_text == TINY
    with pytest.raises(JobError, match=f"running already, as {run.version}"):
        start_run(TINY.replace("title: Tiny", "title: Other words"), task="phantom_ct")
    second = start_run(TINY + "seed: 3\n", task="phantom_ct")
    assert second.version != run.version
    assert [item.version for item in training_runs("phantom_ct")] == [second.version, run.version]
    cancel_run(run)
    assert open_run("phantom_ct", run.version).state is JobState.CANCELLED
    third = start_run(TINY, task="phantom_ct")
    assert third.version not in (run.version, second.version)


def test_a_second_run_waits_for_its_start_until_the_first_has_ended(asleep, use_settings):
    first, other = start_run(TINY, task="phantom_ct"), TINY + "seed: 3\n"
    with pytest.raises(JobError, match=rf"At most 1 .*this does: {first.version} \(Tiny\)\."):
        start_run(other, task="phantom_ct")
    assert [run.version for run in training_runs("phantom_ct")] == [first.version]
    cancel_run(first)
    second = start_run(other, task="phantom_ct")
    with pytest.raises(JobError, match=second.version):
        resume_run(first)
    with pytest.raises(JobError, match="is running already"):
        resume_run(second)
    use_settings(training_runs=2)
    resume_run(first)
    assert {run.state for run in training_runs("phantom_ct")} == {JobState.RUNNING}


def test_what_cannot_run_is_refused_before_a_process_is_started(asleep, use_settings):
    with pytest.raises(TrainingError, match="epochs"):
        start_run(TINY.replace("epochs: 6", "epochs: none"), task="phantom_ct")
    with pytest.raises(TrainingError, match="YAML"):
        start_run("key: [", task="phantom_ct")
    with pytest.raises(JobError, match="task phantom_ct"):
        start_run(TINY, task="kidney_ct")
    use_settings(data_root=None)
    with pytest.raises(TrainingError, match="SECOND_LOOK_DATA_ROOT"):
        start_run(TINY.replace("phantom_ct", "kidney_ct"), task="kidney_ct")
    assert training_runs("phantom_ct") == []


def test_a_disk_without_room_and_a_home_that_is_a_file_are_said(home, monkeypatch, use_settings):
    monkeypatch.setattr(training_jobs, "LEAST_FREE_MB", 1 << 40)
    with pytest.raises(JobError, match="MB are free"):
        start_run(TINY, task="phantom_ct")
    home.rmdir()
    home.write_text("")
    with pytest.raises(JobError, match="SECOND_LOOK_HOME"):
        start_run(TINY, task="phantom_ct")


def test_a_version_that_was_written_counts_as_finished_whatever_was_told(asleep, tmp_path):
    run = start_run(TINY, task="phantom_ct")
    os.kill(run.job.process.pid, signal.SIGKILL)
    while run.state is JobState.RUNNING:
        time.sleep(0.02)
    assert run.state is JobState.INTERRUPTED
    (tmp_path / "models" / "phantom_ct" / run.version).mkdir(parents=True)
    assert run.state is JobState.FINISHED
    with pytest.raises(JobError, match="written already"):
        resume_run(run)


def test_a_run_tells_its_epochs_its_steps_and_why_it_failed(home, tmp_path, monkeypatch):
    def fake(request, *, listener):
        listener.on_note("Left out one.")
        listener.on_epoch({"fit": "final", "epoch": 1, "epochs": 2, "loss": float("nan")})
        for done in range(1, 101):
            listener.on_progress("measuring", done, 100)
        raise TrainingError("The loss is no number.", remedy="Lower learning_rate.")

    kept = signal.getsignal(signal.SIGTERM)
    monkeypatch.setattr(training_jobs, "train", fake)
    path, seen = tmp_path / "progress.jsonl", []
    listener = Listener(on_note=seen.append)
    try:
        with pytest.raises(TrainingError):
            train_telling(TrainingRequest(), path, listener=listener)
    finally:
        signal.signal(signal.SIGTERM, kept)
    lines = read_lines(path)
    assert [line["kind"] for line in lines] == ["note", "epoch", "progress", "progress", "failed"]
    assert (lines[1]["loss"], lines[3]["done"], lines[4]["remedy"]) == (
        None,
        100,
        "Lower learning_rate.",
    )
    assert seen == ["Left out one."]


def test_why_a_run_failed_is_read_from_its_last_start_only(asleep):
    run = start_run(TINY, task="phantom_ct")
    LineWriter(run.job.progress_path).write("failed", problem="No room.", remedy="Make some.")
    assert run.why == "No room. Make some."
    cancel_run(run)
    resume_run(run)
    assert run.why == ""
    assert run.state is JobState.RUNNING


def test_an_experiment_is_read_as_its_file_would_be():
    assert experiment_from_text(TINY).training["epochs"] == 6
    with pytest.raises(TrainingError, match="architecture"):
        experiment_from_text(TINY.replace("simple_cnn", "vgg99"))


def until(run, what, seconds=400):
    end = time.monotonic() + seconds
    while not what() and time.monotonic() < end:
        assert run.state is JobState.RUNNING, (run.state, run.why, run.job.last_words(30))
        time.sleep(0.1)


@pytest.mark.slow
@pytest.mark.heavy
@pytest.mark.timeout(1800)
def test_a_real_run_killed_and_cancelled_goes_on_each_time_and_writes_its_version(home, tmp_path):
    run = start_run(TINY, task="phantom_ct")
    until(run, lambda: progress_of(run).fits)
    os.kill(run.job.process.pid, signal.SIGKILL)
    while run.state is JobState.RUNNING:
        time.sleep(0.05)
    assert run.state is JobState.INTERRUPTED
    n_done = progress_of(run).fits[0].n_done
    resume_run(run)
    until(run, lambda: progress_of(run).fits[0].n_done > n_done)
    if run.state is JobState.RUNNING:
        cancel_run(run)
        assert run.state in (JobState.CANCELLED, JobState.FINISHED)
    if run.state is JobState.CANCELLED:
        resume_run(run)
    while run.state is JobState.RUNNING:
        time.sleep(0.2)
    assert run.state is JobState.FINISHED, run.job.last_words(30)
    told = [line["epoch"] for line in run.lines if line["kind"] == "epoch"]
    assert sorted(told) == [1, 2, 3, 4, 5, 6]  # none was fitted twice
    assert (tmp_path / "models" / "phantom_ct" / run.version / "manifest.json").is_file()
