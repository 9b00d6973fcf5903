"""Predictions files that a person names: opened, their classes found, read."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from core.errors import EvaluationError
from core.evaluation.runs import EvaluationRun, RunFacts
from core.tasks import TaskSpec


def read_prediction_files(
    paths: Sequence[Path],
    *,
    class_name: str,
    class_names: Sequence[str] | None = None,
    task: TaskSpec | None = None,
) -> list[EvaluationRun]:
    """Read predictions files of the same classes.

    Parameters
    ----------
    paths : sequence of Path
    class_name : str
        The class that is asked about; one column is named as it.
    class_names : sequence of str or None
        In order; None: the task's, else found from the columns.
    task : TaskSpec or None

    Raises
    ------
    EvaluationError
        If a file cannot be opened or is wrong, with row and column of the first offender.
    """
    from core.evaluation.class_columns import infer_class_names
    from core.evaluation.predictions import read_predictions
    from core.evaluation.tables import read_table

    contents = [_bytes_of(path) for path in paths]
    names = class_names or (task.class_names if task else None)
    if names is None:
        tables = [
            read_table(data, name=path.name) for data, path in zip(contents, paths, strict=True)
        ]
        names = infer_class_names(tables, class_name=class_name)
    return [
        read_predictions(
            data,
            class_names=names,
            facts=RunFacts(
                name=path.stem,
                task=task.key if task else None,
                data=path.name,
                split_made="not stated in the predictions file",
                group_name=task.group_name if task else "group",
            ),
            name=path.name,
        )
        for data, path in zip(contents, paths, strict=True)
    ]


def _bytes_of(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except (OSError, ValueError) as error:  # ValueError: a NUL in the name
        raise EvaluationError(
            f"{path.name} cannot be opened ({type(error).__name__}).", remedy="Check the path."
        ) from None
