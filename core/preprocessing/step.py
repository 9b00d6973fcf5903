"""What every preprocessing step offers: a name, a version, parameters, and one function."""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Self

from core.domain import ByteArray
from core.errors import RecipeError
from core.preprocessing.parameters import check_keys, check_values, ranges_of, whole

_NUMBER = re.compile(r"-?\d+(\.\d+)?")


@dataclass(frozen=True)
class Step(ABC):
    """One deterministic change of a picture, the same in training and in serving.

    A step's name says all of its parameters: the same name never means other pixels. Whoever
    changes what a step does to pixels raises ``version``, so that a model trained with the older
    one is refused instead of being served other pictures than it was trained on.

    Subclasses are frozen dataclasses whose fields are made by ``core.preprocessing.parameters``.

    Attributes
    ----------
    kind : str
        What a task file may name, with parameters beside it. The name is the kind and the values.
    version : int
        Raised whenever the same input gives other pixels than before.
    fixes_size : bool
        Whether every output has the same rows and columns, whatever comes in.
    constants : mapping
        Facts about the step that nobody can choose; part of the fingerprint.
    when_unchanged : str
        Why the step may hand back the very array that it was given; empty where it never does.
    """

    kind: ClassVar[str]
    version: ClassVar[int] = 1
    fixes_size: ClassVar[bool] = False
    constants: ClassVar[Mapping[str, Any]] = {}
    when_unchanged: ClassVar[str] = ""

    def __post_init__(self) -> None:
        check_values(self, called=self.kind)

    @classmethod
    def from_parameters(cls, parameters: Mapping[str, Any]) -> Self:
        """Build the step from what a file says; what it leaves out keeps its default.

        Raises
        ------
        RecipeError
            If a parameter is unknown, missing or out of its range.
        """
        check_keys(cls, parameters, called=cls.kind, constants=cls.constants)
        return cls(**{key: parameters[key] for key in ranges_of(cls) if key in parameters})

    @classmethod
    def from_name(cls, name: str) -> Self | None:
        """Return the step of that full name; None where it is no name of this kind."""
        head, _, tail = name.partition(cls.kind)
        if head or (tail and not tail.startswith("_")):
            return None
        try:
            step = cls(**cls.values_of(tail.split("_")[1:]))
        except (ValueError, TypeError, RecipeError):
            return None
        return step if step.name == name else None

    @classmethod
    def values_of(cls, words: Sequence[str]) -> dict[str, Any]:
        """Return the parameters that the words after the kind stand for (ValueError: none)."""
        if not all(_NUMBER.fullmatch(word) for word in words):
            raise ValueError
        left = [float(word) for word in words]
        values: dict[str, Any] = {}
        for key, allowed in ranges_of(cls).items():
            taken, left = left[: allowed.n or 1], left[allowed.n or 1 :]
            values[key] = taken if allowed.n else taken[0] if taken else None
        if left:
            raise ValueError
        return values

    @property
    def name(self) -> str:
        """Key of the step in the table, on cards and in ``already_applied``."""
        return "_".join([self.kind, *self.words])

    @property
    def words(self) -> list[str]:
        """The parameters, as the name holds them."""
        found: list[str] = []
        for key in ranges_of(type(self)):
            value = getattr(self, key)
            parts = value if isinstance(value, tuple) else (value,)
            found += [repr(part).removesuffix(".0") for part in parts]
        return found

    @property
    def parameters(self) -> Mapping[str, Any]:
        """Everything that decides the pixels beside the version, as YAML can hold it."""
        values = {key: getattr(self, key) for key in ranges_of(type(self))}
        plain = {
            key: list(value) if isinstance(value, tuple) else value for key, value in values.items()
        }
        return plain | dict(self.constants)

    @abstractmethod
    def __call__(self, pixels: ByteArray) -> ByteArray:
        """Return the changed picture.

        Parameters
        ----------
        pixels : ndarray of shape (rows, columns) or (rows, columns, 3), uint8
            Grey, or RGB in that order. Never changed in place.

        Returns
        -------
        ndarray, uint8
            Grey stays grey where the step allows it; colour is RGB.
        """

    @abstractmethod
    def size_after(self, size: tuple[int, int] | None) -> tuple[int, int] | None:
        """Return (rows, columns) of the output for an input of ``size``; None where not known."""

    @abstractmethod
    def could_have_made(self, size: tuple[int, int]) -> bool:
        """Whether a picture of (rows, columns) = ``size`` can be an output of this step."""

    @property
    def output_described(self) -> str:
        """The sizes this step puts out, in words, for a message."""
        return "any size"


@dataclass(frozen=True)
class SameSize(Step):
    """A step that moves no pixel: a filter, or another colour."""

    def size_after(self, size: tuple[int, int] | None) -> tuple[int, int] | None:
        """Return ``size``: nothing is resized."""
        return size

    def could_have_made(self, size: tuple[int, int]) -> bool:
        """Any size can have been filtered."""
        return True


def size_words(rows: int, columns: int) -> list[str]:
    """Return a size as a name holds it.

    >>> size_words(224, 224), size_words(224, 250)
    (['224'], ['224x250'])
    """
    return [f"{rows}" if rows == columns else f"{rows}x{columns}"]


def read_size(words: Sequence[str]) -> dict[str, Any]:
    """Return rows and columns of what :func:`size_words` wrote (ValueError: it did not).

    >>> read_size(["224x250"])
    {'rows': 224, 'columns': 250}
    """
    (word,) = words
    rows, _, columns = word.partition("x")
    return {"rows": int(rows), "columns": int(columns or rows)}


@dataclass(frozen=True)
class FixedSize(Step):
    """A step after which every picture has ``rows`` x ``columns`` pixels, whatever came in."""

    fixes_size: ClassVar[bool] = True

    rows: int = whole(8, 2048)
    columns: int = whole(8, 2048)

    @classmethod
    def values_of(cls, words: Sequence[str]) -> dict[str, Any]:
        """Read ``224`` or ``224x250``."""
        return read_size(words)

    @property
    def words(self) -> list[str]:
        """``224`` for a square, else ``<rows>x<columns>``."""
        return size_words(self.rows, self.columns)

    def size_after(self, size: tuple[int, int] | None) -> tuple[int, int] | None:
        """Return (rows, columns), whatever comes in."""
        return (self.rows, self.columns)

    def could_have_made(self, size: tuple[int, int]) -> bool:
        """Only a picture of exactly this size."""
        return size == (self.rows, self.columns)

    @property
    def output_described(self) -> str:
        """Rows x columns."""
        return f"{self.rows} x {self.columns}"
