"""What an experiment file may say, as frozen values checked by pydantic."""

from __future__ import annotations

from typing import Any

from pydantic import Field, field_validator

from core.errors import TrainingError
from core.inference.patterns import SHA256_PATTERN
from core.tasks.validation import KEY_PATTERN
from core.training.fingerprint import DataFingerprint
from core.training.strict import Number, Strict

# Settings of a run that have a place of their own in the file: there is one way to say each.
PLACES = {
    "architecture": "architecture",
    "seed": "seed",
    "augmentation": "augmentation",
    "fractions": "validation.fractions",
    "phantom_series": "data.series",
}


class PublishedSpec(Strict):
    """The public work that an experiment runs again, in neutral words."""

    project: str = Field(min_length=1, description="What it is, without names of people.")
    protocol: str = Field(min_length=1, description="How its figure was measured.")
    figure: str | None = Field(None, description="As they state it; null where they state none.")
    meaning: str = Field(min_length=1, description="What that figure says, and what it does not.")
    differs: tuple[str, ...] = Field((), description="What is done otherwise here, and why.")


class ValidationSpec(Strict):
    """How the run is judged."""

    grouped_folds: int | None = Field(
        None, ge=2, description="Every picture judged by a network that saw no group of it."
    )
    left_out_column: str | None = Field(
        None,
        min_length=1,
        description="Also each value of this slice column, such as a centre, by a network that saw "
        "none of its pictures.",
    )
    random_split: bool = Field(
        False, description="Also the published protocol, single pictures by lot: it LEAKS."
    )
    fractions: dict[str, Number] | None = Field(
        None, description="Shares of groups: train, validation, calibration, test; sum 1."
    )


class DataSpec(Strict):
    """Which pictures are trained on."""

    folder: str | None = Field(
        None,
        min_length=1,
        description="Below the data root, or a full path; null: the task's own folder.",
    )
    limit: int | None = Field(
        None, ge=1, description="At most so many pictures, evenly over classes and groups."
    )
    series: int | None = Field(None, ge=8, description="Series drawn, for a synthetic task.")
    fingerprint: DataFingerprint | None = Field(
        None, description="Written by a run: what it was trained on."
    )


class Experiment(Strict):
    """One training run as data. A stored one is complete: nothing in it depends on defaults."""

    key: str = Field(pattern=KEY_PATTERN)
    title: str = Field(min_length=1)
    published: PublishedSpec | None = Field(None, description="The public work it runs again.")
    task: str = Field(pattern=KEY_PATTERN)
    architecture: str = Field(pattern=KEY_PATTERN)
    also_for: tuple[str, ...] = Field(
        (), description="Other architectures that these settings were chosen for; one is named."
    )
    recipe: tuple[dict[str, Any], ...] | None = Field(
        None, min_length=1, description="Steps of preparation; null: the task's."
    )
    input_size: int | None = Field(
        None,
        ge=32,
        description="Side of the square that the network sees; a resize step is added to the "
        "recipe where it ends in another size.",
    )
    training: dict[str, Any] = Field(
        default_factory=dict, description="Training settings on top of the defaults."
    )
    augmentation: dict[str, Any] | None = Field(None, description="null: none.")
    validation: ValidationSpec = ValidationSpec()
    seed: int = Field(0, ge=0, le=2**31 - 1)
    data: DataSpec = DataSpec()
    backbone_sha256: str | None = Field(
        None,
        pattern=SHA256_PATTERN,
        description="Written by a run: SHA-256 of the weights that its backbone began with, up to "
        "the end_layer that stands in its training.",
    )

    @field_validator("training")
    @classmethod
    def _in_its_place(cls, training: dict[str, Any]) -> dict[str, Any]:
        for key, place in PLACES.items():
            if key in training:
                raise ValueError(f"{key} has a place of its own: write it as `{place}`")
        return training

    def with_architecture(self, key: str) -> Experiment:
        """Return the same settings with another of the architectures that they were chosen for.

        Raises
        ------
        TrainingError
            If they were chosen for others.
        """
        known = (self.architecture, *self.also_for)
        if key not in known:
            raise TrainingError(
                f"The settings of experiment {self.key} were not chosen for {key}.",
                remedy=f"They are for {', '.join(known)}; write an experiment of your own.",
                column="architecture",
            )
        others = tuple(name for name in known if name != key)
        return self.model_copy(update={"architecture": key, "also_for": others})

    def to_data(self) -> dict[str, Any]:
        """Return plain values that YAML and JSON can hold."""
        return self.model_dump(mode="json")
