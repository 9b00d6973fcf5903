"""The card of a model version: what it is, what it was trained on, how good, and what it misses."""

from __future__ import annotations

from functools import lru_cache
from pathlib import PurePosixPath
from typing import Any, Literal

import yaml
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError, model_validator

from core.domain import Figure
from core.errors import ModelVersionError
from core.inference.ensemble_spec import EnsembleSpec
from core.inference.patterns import SHA256_PATTERN, VERSION_PATTERN
from core.tasks import TaskSpec


class _Frozen(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


class CardFigure(_Frozen):
    """A number with its n and two 95 % intervals: a *figure*; None is undefined."""

    value: float | None
    low: float | None
    high: float | None
    n: int = Field(ge=0)
    low_grouped: float | None = None
    high_grouped: float | None = None
    n_groups: int | None = None

    @property
    def leading(self) -> tuple[float | None, float | None, float | None]:
        """Value, low and high of the interval that leads, as of ``Figure``."""
        return Figure(**self.model_dump()).leading


class MetricSet(_Frozen):
    """The figures of one split, with how that split was made."""

    split: str = Field(min_length=1, description="Short key, such as out_of_fold or test.")
    title: str = Field(min_length=1, description="How the split was made, in one sentence.")
    leakage: bool = Field(
        False, description="Groups straddle this split: the figures measure memory."
    )
    n: int = Field(ge=0)
    n_groups: int | None = None
    figures: dict[str, CardFigure] = Field(min_length=1)


class TrainingData(_Frozen):
    """What the version was fitted on."""

    name: str = Field(min_length=1)
    n: int = Field(ge=0, description="Pictures fitted on.")
    n_groups: int | None = Field(None, ge=0, description="Series, patients or slides among them.")
    n_by_class: dict[str, int] = Field(default_factory=dict)
    split: str = Field(min_length=1, description="How it was split, in one sentence.")
    seed: int | None = None
    licence: str = Field(min_length=1)
    already_applied: tuple[str, ...] = Field(
        default=(), description="Recipe steps that the pictures carried when they were read."
    )


class Card(_Frozen):
    """``card.yaml`` of a model version; an unknown key is refused."""

    schema_: Literal[1] = Field(1, alias="schema")
    task: str = Field(min_length=1)
    version: str = Field(pattern=VERSION_PATTERN)
    title: str = Field(min_length=1)
    architecture: str = Field(min_length=1)
    created_at: AwareDatetime
    input_size: tuple[int, int] = Field(description="(rows, columns) of the network's input.")
    class_names: tuple[str, ...] = Field(min_length=2)
    recipe: tuple[dict[str, Any], ...] = Field(min_length=1)
    recipe_fingerprint: str = Field(pattern=SHA256_PATTERN)
    training_data: TrainingData
    frozen_until: str | None = Field(None, description="Last layer that training left untouched.")
    feature_layer: str | None = Field(
        "feature_map", description="Layer of the heat maps; null where the network has none."
    )
    stages: tuple[dict[str, Any], ...] = Field(
        (), description="Which layers were trained when: name, frozen_until, epochs, rate."
    )
    gate_layer: str = Field(description="Frozen layer whose mean and std the gate reads.")
    views: tuple[str, ...] = Field(default=("identity",), min_length=1)
    head: str = Field("head_weights", description="Key in golden.npz of the head's weights.")
    metrics: tuple[MetricSet, ...] = ()
    known_failures: tuple[str, ...] = ()
    intended_use: str = Field(min_length=1)
    limits: tuple[str, ...] = ()
    n_parameters: int | None = Field(None, ge=0)
    parameters: dict[str, Any] = Field(
        default_factory=dict, description="Settings of the training run."
    )
    training_seconds: float | None = Field(
        None, gt=0, description="Wall time of the run, over all of its starts."
    )
    files: dict[str, str] = Field(default_factory=dict, description="File -> what it is for.")
    ensemble: EnsembleSpec | None = Field(
        None,
        description="Members, where several answer as one; recipe, size and gate are the first's.",
    )

    @model_validator(mode="after")
    def _consistent(self) -> Card:
        if len(set(self.class_names)) != len(self.class_names):
            raise ValueError(f"class_names: {list(self.class_names)} are not all different")
        if min(self.input_size) < 1:
            raise ValueError(f"input_size: {list(self.input_size)} is not a size")
        for name in self.files:
            if PurePosixPath(name).is_absolute() or ".." in PurePosixPath(name).parts:
                raise ValueError(f"files: {name!r} leaves the version's folder")
        return self

    def to_yaml(self) -> bytes:
        """Return the bytes of ``card.yaml``."""
        left_out = {"ensemble"} if self.ensemble is None else None
        return as_yaml(self.model_dump(mode="json", by_alias=True, exclude=left_out))


def as_yaml(content: dict[str, Any]) -> bytes:
    """Return the mapping as UTF-8 YAML, keys in the order given."""
    return yaml.safe_dump(content, sort_keys=False, allow_unicode=True).encode("utf-8")


def parse_yaml(text: bytes, *, name: str) -> dict[str, Any]:
    """Return the mapping that ``name`` of a model version holds.

    Raises
    ------
    ModelVersionError
        If it is not YAML or not a mapping.
    """
    try:
        content = yaml.safe_load(text.decode("utf-8"))
    except (UnicodeDecodeError, yaml.YAMLError):
        content = None
    if not isinstance(content, dict):
        raise ModelVersionError(
            f"{name} of the model version cannot be read.",
            remedy="Install the model version again.",
        )
    return content


@lru_cache(maxsize=32)
def parse_card(text: bytes) -> Card:
    """Read ``card.yaml``; the same bytes are parsed once (YAML takes 30 ms), and a card is frozen.

    Raises
    ------
    ModelVersionError
        If a key is missing, unknown or has a value that is not allowed: the first is named.
    """
    try:
        return Card(**parse_yaml(text, name="card.yaml"))
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(str(part) for part in first["loc"]) or "the card as a whole"
        raise ModelVersionError(
            f"card.yaml of the model version is wrong at {key}: {first['msg']}.",
            remedy="Install the model version again.",
            column=key,
        ) from None


def check_card_fits_task(card: Card, task: TaskSpec) -> None:
    """Refuse a version whose classes are not the task's, in the task's order.

    Raises
    ------
    ModelVersionError
        If task, number of classes or their order differ: probabilities would get wrong names.
    """
    if card.task != task.key:
        raise ModelVersionError(
            f"Model version {card.version} belongs to task {card.task}, not {task.key}.",
            remedy="Name a version of this task.",
        )
    if card.class_names != task.class_names:
        raise ModelVersionError(
            f"Model version {card.version} has the classes {', '.join(card.class_names)}; "
            f"task {task.key} has {', '.join(task.class_names)}, in this order.",
            remedy="Train a version for the task as it is now, or restore the task file.",
        )
