"""The recipe: the same object prepares pictures for training and for serving."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from core.domain import ByteArray, SeenImage
from core.errors import RecipeError
from core.preprocessing.step import Step
from core.preprocessing.steps import STEPS, build_step, steps_in_words
from core.tasks import TaskSpec

_KEYS = ("step", "version", "parameters")


@dataclass(frozen=True)
class Recipe:
    """Steps in their order, with a fingerprint that a model version carries on its card.

    >>> from core.tasks import load_task
    >>> Recipe.from_task(load_task("kidney_ct")).names
    ('resize_lanczos_224', 'clahe_lab_4_8x8')
    """

    steps: tuple[Step, ...]

    def __post_init__(self) -> None:
        if not self.steps:
            raise RecipeError("The recipe has no steps.", remedy=steps_in_words())
        repeated = sorted({name for name in self.names if self.names.count(name) > 1})
        if repeated:
            raise RecipeError(
                f"The recipe names {', '.join(repeated)} more than once.",
                remedy="Name each step once: `already_applied` could not tell the two apart.",
            )

    @classmethod
    def from_task(cls, task: TaskSpec) -> Recipe:
        """Build the recipe that a task file asks for.

        Raises
        ------
        RecipeError
            If a step is unknown or is given parameters that are not its own.
        """
        return cls.from_data(
            [{"step": item.step, "parameters": dict(item.parameters)} for item in task.recipe]
        )

    @classmethod
    def from_data(cls, data: Iterable[Mapping[str, Any]]) -> Recipe:
        """Rebuild a recipe from :meth:`to_data`, as a model's card stores it.

        Raises
        ------
        RecipeError
            If a step is unknown, or its version or parameters are not those of this product: other
            pixels than the model was trained on must not reach it.
        """
        return cls(tuple(_step(item, place) for place, item in enumerate(data, start=1)))

    def to_data(self) -> list[dict[str, Any]]:
        """Return step, version and parameters, in order, as YAML and JSON can hold them."""
        return [
            {"step": step.name, "version": step.version, "parameters": dict(step.parameters)}
            for step in self.steps
        ]

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the steps, in order."""
        return tuple(step.name for step in self.steps)

    @property
    def fingerprint(self) -> str:
        """SHA-256 (hex) over names, versions and parameters of the steps, in order."""
        text = json.dumps(self.to_data(), sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()

    @property
    def output_size(self) -> tuple[int, int] | None:
        """(rows, columns) of every prepared picture; None when it depends on the picture."""
        size: tuple[int, int] | None = None
        for step in self.steps:
            size = step.size_after(size)
        return size

    def apply(self, pixels: ByteArray, *, already_applied: Sequence[str] = ()) -> SeenImage:
        """Prepare one picture.

        Parameters
        ----------
        pixels : ndarray of shape (rows, columns) or (rows, columns, 3), uint8
            Grey, or RGB. Left unchanged.
        already_applied : sequence of str
            Steps that the picture carries already; they are left out. Steps of the table that this
            recipe does not have are facts about the picture that change nothing here.

        Returns
        -------
        SeenImage
            (rows, columns, 3) uint8, RGB: three equal channels for a grey picture that met no
            colour step.

        Raises
        ------
        RecipeError
            If the array is no such picture, a step in ``already_applied`` is unknown, or the
            picture's size shows that a step which it is said to carry never ran.
        """
        carried = self._carried(already_applied)
        prepared, notes = pixels, []
        for step, after in self.stages(pixels, already_applied=already_applied):
            if after is prepared and step.when_unchanged:
                notes.append(f"{step.kind} left the picture unchanged: {step.when_unchanged}.")
            prepared = after
        if prepared.ndim == 2:
            prepared = np.repeat(prepared[:, :, np.newaxis], 3, axis=2)
        # The value freezes its array: the caller's own must stay writable.
        owned = prepared.copy() if np.shares_memory(prepared, pixels) else prepared
        return SeenImage(
            pixels=owned,
            steps_applied=tuple(step.name for step in self.steps if step not in carried),
            steps_left_out=tuple(step.name for step in carried),
            notes=tuple(notes),
        )

    def stages(
        self, pixels: ByteArray, *, already_applied: Sequence[str] = ()
    ) -> Iterator[tuple[Step, ByteArray]]:
        """Yield every step that runs with the picture after it, (rows, columns[, 3]) uint8.

        A step that changes nothing may yield the very array that came before it. Parameters and
        errors are those of :meth:`apply`.
        """
        _refuse_array(pixels)
        carried = self._carried(already_applied)
        _refuse_claim((int(pixels.shape[0]), int(pixels.shape[1])), carried)
        for step in self.steps:
            if step not in carried:
                pixels = step(pixels)
                yield step, pixels

    def _carried(self, already_applied: Sequence[str]) -> list[Step]:
        unknown = [name for name in already_applied if name not in STEPS]
        if unknown:
            raise RecipeError(
                f"Unknown step {unknown[0]!r} among those already applied.",
                remedy=f"Steps of this recipe: {', '.join(self.names)}.",
                column="already_applied",
            )
        return [step for step in self.steps if step.name in already_applied]


def _step(item: Mapping[str, Any], place: int) -> Step:
    """Return the step that one entry of a stored recipe or a task file names."""
    name = item.get("step")
    unknown = sorted(set(item) - set(_KEYS))
    if unknown:
        raise RecipeError(
            f"Step {place} of the recipe has the unknown key {unknown[0]!r}.",
            remedy=f"Allowed keys: {', '.join(_KEYS)}.",
        )
    try:
        step = build_step(str(name), item.get("parameters") or {})
    except RecipeError as error:
        raise RecipeError(
            f"Step {place} of the recipe: {error.problem}", remedy=error.remedy, column=error.column
        ) from None
    version = item.get("version", step.version)
    if version != step.version:
        raise RecipeError(
            f"The recipe was made with version {version} of {name}; this product has version "
            f"{step.version}.",
            remedy="Use the release that the model was trained with, or train the model again.",
        )
    return step


def _refuse_array(pixels: ByteArray) -> None:
    shape = pixels.shape
    is_picture = pixels.ndim == 2 or (pixels.ndim == 3 and shape[2] == 3)
    if pixels.dtype != np.uint8 or not is_picture or 0 in shape:
        raise RecipeError(
            f"The recipe was given an array of shape {shape} and type {pixels.dtype}.",
            remedy="Give 8-bit pixels, (rows, columns) grey or (rows, columns, 3) RGB.",
        )


def _refuse_claim(size: tuple[int, int], carried: Sequence[Step]) -> None:
    """Refuse a picture whose size shows that it never went through a step it is said to carry."""
    for step in reversed(carried):
        if not step.could_have_made(size):
            raise RecipeError(
                f"The picture is said to have been through {step.name} already, which gives "
                f"{step.output_described}, but it is {size[0]} x {size[1]}.",
                remedy="Say which steps the picture really carries: none, for one as exported.",
                column="already_applied",
            )
        if step.fixes_size:
            return  # what came before it left no trace in the size
