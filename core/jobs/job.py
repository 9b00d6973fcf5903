"""A job: a folder with what it is, its process, what it tells; the state follows from these.

No file says "running": a kill would leave it behind. A job runs while its process does.
"""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Any

from core.errors import JobError
from core.jobs.lines import Line, LineWriter, read_lines
from core.jobs.process import ProcessMark, end, is_alive, spawn

FACTS_FILE = "job.json"
PROCESS_FILE = "process.json"
CANCELLED_FILE = "cancelled.json"
PROGRESS_FILE = "progress.jsonl"
LOG_FILE = "log.txt"
_LOCK_FILE = ".lock"
START, DONE, FAILED = "start", "done", "failed"


class JobState(StrEnum):
    """Where a job stands."""

    RUNNING = "running"
    FINISHED = "finished"
    FAILED = "failed"  # it said why
    CANCELLED = "cancelled"  # a person stopped it
    INTERRUPTED = "interrupted"  # its process ended without a word: killed, or the machine stopped


@dataclass(frozen=True, slots=True)
class Job:
    """A job that was started at least once.

    ``facts`` : what it is, written once; ``created_at`` : when, UTC.
    """

    folder: Path
    facts: Mapping[str, Any]
    created_at: datetime

    @property
    def name(self) -> str:
        """Its name among the jobs beside it."""
        return self.folder.name

    @property
    def progress_path(self) -> Path:
        """Where its process writes lines."""
        return self.folder / PROGRESS_FILE

    @property
    def lines(self) -> tuple[Line, ...]:
        """What it told so far, over all its starts."""
        return read_lines(self.progress_path)

    @property
    def last_start(self) -> tuple[Line, ...]:
        """What it told since it was last started, the ``start`` line first."""
        lines = self.lines
        begins = [place for place, line in enumerate(lines) if line["kind"] == START]
        return lines[begins[-1] :] if begins else lines

    @property
    def process(self) -> ProcessMark | None:
        """The process of its last start; None where none was noted."""
        facts = _read(self.folder / PROCESS_FILE)
        try:
            return ProcessMark(int(facts["pid"]), float(facts["started_at"]))
        except (KeyError, TypeError, ValueError):
            return None

    @property
    def state(self) -> JobState:
        """Where it stands, from what is there now."""
        mark = self.process
        if mark is not None and is_alive(mark):
            return JobState.RUNNING
        told = [line["kind"] for line in self.last_start]
        if DONE in told:
            return JobState.FINISHED
        if (self.folder / CANCELLED_FILE).exists():
            return JobState.CANCELLED
        return JobState.FAILED if FAILED in told else JobState.INTERRUPTED

    def last_words(self, n: int = 12) -> str:
        """Return the last lines that its process printed; empty where it printed none."""
        try:
            with (self.folder / LOG_FILE).open("rb") as stream:
                stream.seek(max(0, os.fstat(stream.fileno()).st_size - 8192))
                told = stream.read().decode("utf-8", errors="replace")
        except OSError:
            return ""
        return "\n".join(told.splitlines()[-n:])


def create_job(folder: Path, facts: Mapping[str, Any], files: Mapping[str, str]) -> Job:
    """Make the folder of a job with its files; it is not started yet.

    Raises
    ------
    JobError
        If there is one of that name, or the folder cannot be written (no right, no room).
    """
    created_at = datetime.now(UTC)
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        folder.mkdir()
        for name, content in files.items():
            (folder / name).write_text(content, encoding="utf-8")
        _write(folder / FACTS_FILE, {"created_at": created_at.isoformat(), **facts})
    except FileExistsError:
        raise JobError(
            f"There is a job {folder.name} already.", remedy="Give another name."
        ) from None
    except OSError as error:
        raise cannot_write(error, folder) from None
    return Job(folder, dict(facts), created_at)


def start_job(job: Job, command: Sequence[str], *, working_folder: Path) -> Job:
    """Start the process of a job, for the first time or again.

    Raises
    ------
    JobError
        If it runs already, or cannot be started.
    """
    if job.state is JobState.RUNNING:
        raise JobError(f"{job.name} is running already.", remedy="Watch it, or cancel it first.")
    try:
        (job.folder / CANCELLED_FILE).unlink(missing_ok=True)
        LineWriter(job.progress_path).write(START)
        mark = spawn(command, folder=working_folder, log=job.folder / LOG_FILE)
        try:
            _write(job.folder / PROCESS_FILE, {"pid": mark.pid, "started_at": mark.started_at})
        except OSError:
            end(mark)  # nobody could ever stop it otherwise
            raise
    except OSError as error:
        raise cannot_write(error, job.folder) from None
    return job


def cancel_job(job: Job) -> None:
    """End the process of a job; what it has stored stays, and it can be started again.

    Raises
    ------
    JobError
        If it does not run, or does not end.
    """
    mark = job.process
    if mark is None or not is_alive(mark):
        raise JobError(
            f"{job.name} is not running ({job.state}).", remedy="There is nothing to do."
        )
    try:
        _write(job.folder / CANCELLED_FILE, {"at": datetime.now(UTC).isoformat()})
    except OSError as error:
        raise cannot_write(error, job.folder) from None
    try:
        has_ended = end(mark)
    except PermissionError:
        has_ended = False
    if not has_ended:
        raise JobError(
            f"{job.name} does not end (process {mark.pid}).",
            remedy="End that process as the account that started it.",
        )


def open_job(folder: Path) -> Job | None:
    """Return the job of a folder; None where it holds none."""
    facts = _read(folder / FACTS_FILE)
    try:
        created_at = datetime.fromisoformat(facts.pop("created_at"))
    except (KeyError, TypeError, ValueError):
        return None
    return Job(folder, facts, created_at)


def list_jobs(folder: Path) -> list[Job]:
    """Return the jobs whose folders lie in a folder, the newest first."""
    try:
        inside = [path for path in folder.iterdir() if path.is_dir()]
    except OSError:
        return []
    jobs = [job for path in inside if (job := open_job(path)) is not None]
    return sorted(jobs, key=lambda job: job.created_at, reverse=True)


@contextmanager
def starting(folder: Path) -> Iterator[None]:
    """Let one start at a time look which jobs run and begin another, in whatever process.

    Raises
    ------
    JobError
        If the folder cannot be written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        stream = (folder / _LOCK_FILE).open("a")
    except OSError as error:
        raise cannot_write(error, folder) from None
    with stream:
        fcntl.flock(stream, fcntl.LOCK_EX)  # given back when the file is closed
        yield


def cannot_write(error: OSError, folder: Path) -> JobError:
    """Return what is said where a job's folder cannot be written."""
    return JobError(
        f"The job cannot be kept in {folder}: {error.strerror or type(error).__name__}.",
        remedy="Make room or correct the rights there, or name another SECOND_LOOK_HOME.",
    )


def _read(path: Path) -> dict[str, Any]:
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _write(path: Path, facts: Mapping[str, Any]) -> None:
    """Write a file whole or not at all."""
    part = path.with_name(f"{path.name}.{os.getpid()}.part")
    try:
        part.write_text(json.dumps(dict(facts)), encoding="utf-8")
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)
