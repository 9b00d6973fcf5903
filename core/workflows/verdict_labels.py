"""Verdicts as a labelled set: pictures, labels and groups, for evaluation or training.

One row a case whose verdict stands: of readers who agree, or of the adjudication. The group is the
pseudonym, so that a split keeps a patient whole.
"""

from __future__ import annotations

import csv
import io
import os
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import yaml
from PIL import Image

from core.config import settings
from core.errors import CaseError, DatasetError
from core.persistence.case_records import CaseFile
from core.persistence.case_state import final_reads
from core.reporting.csv_table import harmless
from core.workflows.cases import case_image
from core.workflows.second_reads import case_files, reference_of

_COLUMNS = ("file", "label", "group", "n_readers", "adjudicated")


@dataclass(frozen=True, slots=True)
class LabelledSet:
    """What was written; ``left_out`` counts cases whose verdict does not stand."""

    folder: Path
    n: int
    groups: int
    labels: dict[str, int]
    left_out: int


def write_labels(task: str, folder: Path) -> LabelledSet:
    """Write pictures as shown (PNG), labels.csv and dataset.yaml into a new folder.

    Raises
    ------
    CaseError
        If no case of the task has a verdict that stands, or they carry different recipe steps.
    DatasetError
        If the folder is not empty, or cannot be written.
    PersistenceError
        If a picture is gone.
    """
    files = case_files(task)
    told = [(found, label) for found in files if (label := reference_of(found)) is not None]
    if not told:
        raise CaseError(f"No case of {task} has a verdict that stands.", remedy="Read some first.")
    carried = {tuple(found.answers[-1].steps["left_out"]) for found, _ in told}
    if len(carried) > 1:
        raise CaseError(
            "The cases carry different recipe steps, which one dataset.yaml cannot say.",
            remedy="Add the pictures of one folder anew, all with the same --already-applied.",
        )
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if any(folder.iterdir()):
            raise DatasetError(f"{folder} is not empty.", remedy="Name a new folder.")
        rows = [_row(folder, found, label) for found, label in told]
        _write_table(folder, rows)
        described = {
            "name": f"Verdicts on {task}",
            "task": task,
            "group_column": "group",
            "already_applied": list(carried.pop()),
        }
        _write(folder / "dataset.yaml", yaml.safe_dump(described, sort_keys=False))
    except OSError as error:
        raise DatasetError(
            f"The set cannot be written ({type(error).__name__}).",
            remedy="Check that the folder may be written and the disk has room.",
        ) from None
    labels: dict[str, int] = {}
    for _, label in told:
        labels[label] = labels.get(label, 0) + 1
    groups = len({found.case.pseudonym for found, _ in told})
    return LabelledSet(folder, len(told), groups, labels, len(files) - len(told))


def write_labels_at_home(task: str) -> LabelledSet:
    """Write the set into a new folder of the product's home, named by the task and the time.

    Raises
    ------
    CaseError, DatasetError, PersistenceError
        As ``write_labels``.
    """
    now = datetime.now(UTC)
    return write_labels(task, settings().home / "labelled" / f"{task}_{now:%Y%m%d_%H%M%S_%f}")


def _row(folder: Path, found: CaseFile, label: str) -> dict[str, object]:
    name = f"{found.case.case_id}.png"
    Image.fromarray(case_image(found.case).pixels).save(folder / name)
    return {
        "file": name,
        "label": label,
        "group": harmless(found.case.pseudonym),
        "n_readers": len(final_reads(found.reads)),
        "adjudicated": bool(found.consensus),
    }


def _write_table(folder: Path, rows: list[dict[str, object]]) -> None:
    stream = io.StringIO()
    table = csv.DictWriter(stream, _COLUMNS, lineterminator="\n")
    table.writeheader()
    table.writerows(rows)
    _write(folder / "labels.csv", stream.getvalue())


def _write(path: Path, text: str) -> None:
    draft = path.with_name(f".{path.name}.part")
    draft.write_text(text, encoding="utf-8")
    os.replace(draft, path)
