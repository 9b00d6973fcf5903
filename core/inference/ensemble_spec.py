"""The ``ensemble`` part of a card: who the members are, and how their answers become one."""

from __future__ import annotations

from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from core.inference.patterns import SHA256_PATTERN, VERSION_PATTERN

Combine = Literal["mean_logits", "stack"]
MetaKind = Literal["logistic_regression", "random_forest", "svm", "boosting"]
COMBINES: tuple[Combine, ...] = ("mean_logits", "stack")
META_KINDS: tuple[MetaKind, ...] = ("logistic_regression", "random_forest", "svm", "boosting")


class EnsembleMember(BaseModel):
    """One member: the version that it was taken from, and how it sees a picture."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str = Field(pattern=VERSION_PATTERN)
    digest: str = Field(pattern=SHA256_PATTERN, description="Of the version it is a copy of.")
    architecture: str = Field(min_length=1)
    input_size: tuple[int, int] = Field(description="(rows, columns) of its own input.")
    steps: tuple[str, ...] = Field(description="Steps of its own recipe.")
    weight: float = Field(1.0, gt=0, description="Weight of its logits in the mean.")


class EnsembleSpec(BaseModel):
    """How several members answer as one version."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    combine: Combine
    meta: MetaKind | None = Field(None, description="Kind of the meta learner; null for a mean.")
    members: tuple[EnsembleMember, ...] = Field(min_length=2)
    gate: str = Field(min_length=1, description="Whose gate judges, and why, in a sentence.")
    settings: dict[str, Any] = Field(default_factory=dict, description="Of the meta learner.")

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if (self.combine == "stack") != (self.meta is not None):
            raise ValueError(f"combine {self.combine} with meta learner {self.meta}")
        names = [member.name for member in self.members]
        if len(set(names)) != len(names):
            raise ValueError(f"members: {names} are not all different")
        return self

    @property
    def is_linear(self) -> bool:
        """Whether the score is a sum of the members' logits, so that its map has a closed form."""
        return self.meta in (None, "logistic_regression")
