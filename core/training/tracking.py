"""HEAVY: MLflow tracking, the only place that imports it. A server that is away stops no run."""

from __future__ import annotations

import hashlib
import html
import json
import logging
import os
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

# Before the import: one short try instead of minutes of them, and no word to anybody else.
os.environ.setdefault("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "1")
os.environ.setdefault("MLFLOW_HTTP_REQUEST_TIMEOUT", "10")
os.environ["MLFLOW_DISABLE_TELEMETRY"] = "true"
os.environ.setdefault("GIT_PYTHON_REFRESH", "quiet")

import mlflow
from mlflow.exceptions import MlflowException
from mlflow.store.db import utils as mlflow_database
from mlflow.utils.validation import MAX_PARAM_VAL_LENGTH

from core.errors import EvaluationError
from core.evaluation.confusion import called_class, confusion_matrix
from core.evaluation.runs import EvaluationRun, read_run
from core.training.confusion_figure import confusion_figure

# MLflow lets the faults of a database through; requests' own errors are OSErrors.
_sqlalchemy = mlflow_database.sqlalchemy  # type: ignore[attr-defined]
FAULTS = (MlflowException, OSError, _sqlalchemy.exc.SQLAlchemyError, EvaluationError)
mlflow_database.MAX_RETRY_COUNT = 3  # of 10: their pauses add up to minutes
logging.getLogger("mlflow").setLevel(logging.ERROR)
SQLITE_HEADER = b"SQLite format 3\x00"

PARAMETERS_AT_ONCE = 100
CHAMPION, CHALLENGER = "champion", "challenger"
VERSION_FOLDER = "version"
RUN_KEY = "second_look.run_key"  # tag: which settings in which home the run belongs to
Tell = Callable[[str], None]


def _to_stderr(sentence: str) -> None:
    print(sentence, file=sys.stderr)


class Tracker:
    """One MLflow run; after the first failure it stays silent and the training goes on.

    Parameters
    ----------
    uri : str or None
        Tracking server; None: SQLite inside the home.
    home : Path
    experiment, name : str
        Experiment (the task) and run (the version).
    values : mapping
        Settings of the run, stored under joined names (``training.epochs``). A run of the same
        name, settings and home that did not finish is gone on with, as the training is.
    tell : callable
        Told, once, that nothing is tracked any more, and why.
    """

    def __init__(
        self,
        uri: str | None,
        *,
        home: Path,
        experiment: str,
        name: str,
        values: Mapping[str, Any],
        tell: Tell = _to_stderr,
    ) -> None:
        self._database = home / "mlflow.db"
        self._uri = uri or f"sqlite:///{self._database}"
        self._is_own = uri is None
        self._artifacts = home / "mlflow"
        self._run_id, self._task, self._tell = "", experiment, tell
        self._client: Any = None
        self.is_on = True
        params = flattened(values)
        told = json.dumps([str(home.absolute()), params], sort_keys=True)
        self._run_key = hashlib.sha256(told.encode()).hexdigest()
        self._try(lambda: self._start(experiment, name))
        self._try(lambda: self._log_parameters(params))

    def _log_parameters(self, values: Mapping[str, str]) -> None:
        known = self._client.get_run(self._run_id).data.params
        params = [
            mlflow.entities.Param(key, value[:MAX_PARAM_VAL_LENGTH])
            for key, value in values.items()
            if key not in known
        ]
        for start in range(0, len(params), PARAMETERS_AT_ONCE):
            some = params[start : start + PARAMETERS_AT_ONCE]
            self._client.log_batch(self._run_id, params=some)

    def epoch(self, line: Mapping[str, Any]) -> None:
        """Store the numbers of an epoch, named by the fit they belong to."""
        prefix = str(line["fit"]).replace(" ", "_")
        numbers = {
            f"{prefix}/{key}": float(value)
            for key, value in line.items()
            if key not in ("fit", "stage", "epoch", "epochs")
        }
        self._log(numbers, step=int(line["epoch"]))

    def figures(self, metrics: Mapping[str, Mapping[str, Any]]) -> None:
        """Store the value of every figure, named by its split."""
        numbers = {
            f"{split}/{name}": figure["value"]
            for split, figures in metrics.items()
            for name, figure in figures.items()
            if isinstance(figure, Mapping) and figure["value"] is not None
        }
        self._log(numbers, step=0)

    def finish(self, version: Path, *, is_champion: bool = False) -> None:
        """Store the version's files and its confusion matrices, register it, and end the run.

        The version is written by then: whatever fails here loses nothing of it.
        """
        self._try(lambda: self._log_confusions(version / "evaluation"))
        self._try(lambda: self._client.log_artifacts(self._run_id, str(version), VERSION_FOLDER))
        self._try(lambda: self._register(CHAMPION if is_champion else CHALLENGER))
        self._try(lambda: self._client.set_terminated(self._run_id, "FINISHED"))

    def fail(self, *, was_stopped: bool = False) -> None:
        """End the run as failed, or as stopped by a person."""
        status = "KILLED" if was_stopped else "FAILED"
        self._try(lambda: self._client.set_terminated(self._run_id, status))

    def _log_confusions(self, runs: Path) -> None:
        for folder in sorted(path for path in runs.glob("*") if path.is_dir()):
            counts = confusion_of(read_run(folder))
            self._client.log_dict(self._run_id, counts, f"confusion/{folder.name}.json")
            figure = confusion_figure(counts, title=folder.name)
            self._client.log_figure(self._run_id, figure, f"confusion/{folder.name}.png")
            page = confusion_page(counts, title=folder.name)
            self._client.log_text(self._run_id, page, f"confusion/{folder.name}.html")

    def _register(self, alias: str) -> None:
        if not self._client.search_registered_models(filter_string=f"name='{self._task}'"):
            self._client.create_registered_model(self._task)
        where = self._client.get_run(self._run_id).info.artifact_uri
        made = self._client.create_model_version(
            self._task,
            source=f"{where}/{VERSION_FOLDER}",
            run_id=self._run_id,
            await_creation_for=0,
        )
        self._client.set_registered_model_alias(self._task, alias, made.version)

    def _start(self, experiment: str, name: str) -> None:
        if self._is_own:
            self._check_own()
        self._client = mlflow.MlflowClient(tracking_uri=self._uri, registry_uri=self._uri)
        found = self._client.get_experiment_by_name(experiment)
        where = self._artifacts.as_uri() if self._is_own else None
        key = (
            found.experiment_id
            if found
            else self._client.create_experiment(experiment, artifact_location=where)
        )
        for run in self._client.search_runs([key], f"attributes.run_name = '{name}'"):
            if run.info.status == "FINISHED":
                continue
            if run.data.tags.get(RUN_KEY) == self._run_key:
                self._run_id = run.info.run_id
                self._client.update_run(self._run_id, status="RUNNING")
            elif self._is_own and run.info.status == "RUNNING":  # this process holds the version
                self._client.set_terminated(run.info.run_id, "KILLED")
        if not self._run_id:
            tags = {RUN_KEY: self._run_key}
            self._run_id = self._client.create_run(key, run_name=name, tags=tags).info.run_id

    def _check_own(self) -> None:
        """Fail at once where MLflow would try for minutes to open its database."""
        self._artifacts.mkdir(parents=True, exist_ok=True)
        with self._database.open("a+b") as stream:
            stream.seek(0)
            if stream.read(len(SQLITE_HEADER)) not in (b"", SQLITE_HEADER):
                raise OSError(f"{self._database.name} is no SQLite database")

    def _log(self, numbers: Mapping[str, float], *, step: int) -> None:
        now = int(1000 * time.time())  # milliseconds, as MLflow draws them over time
        metrics = [mlflow.entities.Metric(key, value, now, step) for key, value in numbers.items()]
        self._try(lambda: self._client.log_batch(self._run_id, metrics=metrics))

    def _try(self, call: Callable[[], Any]) -> None:
        if not self.is_on:
            return
        try:
            call()
        except FAULTS as error:
            self.is_on = False
            reason = str(error).splitlines()[0][:200] if str(error) else type(error).__name__
            self._tell(
                f"Warning: MLflow failed ({reason}); the training goes on untracked and loses "
                "nothing. Check SECOND_LOOK_MLFLOW_TRACKING_URI."
            )


def flattened(values: Mapping[str, Any], *, before: str = "") -> dict[str, str]:
    """Return nested settings as one level of text, lists as JSON.

    >>> flattened({"training": {"epochs": 3}, "recipe": [{"step": "a"}], "limit": None})
    {'training.epochs': '3', 'recipe': '[{"step": "a"}]', 'limit': 'null'}
    """
    found: dict[str, str] = {}
    for key, value in values.items():
        name = f"{before}{key}"
        if isinstance(value, Mapping) and value:
            found |= flattened(value, before=f"{name}.")
        else:
            found[name] = value if isinstance(value, str) else json.dumps(value, default=str)
    return found


def confusion_of(run: EvaluationRun) -> dict[str, Any]:
    """Return the confusion matrix of a stored run: rows the reference, columns the called class."""
    counts = confusion_matrix(run.y_true, called_class(run.y_prob), n_classes=len(run.class_names))
    return {"classes": list(run.class_names), "n": len(run.y_true), "counts": counts.tolist()}


def confusion_page(made: Mapping[str, Any], *, title: str) -> str:
    """Return a confusion matrix as a small page of its own."""
    names = [html.escape(str(name)) for name in made["classes"]]
    head = "".join(f"<th>{name}</th>" for name in names)
    rows = "".join(
        f"<tr><th>{name}</th>{''.join(f'<td>{n}</td>' for n in counts)}</tr>"
        for name, counts in zip(names, made["counts"], strict=True)
    )
    return (
        "<!doctype html><meta charset='utf-8'><style>body{font:14px sans-serif}td,th{padding:4px "
        "12px;text-align:right;border:1px solid #ccc}</style>"
        f"<h3>{html.escape(title)}, n = {made['n']}</h3><p>Rows: reference; columns: called.</p>"
        f"<table><tr><th></th>{head}</tr>{rows}</table>"
    )


def mirror_champion(uri: str, *, task: str, version: str) -> bool:
    """Point the alias ``champion`` of a registered model at a version, where both are registered.

    A version that becomes champion is no challenger any more. The product's own record is
    mirrored, and never read back.

    Parameters
    ----------
    uri : str
        Tracking server or database, its registry included.
    task : str
        Name of the registered model.
    version : str
        Name of the run that the registered model version came from: training names it so.

    Returns
    -------
    bool
        Whether the alias stands. A registry that is away or knows neither changes nothing.
    """
    try:
        client = mlflow.MlflowClient(tracking_uri=uri, registry_uri=uri)
        for found in client.search_model_versions(f"name='{task}'"):
            if found.run_id and client.get_run(found.run_id).info.run_name == version:
                client.set_registered_model_alias(task, CHAMPION, found.version)
                if CHALLENGER in client.get_model_version(task, found.version).aliases:
                    client.delete_registered_model_alias(task, CHALLENGER)
                return True
    except FAULTS as error:
        print(
            f"Warning: MLflow's alias was not set ({type(error).__name__}); the champion is, in "
            "the product's own database.",
            file=sys.stderr,
        )
    return False
