"""An ensemble that may answer: every member loaded from inside it, the whole checked once.

A member is a version of its own inside ``members/<name>/``: card, engine graph, calibration, gate
and golden input, without the Keras network. The ensemble's one manifest vouches for all of them.
"""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from core.domain import ByteArray, EngineOutput, SeenImage
from core.errors import ModelVersionError
from core.inference.arrays import read_npz
from core.inference.calibration import Calibration, apply_temperature, parse_calibration
from core.inference.card import Card, check_card_fits_task, parse_card
from core.inference.combining import Combiner, parse_combiner
from core.inference.gate import Gate
from core.inference.golden import PROBABILITY_TOLERANCE
from core.inference.kept import Kept
from core.inference.manifest import FileManifest
from core.inference.package import ModelVersion, verify
from core.inference.ready import ReadyVersion, load_parts
from core.inference.views import IDENTITY, apply_view, pool_views
from core.inference.writer import MEMBERS
from core.tasks import TaskSpec

MAX_KEPT = 2
GOLDEN_KEYS = ("pixels", "member_logits", "logits")
COMBINING_TOLERANCE = 1e-9  # the same numbers through the same arrays
Floats = NDArray[np.float64]


class Prepare(Protocol):
    """A member's own recipe."""

    def __call__(self, pixels: ByteArray, *, already_applied: Sequence[str]) -> SeenImage:
        """Return a decoded picture as the member takes it, of its own size."""


RecipeOf = Callable[[Card], Prepare]
"""Card of a member -> what prepares pictures for it; recipes are not this area's business."""


@dataclass(frozen=True, slots=True, eq=False)
class Member:
    """One member, ready, with what prepares pictures for it."""

    ready: ReadyVersion
    prepare: Prepare

    @property
    def name(self) -> str:
        """Name of the version that it was taken from."""
        return self.ready.version.name

    def look(self, seen: SeenImage) -> EngineOutput:
        """Return one pass over what it saw."""
        return self.ready.engine.run(seen.pixels[None].astype(np.float32))

    def logits(self, seen: SeenImage, output: EngineOutput) -> Floats:
        """Return its calibrated logits (n_classes,), the mean over its views."""
        batch = seen.pixels[None].astype(np.float32)
        run, views = self.ready.engine.run, self.ready.version.card.views
        found = [
            output.logits if view == IDENTITY else run(apply_view(batch, view)).logits
            for view in views
        ]
        return np.asarray(pool_views(found)[0] / self.ready.calibration.temperature, np.float64)


@dataclass(frozen=True, slots=True, eq=False)
class ReadyEnsemble:
    """Everything that an ensemble answers with; the first member's gate judges."""

    version: ModelVersion
    members: tuple[Member, ...]
    combiner: Combiner
    calibration: Calibration

    @property
    def gate(self) -> Gate:
        """The first member's."""
        return self.members[0].ready.gate

    def prepare(self, pixels: ByteArray, already_applied: Sequence[str]) -> tuple[SeenImage, ...]:
        """Return what each member sees of a decoded picture."""
        return tuple(
            member.prepare(pixels, already_applied=already_applied) for member in self.members
        )

    def member_logits(self, parts: Sequence[SeenImage]) -> Floats:
        """Return the calibrated logits (n_members, n_classes) of one prepared picture."""
        pairs = zip(self.members, parts, strict=True)
        return np.stack([member.logits(seen, member.look(seen)) for member, seen in pairs])


_kept: Kept[ReadyEnsemble] = Kept(MAX_KEPT)


def ready_ensemble(version: ModelVersion, task: TaskSpec, *, recipe_of: RecipeOf) -> ReadyEnsemble:
    """Return an ensemble, ready; the first call for it loads it, others wait for that.

    Raises
    ------
    ModelVersionError
        If any file, member, class or the golden answer is not as it should be.
    """
    check_card_fits_task(version.card, task)
    return _kept.get(version, lambda: load_ensemble(version, task, recipe_of=recipe_of))


def load_ensemble(version: ModelVersion, task: TaskSpec, *, recipe_of: RecipeOf) -> ReadyEnsemble:
    """Verify and load an ensemble, keeping nothing.

    Raises
    ------
    ModelVersionError
        As ``ready_ensemble``.
    """
    verify(version)
    members = []
    for held in member_versions(version):
        check_card_fits_task(held.card, task)
        members.append(Member(load_parts(held), recipe_of(held.card)))
    spec, n_classes = version.card.ensemble, len(version.card.class_names)
    if spec is None:
        raise ModelVersionError(f"{version.name} is no ensemble.", remedy="Open it as a version.")
    content = version.file("ensemble.npz").read_bytes()
    ready = ReadyEnsemble(
        version=version,
        members=tuple(members),
        combiner=parse_combiner(content, spec, n_classes=n_classes),
        calibration=parse_calibration(version.file("calibration.yaml").read_bytes()),
    )
    _check_golden(ready)
    return ready


def member_versions(version: ModelVersion) -> tuple[ModelVersion, ...]:
    """Return the members inside an ensemble as versions; none of another version.

    Each member's manifest is the part of the ensemble's own that lies below its folder.
    """
    spec = version.card.ensemble
    return tuple(_member(version, member.name) for member in spec.members) if spec else ()


def _member(version: ModelVersion, name: str) -> ModelVersion:
    place = f"{MEMBERS}/{name}/"
    files = {
        path.removeprefix(place): entry
        for path, entry in version.manifest.files.items()
        if path.startswith(place)
    }
    listed = json.dumps({path: files[path].sha256 for path in sorted(files)})
    manifest = FileManifest(files, hashlib.sha256(listed.encode()).hexdigest())
    card = parse_card(version.file(f"{place}card.yaml").read_bytes())
    if card.version != name or card.ensemble is not None:
        raise ModelVersionError(
            f"The member {name} of model version {version.name} holds another card.",
            remedy="Install the model version again.",
        )
    return ModelVersion(version.path / MEMBERS / name, card, manifest)


def golden_bytes(pixels: ByteArray, member_logits: Floats, logits: Floats) -> bytes:
    """Return the bytes of an ensemble's ``golden.npz``.

    Parameters
    ----------
    pixels : ndarray of shape (m, rows, columns, 3), uint8
        Decoded pictures.
    member_logits : ndarray of shape (m, n_members, n_classes)
        Calibrated.
    logits : ndarray of shape (m, n_classes)
        Combined, before the ensemble's own temperature.
    """
    stream = io.BytesIO()
    arrays: dict[str, Any] = {"pixels": pixels, "member_logits": member_logits, "logits": logits}
    np.savez_compressed(stream, **arrays)
    return stream.getvalue()


def _check_golden(ready: ReadyEnsemble) -> None:
    """Compare the members' answers, and what is made of the stored ones, with what is stored.

    Apart, because a tree's answer may jump where a member's differs by a rounding.
    """
    content = ready.version.file("golden.npz").read_bytes()
    stored = read_npz(content, name="golden.npz", keys=GOLDEN_KEYS)
    members = np.stack([ready.member_logits(ready.prepare(one, ())) for one in stored["pixels"]])
    expected, n_classes = stored["member_logits"], len(ready.version.card.class_names)
    if expected.shape == members.shape and stored["logits"].shape == (len(members), n_classes):
        now, then = (apply_temperature(each, 1.0) for each in (members, expected))
        combined = np.abs(ready.combiner(expected) - stored["logits"]).max(initial=0.0)
        # Written so that NaN, for which every comparison is false, fails.
        if np.abs(now - then).max() <= PROBABILITY_TOLERANCE and combined <= COMBINING_TOLERANCE:
            return
    raise ModelVersionError(
        "The ensemble answers its own test picture differently from when it was written.",
        remedy="Install the model version again; it is not used as it is.",
    )
