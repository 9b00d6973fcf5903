"""Read task files: the product's own and, where the setting names a folder, the user's."""

from __future__ import annotations

import functools
from pathlib import Path

from pydantic import BaseModel

from core.config import settings
from core.errors import TaskError
from core.tasks.spec import ClassSpec, RecipeStep, SourceSpec, TaskSpec
from core.tasks.validation import read_model

OWN_FOLDER = Path(__file__).parent
PARTS: dict[str, type[BaseModel]] = {
    "classes": ClassSpec,
    "recipe": RecipeStep,
    "sources": SourceSpec,
}


def read_task(path: Path) -> TaskSpec:
    """Read one task file.

    Raises
    ------
    TaskError
        If the file is not YAML, misses a key, has an unknown one or a value that is not allowed:
        the message names the file, the key and what is allowed.
    """
    task = read_model(path, TaskSpec, parts=PARTS, error=TaskError, examples="core/tasks/")
    if task.key != path.stem:
        raise TaskError(
            f"{path.name}: key is {task.key!r}.",
            remedy=f"The key must equal the file's name: {path.stem!r}.",
            column="key",
        )
    return task


@functools.cache
def load_tasks() -> dict[str, TaskSpec]:
    """Return every task, by key, the product's own first.

    Raises
    ------
    TaskError
        If any file is wrong, or a user's task has the key of one of ours.
    """
    tasks = {path.stem: read_task(path) for path in sorted(OWN_FOLDER.glob("*.yaml"))}
    folder = settings().tasks
    if folder is None:
        return tasks
    if not folder.is_dir():
        raise TaskError(
            f"The folder of your own tasks does not exist: {folder}.",
            remedy="Create it or correct SECOND_LOOK_TASKS.",
        )
    for path in sorted([*folder.glob("*.yaml"), *folder.glob("*.yml")]):
        task = read_task(path)
        if task.key in tasks:
            raise TaskError(
                f"{path.name}: a task {task.key!r} exists already.",
                remedy="Give your task another key and file name.",
                column="key",
            )
        tasks[task.key] = task
    return tasks


def load_task(key: str) -> TaskSpec:
    """Return the task of that key.

    Raises
    ------
    TaskError
        If there is none.
    """
    tasks = load_tasks()
    if key not in tasks:
        raise TaskError(f"There is no task {key!r}.", remedy=f"Tasks: {', '.join(tasks)}.")
    return tasks[key]
