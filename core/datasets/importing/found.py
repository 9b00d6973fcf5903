"""What a layout finds in a published folder, and which class each published name means."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from core.datasets.labels import label_map, plain
from core.errors import DatasetError
from core.tasks import TaskSpec
from core.wording import counted

LEAVE_OUT = "-"
SPLITS = {
    "train": "train",
    "training": "train",
    "val": "validation",
    "valid": "validation",
    "validation": "validation",
    "test": "test",
    "testing": "test",
}
NAMED = 5  # examples in a sentence


@dataclass(frozen=True, slots=True)
class FoundPicture:
    """One picture: path below the source, its label as published, the published part if any."""

    file: str
    name: str
    split: str | None = None


@dataclass(frozen=True, slots=True)
class Found:
    """The pictures of a source, and what a person should know about it.

    ``missing``: named by a table, but not there. ``unlisted``: there, but not named by the table.
    """

    pictures: tuple[FoundPicture, ...]
    notes: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    unlisted: tuple[str, ...] = ()


class ClassNames:
    """Which class a published name means.

    Parameters
    ----------
    task : TaskSpec
        Its classes are known by key, title and alias, whatever case and punctuation.
    given : mapping of str to str
        Names that a person explains: name -> class, or ``-`` to leave its pictures out.

    Raises
    ------
    DatasetError
        If a class that is given does not exist.
    """

    def __init__(self, task: TaskSpec, given: Mapping[str, str] | None = None) -> None:
        self.task = task
        self._given = {plain(name): value for name, value in (given or {}).items()}
        self._known = label_map(task, task.key)
        for name, value in (given or {}).items():
            if value != LEAVE_OUT and value not in task.class_names:
                raise DatasetError(
                    f"{name} is said to be {value!r}, which is no class of {task.key}.",
                    remedy=f"Classes: {', '.join(task.class_names)}; {LEAVE_OUT} leaves it out.",
                )

    def knows(self, name: str) -> bool:
        """Whether the name means a class, or is to be left out."""
        return plain(name) in self._given or self._known.class_of(name) is not None

    def class_of(self, name: str) -> str | None:
        """Return the class of a name that is known; None where it is left out."""
        given = self._given.get(plain(name))
        if given is not None:
            return None if given == LEAVE_OUT else given
        return self._known.class_of(name)

    def refuse_unknown(self, names: Iterable[str]) -> None:
        """Refuse names that mean no class: all of them at once, with the number of pictures.

        Raises
        ------
        DatasetError
            Its remedy says how to explain or to leave out the first of them.
        """
        unknown = Counter(name for name in names if not self.knows(name))
        if unknown:
            told = ", ".join(
                f"{name!r} ({counted(n, 'picture')})" for name, n in sorted(unknown.items())
            )
            raise DatasetError(
                f"Not a class of {self.task.key}: {told}.",
                remedy=self.advice(min(unknown)),
                column="label",
            )

    def advice(self, name: str) -> str:
        """Return what can be done about a name that means no class.

        No class stands in it as an example: whoever copied it would give the pictures that label.
        """
        return (
            f"Leave it out (--label '{name}={LEAVE_OUT}'), rename it, or say which class it is "
            f"(--label '{name}=CLASS'). Classes: {', '.join(self.task.class_names)}."
        )


def some(names: Iterable[str]) -> str:
    """Return the first few names, for a sentence.

    >>> some("abcdefg")
    'a, b, c, d, e, ...'
    """
    listed = list(names)
    return ", ".join(listed[:NAMED]) + (", ..." if len(listed) > NAMED else "")
