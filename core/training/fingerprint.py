"""The fingerprint of the data of a run: whether a later run trains on the same, and what differs.

Five digests instead of one, so that a difference can be named: pictures may have been prepared by
another recipe, or be the same and grouped anew.
"""

from __future__ import annotations

import hashlib

from pydantic import BaseModel, ConfigDict, Field

from core.inference.patterns import SHA256_PATTERN
from core.preprocessing import Recipe
from core.training.training_set import TrainingSet

_WORDS = {
    "files": "the names of the pictures",
    "pixels": "their prepared pixels",
    "labels": "their labels",
    "groups": "their groups",
    "recipe": "the recipe",
}


class DataFingerprint(BaseModel):
    """SHA-256 (hex) of each part of the data, and how many pictures and groups there are."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    n: int = Field(ge=1, description="Pictures.")
    n_groups: int = Field(ge=1, description="Series, patients or slides.")
    files: str = Field(pattern=SHA256_PATTERN, description="Over their names, in order.")
    pixels: str = Field(pattern=SHA256_PATTERN, description="Over the prepared pixels, in order.")
    labels: str = Field(pattern=SHA256_PATTERN, description="Over classes and labels, in order.")
    groups: str = Field(pattern=SHA256_PATTERN, description="Over the groups, in order.")
    recipe: str = Field(pattern=SHA256_PATTERN, description="Over the steps of the recipe.")

    @classmethod
    def of(cls, data: TrainingSet, recipe: Recipe) -> DataFingerprint:
        """Return the fingerprint of prepared pictures."""
        pixels = hashlib.sha256(repr(data.pixels.shape).encode())
        for start in range(0, len(data), 1024):
            pixels.update(data.pixels[start : start + 1024].tobytes())
        names = [data.class_names[label] for label in data.y_true.tolist()]
        return cls(
            n=len(data),
            n_groups=len(set(data.group.tolist())),
            files=_digest(data.file.tolist()),
            pixels=pixels.hexdigest(),
            labels=_digest([*data.class_names, *names]),
            groups=_digest(data.group.tolist()),
            recipe=recipe.fingerprint,
        )

    def differences(self, found: DataFingerprint) -> tuple[str, ...]:
        """Return in words what is different in ``found``; empty where nothing is."""
        return tuple(
            words for part, words in _WORDS.items() if getattr(self, part) != getattr(found, part)
        )


def _digest(words: list[str]) -> str:
    return hashlib.sha256("\n".join(map(str, words)).encode()).hexdigest()


def difference_in_words(stored: DataFingerprint, found: DataFingerprint) -> str | None:
    """Return one sentence where the data differ from those of an earlier run, else None."""
    parts = stored.differences(found)
    if not parts:
        return None
    return (
        f"The data differ from those that this experiment was run on: {', '.join(parts)} "
        f"(then {stored.n:,} pictures in {stored.n_groups:,} groups, now {found.n:,} in "
        f"{found.n_groups:,}); figures of the two runs cannot be compared."
    )
