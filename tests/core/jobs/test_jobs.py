"""A job's state follows from its process and its lines, never from a flag that a kill leaves."""

import json
import os
import signal
import subprocess
import sys
import time

import pytest

from core.config import ROOT
from core.errors import JobError
from core.jobs import job as jobs
from core.jobs.job import JobState, cancel_job, create_job, list_jobs, open_job, start_job
from core.jobs.lines import LineWriter, read_lines
from core.jobs.process import ProcessMark, end, is_alive, spawn

SLEEPER = "import time; time.sleep(60)"


def started(folder, code=SLEEPER):
    job = create_job(folder / "jobs" / "a", {"what": "sleep"}, {"note.txt": "x"})
    return start_job(job, [sys.executable, "-c", code], working_folder=ROOT)


def ended(job):
    until = time.monotonic() + 20
    while job.state is JobState.RUNNING and time.monotonic() < until:
        time.sleep(0.02)
    return job.state


def test_a_job_runs_until_it_is_cancelled_and_can_be_started_again(tmp_path):
    job = started(tmp_path)
    try:
        assert job.state is JobState.RUNNING
        with pytest.raises(JobError, match="running already"):
            start_job(job, [sys.executable, "-c", SLEEPER], working_folder=ROOT)
        cancel_job(job)
        assert job.state is JobState.CANCELLED
        with pytest.raises(JobError, match="not running"):
            cancel_job(job)
        start_job(job, [sys.executable, "-c", SLEEPER], working_folder=ROOT)
        assert open_job(job.folder).state is JobState.RUNNING
    finally:
        end(job.process)


def test_a_killed_process_is_interrupted_whatever_it_told_before(tmp_path):
    job = started(tmp_path)
    LineWriter(job.progress_path).write("epoch", loss=1.0)
    os.kill(job.process.pid, signal.SIGKILL)
    assert ended(job) is JobState.INTERRUPTED


def test_what_failed_says_so_until_it_is_started_again(tmp_path):
    job = started(tmp_path, "raise SystemExit('no room')")
    LineWriter(job.progress_path).write("failed", problem="No room.", remedy="Make some.")
    assert ended(job) is JobState.FAILED
    assert "no room" in job.last_words()
    start_job(job, [sys.executable, "-c", "pass"], working_folder=ROOT)
    assert ended(job) is JobState.INTERRUPTED
    LineWriter(job.progress_path).write("done", version="v")
    assert job.state is JobState.FINISHED


def test_the_number_of_a_process_that_belongs_to_another_now_is_not_it():
    mark = ProcessMark(os.getpid(), 12.5)
    assert not is_alive(mark)
    assert end(mark)  # and nothing is killed: this test goes on


def test_a_process_outlives_whoever_started_it(tmp_path):
    code = (
        "import sys, pathlib; from core.jobs.job import create_job, start_job\n"
        f"job = create_job(pathlib.Path({str(tmp_path / 'b')!r}), {{}}, {{}})\n"
        f"start_job(job, [sys.executable, '-c', {SLEEPER!r}], working_folder=pathlib.Path('.'))\n"
        "import os; os._exit(0)"
    )
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True, timeout=60)
    job = open_job(tmp_path / "b")
    assert job.state is JobState.RUNNING
    assert os.getsid(job.process.pid) == job.process.pid
    cancel_job(job)
    assert job.state is JobState.CANCELLED


def test_what_does_not_listen_is_ended_all_the_same(tmp_path):
    code = "import signal, time; signal.signal(15, signal.SIG_IGN); print('up', flush=True)"
    log = tmp_path / "log"
    mark = spawn([sys.executable, "-c", f"{code}; time.sleep(60)"], folder=ROOT, log=log)
    while not log.read_text():
        time.sleep(0.01)
    assert end(mark, patience=0.2)


def test_jobs_are_listed_newest_first_and_other_folders_passed_over(tmp_path):
    first = create_job(tmp_path / "first", {}, {})
    second = create_job(tmp_path / "second", {"title": "B"}, {})
    (tmp_path / "other").mkdir()
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken" / "job.json").write_text("{half")
    assert [job.name for job in list_jobs(tmp_path)] == [second.name, first.name]
    assert list_jobs(tmp_path / "nowhere") == []
    with pytest.raises(JobError, match="already"):
        create_job(tmp_path / "first", {}, {})


def test_a_home_that_cannot_be_written_is_said_in_a_sentence(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(JobError, match="SECOND_LOOK_HOME"):
        create_job(tmp_path / "file" / "jobs" / "a", {}, {})
    with pytest.raises(JobError, match="SECOND_LOOK_HOME"), jobs.starting(tmp_path / "file"):
        pass


def test_lines_are_read_as_they_come_and_never_half(tmp_path):
    path = tmp_path / "progress.jsonl"
    assert read_lines(path) == ()
    writer = LineWriter(path)
    writer.write("epoch", epoch=1, loss=float("nan"))
    (first,) = read_lines(path)
    assert (first["kind"], first["loss"]) == ("epoch", None)
    whole = json.dumps({"kind": "note", "text": "ä"}) + "\n"
    with path.open("a") as stream:
        stream.write(whole[:9])
    assert len(read_lines(path)) == 1
    with path.open("a") as stream:
        stream.write(whole[9:] + "garbage\n[1]\n")
    assert [line["kind"] for line in read_lines(path)] == ["epoch", "note"]
    path.write_text('{"kind": "start"}\n')
    assert [line["kind"] for line in read_lines(path)] == ["start"]


def test_a_full_disk_stops_the_telling_and_not_the_work(capsys):
    writer = LineWriter(jobs.Path("/dev/full"))
    writer.write("epoch", epoch=1)
    writer.write("epoch", epoch=2)
    assert capsys.readouterr().err.count("the work goes on") == 1
