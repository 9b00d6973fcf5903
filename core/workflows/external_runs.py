"""Predictions of a model that is not ours, taken in by a page: checked, then kept as a run."""

from __future__ import annotations

import difflib
from collections.abc import Callable

from core.errors import EvaluationError
from core.tasks import TaskSpec
from core.workflows.stored_runs import StoredRun, find_run, runs_folder

Tell = Callable[[str], None]
MAX_MEGABYTES = 500  # a million rows of four classes are about 60


def store_predictions(
    data: bytes, name: str, task: TaskSpec, *, tell: Tell | None = None
) -> StoredRun:
    """Read a predictions table and keep it as an external run of the task.

    Nothing is stored unless every row is right. Its figures are made when a page asks for them.

    Parameters
    ----------
    data : bytes
        CSV: ``file, y_true``, one probability column named as each class of the task; optional
        ``group`` and slice columns.
    name : str
        What the file is called.
    task : TaskSpec
    tell : callable or None
        Told, in words, what is done next.

    Raises
    ------
    EvaluationError
        If the table is wrong, with row (header = 1) and column of the first offender; where its
        classes are not the task's, what to do about that.
    ModelVersionError
        If the task has no usable version: runs are listed beside it.
    """
    from core.evaluation.predictions import read_predictions
    from core.evaluation.runs import write_run
    from core.workflows.evaluating import external_facts, free_name

    say = tell or (lambda _: None)
    say("Reading and checking every row")
    facts = external_facts(name, task)
    try:
        run = read_predictions(data, class_names=task.class_names, facts=facts, name=name)
    except EvaluationError as error:
        raise _of_other_classes(error, data, name, task) from None
    say(f"Storing {run.n:,} rows")
    folder = write_run(run, free_name(runs_folder(task.key, None), facts))
    return find_run(task.key, folder.name)


def _of_other_classes(
    error: EvaluationError, data: bytes, name: str, task: TaskSpec
) -> EvaluationError:
    """Return the error, with what to do where the table holds somebody else's classes."""
    if error.row is not None or error.column not in task.class_names:
        return error
    header = data[: 1 << 16].split(b"\n", 1)[0].decode("utf-8", "replace")
    header = header.replace(";", ",").replace("\t", ",")
    columns = {item.strip().strip('"').casefold() for item in header.split(",")}
    if not {"file", "y_true"} <= columns:
        return error
    present = [key for key in task.class_names if key.casefold() in columns]
    close = difflib.get_close_matches(str(error.column), sorted(columns), n=1)
    if present or close:
        return error
    return EvaluationError(
        f"{name} has none of the classes of {task.title} ({', '.join(task.class_names)}).",
        remedy="Rename its columns and labels to these classes, or choose the task they belong to. "
        "For classes that no task has: python -m core evaluate --class-names a,b,… --predictions "
        "FILE.csv, or a task file of your own (SECOND_LOOK_TASKS).",
        column=error.column,
    )
