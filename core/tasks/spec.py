"""What a task says about itself, as frozen values checked by pydantic."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from core.tasks.validation import COLOUR_PATTERN, KEY_PATTERN, STEP_PATTERN


class _Frozen(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class CodeSpec(_Frozen):
    """A coded concept of a terminology that DICOM names (PS3.16 chapter 8)."""

    scheme: str = Field(pattern=r"[A-Z0-9]{2,16}", description="Designator, such as SCT.")
    value: str = Field(min_length=1, max_length=16)
    meaning: str = Field(min_length=1, max_length=64)


class ClassSpec(_Frozen):
    """One class of a task, in the order of the model's outputs."""

    key: str = Field(pattern=KEY_PATTERN)
    title: str = Field(min_length=1, description="Plain-language name, as a page shows it.")
    colour: str = Field(pattern=COLOUR_PATTERN, description="Colour-blind-safe, as #RRGGBB.")
    finding: bool = Field(description="Whether this class is a finding that may be missed.")
    miss_cost: float = Field(
        0.0, ge=0, description="Relative cost of a miss; the dearest finding has the largest."
    )
    aliases: tuple[str, ...] = Field(
        (), description="Other names of the class in published sets, such as bacteria."
    )
    code: CodeSpec | None = Field(
        None, description="What DICOM reports call it; without one, a private code of the product."
    )


class SourceSpec(_Frozen):
    """A data set the task can read."""

    task: str = Field(pattern=KEY_PATTERN, description="The `task` that dataset.yaml names.")
    labels: dict[str, str] = Field(
        default_factory=dict,
        description="Label in the folder -> class here; unmapped labels are left out and counted. "
        "Empty: every class maps to itself.",
    )
    folder: str | None = Field(None, description="Folder below the data root, where it usually is.")


class RecipeStep(_Frozen):
    """One preprocessing step: its name in the step table and its parameters."""

    step: str = Field(pattern=STEP_PATTERN)
    parameters: dict[str, Any] = Field(default_factory=dict)


class TaskSpec(_Frozen):
    """Everything that the rest of the product needs to know about a task."""

    key: str = Field(pattern=KEY_PATTERN)
    title: str = Field(min_length=1)
    description: str = Field(min_length=1)
    synthetic: bool = Field(False, description="Drawn by our own code, for teaching.")
    classes: tuple[ClassSpec, ...] = Field(min_length=2)
    modalities: tuple[str, ...] = Field(description="DICOM modalities accepted, such as CT.")
    body_parts: tuple[str, ...] = Field(
        default=(), description="DICOM body parts accepted (empty: any); compared in upper case."
    )
    colour: Literal["grey", "rgb"]
    window: tuple[float, float] | None = Field(
        None, description="(low, high) default window for a CT file that carries none, in HU."
    )
    recipe: tuple[RecipeStep, ...] = Field(min_length=1)
    group_column: str = "group"
    group_name: str = Field(description="What a group is, in one word: series, patient, slide.")
    group_is_case: bool
    group_rule: Literal["mean", "any"] = Field(
        "mean",
        description="How the pictures of a group give one answer: by their mean, or any that is "
        "positive.",
    )
    sources: tuple[SourceSpec, ...] = Field(min_length=1)
    near_duplicate_correlation: float = Field(
        0.94,
        gt=0,
        lt=1,
        description="Two pictures whose 40x40 thumbnails correlate above this belong together, "
        "where the data have no groups.",
    )

    @property
    def class_names(self) -> tuple[str, ...]:
        """Keys of the classes, in the order of the model's outputs."""
        return tuple(item.key for item in self.classes)

    @property
    def findings(self) -> tuple[str, ...]:
        """Keys of the classes that are findings."""
        return tuple(item.key for item in self.classes if item.finding)

    def class_spec(self, key: str) -> ClassSpec:
        """Return the class of that key (KeyError when there is none)."""
        return {item.key: item for item in self.classes}[key]

    def source_for(self, dataset_task: str) -> SourceSpec | None:
        """Return the source that reads folders of ``dataset_task``, or None."""
        return {item.task: item for item in self.sources}.get(dataset_task)

    @model_validator(mode="after")
    def _consistent(self) -> TaskSpec:
        names = self.class_names
        if len(set(names)) != len(names):
            raise ValueError(f"classes: the keys {list(names)} are not all different")
        aliases = [alias.casefold() for item in self.classes for alias in item.aliases]
        if len({*aliases, *names}) != len(aliases) + len(names):
            raise ValueError("classes: an alias stands for two classes, or is the key of one")
        if not self.findings:
            raise ValueError("classes: at least one class must have finding: true")
        for source in self.sources:
            unknown = sorted(set(source.labels.values()) - set(names))
            if unknown:
                raise ValueError(
                    f"sources: labels of {source.task} map to {unknown}; allowed: {list(names)}"
                )
        return self
