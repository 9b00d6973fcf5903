"""What must be right before the product starts: settings, folders, tasks and their recipes."""

from __future__ import annotations

from core.config import check_folders
from core.errors import RecipeError, TaskError
from core.preprocessing import Recipe
from core.tasks import load_tasks


def check_start() -> None:
    """Refuse to start with what cannot work.

    Raises
    ------
    SettingsError
        If a setting is unknown, cannot be used or names a folder that is not there.
    TaskError
        If a task file is wrong or its recipe names a step that does not exist.
    """
    check_folders()
    for task in load_tasks().values():
        try:
            Recipe.from_task(task)
        except RecipeError as error:
            raise TaskError(
                f"{task.key}.yaml: {error.problem}", remedy=error.remedy, column="recipe"
            ) from None
