"""What every preprocessing step offers: a name, a version, parameters, and one function."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any, ClassVar

from core.domain import ByteArray


class Step(ABC):
    """One deterministic change of a picture, the same in training and in serving.

    A step's name says all of its parameters: the same name never means other pixels. Whoever
    changes what a step does to pixels raises ``version``, so that a model trained with the older
    one is refused instead of being served other pictures than it was trained on.

    Attributes
    ----------
    version : int
        Raised whenever the same input gives other pixels than before.
    fixes_size : bool
        Whether every output has the same rows and columns, whatever comes in.
    """

    version: ClassVar[int] = 1
    fixes_size: ClassVar[bool] = False

    @property
    @abstractmethod
    def name(self) -> str:
        """Key of the step in the table, in task files and in ``already_applied``."""

    @property
    @abstractmethod
    def parameters(self) -> Mapping[str, Any]:
        """Everything that decides the pixels beside the version, as YAML can hold it."""

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
