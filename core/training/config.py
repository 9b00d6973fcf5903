"""The settings of a training run, and the defaults file that experiments override."""

from __future__ import annotations

import functools
import math
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import Field, ValidationError, field_validator, model_validator

from core.architectures import ArchitectureSpec, architecture
from core.datasets.augmentation import AugmentationSpec
from core.datasets.outlines import Cut
from core.datasets.pasting import PastingSpec
from core.errors import TrainingError
from core.inference.views import IDENTITY, VIEWS
from core.training.strict import Number, Strict, Whole

DEFAULTS_FILE = Path(__file__).with_name("defaults.yaml")


class DetailConfig(Strict):
    """The detail branch: its shape, how it is taught, what is drawn for it."""

    filters: tuple[Annotated[Whole, Field(ge=1, le=4096)], ...] = Field(
        (24, 48, 96, 128), min_length=1
    )
    mixed: int = Field(64, ge=1)
    margin: float = Field(0.0, ge=-10, le=10, description="Evidence starts at a logit of minus it.")
    steps: int = Field(2500, ge=1, le=100_000)
    batch_size: int = Field(16, ge=1, le=1024)
    learning_rate: float = Field(4e-3, gt=0, le=1)
    pasting: dict[str, Any]

    @model_validator(mode="after")
    def _known(self) -> DetailConfig:
        PastingSpec.from_data(self.pasting)
        return self

    @property
    def pasting_spec(self) -> PastingSpec:
        """How stones are drawn, as a value."""
        return PastingSpec.from_data(self.pasting)


class TrainingConfig(Strict):
    """Everything that decides what a training run does; frozen, unknown keys are refused."""

    architecture: str
    seed: int = Field(0, ge=0, le=2**31 - 1)
    strategy: Literal["top", "head", "all", "staged"] = Field(
        "top", description="What is trained: the upper layers, the head, everything, one by one."
    )
    weights: Literal["imagenet", "none"] = Field(
        "imagenet", description="What the backbone begins with; none: from scratch."
    )
    epochs: int = Field(8, ge=1, le=10_000)
    head_epochs: int = Field(5, ge=1, le=10_000, description="Of staged, before the others.")
    head_learning_rate: float | None = Field(None, gt=0, le=1, description="None: the same.")
    head_solver: Literal["steps", "lbfgs"] = Field(
        "steps", description="The head over frozen features: by steps, or its best weights at once."
    )
    head_penalty: float = Field(
        0.01, gt=0, le=1000, description="Of lbfgs: half of it times the squared weights is added."
    )
    steps_per_epoch: int | None = Field(100, ge=1, le=100_000, description="None: one pass.")
    batch_size: int = Field(32, ge=2, le=1024)
    learning_rate: float = Field(3e-4, gt=0, le=1)
    optimizer: Literal["adamw", "sgd"] = "adamw"
    momentum: float = Field(0.9, ge=0, lt=1, description="Of sgd.")
    schedule: Literal["cosine", "constant"] = "cosine"
    warmup: float = Field(0.1, ge=0, lt=1, description="Share of all steps, for cosine.")
    weight_decay: float = Field(1e-2, ge=0, le=1)
    clip_norm: float | None = Field(1.0, gt=0, description="None: gradients are not clipped.")
    loss: Literal["cross_entropy", "binary_cross_entropy", "focal"] = "cross_entropy"
    focal_gamma: float = Field(2.0, ge=0, le=10)
    class_weights: Literal["balanced"] | dict[str, float] | None = None
    label_smoothing: float = Field(0.1, ge=0, lt=1)
    dropout: float = Field(0.3, ge=0, lt=1)
    mixup: float = Field(0.0, ge=0, le=10, description="Beta(a, a); 0 leaves it out.")
    ema: float = Field(0.99, ge=0, lt=1, description="Momentum of averaged weights; 0: none.")
    train_batch_norm: bool = False
    batch_norm_momentum: float | None = Field(
        None, ge=0, lt=1, description="Of its running statistics; None: the architecture's own."
    )
    precision: Literal["float32", "mixed_bfloat16"] = Field(
        "float32", description="Of the fit's steps; weights and all answers are float32."
    )
    keep: Literal["best", "best_loss", "last"] = Field(
        "best", description="By grouped macro F1, by log-loss on validation, or the last weights."
    )
    patience: int = Field(5, ge=1, description="Epochs without a better validation score.")
    variants: int = Field(6, ge=1, le=64, description="Cached versions of a picture, one clean.")
    per_group: int | None = Field(24, ge=1, description="Most pictures of a group; None: all.")
    sampling: Literal["group_even", "shuffle", "class_balanced"] = "group_even"
    class_maximum: int | None = Field(None, ge=1, description="Pictures of a class in a pass.")
    class_minimum: int | None = Field(None, ge=1, description="The same, of class_balanced.")
    map_flip: float = Field(0.0, ge=0, le=1, description="Probability that a map is mirrored.")
    map_shift: int = Field(0, ge=0, le=8, description="Most cells that a map is moved by.")
    augmentation: dict[str, Any] = Field(default_factory=dict)
    cut: Cut | None = Field(None, description="Pictures cut by the outline of their mask.")
    freeze_until: str | None = Field(None, description="Instead of the architecture's own.")
    frozen_layers: int | None = Field(
        None,
        description="Instead of freeze_until: so many of the backbone's lowest layers, its input "
        "counted; below 0 all but so many; 0 freezes nothing.",
    )
    end_layer: str | None = Field(None, description="Instead of the architecture's own.")
    gate_layer: str | None = Field(None, description="Instead of the architecture's own.")
    beside_layers: tuple[str, ...] = Field(
        (), description="Lower layers of the same grid whose maps stand beside the last one."
    )
    added_filters: tuple[Annotated[Whole, Field(ge=1, le=4096)], ...] | None = Field(
        None, description="Instead of the architecture's own."
    )
    views: tuple[str, ...] = ("identity",)
    fractions: dict[str, Number] = Field(
        default_factory=lambda: {"train": 0.6, "validation": 0.1, "calibration": 0.1, "test": 0.2}
    )
    required_sensitivity: dict[str, Annotated[Number, Field(gt=0, le=1)]] = Field(
        default_factory=dict,
        description="Finding -> share of it that the threshold shipped with the version must find "
        "among the pictures of the temperature; none where the called class finds so many.",
    )
    gate_quantile: float = Field(0.995, gt=0, lt=1)
    gate_prototypes: int = Field(2000, ge=5, le=2000)
    detail: DetailConfig | None = Field(None, description="A branch that marks small findings.")
    phantom_series: int = Field(600, ge=8, description="Series drawn for a synthetic task.")

    @model_validator(mode="after")
    def _known(self) -> TrainingConfig:
        architecture(self.architecture)
        AugmentationSpec.from_data(self.augmentation)
        return self

    @field_validator("views")
    @classmethod
    def _seen(cls, views: tuple[str, ...]) -> tuple[str, ...]:
        if views[:1] != (IDENTITY,) or set(views) - set(VIEWS):
            raise ValueError(f"views begin with {IDENTITY}; known: {', '.join(VIEWS)}")
        for view in views:
            if views.count(view) > 1:
                raise ValueError(f"{view} stands there more than once: it would count double")
        return views

    @field_validator("class_weights", mode="before")
    @classmethod
    def _weighed(cls, given: Any) -> Any:
        """Say what is wrong with a weight: of a choice, pydantic tells of the first one only."""
        if isinstance(given, Mapping):
            for name, weight in given.items():
                if not _is_weight(weight):
                    raise ValueError(
                        f"the weight of {name} is {weight!r}, and a weight is a finite number "
                        "above 0"
                    )
        elif given not in (None, "balanced"):
            raise ValueError("give balanced, or a weight for each class such as {stone: 3}")
        return given

    @model_validator(mode="after")
    def _agreed(self) -> TrainingConfig:
        """Refuse settings that contradict each other: one of them would silently do nothing."""
        points = {"freeze_until": self.freeze_until, "frozen_layers": self.frozen_layers}
        given = [name for name, value in points.items() if value is not None]
        if len(given) == 2:
            raise ValueError("freeze_until and frozen_layers both say what is frozen: give one")
        if given and self.strategy in ("head", "all"):
            raise ValueError(f"strategy {self.strategy} says what is frozen: leave out {given[0]}")
        if self.strategy in ("head", "staged") and self.spec.added_filters:
            raise ValueError(f"strategy {self.strategy} would freeze the fresh added_filters")
        limits = [number for number in (self.class_minimum, self.class_maximum) if number]
        if (self.sampling == "class_balanced") != bool(limits):
            raise ValueError("class_maximum or class_minimum go with sampling class_balanced")
        if limits != sorted(limits):
            raise ValueError(f"class_minimum {limits[0]} is above class_maximum {limits[1]}")
        if self.head_solver == "lbfgs":
            self._check_solved()
        if self.detail is not None:
            self._check_branch()
        return self

    def _check_branch(self) -> None:
        """Refuse a branch that would have no frozen layer for its context."""
        is_known = self.frozen_layers is None and self._frozen_in_the_end(
            architecture(self.architecture)
        )
        if self.strategy not in ("top", "staged") or not is_known:
            raise ValueError(
                "a detail branch needs strategy top or staged, and a layer to freeze until"
            )

    def _check_solved(self) -> None:
        """Refuse what solving the head would leave out."""
        if self.strategy not in ("head", "staged"):
            raise ValueError(f"head_solver lbfgs goes with strategy head, not {self.strategy}")
        if self.strategy == "head" and (self.loss == "focal" or self.label_smoothing or self.mixup):
            raise ValueError(
                "head_solver lbfgs solves cross entropy of whole labels: leave out focal loss, "
                "label_smoothing and mixup"
            )

    @property
    def spec(self) -> ArchitectureSpec:
        """The architecture with this run's own layers.

        Its ``freeze_until`` holds at the end of the fit; where ``frozen_layers`` counts, only the
        network that is built can tell it (``core.training.freezing``).
        """
        known = architecture(self.architecture)
        return replace(
            known,
            freeze_until=self._frozen_in_the_end(known),
            end_layer=self.end_layer or known.end_layer,
            beside_layers=self.beside_layers,
            gate_layer=self.gate_layer or known.gate_layer,
            added_filters=(
                known.added_filters if self.added_filters is None else self.added_filters
            ),
        )

    def _frozen_in_the_end(self, known: ArchitectureSpec) -> str | None:
        if self.strategy == "head":
            return known.head_input
        if self.strategy == "all" or self.frozen_layers == 0:
            return None
        return self.freeze_until or known.freeze_until

    @property
    def is_stem_frozen(self) -> bool:
        """Whether lower layers stay as they are to the end, the gate's among them."""
        return bool(self.frozen_layers) or self.spec.freeze_until is not None

    @property
    def is_stem_random(self) -> bool:
        """Whether frozen layers are random ones, though weights to begin with could be had."""
        return self.weights == "none" and self.spec.has_imagenet_weights and self.is_stem_frozen

    @property
    def keeps_best(self) -> bool:
        """Whether validation says which weights are kept."""
        return self.keep != "last"

    @property
    def augmentation_spec(self) -> AugmentationSpec:
        """The augmentation as a value."""
        return AugmentationSpec.from_data(self.augmentation)


def read_config(
    architecture_key: str,
    *,
    given: Mapping[str, Any] | None = None,
    changes: Mapping[str, Any] | None = None,
) -> TrainingConfig:
    """Return the settings of a run: the defaults, with those of an experiment on top.

    Order, later wins: ``defaults``, the architecture's, ``given`` (an experiment's), ``changes``.

    Raises
    ------
    TrainingError
        If a key is unknown or a value is not allowed.

    Examples
    --------
    >>> read_config("mobilenet", changes={"epochs": 2}).epochs
    2
    """
    architecture(architecture_key)
    defaults = _defaults()
    merged: dict[str, Any] = dict(defaults.get("defaults") or {})
    merged |= (defaults.get("architectures") or {}).get(architecture_key) or {}
    merged |= {**(given or {}), **(changes or {})}
    merged["architecture"] = architecture_key
    return check_config(merged)


def check_config(content: Mapping[str, Any]) -> TrainingConfig:
    """Return the settings as a value.

    Raises
    ------
    TrainingError
        If a key is unknown or a value is not allowed: the first is named.
    """
    try:
        return TrainingConfig(**content)
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(str(part) for part in first["loc"])
        reason = first["msg"].removeprefix("Value error, ")
        raise TrainingError(
            f"Training setting {key} is {first.get('input')!r}: {reason}."
            if key
            else f"The training settings do not fit together: {reason}.",
            remedy=f"Known settings: {', '.join(TrainingConfig.model_fields)}.",
            column=key or None,
        ) from None


def _is_weight(given: Any) -> bool:
    """Whether something is a weight of a class, be it text: YAML reads ``1e1`` as that.

    >>> [_is_weight(given) for given in (2, "1e1", 0, float("inf"), float("nan"), True, None)]
    [True, True, False, False, False, False, False]
    """
    try:
        return not isinstance(given, bool) and 0 < float(given) < math.inf
    except (TypeError, ValueError):
        return False


@functools.cache
def _defaults() -> dict[str, Any]:
    content = yaml.safe_load(DEFAULTS_FILE.read_text(encoding="utf-8"))
    return content if isinstance(content, dict) else {}
