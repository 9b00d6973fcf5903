"""What an ensemble's folder holds beside its runs: members, card, golden input, training list."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from core.errors import ModelVersionError
from core.evaluation.leakage import TRAINING_FILE, TrainingPictures
from core.inference.calibration import Calibration
from core.inference.card import Card, MetricSet, TrainingData
from core.inference.combining import Combiner
from core.inference.ensemble import Member, ReadyEnsemble, golden_bytes
from core.inference.ensemble_spec import Combine, EnsembleMember, EnsembleSpec, MetaKind
from core.inference.layers import LAYERS_FILE
from core.inference.package import ModelVersion
from core.inference.ready import load_parts
from core.inference.writer import MEMBER_FILES, MEMBERS
from core.tasks import TaskSpec
from core.workflows.ensemble_answering import prepare_of
from core.workflows.twin_search import training_pictures

FILES = {
    "members": "the networks that answer together: engine graph, card, calibration, gate of each",
    "ensemble.npz": "how their answers become one: weights, or the meta learner as plain arrays",
    "card.yaml": "this card",
    "calibration.yaml": "the ensemble's own temperature and operating points",
    "golden.npz": "a fixed picture and the answers to it, checked before the version may answer",
    "manifest.json": "SHA-256 of every file, the members' own among them",
}


@dataclass(frozen=True, slots=True)
class Combination:
    """How the members are made one: ``mean_logits`` with weights, or a stack with a meta learner.

    ``weights`` empty: all alike. ``meta`` None: no meta learner.
    """

    combine: Combine
    meta: MetaKind | None = None
    weights: tuple[float, ...] = ()


def ensemble_spec(members: Sequence[ModelVersion], how: Combination) -> EnsembleSpec:
    """Return the ``ensemble`` part of the card."""
    from core.training.stacking import SETTINGS

    weights = how.weights or (1.0,) * len(members)
    return EnsembleSpec(
        combine=how.combine,
        meta=how.meta,
        members=tuple(
            EnsembleMember(
                name=member.name,
                digest=member.digest,
                architecture=member.card.architecture,
                input_size=member.card.input_size,
                steps=tuple(str(step["step"]) for step in member.card.recipe),
                weight=weight,
            )
            for member, weight in zip(members, weights, strict=True)
        ),
        gate=f"The gate of {members[0].name}, the first member, judges alone: how often it wrongly "
        "refuses is known, and asking every member would add their refusals up.",
        settings=dict(SETTINGS[how.meta]) if how.meta else {},
    )


def ensemble_card(
    task: TaskSpec,
    members: Sequence[ModelVersion],
    spec: EnsembleSpec,
    *,
    name: str,
    metrics: tuple[MetricSet, ...],
    failures: tuple[str, ...],
) -> Card:
    """Return the card of an ensemble: what is one network's there is the first member's.

    ``failures`` are what it often misses, in sentences.
    """
    cards = [member.card for member in members]
    first, n_parameters = cards[0], [card.n_parameters for card in cards]
    has_map = spec.is_linear and all(card.feature_layer for card in cards)
    by = "mean of logits" if spec.meta is None else f"stack, {spec.meta.replace('_', ' ')}"
    return Card(
        task=task.key,
        version=name,
        title=f"{task.title}, ensemble of {len(cards)} ({by})",
        architecture="ensemble",
        created_at=datetime.now(UTC),
        input_size=first.input_size,
        class_names=task.class_names,
        recipe=first.recipe,
        recipe_fingerprint=first.recipe_fingerprint,
        training_data=_training_data(members),
        feature_layer=first.feature_layer if has_map else None,
        gate_layer=first.gate_layer,
        metrics=metrics,
        known_failures=failures,
        intended_use=first.intended_use,
        limits=tuple(dict.fromkeys(limit for card in cards for limit in card.limits)),
        n_parameters=sum(n or 0 for n in n_parameters) if all(n_parameters) else None,
        files=FILES,
        ensemble=spec,
    )


def member_files(members: Sequence[ModelVersion]) -> dict[str, Path]:
    """Return what of each member lies inside the ensemble: everything that it answers with."""
    return {
        f"{MEMBERS}/{member.name}/{name}": member.file(name)
        for member in members
        for name in (*MEMBER_FILES, LAYERS_FILE)
        if name in member.manifest.files
    }


def training_list(members: Sequence[ModelVersion]) -> dict[str, bytes]:
    """Return the pictures that any member was trained on; nothing where one does not say."""
    lists = [training_pictures(member) for member in members]
    known = [each for each in lists if each is not None]
    if len(known) < len(lists):
        return {}
    grouped = all(each.group is not None for each in known)
    group_of = {
        file: str(each.group[row]) if each.group is not None and grouped else ""
        for each in known
        for row, file in enumerate(each.file.astype(str).tolist())
    }
    file = np.array(sorted(group_of), dtype=object)
    group = np.array([group_of[name] for name in file], dtype=object) if grouped else None
    return {TRAINING_FILE: TrainingPictures(file, group).to_bytes()}


def golden_of(
    card: Card, members: Sequence[ModelVersion], combiner: Combiner, calibration: Calibration
) -> bytes:
    """Return ``golden.npz``: the first member's own test pictures, answered by the whole.

    Raises
    ------
    ModelVersionError
        If a member cannot be loaded, or gives values that are not numbers.
    """
    ready = ReadyEnsemble(
        version=ModelVersion(members[0].path.parent / card.version, card, members[0].manifest),
        members=tuple(Member(load_parts(each), prepare_of(each.card)) for each in members),
        combiner=combiner,
        calibration=calibration,
    )
    stored = ready.members[0].ready.golden.pixels
    pixels = np.clip(np.rint(stored), 0, 255).astype(np.uint8)
    member_logits = np.stack([ready.member_logits(ready.prepare(one, ())) for one in pixels])
    logits = combiner(member_logits)
    if not np.isfinite(logits).all():
        raise ModelVersionError(
            "The members give values that are not numbers.", remedy="Choose other members."
        )
    return golden_bytes(pixels, member_logits, logits)


def _training_data(members: Sequence[ModelVersion]) -> TrainingData:
    cards = [member.card for member in members]
    largest = max((card.training_data for card in cards), key=lambda data: data.n)
    names = dict.fromkeys(card.training_data.name for card in cards)
    licences = dict.fromkeys(card.training_data.licence for card in cards)
    return largest.model_copy(
        update={
            "name": " + ".join(names),
            "licence": "; ".join(licences),
            "split": "Each member as its own card says (counts: the member with most pictures); "
            "how they are combined was fitted on out-of-fold predictions only. " + largest.split,
        }
    )
