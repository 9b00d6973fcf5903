"""Parameters of a step: fields with a range, checked where a step is built."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import MISSING, Field, dataclass, field, fields
from typing import Any

from core.errors import RecipeError

_RANGE = "range"


@dataclass(frozen=True, slots=True)
class Range:
    """What one parameter may be.

    Attributes
    ----------
    low, high : float
        Both allowed.
    is_whole : bool
        Whole numbers only.
    is_odd : bool
        Odd ones only: a window needs a middle.
    n : int or None
        How many numbers the parameter is; None: one, not a list.
    """

    low: float
    high: float
    is_whole: bool = False
    is_odd: bool = False
    n: int | None = None

    @property
    def words(self) -> str:
        """The range in words.

        >>> Range(3, 15, is_whole=True, is_odd=True).words
        'an odd whole number from 3 to 15'
        >>> Range(0, 1.5, n=3).words
        '3 numbers from 0 to 1.5'
        """
        kind = "whole number" if self.is_whole else "number"
        limits = f"from {self.low:g} to {self.high:g}"
        if self.n is not None:
            return f"{self.n} {kind}s {limits}"
        return f"{'an odd' if self.is_odd else 'a'} {kind} {limits}"

    def read(self, value: Any) -> Any:
        """Return the value as the step keeps it: int, float or a tuple of them.

        Raises
        ------
        ValueError
            If it is not in the range.
        """
        if self.n is None:
            return self._one(value)
        if not isinstance(value, list | tuple) or len(value) != self.n:
            raise ValueError
        return tuple(self._one(item) for item in value)

    def _one(self, value: Any) -> int | float:
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise ValueError
        if not (math.isfinite(value) and self.low <= value <= self.high):
            raise ValueError
        if self.is_whole and value != int(value):
            raise ValueError
        if self.is_odd and value % 2 != 1:
            raise ValueError
        return int(value) if self.is_whole else float(value)


def whole(low: int, high: int, *, default: Any = MISSING, odd: bool = False) -> Any:
    """Return a field that holds a whole number."""
    return field(default=default, metadata={_RANGE: Range(low, high, is_whole=True, is_odd=odd)})


def number(low: float, high: float, *, default: Any = MISSING) -> Any:
    """Return a field that holds a number."""
    return field(default=default, metadata={_RANGE: Range(low, high)})


def numbers(low: float, high: float, *, default: tuple[float, ...]) -> Any:
    """Return a field that holds as many numbers as its default."""
    return field(default=default, metadata={_RANGE: Range(low, high, n=len(default))})


def ranges_of(kind: type[Any]) -> dict[str, Range]:
    """Return the range of every parameter, in the order of the fields."""
    return {item.name: item.metadata[_RANGE] for item in fields(kind) if _RANGE in item.metadata}


def check_values(step: Any, *, called: str) -> None:
    """Check every parameter of a step that is being built and keep it as int, float or tuple.

    Raises
    ------
    RecipeError
        Naming the parameter, its value and what it may be.
    """
    for key, allowed in ranges_of(type(step)).items():
        value = getattr(step, key)
        try:
            object.__setattr__(step, key, allowed.read(value))
        except ValueError:
            raise RecipeError(
                f"{called}: {key} is {value!r}.", remedy=f"Give {allowed.words}.", column=key
            ) from None


def check_keys(
    kind: type[Any], given: Mapping[str, Any], *, called: str, constants: Mapping[str, Any]
) -> None:
    """Refuse parameters that the step does not have, and a missing one that has no default.

    Raises
    ------
    RecipeError
    """
    allowed = [*ranges_of(kind), *constants]
    words = ", ".join(allowed) or "none"
    for key, value in given.items():
        if key not in allowed:
            raise RecipeError(
                f"{called}: unknown parameter {str(key)!r}.",
                remedy=f"Parameters of this step: {words}.",
                column=str(key),
            )
        if key in constants and value != constants[key]:
            raise RecipeError(
                f"{called}: {key} is always {constants[key]!r}, not {value!r}.",
                remedy="Leave it out, or name another step.",
                column=key,
            )
    for item in fields(kind):
        if _is_needed(item) and item.name not in given:
            raise RecipeError(
                f"{called}: {item.name} is missing.",
                remedy=f"Give {item.metadata[_RANGE].words}.",
                column=item.name,
            )


def _is_needed(item: Field[Any]) -> bool:
    return _RANGE in item.metadata and item.default is MISSING
