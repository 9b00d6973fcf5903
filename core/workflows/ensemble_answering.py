"""An ensemble that answers like one version: each member by its own recipe, then combined."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

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
from core.inference.calibration import Calibration
from core.inference.card import Card
from core.inference.ensemble import Prepare, ReadyEnsemble, ready_ensemble
from core.inference.gate import Gate
from core.inference.package import ModelVersion
from core.inference.probe import Probe, open_probe
from core.saliency.ensemble_maps import EnsembleBox, explain_members, why_no_map
from core.tasks import TaskSpec, load_task
from core.workflows.answering import is_finite, prepared, recipe_of

CANVAS = 2  # times the largest member's longer side: as large as a changed picture needs to be


@dataclass(frozen=True, slots=True, eq=False)
class EnsembleAnswering:
    """A version of several networks."""

    ready: ReadyEnsemble

    @property
    def version(self) -> ModelVersion:
        """The version."""
        return self.ready.version

    @property
    def calibration(self) -> Calibration:
        """The ensemble's own, over the combined logits."""
        return self.ready.calibration

    @property
    def gate(self) -> Gate:
        """The first member's."""
        return self.ready.gate

    @property
    def why_no_map(self) -> str:
        """What a person is told where there is no closed form."""
        return why_no_map(self.ready)

    def prepare(self, pixels: ByteArray, *, already_applied: Sequence[str] = ()) -> SeenImage:
        """Return the picture, and in ``parts`` what each member sees of it.

        ``pixels`` is the picture that the slower maps change: itself, or reduced to twice the
        largest member's size where it is larger and carries no step. ``parts`` always come from
        the picture as it was given.
        """
        parts = self.ready.prepare(pixels, already_applied)
        left_out = tuple(dict.fromkeys(name for seen in parts for name in seen.steps_left_out))
        applied = tuple(dict.fromkeys(name for seen in parts for name in seen.steps_applied))
        colour = np.repeat(pixels[:, :, None], 3, axis=2) if pixels.ndim == 2 else pixels.copy()
        sizes = [max(seen.pixels.shape[:2]) for seen in parts]
        canvas = colour if left_out else _reduced(colour, CANVAS * max(sizes))
        notes = tuple(dict.fromkeys(note for seen in parts for note in seen.notes))
        return SeenImage(canvas, applied, left_out, notes, parts)

    def look(self, seen: SeenImage) -> EnsemblePass:
        """Run the first member, whose gate judges; the others only when they are asked for."""
        return EnsemblePass(self.ready, seen)


@dataclass(frozen=True, slots=True, eq=False)
class EnsemblePass:
    """One picture inside an ensemble; each member runs once, when it is first needed."""

    ready: ReadyEnsemble
    seen: SeenImage
    _outputs: list[EngineOutput] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._run(1)

    @property
    def gate_features(self) -> FloatArray:
        """Features (n_gate,) of the first member."""
        return np.asarray(self._outputs[0].gate_features[0], np.float32)

    def is_finite(self) -> bool:
        """Whether everything that the members run so far gave is numbers."""
        return all(is_finite(output) for output in self._outputs)

    def judge(self) -> GateVerdict:
        """Return what the first member's gate says."""
        return self.ready.gate.check(self.gate_features, self.seen.parts[0].pixels)

    def logits(self) -> NDArray[np.float64]:
        """Return the combined logits (n_classes,), before the ensemble's own temperature."""
        outputs = self._run(len(self.ready.members))
        trios = zip(self.ready.members, self.seen.parts, outputs, strict=True)
        found = np.stack([member.logits(seen, output) for member, seen, output in trios])
        return np.asarray(self.ready.combiner(found[None])[0], np.float64)

    def probabilities(self) -> NDArray[np.float64]:
        """Return calibrated probabilities (n_classes,)."""
        return np.asarray(self.ready.calibration.apply(self.logits()[None])[0], np.float64)

    def explanations(self) -> tuple[Explanation, ...]:
        """Return the map of every class over the picture; none without a closed form."""
        outputs = self._run(len(self.ready.members))
        size = (self.seen.pixels.shape[0], self.seen.pixels.shape[1])
        return explain_members(self.ready, self.seen.parts, outputs, size)

    def _run(self, n: int) -> list[EngineOutput]:
        for place in range(len(self._outputs), n):
            self._outputs.append(self.ready.members[place].look(self.seen.parts[place]))
        return self._outputs


def open_ensemble(version: ModelVersion, task: TaskSpec) -> ReadyEnsemble:
    """Return an ensemble, ready, its members' recipes read; cheap after the first call.

    Raises
    ------
    ModelVersionError
        If any member is not as it should be.
    """
    return ready_ensemble(version, task, recipe_of=prepare_of)


def network_of(version: ModelVersion, seen: SeenImage) -> Probe | EnsembleBox:
    """Return a version as the saliency methods see it, for a picture that it prepared.

    Raises
    ------
    TaskError, ModelVersionError
        If the version cannot be opened.
    """
    if version.card.ensemble is None:
        return open_probe(version)
    ready = open_ensemble(version, load_task(version.card.task))
    return EnsembleBox(ready, already_applied=seen.steps_left_out)


def prepare_of(card: Card) -> Prepare:
    """Return what prepares a decoded picture for the network of a card.

    Raises
    ------
    ModelVersionError
        If its recipe is not one that this product can follow.
    """
    recipe = recipe_of(card)

    def prepare(pixels: ByteArray, *, already_applied: Sequence[str]) -> SeenImage:
        return prepared(recipe, card, pixels, already_applied)

    return prepare


def _reduced(pixels: ByteArray, longest: int) -> ByteArray:
    share = longest / max(pixels.shape[:2])
    if share >= 1:
        return pixels
    import cv2

    size = (max(1, round(pixels.shape[1] * share)), max(1, round(pixels.shape[0] * share)))
    return np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA), np.uint8)
