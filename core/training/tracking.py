"""HEAVY: MLflow tracking, the only place that imports it. A server that is away stops no run."""

from __future__ import annotations

import logging
import os
import sys
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

# MLflow lets the faults of a database through; requests' own errors are OSErrors.
_sqlalchemy = mlflow_database.sqlalchemy  # type: ignore[attr-defined]
FAULTS = (MlflowException, OSError, _sqlalchemy.exc.SQLAlchemyError)
mlflow_database.MAX_RETRY_COUNT = 3  # of 10: their pauses add up to minutes
logging.getLogger("mlflow").setLevel(logging.ERROR)
SQLITE_HEADER = b"SQLite format 3\x00"

LIGHT_FILES = ("card.yaml", "calibration.yaml", "manifest.json")
PARAMETER_LENGTH = 500
CHAMPION = "champion"


class Tracker:
    """One MLflow run; after the first failure it stays silent and the training goes on.

    Parameters
    ----------
    uri : str or None
        Tracking server; None: SQLite inside the home.
    home : Path
    experiment, name : str
        Experiment (the task) and run (the version).
    """

    def __init__(self, uri: str | None, *, home: Path, experiment: str, name: str) -> None:
        self._database = home / "mlflow.db"
        self._uri = uri or f"sqlite:///{self._database}"
        self._is_own = uri is None
        self._artifacts = home / "mlflow"
        self._run_id = ""
        self._client: Any = None
        self.is_on = True
        self._try(lambda: self._start(experiment, name))

    def parameters(self, values: Mapping[str, Any]) -> None:
        """Store the settings of the run."""
        params = [
            mlflow.entities.Param(key, str(value)[:PARAMETER_LENGTH])
            for key, value in values.items()
        ]
        self._try(lambda: self._client.log_batch(self._run_id, params=params))

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

    def finish(self, version: Path) -> None:
        """Store card, calibration and evaluation runs, and end the run."""
        for name in LIGHT_FILES:
            path = str(version / name)
            self._try(lambda path=path: self._client.log_artifact(self._run_id, path))  # type: ignore[misc]
        runs = str(version / "evaluation")
        if Path(runs).is_dir():
            self._try(lambda: self._client.log_artifacts(self._run_id, runs, "evaluation"))
        self._try(lambda: self._client.set_terminated(self._run_id, "FINISHED"))

    def fail(self) -> None:
        """End the run as failed."""
        self._try(lambda: self._client.set_terminated(self._run_id, "FAILED"))

    def _start(self, experiment: str, name: str) -> None:
        if self._is_own:
            self._check_own()
        self._client = mlflow.MlflowClient(tracking_uri=self._uri)
        found = self._client.get_experiment_by_name(experiment)
        where = self._artifacts.as_uri() if self._is_own else None
        key = (
            found.experiment_id
            if found
            else self._client.create_experiment(experiment, artifact_location=where)
        )
        self._run_id = self._client.create_run(key, run_name=name).info.run_id

    def _check_own(self) -> None:
        """Fail at once where MLflow would try for minutes to open its database."""
        self._artifacts.mkdir(parents=True, exist_ok=True)
        with self._database.open("a+b") as stream:
            stream.seek(0)
            if stream.read(len(SQLITE_HEADER)) not in (b"", SQLITE_HEADER):
                raise OSError(f"{self._database.name} is no SQLite database")

    def _log(self, numbers: Mapping[str, float], *, step: int) -> None:
        metrics = [mlflow.entities.Metric(key, value, 0, step) for key, value in numbers.items()]
        self._try(lambda: self._client.log_batch(self._run_id, metrics=metrics))

    def _try(self, call: Callable[[], Any]) -> None:
        if not self.is_on:
            return
        try:
            call()
        except FAULTS as error:
            self.is_on = False
            reason = str(error).splitlines()[0][:200] if str(error) else type(error).__name__
            print(
                f"Warning: MLflow cannot be reached ({reason}); the training goes on untracked. "
                "Check SECOND_LOOK_MLFLOW_TRACKING_URI.",
                file=sys.stderr,
            )


def mirror_champion(uri: str, *, task: str, version: str) -> bool:
    """Point the alias ``champion`` of a registered model at a version, where both are registered.

    It mirrors the product's own record and is never read back.

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
                return True
    except FAULTS as error:
        print(
            f"Warning: MLflow's alias was not set ({type(error).__name__}); the champion is, in "
            "the product's own database.",
            file=sys.stderr,
        )
    return False
