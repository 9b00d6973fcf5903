"""Match the labels of a folder to the classes of a task."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from core.errors import DatasetError
from core.tasks import TaskSpec


def plain(name: str) -> str:
    """Return a name without case, blanks or punctuation, for comparison.

    >>> plain("Non-Sclerotic ") == plain("non_sclerotic")
    True
    """
    return re.sub(r"[\W_]+", "_", name.casefold()).strip("_")


@dataclass(frozen=True)
class LabelMap:
    """Which label of a data folder is which class of a task; every other label is left out."""

    classes: Mapping[str, str]

    def class_of(self, label: str) -> str | None:
        """Return the class of a label, whatever its case and punctuation, or None."""
        return self.classes.get(plain(label))


def label_map(task: TaskSpec, dataset_task: str | None) -> LabelMap:
    """Return the map of the source that reads folders of ``dataset_task``.

    A source without a map of its own takes the task's classes by key, title or alias.

    Parameters
    ----------
    task : TaskSpec
    dataset_task : str or None
        The ``task`` of the folder's description; None (there is none): a folder of this task.

    Raises
    ------
    DatasetError
        If the task has no such source.
    """
    by_class = {plain(name): item.key for item in task.classes for name in item.aliases}
    by_class |= {plain(item.title): item.key for item in task.classes}
    by_class |= {plain(item.key): item.key for item in task.classes}
    if dataset_task is None or dataset_task == task.key:
        source = task.source_for(task.key)
        return LabelMap(_mapped(source.labels) if source and source.labels else by_class)
    source = task.source_for(dataset_task)
    if source is None:
        allowed = ", ".join(item.task for item in task.sources)
        raise DatasetError(
            f"The folder holds pictures of the task {dataset_task!r}, which {task.key!r} does not "
            "read.",
            remedy=f"Give a folder of one of: {allowed}; or name another task.",
            column="task",
        )
    return LabelMap(_mapped(source.labels) if source.labels else by_class)


def _mapped(labels: Mapping[str, str]) -> dict[str, str]:
    return {plain(label): key for label, key in labels.items()}
