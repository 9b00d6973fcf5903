"""Import a published folder: its layout, its classes, its groups, then table and description."""

from __future__ import annotations

import os
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from core.datasets.description import already_applied_for
from core.datasets.importing.found import ClassNames, Found, some
from core.datasets.importing.layouts import AUTO, LAYOUTS, choose_layout
from core.datasets.importing.scan import Scan, scan_folder
from core.datasets.importing.writing import (
    Pictures,
    Row,
    check_name,
    check_target,
    write_folder,
)
from core.datasets.manifest import LABELS_FILE
from core.errors import DatasetError
from core.tasks import TaskSpec, load_task
from core.wording import counted, is_or_are

if TYPE_CHECKING:
    from core.datasets.importing.groups import ImportedGroups
    from core.datasets.survey import Survey

__all__ = ["LAYOUTS", "ImportRequest", "Imported", "import_pictures"]

Progress = Callable[[int, int], None]
NAMED = 20  # of missing, unreadable and straddling in the answer
SPLIT_COLUMN = "published_split"


@dataclass(frozen=True, slots=True)
class ImportRequest:
    """What a person asks for.

    Attributes
    ----------
    task : str
        Key of the task whose classes the labels are.
    source, out : Path
        Folder as published, and the data folder to write; the same, or one above it: in place.
    layout : str
        A key of :data:`LAYOUTS`, or ``auto``.
    labels : mapping of str to str
        Published name -> class, or ``-`` to leave its pictures out.
    pictures : {"link", "copy"}
        How pictures come into a folder of its own.
    already_applied : tuple of str or None
        Recipe steps that the pictures carry; None: what a dataset.yaml above them says, else none.
    name, licence : str or None
        For the description.
    """

    task: str
    source: Path
    out: Path
    layout: str = AUTO
    labels: Mapping[str, str] = field(default_factory=dict)
    pictures: Pictures = "link"
    already_applied: tuple[str, ...] | None = None
    name: str | None = None
    licence: str | None = None


@dataclass(frozen=True, slots=True)
class Imported:
    """What was written; :meth:`document` is the answer of ``import``."""

    request: ImportRequest
    layout: str
    placed: str
    rows: tuple[Row, ...]
    groups: ImportedGroups
    straddling: tuple[str, ...]
    found: Found
    left_out: dict[str, int]
    unreadable: tuple[tuple[str, str], ...]
    notes: tuple[str, ...]

    def document(self) -> dict[str, Any]:
        """Return the answer; long lists are cut to the first twenty, their counts are whole."""
        has_split = any(row.published_split for row in self.rows)
        return {
            "task": self.request.task,
            "layout": self.layout,
            "folder": str(self.request.out),
            "pictures": self.placed,
            "n": len(self.rows),
            "n_by_class": dict(sorted(Counter(row.label for row in self.rows).items())),
            "groups": len(set(self.groups.groups)),
            "grouping": {
                "method": self.groups.method,
                "group_source": self.groups.source,
                "sentence": self.groups.sentence,
            },
            "published_split": SPLIT_COLUMN if has_split else None,
            "straddling_groups": len(self.straddling),
            "straddling": list(self.straddling[:NAMED]),
            "missing": {"n": len(self.found.missing), "first": list(self.found.missing[:NAMED])},
            "unlisted": {"n": len(self.found.unlisted), "first": list(self.found.unlisted[:NAMED])},
            "left_out": self.left_out,
            "errors": [{"file": file, "reason": reason} for file, reason in self.unreadable],
            "notes": list(self.notes),
        }


def import_pictures(request: ImportRequest, *, progress: Progress | None = None) -> Imported:
    """Read a published folder and write the data folder that train, evaluate and check-split read.

    Every picture is opened once: one that cannot be read is named and left out.

    Raises
    ------
    TaskError, DatasetError
        If task, source, layout, a name, a label or the target is wrong; nothing is written then.
    """
    from core.datasets.importing.groups import tell_groups
    from core.datasets.survey import survey_files
    from core.workflows.pictures import picture_reader

    task = load_task(request.task)
    source = request.source
    names = ClassNames(task, request.labels)
    scan = _scanned(request)
    layout = choose_layout(scan, request.layout)
    found = layout.read(scan, names)
    rows, left_out = _labelled(found, names, source)
    carried = _carried(request, rows)
    read = picture_reader(task)
    survey = survey_files(
        [row.file for row in rows],
        lambda file: read(source / file),
        threads=max(2, os.cpu_count() or 1),
        progress=progress,
    )
    rows, survey = _readable(rows, survey)
    files = [row.file for row in rows]
    threshold = task.near_duplicate_correlation
    groups = tell_groups(files, survey.thumbnails, threshold=threshold)
    grouped = tuple(
        replace(row, group=group) for row, group in zip(rows, groups.groups, strict=True)
    )
    straddling = _straddling(grouped)
    notes = (*found.notes, *_worth_knowing(task, grouped, survey, found), *_about(straddling, task))
    description = _description(request, layout.key, carried, groups=groups, straddling=straddling)
    if any(row.published_split for row in grouped):
        description["slice_columns"] = [SPLIT_COLUMN]
    placed = write_folder(
        grouped, description, source=source, out=request.out, pictures=request.pictures
    )
    return Imported(
        request,
        layout.key,
        placed,
        grouped,
        groups,
        straddling,
        found,
        left_out,
        survey.errors,
        notes,
    )


def _scanned(request: ImportRequest) -> Scan:
    """Return what the source holds, where it may be imported to the target at all."""
    scan = scan_folder(request.source)
    check_target(request.source, request.out)
    if LABELS_FILE in scan.tables:
        raise DatasetError(
            f"{request.source.name} holds {LABELS_FILE}: it is a data folder already.",
            remedy="Use it as it is (--data). To tell labels and groups anew, move that file away.",
        )
    return scan


def _labelled(found: Found, names: ClassNames, source: Path) -> tuple[list[Row], dict[str, int]]:
    """Return the rows of pictures with a class, sorted by file, and what is left out."""
    names.refuse_unknown(picture.name for picture in found.pictures)
    classes = {name: names.class_of(name) for name in {item.name for item in found.pictures}}
    left_out = Counter(item.name for item in found.pictures if classes[item.name] is None)
    rows = [
        Row(item.file, str(classes[item.name]), "", item.split)
        for item in sorted(found.pictures, key=lambda item: item.file)
        if classes[item.name] is not None
    ]
    if not rows:
        raise DatasetError(
            f"Every picture of {source.name} is left out.", remedy="Leave fewer names out."
        )
    for row in rows:
        check_name(row.file)
    return rows, dict(sorted(left_out.items()))


def _carried(request: ImportRequest, rows: Sequence[Row]) -> tuple[str, ...]:
    """Return the steps that the pictures carry: as asked, else as a description above them says."""
    if request.already_applied is not None:
        return request.already_applied
    parents = {Path(row.file).parent: row.file for row in rows}
    said = {already_applied_for(request.source / file) for file in parents.values()}
    if len(said) > 1:
        raise DatasetError(
            f"Pictures of {request.source.name} carry different steps.",
            remedy="Import its folders one by one, or say which with --already-applied.",
            column="already_applied",
        )
    return said.pop()


def _readable(rows: list[Row], survey: Survey) -> tuple[list[Row], Survey]:
    """Return what can be read: rows, and the survey of the same pictures with all its errors."""
    unreadable = {file for file, _ in survey.errors}
    kept = [place for place, row in enumerate(rows) if row.file not in unreadable]
    if not kept:
        file, reason = survey.errors[0]
        raise DatasetError(
            f"None of the pictures can be read ({len(rows):,} in all); the first is {file}: "
            f"{reason}",
            remedy="Check that the archive was unpacked whole.",
        )
    found = replace(
        survey,
        thumbnails=survey.thumbnails[kept],
        sizes=survey.sizes[kept],
        digests=tuple(survey.digests[place] for place in kept),
    )
    return [rows[place] for place in kept], found


def _straddling(rows: Sequence[Row]) -> tuple[str, ...]:
    """Return the groups that are in more than one published part, the largest first."""
    parts: dict[str, set[str]] = defaultdict(set)
    for row in rows:
        if row.published_split:
            parts[row.group].add(row.published_split)
    sizes = Counter(row.group for row in rows)
    across = [group for group, found in parts.items() if len(found) > 1]
    return tuple(sorted(across, key=lambda group: (-sizes[group], group)))


def _about(straddling: Sequence[str], task: TaskSpec) -> list[str]:
    if not straddling:
        return []
    n = len(straddling)
    return [
        f"{counted(n, 'group')} ({task.group_name}) {is_or_are(n)} in more than one published "
        f"part: {some(straddling)}. The parts are kept as the column {SPLIT_COLUMN} and used for "
        "nothing."
    ]


def _worth_knowing(task: TaskSpec, rows: Sequence[Row], survey: Survey, found: Found) -> list[str]:
    """Return what a person should hear before anything is trained on these pictures."""
    told = []
    if found.missing:
        n = len(found.missing)
        told.append(
            f"{counted(n, 'picture')} of the table {is_or_are(n)} missing: {some(found.missing)}."
        )
    if found.unlisted:
        n = len(found.unlisted)
        told.append(
            f"{counted(n, 'picture')} {is_or_are(n)} not in the table and left out: "
            f"{some(found.unlisted)}."
        )
    labels = Counter(row.label for row in rows)
    absent = [key for key in task.class_names if not labels[key]]
    if absent:
        told.append(f"No picture of: {', '.join(absent)}.")
    seen: dict[str, set[str]] = defaultdict(set)
    for row, digest in zip(rows, survey.digests, strict=True):
        seen[digest].add(row.label)
    copies = len(rows) - len(seen)
    if copies:
        torn = sum(len(classes) > 1 for classes in seen.values())
        told.append(
            f"Exact copies of others: {counted(copies, 'picture')}"
            + (f"; with two different labels: {counted(torn, 'picture')}." if torn else ".")
        )
    if len(np.unique(survey.sizes, axis=0)) > 1:
        told.append("The pictures differ in size, which may tell their source.")
    return told


def _description(
    request: ImportRequest,
    layout: str,
    carried: tuple[str, ...],
    *,
    groups: ImportedGroups,
    straddling: tuple[str, ...],
) -> dict[str, Any]:
    """Return the content of dataset.yaml."""
    about: dict[str, Any] = {
        "name": request.name or request.source.resolve().name,
        "task": request.task,
        "labels": "labels.csv",
        "group_column": "group",
        "grouping": groups.source,
        "grouping_method": groups.sentence,
        "already_applied": list(carried),
    }
    if request.licence:
        about["licence"] = request.licence
    about["imported_from"] = f"{LAYOUTS[layout].title}"
    if straddling:
        about["groups_in_several_published_parts"] = len(straddling)
    return about
