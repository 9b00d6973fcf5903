"""Training runs as jobs: started from a page or anywhere, they outlive browser and server.

A run lies in ``jobs/<task>/<version>`` of the home: its experiment file, its process, what it told.
It is ``python -m core train`` with that file, so starting it again takes it up where it stopped.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import sys
import tempfile
import time
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from core.config import ROOT, settings
from core.errors import CoreError, JobError
from core.inference.package import version_names
from core.jobs.job import (
    DONE,
    FAILED,
    Job,
    JobState,
    cancel_job,
    create_job,
    list_jobs,
    open_job,
    start_job,
    starting,
)
from core.jobs.lines import Line, LineWriter
from core.training.experiments import Experiment, read_experiment, resolve
from core.training.job import Listener
from core.workflows.experiments import data_folder
from core.workflows.training import TrainingRequest, new_version_name, train
from core.workflows.users import Role, require

if TYPE_CHECKING:
    from core.training.run import Trained

__all__ = [
    "JobState",
    "TrainingRun",
    "cancel_run",
    "experiment_from_text",
    "open_run",
    "resume_run",
    "start_run",
    "train_telling",
    "training_runs",
]

EXPERIMENT_FILE = "experiment.yaml"
LEAST_FREE_MB = 256
PLAN = "plan"  # kind of the line that names all fits of the run
SECONDS_BETWEEN_LINES = 1.0


@dataclass(frozen=True, slots=True)
class TrainingRun:
    """A training run that was started as a job.

    Attributes
    ----------
    job : Job
    task, version : str
        The version that it writes, or has written.
    experiment, title, architecture : str
    """

    job: Job
    task: str
    version: str
    experiment: str
    title: str
    architecture: str

    @property
    def state(self) -> JobState:
        """Where it stands; a version that was written whole counts, whatever was told of it."""
        state = self.job.state
        if state is not JobState.RUNNING and self.version in version_names(self.task):
            return JobState.FINISHED
        return state

    @property
    def lines(self) -> tuple[Line, ...]:
        """What it told so far, over all its starts."""
        return self.job.lines

    @property
    def created_at(self) -> datetime:
        """When it was first started, UTC."""
        return self.job.created_at

    @property
    def why(self) -> str:
        """What it said when it failed; empty where it did not."""
        for line in reversed(self.job.last_start):
            if line["kind"] == FAILED:
                return f"{line.get('problem', '')} {line.get('remedy', '')}".strip()
        return ""

    @property
    def experiment_text(self) -> str:
        """The experiment that it was started with, as YAML."""
        return (self.job.folder / EXPERIMENT_FILE).read_text(encoding="utf-8")


def runs_folder() -> Path:
    """Return where runs are kept."""
    return settings().home / "jobs"


def training_runs(task: str) -> list[TrainingRun]:
    """Return the runs of a task, the newest first."""
    found = [_run_of(job) for job in list_jobs(runs_folder() / task)]
    return [run for run in found if run is not None]


def open_run(task: str, version: str) -> TrainingRun | None:
    """Return the run that writes a version; None where it was not started as a job."""
    job = open_job(runs_folder() / task / version)
    return _run_of(job) if job else None


def _run_of(job: Job) -> TrainingRun | None:
    told = [job.facts.get(key) for key in ("task", "experiment", "title", "architecture")]
    if not all(isinstance(value, str) for value in told):
        return None
    task, experiment, title, architecture = map(str, told)
    return TrainingRun(job, task, job.name, experiment, title, architecture)


def experiment_from_text(text: str, *, name: str = "experiment") -> Experiment:
    """Return what a YAML text says, checked as an experiment file is.

    Raises
    ------
    TrainingError
        If it cannot be run: with the key and what is allowed.
    """
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"{name}.yaml"
        path.write_text(text, encoding="utf-8")
        return read_experiment(path)


def start_run(text: str, *, task: str) -> TrainingRun:
    """Start a run of an experiment, given as YAML.

    Parameters
    ----------
    text : str
    task : str
        The task that a person looks at: an experiment of another one is refused.

    Raises
    ------
    TrainingError
        If the experiment is wrong, or there are no pictures for it.
    JobError
        If the same experiment runs already, as many runs go on as may, or the home has no room or
        no right to write.
    RoleError
        If who is logged in may not train.
    """
    require(None, Role.VALIDATOR)
    experiment = experiment_from_text(text)
    if experiment.task != task:
        raise JobError(
            f"This experiment is of task {experiment.task}, and {task} is looked at.",
            remedy=f"Write `task: {task}`, or choose {experiment.task} above.",
        )
    resolved = resolve(experiment)
    if not resolved.task.synthetic or experiment.data.folder is not None:
        data_folder(resolved.task, folder=experiment.data.folder)
    _refuse_without_room()
    digest = digest_of(experiment)
    with starting(runs_folder()):
        for run in training_runs(task):
            if run.job.facts.get("digest") == digest and run.state is JobState.RUNNING:
                raise JobError(
                    f"This experiment is running already, as {run.version}.",
                    remedy="Watch it, cancel it, or change the experiment (another seed).",
                )
        _refuse_beside_others()
        taken = [run.version for run in training_runs(task)]
        version = new_version_name(task, experiment.architecture, taken=taken)
        facts = {
            "task": task,
            "experiment": experiment.key,
            "title": experiment.title,
            "architecture": experiment.architecture,
            "digest": digest,
        }
        folder = runs_folder() / task / version
        job = create_job(folder, facts, {EXPERIMENT_FILE: text})
        run = TrainingRun(
            job, task, version, experiment.key, experiment.title, experiment.architecture
        )
        _start(run)
        return run


def resume_run(run: TrainingRun) -> None:
    """Start a run again: it goes on after its last whole epoch.

    Raises
    ------
    JobError
        If it runs or has finished, as many others go on as may, or the home has no room or no
        right to write.
    """
    require(None, Role.VALIDATOR)
    _refuse_without_room()
    with starting(runs_folder()):
        if run.state is JobState.FINISHED:
            raise JobError(
                f"{run.version} is written already.", remedy="Start a new run of the experiment."
            )
        if run.state is not JobState.RUNNING:
            _refuse_beside_others()
        _start(run)


def cancel_run(run: TrainingRun) -> None:
    """End a run; its whole epochs stay, and it can be resumed.

    Raises
    ------
    JobError
        If it does not run, or does not end.
    """
    require(None, Role.VALIDATOR)
    cancel_job(run.job)


def _start(run: TrainingRun) -> None:
    folder = run.job.folder.absolute()
    command = [
        *(sys.executable, "-m", "core", "train"),
        *("--experiment", str(folder / EXPERIMENT_FILE), "--version", run.version),
        *("--progress", str(folder / run.job.progress_path.name)),
    ]
    start_job(run.job, command, working_folder=ROOT)


def digest_of(experiment: Experiment) -> str:
    """Return the SHA-256 of what an experiment does: names and words do not count."""
    said = resolve(experiment).experiment.to_data()
    decides = {key: said[key] for key in said if key not in ("key", "title", "published")}
    return hashlib.sha256(json.dumps(decides, sort_keys=True).encode()).hexdigest()


def _refuse_beside_others() -> None:
    """Refuse a start where as many runs go on as may, of whatever task: they share the cores."""
    most = settings().training_runs
    folders = [path for path in runs_folder().iterdir() if path.is_dir()]
    runs = [run for path in folders for run in training_runs(path.name)]
    going = [run for run in runs if run.state is JobState.RUNNING]
    if len(going) >= most:
        told = "; ".join(f"{run.version} ({run.title})" for run in going)
        raise JobError(
            f"At most {most} may run at the same time, and this does: {told}."
            if most == 1
            else f"At most {most} may run at the same time, and {len(going)} do: {told}.",
            remedy="Wait until it has ended, or cancel it; SECOND_LOOK_TRAINING_RUNS allows more.",
        )


def _refuse_without_room() -> None:
    home = settings().home
    try:
        home.mkdir(parents=True, exist_ok=True)
        free = shutil.disk_usage(home).free >> 20
    except OSError as error:
        raise JobError(
            f"The home {home} cannot be used: {error.strerror}.",
            remedy="Correct its rights, or name another SECOND_LOOK_HOME.",
        ) from None
    if free < LEAST_FREE_MB:
        raise JobError(
            f"{free} MB are free where the home lies ({home}); a run needs {LEAST_FREE_MB} MB or "
            "more for its states and stored maps.",
            remedy="Make room, or name another SECOND_LOOK_HOME.",
        )


def train_telling(request: TrainingRequest, progress: Path, *, listener: Listener) -> Trained:
    """Train, and tell a file what happens, so that others can follow it.

    A request to end (SIGTERM) ends the run as a key press would: temporary files go, whole epochs
    stay.

    Raises
    ------
    CoreError
        As ``train``; the file says it too.
    """
    writer = LineWriter(progress)
    try:
        trained = train(request, listener=_telling(writer, listener))
    except CoreError as error:
        writer.write(FAILED, problem=error.problem, remedy=error.remedy)
        raise
    except Exception as error:
        problem = f"Something happened that the product did not foresee ({type(error).__name__})."
        writer.write(FAILED, problem=problem, remedy="The run's log says where.")
        raise
    writer.write(DONE, version=trained.model_version)
    return trained


def _telling(writer: LineWriter, listener: Listener) -> Listener:
    """Return a listener that tells the file too."""
    told_at: dict[str, float] = {}

    def on_epoch(line: dict[str, Any]) -> None:
        writer.write("epoch", **line)
        listener.on_epoch(line)

    def on_progress(what: str, done: int, total: int) -> None:
        now = time.monotonic()
        if done == total or now - told_at.get(what, 0.0) >= SECONDS_BETWEEN_LINES:
            told_at.clear()
            told_at[what] = now
            writer.write("progress", what=what, done=done, total=total)
        listener.on_progress(what, done, total)

    def on_note(sentence: str) -> None:
        writer.write("note", text=sentence)
        listener.on_note(sentence)

    def on_plan(fits: tuple[str, ...]) -> None:
        writer.write(PLAN, fits=list(fits))
        listener.on_plan(fits)

    return Listener(on_epoch, on_progress, on_note, on_plan)
