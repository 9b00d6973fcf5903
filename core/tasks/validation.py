"""Wrong YAML in words: which key, what it holds, and what is allowed there; every fault at once."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal, TypeVar, get_args, get_origin

import yaml
from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from core.errors import CoreError
from core.tasks.yaml_text import RepeatedKeyError, load_yaml

_Model = TypeVar("_Model", bound=BaseModel)
KEY_PATTERN = r"^[a-z][a-z0-9_]{0,63}$"
STEP_PATTERN = r"^[a-z][a-z0-9_.-]{0,127}$"  # a full name holds the values: gaussian_filter_1.5
COLOUR_PATTERN = r"^#[0-9A-Fa-f]{6}$"
_PATTERNS = {
    KEY_PATTERN: "1 to 64 small letters, digits and _, a letter first",
    STEP_PATTERN: "the name of a preprocessing step",
    COLOUR_PATTERN: 'a colour as "#RRGGBB", in quotes',
}
_TYPES = {
    "tuple_type": "a list, such as [a, b]",
    "list_type": "a list, such as [a, b]",
    "dict_type": "keys and values",
    "model_type": "keys and values, such as {key: stone, title: Stone}",
    "string_type": "text, in quotes where it could be a number or yes / no",
    "bool_type": "true or false",
    "bool_parsing": "true or false",
    "float_type": "a number",
    "float_parsing": "a number",
    "string_too_short": "text that is not empty",
}


def read_yaml(path: Path, *, error: type[CoreError]) -> Any:
    """Return what a YAML file holds.

    Raises
    ------
    CoreError
        Of the type given, if the file cannot be read as YAML, or a key stands twice in the same
        place: one of the two would be lost.
    """
    try:
        return load_yaml(path.read_text(encoding="utf-8"))
    except RepeatedKeyError as found:
        raise error(
            f"{path.name}: {found}.",
            remedy="Write it once, with everything that belongs to it.",
            row=found.line,
            column=found.key,
        ) from None
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as found:
        told = " ".join(str(found).split())  # YAML draws its errors over several lines
        raise error(
            f"{path.name} cannot be read as YAML: {told}.", remedy="Correct the file."
        ) from None


def read_model(
    path: Path,
    model: type[_Model],
    *,
    parts: Mapping[str, type[BaseModel]],
    error: type[CoreError],
    examples: str,
) -> _Model:
    """Return a YAML file as a value of its model.

    Parameters
    ----------
    path : Path
    model : type of BaseModel
    parts : mapping of key to type of BaseModel
        As for ``faults_in_words``.
    error : type of CoreError
        Raised for whatever is wrong: with the file, the key and what is allowed.
    examples : str
        Folder of files that work, as a person names it.
    """
    content = read_yaml(path, error=error)
    if not isinstance(content, dict):
        raise error(
            f"{path.name} holds {type(content).__name__}, not keys and values.",
            remedy=f"Start from one of the files in {examples}.",
        )
    try:
        return model(**content)
    except ValidationError as found:
        faults, allowed, first = faults_in_words(found, model, parts)
        raise error(
            f"{path.name}: {faults}.",
            remedy=f"Allowed: {allowed}. {examples} holds working examples.",
            column=first or None,
        ) from None


def faults_in_words(
    error: ValidationError,
    model: type[BaseModel],
    parts: Mapping[str, type[BaseModel]] | None = None,
) -> tuple[str, str, str]:
    """Return (faults, what is allowed, the first key) of a file that does not fit its model.

    Parameters
    ----------
    error : ValidationError
        Of ``model``, holding every fault.
    model : type of BaseModel
        What the whole file is.
    parts : mapping of key to type of BaseModel
        What the members of a list below that key are.
    """
    faults, allowed = [], []
    for item in error.errors():
        key = ".".join(str(part) for part in item["loc"]) or "the file as a whole"
        place = (parts or {}).get(str(item["loc"][0]), model) if item["loc"] else model
        faults.append(f"{key} {_fault(item)}")
        allowed.append(f"{key}: {_allowed(item, place)}")
    first = ".".join(str(part) for part in error.errors()[0]["loc"])
    return "; ".join(faults), "; ".join(allowed), first


def _fault(item: ErrorDetails) -> str:
    if item["type"] == "missing":
        return "is missing"
    if item["type"] == "extra_forbidden":
        return "is no key of that place"
    value = item.get("input")
    if isinstance(value, dict):
        return "does not fit together"
    return f"is {str(value)[:60]!r}" if isinstance(value, str) else f"is {str(value)[:60]}"


def _allowed(item: ErrorDetails, place: type[BaseModel]) -> str:
    kind, context = item["type"], item.get("ctx", {})
    if kind == "extra_forbidden":
        return "one of " + ", ".join(place.model_fields)
    if kind == "missing":
        return _field(place, str(item["loc"][-1]))
    if kind == "literal_error":
        return str(context["expected"])
    if kind == "string_pattern_mismatch":
        return _PATTERNS.get(str(context["pattern"]), str(item["msg"]))
    if kind in _TYPES:
        return _TYPES[kind]
    # Pydantic marks the words of our own checks in this way.
    return str(item["msg"]).removeprefix("Value error, ")


def _field(place: type[BaseModel], name: str) -> str:
    """Return what a key that is missing may hold."""
    field = place.model_fields.get(name)
    if field is None:
        return "needed"
    choices: tuple[Any, ...] = ()
    if get_origin(field.annotation) is Literal:
        choices = get_args(field.annotation)
    if field.annotation is bool:
        choices = ("true", "false")
    words = " or ".join(str(choice) for choice in choices) or "needed"
    return f"{words} ({field.description})" if field.description else words
