"""How a version answers a decoded picture: one protocol, a single network behind it as a rule.

``prepare`` makes a picture ready, ``look`` runs what the gate needs, and the pass that it returns
gives the rest on demand: probabilities and maps of a picture that the gate refuses are not paid
for. An ensemble (``core.workflows.ensemble_answering``) is the other implementation.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from core.domain import (
    ByteArray,
    EngineOutput,
    Explanation,
    FloatArray,
    GateVerdict,
    SeenImage,
)
from core.errors import ModelVersionError, RecipeError
from core.inference.calibration import Calibration
from core.inference.card import Card
from core.inference.gate import Gate
from core.inference.package import ModelVersion
from core.inference.ready import ReadyVersion
from core.inference.views import IDENTITY, apply_view, pool_views
from core.preprocessing import Recipe
from core.saliency.grad_cam import explain_classes

NO_FEATURE_MAP = "No explanation is available: this model version gives no feature map."


class Pass(Protocol):
    """One picture inside the version: what was computed, and what still can be."""

    @property
    def gate_features(self) -> FloatArray:
        """Features (n_gate,) for the gate."""

    def is_finite(self) -> bool:
        """Whether everything computed so far is numbers."""

    def judge(self) -> GateVerdict:
        """Return what the gate says."""

    def logits(self) -> NDArray[np.floating[Any]]:
        """Return the logits (n_classes,) of the picture itself, without views of it."""

    def probabilities(self) -> NDArray[np.float64]:
        """Return calibrated probabilities (n_classes,), over all views."""

    def explanations(self) -> tuple[Explanation, ...]:
        """Return the map of every class; none where there is no closed form."""


class Answering(Protocol):
    """A version that is ready to answer."""

    @property
    def version(self) -> ModelVersion:
        """The version."""

    @property
    def calibration(self) -> Calibration:
        """Its calibration."""

    @property
    def gate(self) -> Gate:
        """The gate that judges."""

    @property
    def why_no_map(self) -> str:
        """What a person is told where ``explanations`` gives none."""

    def prepare(self, pixels: ByteArray, *, already_applied: Sequence[str] = ()) -> SeenImage:
        """Return the picture as the version takes it.

        Raises
        ------
        RecipeError
            If it cannot be prepared, or does not come out in the network's size.
        """

    def look(self, seen: SeenImage) -> Pass:
        """Run what the gate needs over a prepared picture."""


@dataclass(frozen=True, slots=True, eq=False)
class NetworkAnswering:
    """A version of one network."""

    ready: ReadyVersion
    recipe: Recipe
    why_no_map: str = NO_FEATURE_MAP

    @property
    def version(self) -> ModelVersion:
        """The version."""
        return self.ready.version

    @property
    def calibration(self) -> Calibration:
        """Its calibration."""
        return self.ready.calibration

    @property
    def gate(self) -> Gate:
        """Its gate."""
        return self.ready.gate

    def prepare(self, pixels: ByteArray, *, already_applied: Sequence[str] = ()) -> SeenImage:
        """Return the picture after the recipe; see ``Answering``."""
        return prepared(self.recipe, self.version.card, pixels, already_applied)

    def look(self, seen: SeenImage) -> NetworkPass:
        """Run the engine once."""
        batch = seen.pixels[None].astype(np.float32)
        return NetworkPass(self.ready, seen, batch, self.ready.engine.run(batch))


@dataclass(frozen=True, slots=True, eq=False)
class NetworkPass:
    """One pass of one network."""

    ready: ReadyVersion
    seen: SeenImage
    batch: FloatArray
    output: EngineOutput

    @property
    def gate_features(self) -> FloatArray:
        """Features (n_gate,) for the gate."""
        return np.asarray(self.output.gate_features[0], np.float32)

    def is_finite(self) -> bool:
        """Whether everything that the engine gave is numbers."""
        return is_finite(self.output)

    def judge(self) -> GateVerdict:
        """Return what the gate says."""
        return self.ready.gate.check(self.gate_features, self.seen.pixels)

    def logits(self) -> FloatArray:
        """Return the logits (n_classes,) of the untouched view."""
        return np.asarray(self.output.logits[0], np.float32)

    def probabilities(self) -> NDArray[np.float64]:
        """Return calibrated probabilities (n_classes,), over all views."""
        run = self.ready.engine.run
        logits = [
            self.output.logits if view == IDENTITY else run(apply_view(self.batch, view)).logits
            for view in self.ready.version.card.views
        ]
        return np.asarray(self.ready.calibration.apply(pool_views(logits))[0], np.float64)

    def explanations(self) -> tuple[Explanation, ...]:
        """Return the map of every class; none where the network gives no usable map."""
        head, card = self.ready.head_weights, self.ready.version.card
        if head is None:
            return ()
        return explain_classes(
            self.output.feature_map[0],
            head,
            class_names=card.class_names,
            layer=str(card.feature_layer),
        )


def is_finite(output: EngineOutput) -> bool:
    """Whether logits, feature map and gate features are all numbers."""
    arrays = (output.logits, output.feature_map, output.gate_features)
    return all(bool(np.isfinite(array).all()) for array in arrays)


def recipe_of(card: Card) -> Recipe:
    """Return the recipe that a card stores.

    Raises
    ------
    ModelVersionError
        If it is not one that this product can follow, or not the one of the training.
    """
    try:
        recipe = Recipe.from_data(card.recipe)
    except RecipeError as error:
        raise ModelVersionError(
            f"The recipe of model version {card.version} cannot be followed: {error.problem}",
            remedy=error.remedy,
        ) from None
    if recipe.fingerprint != card.recipe_fingerprint or recipe.output_size != card.input_size:
        raise ModelVersionError(
            f"The recipe of model version {card.version} is not the one it was trained with.",
            remedy="Use the release that the model was trained with, or train the model again.",
        )
    return recipe


def prepared(
    recipe: Recipe, card: Card, pixels: ByteArray, already_applied: Sequence[str]
) -> SeenImage:
    """Return a picture after a recipe; refuse another size, which claimed steps can cause.

    Raises
    ------
    RecipeError
        If so, or the recipe cannot be followed.
    """
    seen = recipe.apply(pixels, already_applied=already_applied)
    rows, columns = card.input_size
    if seen.pixels.shape[:2] != (rows, columns):
        raise RecipeError(
            f"After the recipe the picture has {seen.pixels.shape[1]} x {seen.pixels.shape[0]} "
            f"pixels; the model takes {columns} x {rows}.",
            remedy="Correct which steps it carries already.",
        )
    return seen
