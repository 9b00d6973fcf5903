"""Checks of a data folder and its split, each with a stable code that pages and reports quote."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
import pandas as pd

from core.datasets.grouping import near_duplicate_pairs
from core.datasets.manifest import Manifest
from core.datasets.splits import PARTS, Split, straddling_groups
from core.datasets.survey import Survey


class Severity(StrEnum):
    """What a finding means for training."""

    BLOCK = "block"  # figures would be wrong
    WARN = "warn"  # figures need a sentence beside them
    PASS = "pass"  # looked for and not found
    NOT_APPLICABLE = "not applicable"  # could not be looked for


@dataclass(frozen=True, slots=True)
class Finding:
    """The outcome of one check, in one sentence."""

    code: str
    severity: Severity
    message: str


@dataclass(frozen=True, eq=False)
class Facts:
    """What the checks may look at; None where it was not given."""

    manifest: Manifest
    split: Split | None = None
    survey: Survey | None = None


@dataclass(frozen=True, slots=True)
class Check:
    """One entry of the table of checks."""

    code: str
    title: str
    look: Callable[[Facts], tuple[Severity, str]]


def run_checks(
    manifest: Manifest, *, split: Split | None = None, survey: Survey | None = None
) -> list[Finding]:
    """Run every check, in the order of their codes.

    A check that lacks the split, the survey or real groups says "not applicable" and why.
    """
    facts = Facts(manifest, split, survey)
    return [Finding(check.code, *check.look(facts)) for check in CHECKS]


def _group_leak(facts: Facts) -> tuple[Severity, str]:
    name = facts.manifest.task.group_name
    if facts.split is None:
        return Severity.NOT_APPLICABLE, "There is no split to check."
    if facts.manifest.group_source == "none":
        return Severity.NOT_APPLICABLE, f"The data do not say which pictures share a {name}."
    shared = straddling_groups(facts.manifest, facts.split)
    if not shared:
        return Severity.PASS, f"No {name} is in more than one part of the split."
    return Severity.BLOCK, (
        f"{len(shared)} of {facts.manifest.n_groups} groups ({name}) are in more than one part of "
        f"the split: {_listed(shared)}."
    )


def _class_imbalance(facts: Facts) -> tuple[Severity, str]:
    sizes = facts.manifest.frame["label"].value_counts()
    ratio = sizes.iloc[0] / sizes.iloc[-1]
    message = (
        f"{sizes.index[0]} has {sizes.iloc[0]} pictures, {sizes.index[-1]} {sizes.iloc[-1]} "
        f"({ratio:.1f} to 1)."
    )
    return (Severity.WARN if ratio > 3 else Severity.PASS), message


def _tiny_classes(facts: Facts) -> tuple[Severity, str]:
    """Fewer than four groups cannot reach four parts; fewer than 20 give intervals of any width."""
    n_groups = facts.manifest.frame.groupby("label")["group"].nunique()
    n_groups = n_groups.reindex(facts.manifest.task.class_names, fill_value=0)
    shown = ", ".join(f"{label} {n}" for label, n in n_groups.items())
    if n_groups.min() < len(PARTS):
        return Severity.BLOCK, f"A class has fewer groups than a split has parts: {shown}."
    if n_groups.min() < 20:
        return Severity.WARN, f"A class has fewer than 20 groups: {shown}."
    return Severity.PASS, f"Every class has at least 20 groups: {shown}."


def _mixed_sizes(facts: Facts) -> tuple[Severity, str]:
    if facts.survey is None:
        return Severity.NOT_APPLICABLE, "The pictures were not read."
    sizes = facts.survey.sizes[facts.survey.sizes[:, 0] > 0]
    if not len(sizes):
        return Severity.NOT_APPLICABLE, "No picture can be read."
    distinct = np.unique(sizes, axis=0)
    if len(distinct) == 1:
        return Severity.PASS, f"Every picture is {_size(distinct[0])}."
    areas = distinct.prod(axis=1)
    smallest, largest = distinct[areas.argmin()], distinct[areas.argmax()]
    return Severity.WARN, (
        f"The pictures have {len(distinct)} sizes, from {_size(smallest)} to {_size(largest)}: "
        "size may tell the source, and the source the class."
    )


def _duplicates_disagree(facts: Facts) -> tuple[Severity, str]:
    if facts.survey is None:
        return Severity.NOT_APPLICABLE, "The pictures were not read."
    frame = facts.manifest.frame.assign(digest=facts.survey.digests)
    frame = frame[frame["digest"] != ""]
    by_digest = frame.groupby("digest")["label"].agg(["nunique", "size"])
    disagreeing = frame[frame["digest"].isin(by_digest.index[by_digest["nunique"] > 1])]
    if disagreeing.empty:
        n = int((by_digest["size"] - 1).sum())
        return Severity.PASS, f"No exact duplicates with different labels ({n} exact duplicates)."
    files = sorted(disagreeing["file"])
    return Severity.BLOCK, (
        f"{len(files)} pictures are exact duplicates with different labels: {_listed(files)}."
    )


def _groups_of_several_labels(facts: Facts) -> tuple[Severity, str]:
    manifest = facts.manifest
    if manifest.group_source == "none":
        return Severity.NOT_APPLICABLE, "The data have no groups."
    n_labels = manifest.frame.groupby("group")["label"].nunique()
    several = sorted(str(group) for group in n_labels.index[n_labels > 1])
    if not several:
        return Severity.PASS, "Every group has one label."
    name = manifest.task.group_name
    message = f"{len(several)} groups ({name}) have several labels: {_listed(several)}."
    # Where a group is one case it has one reference label; a slide may well hold both kinds.
    return (Severity.WARN if manifest.task.group_is_case else Severity.PASS), message


def _groups_say_little(facts: Facts) -> tuple[Severity, str]:
    manifest = facts.manifest
    name = manifest.task.group_name
    if manifest.group_source == "column":
        return Severity.PASS, f"The data say which pictures share a {name}."
    if manifest.group_source == "none":
        return Severity.WARN, (
            f"The data do not say which pictures share a {name}, and pixels were not compared: "
            "intervals are too narrow and splits may leak."
        )
    n_alone = int((pd.Series(manifest.frame["group"]).value_counts() == 1).sum())
    return Severity.WARN, (
        f"Groups were found from pixels: {manifest.n_groups} groups, {n_alone} of them single "
        f"pictures. Pictures of one {name} that look different were not recognised."
    )


def _look_alikes_apart(facts: Facts) -> tuple[Severity, str]:
    """Look for copies across groups: publishers number the same film twice."""
    if facts.survey is None:
        return Severity.NOT_APPLICABLE, "The pictures were not read."
    frame, correlation = facts.manifest.frame, facts.manifest.task.near_duplicate_correlation
    apart = frame["group"].to_numpy(dtype=object) if facts.split is None else facts.split.parts
    sides = np.unique(apart, return_inverse=True)[1]
    where = "groups" if facts.split is None else "parts of the split"
    pairs, _ = near_duplicate_pairs(facts.survey.thumbnails, sides=sides, threshold=correlation)
    if not len(pairs):
        return Severity.PASS, f"No nearly equal pictures (above {correlation:g}) in two {where}."
    files = frame["file"].to_numpy(dtype=object)
    shown = [f"{files[first]} and {files[second]}" for first, second in pairs[:5]]
    severity = Severity.WARN if facts.split is None else Severity.BLOCK
    return severity, (
        f"{len(pairs)} pairs of nearly equal pictures (above {correlation:g}) are in two {where}: "
        f"{_listed(shown, n=len(pairs))}."
    )


def _listed(names: list[str], *, n: int | None = None) -> str:
    """Return the first five names; ``n`` is how many there are, where not all are given."""
    return ", ".join(names[:5]) + (", ..." if (n or len(names)) > 5 else "")


def _size(size: np.ndarray[tuple[int], np.dtype[np.int64]]) -> str:
    return f"{size[0]} x {size[1]}"


CHECKS: tuple[Check, ...] = (
    Check("SL001", "A group is on both sides of the split", _group_leak),
    Check("SL002", "Classes of very different size", _class_imbalance),
    Check("SL003", "Classes with few groups", _tiny_classes),
    Check("SL004", "Pictures of different sizes", _mixed_sizes),
    Check("SL005", "Exact duplicates with different labels", _duplicates_disagree),
    Check("SL006", "Groups with several labels", _groups_of_several_labels),
    Check("SL007", "Groups that say little", _groups_say_little),
    Check("SL008", "Nearly equal pictures kept apart", _look_alikes_apart),
)
