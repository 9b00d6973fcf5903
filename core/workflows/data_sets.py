"""The data sets of a task: what lies in their folders, by class, group and split, and its checks.

Tables are read, pictures are not: what needs every picture is :mod:`core.workflows.data_checks`.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from core.config import settings
from core.datasets.description import FILE_NAME, DatasetDescription, read_description
from core.datasets.folders import picture_facts
from core.datasets.manifest import LABELS_FILE
from core.datasets.splits import FRACTIONS, PARTS
from core.errors import DatasetError
from core.tasks import TaskSpec

if TYPE_CHECKING:
    from core.datasets.checks import Finding
    from core.datasets.manifest import Manifest

SEED = 0


@dataclass(frozen=True, slots=True)
class DataSet:
    """A folder below the data root that a task reads.

    ``key`` : its path below the root; ``content`` : SHA-256 over its description and its table, or,
    where there is none, over names, sizes and times of its pictures; it changes when they do.
    """

    key: str
    folder: Path
    title: str
    content: str


@dataclass(frozen=True, slots=True)
class ClassCount:
    """How much there is of a class; ``parts`` by part of a grouped split, empty without one."""

    name: str
    title: str
    colour: str
    n: int
    n_groups: int
    parts: Mapping[str, int]


@dataclass(frozen=True, slots=True, eq=False)
class DataFacts:
    """What a data set holds.

    Attributes
    ----------
    data : DataSet
    seed : int
        Of the split whose parts are counted.
    manifest : Manifest
    n, n_groups : int
    group_source : str
        ``column``, ``found`` or ``none``: then groups are not counted.
    classes : tuple of ClassCount
        Of the task, in its order, those without a picture too.
    slices : mapping of column to mapping of value to pictures by class
    findings : tuple of Finding
        Of the checks that need no picture.
    left_out : mapping of label to pictures
        Labels that the task does not use.
    already_applied : tuple of str
        Recipe steps that the pictures carry.
    facts : tuple of (str, str)
        Name, licence and the like, for people.
    """

    data: DataSet
    seed: int
    manifest: Manifest
    n: int
    n_groups: int
    group_source: str
    classes: tuple[ClassCount, ...]
    slices: Mapping[str, Mapping[str, Mapping[str, int]]]
    findings: tuple[Finding, ...]
    left_out: Mapping[str, int]
    already_applied: tuple[str, ...]
    facts: tuple[tuple[str, str], ...]


def data_sets(task: TaskSpec) -> list[DataSet]:
    """Return the folders below the data root that a task reads, its own first.

    Raises
    ------
    DatasetError
        If a ``dataset.yaml`` is wrong.
    """
    root = settings().data_root
    if root is None:
        return []
    own = [source.folder for source in task.sources if source.folder]
    kinds = {task.key, *(source.task for source in task.sources if source.task)}
    found = []
    for folder in sorted(path for path in root.iterdir() if path.is_dir()):
        told = read_description(folder)
        is_read = told is not None and told.task is not None and told.task in kinds
        if is_read or folder.name in own:
            found.append(_set_of(folder, told, folder.name))
    return sorted(found, key=lambda item: (item.key not in own, item.key))


def data_set_of(folder: Path) -> DataSet:
    """Return any folder as a data set, also one outside the data root.

    Raises
    ------
    DatasetError
        If its ``dataset.yaml`` is wrong.
    """
    root = settings().data_root
    inside = root is not None and folder.resolve().is_relative_to(root.resolve())
    key = folder.resolve().relative_to(root.resolve()).as_posix() if inside and root else ""
    return _set_of(folder, read_description(folder), key or folder.name)


def _set_of(folder: Path, told: DatasetDescription | None, key: str) -> DataSet:
    digest = hashlib.sha256(str(folder).encode())
    table = folder / ((told.labels if told else None) or LABELS_FILE)
    for path in (folder / FILE_NAME, table):
        digest.update(path.read_bytes() if path.is_file() else b"")
    if not table.is_file():
        digest.update(repr(picture_facts(folder)).encode())
    title = told.name if told is not None and told.name else folder.name
    return DataSet(key, folder, title, digest.hexdigest())


def data_facts(
    data: DataSet,
    task: TaskSpec,
    *,
    seed: int = SEED,
    fractions: Mapping[str, float] = FRACTIONS,
) -> DataFacts:
    """Read a set's table and count; no picture is opened.

    Parameters
    ----------
    data : DataSet
    task : TaskSpec
    seed, fractions
        Of the grouped split that is counted.

    Raises
    ------
    DatasetError
        If the folder or its table is wrong: with row and column where the fault has them.
    """
    from core.datasets.checks import run_checks
    from core.datasets.manifest import read_manifest
    from core.datasets.splits import make_split

    manifest = read_manifest(data.folder, task)
    parts: dict[str, dict[str, int]] = {}
    split = None
    with suppress(DatasetError):  # too few groups: the checks say so
        split = make_split(manifest, seed=seed, fractions=fractions)
    if split is not None:
        labels = manifest.frame["label"].tolist()
        for (label, part), n in Counter(zip(labels, split.parts, strict=True)).items():
            parts.setdefault(label, {})[str(part)] = n
    sizes = manifest.frame.groupby("label")["group"].agg(["size", "nunique"])
    classes = tuple(
        ClassCount(
            name=item.key,
            title=item.title,
            colour=item.colour,
            n=int(sizes["size"].get(item.key, 0)),
            n_groups=int(sizes["nunique"].get(item.key, 0)),
            parts={part: parts.get(item.key, {}).get(part, 0) for part in (PARTS if split else ())},
        )
        for item in task.classes
    )
    return DataFacts(
        data=data,
        seed=seed,
        manifest=manifest,
        n=len(manifest),
        n_groups=manifest.n_groups,
        group_source=manifest.group_source,
        classes=classes,
        slices={name: _by_value(manifest, name) for name in manifest.slice_columns},
        findings=tuple(run_checks(manifest, split=split)),
        left_out=manifest.left_out,
        already_applied=manifest.already_applied,
        facts=_facts(data, manifest),
    )


def _by_value(manifest: Manifest, column: str) -> dict[str, dict[str, int]]:
    found: dict[str, dict[str, int]] = {}
    pairs = Counter(zip(manifest.frame[column], manifest.frame["label"], strict=True))
    for (value, label), n in sorted(pairs.items()):
        found.setdefault(value, {})[label] = n
    return found


def _facts(data: DataSet, manifest: Manifest) -> tuple[tuple[str, str], ...]:
    told = read_description(data.folder)
    carried = ", ".join(manifest.already_applied) or "none; the whole recipe runs"
    rows = [
        ("Folder", data.key),
        ("Licence", manifest.licence or "not stated"),
        ("Steps carried already", carried),
    ]
    if told is not None and told.mask_column:
        rows.append(("Masks", f"column {told.mask_column}"))
    if told is not None and told.grouping_method:
        rows.append(("Groups from", told.grouping_method))
    if told is not None and told.reference:
        rows.append(("Reference", told.reference))
    if manifest.left_out:
        said = ", ".join(f"{label} {n:,}" for label, n in manifest.left_out.items())
        rows.append(("Left out", f"labels that the task does not use: {said}"))
    return tuple(rows)
