"""Check a split of a data folder: groups on both sides, nearly equal pictures on both sides."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from core.tasks import TaskSpec, load_tasks

if TYPE_CHECKING:
    from core.datasets.leaks import PairsAcross
    from core.datasets.listing import Listing

Progress = Callable[[int, int], None]
SEED = 0
NAMED = 20  # how many straddling groups are named


@dataclass(frozen=True, slots=True)
class SplitCheck:
    """What was found; :meth:`document` is the answer of ``check-split`` (docs/command-line.md).

    Attributes
    ----------
    n, n_groups : int
    group_source : str
        "column" (the folder's table says it) or "found" (from the pixels).
    group_name : str
        What a group is, in one word.
    made : str
        How the split was made, in a clause.
    parts : dict of part to int
        Pictures in each.
    straddling : tuple of str
        Groups in more than one part, the largest first.
    n_pairs, n_with_twin : int
        Pairs of nearly equal pictures in different parts, and pictures in any of them.
    correlation : float
        Above it two pictures are nearly equal.
    worst : tuple of dict
        ``train_file, test_file, distance, train_part, test_part``, the closest first.
    errors : tuple of (file, reason)
        Pictures that cannot be read: of them only the group was looked at.
    """

    n: int
    n_groups: int
    group_source: str
    group_name: str
    made: str
    parts: dict[str, int]
    straddling: tuple[str, ...]
    n_pairs: int
    n_with_twin: int
    correlation: float
    worst: tuple[dict[str, Any], ...]
    errors: tuple[tuple[str, str], ...]

    @property
    def leak(self) -> bool:
        """Whether a group or a picture is on both sides."""
        return bool(self.straddling) or self.n_pairs > 0

    @property
    def sentence(self) -> str:
        """What was found, in one sentence."""
        found = ""
        if self.group_source == "found":
            found = (
                "; no table says the groups, so they were found from the pixels, and pictures "
                f"of one {self.group_name} that look different were not recognised"
            )
        unread = f"; {len(self.errors)} pictures could not be read" if self.errors else ""
        if len(self.parts) < 2:
            return f"Every picture is in one part: there is nothing to leak across{unread}."
        if not self.leak:
            return (
                f"No leak found ({self.made}): none of {self.n_groups} groups ({self.group_name}) "
                "is in more than one part, and no two nearly equal pictures (correlation above "
                f"{self.correlation:g}) are in different parts{found}{unread}."
            )
        return (
            f"Leak ({self.made}): {len(self.straddling)} of {self.n_groups} groups "
            f"({self.group_name}) are in more than one part, and {self.n_pairs} pairs of nearly "
            f"equal pictures (correlation above {self.correlation:g}) are in different parts, so "
            f"figures on this split measure memory, not diagnosis{found}{unread}."
        )

    def document(self) -> dict[str, Any]:
        """Return the answer with the keys of the contract, and some more."""
        return {
            "n": self.n,
            "groups": self.n_groups,
            "straddling_groups": len(self.straddling),
            "near_duplicate_pairs_across": self.n_pairs,
            "leak": self.leak,
            "worst": list(self.worst),
            "sentence": self.sentence,
            "group_source": self.group_source,
            "split": self.made,
            "parts": self.parts,
            "straddling": list(self.straddling[:NAMED]),
            "pictures_with_a_twin": self.n_with_twin,
            "correlation": self.correlation,
            "errors": [{"file": file, "reason": reason} for file, reason in self.errors],
        }


def check_split(
    data: Path,
    split: Path | None = None,
    *,
    seed: int = SEED,
    progress: Progress | None = None,
) -> SplitCheck:
    """Check a split of a folder, or, without one, a random split of its pictures.

    Parameters
    ----------
    data : Path
        Folder with labels.csv and dataset.yaml, or with a folder a class.
    split : Path or None
        ``file, split`` with train, validation, calibration or test. None: a fifth of the pictures
        held out by lot, groups ignored, as figures on such folders were often published.
    seed : int
        Of that random split.
    progress : callable or None
        Called with (done, n) after each picture.

    Raises
    ------
    DatasetError
        If the folder or the split file is wrong, with row and column where the fault has them.
    """
    from core.datasets import list_folder, pairs_across, straddling, survey_files
    from core.datasets.grouping import CORRELATION, find_groups, group_names
    from core.workflows.pictures import picture_reader

    listing, task = _listed(data, list_folder)
    parts, made = _parts(listing, split, seed)
    read = picture_reader(task)
    survey = survey_files(
        listing.files,
        lambda file: read(listing.root / file),
        threads=max(2, os.cpu_count() or 1),
        progress=progress,
    )
    threshold = task.near_duplicate_correlation if task else CORRELATION
    groups = listing.groups
    if groups is None:
        groups = tuple(group_names(find_groups(survey.thumbnails, threshold=threshold)).tolist())
    sides = _in_order(parts)
    pairs = pairs_across(survey.thumbnails, survey.digests, sides, threshold=threshold)
    return SplitCheck(
        n=len(listing.files),
        n_groups=len(set(groups)),
        group_source="found" if listing.groups is None else listing.group_source,
        group_name=task.group_name if task else "group",
        made=made,
        parts=dict(Counter(parts.tolist())),
        straddling=tuple(straddling(groups, sides)),
        n_pairs=pairs.n,
        n_with_twin=int(pairs.has_twin.sum()),
        correlation=threshold,
        worst=_named(pairs, listing, parts),
        errors=survey.errors,
    )


def _listed(data: Path, list_folder: Callable[..., Listing]) -> tuple[Listing, TaskSpec | None]:
    """Return the folder's pictures and its task, where it names one that is known here."""
    listing = list_folder(data)
    task = load_tasks().get(listing.task or "")
    if task is not None and listing.groups is None and task.group_column != "group":
        listing = list_folder(data, group_column=task.group_column)
    return listing, task


def _parts(listing: Listing, split: Path | None, seed: int) -> tuple[NDArray[np.str_], str]:
    from core.datasets import random_sides, read_parts

    if split is not None:
        return read_parts(split, listing.files), f"split file {split.name}"
    held = random_sides(len(listing.files), seed=seed)
    made = f"a random split of single pictures, a fifth held out, seed {seed}"
    return np.where(held, "test", "train").astype(np.str_), made


def _in_order(parts: NDArray[np.str_]) -> NDArray[np.int64]:
    """Return the place of each part, so that the training side of a pair comes first."""
    from core.datasets import PARTS

    return np.array([PARTS.index(part) for part in parts.tolist()], dtype=np.int64)


def _named(
    pairs: PairsAcross, listing: Listing, parts: NDArray[np.str_]
) -> tuple[dict[str, Any], ...]:
    return tuple(
        {
            "train_file": listing.files[pair.first],
            "test_file": listing.files[pair.second],
            "distance": round(pair.distance, 6),
            "train_part": str(parts[pair.first]),
            "test_part": str(parts[pair.second]),
        }
        for pair in pairs.worst
    )
