"""The base of what a run is told: frozen values, no unknown keys, and numbers that are numbers."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, ValidationInfo, field_validator

_NUMBERS = (int, float, int | None, float | None)


def refuse_truth(given: Any) -> Any:
    """Refuse true and false where a number is meant: they would pass as 1 and 0.

    Whole numbers written as text or with a point stay welcome: YAML reads ``1e-3`` as text.

    Raises
    ------
    ValueError
        With what is meant.
    """
    if isinstance(given, bool):
        raise ValueError("give a number, not true or false")
    return given


# Numbers inside of lists and mappings, where the model below cannot look.
Number = Annotated[float, BeforeValidator(refuse_truth)]
Whole = Annotated[int, BeforeValidator(refuse_truth)]


class Strict(BaseModel):
    """Frozen; refuses unknown keys, infinite numbers, and true or false for a number."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    @field_validator("*", mode="before")
    @classmethod
    def _is_number(cls, given: Any, info: ValidationInfo) -> Any:
        field = cls.model_fields[str(info.field_name)]
        return refuse_truth(given) if field.annotation in _NUMBERS else given
