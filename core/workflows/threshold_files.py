"""The ``operating-point`` command: a threshold from predictions files of any model."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from core.errors import EvaluationError
from core.evaluation.evaluate import FEW_GROUPS
from core.evaluation.flags import ANY_FINDING
from core.evaluation.operating_points import (
    Scores,
    case_scores,
    choose_threshold,
    group_scores,
)
from core.evaluation.runs import EvaluationRun
from core.evaluation.sensitivity_contract import Demand, level_at, level_document
from core.tasks import TaskSpec
from core.workflows.prediction_files import read_prediction_files

__all__ = ["Demand", "operating_point_of_files"]


def operating_point_of_files(
    predictions: Path,
    demand: Demand,
    *,
    calibration: Path | None = None,
    class_names: Sequence[str] | None = None,
    task: TaskSpec | None = None,
) -> dict[str, Any]:
    """Choose a threshold and say what it does (docs/command-line.md, operating-point).

    Parameters
    ----------
    predictions : Path
        The cases that check it; they choose it too where there is no ``calibration``.
    demand : Demand
        The class may be ``ANY_FINDING`` where there is a task.
    calibration : Path or None
        The cases that choose the threshold; the same file as ``predictions`` counts as none.
    class_names : sequence of str or None
        None: the task's, else found from the columns.
    task : TaskSpec or None

    Raises
    ------
    EvaluationError
        If a file or the class is wrong.
    """
    asked = demand.class_name
    if asked == ANY_FINDING and task is None:
        raise EvaluationError(
            "Which classes are findings is known for a task only.",
            remedy="Name the task with --task, or one class.",
            column="class",
        )
    if calibration is not None and _is_same(predictions, calibration):
        calibration = None  # the very same cases check nothing
    paths = [predictions] if calibration is None else [predictions, calibration]
    runs = read_prediction_files(paths, class_name=asked, class_names=class_names, task=task)
    name, findings = _spelt(asked, runs[0]), task.findings if task else ()
    checking, choosing = runs[0], runs[-1]
    threshold = choose_threshold(case_scores(choosing, name, findings=findings), demand.sensitivity)
    source = "same file" if calibration is None else "calibration"

    def judged(scores: Scores | None) -> dict[str, Any] | None:
        if scores is None:
            return None
        level = level_at(scores, threshold, demand, is_checked=calibration is not None)
        return level_document(level, threshold_from=source)

    document = judged(case_scores(checking, name, findings=findings)) or {}
    return {
        **document,
        "by_group": judged(group_scores(checking, name, findings=findings)),
        "class": name,
        "class_names": list(checking.class_names),
        "sensitivity_asked": demand.sensitivity,
        "group_source": checking.facts.group_source,
        "warnings": _warnings(choosing, checking, document, name),
    }


def _is_same(one: Path, other: Path) -> bool:
    """Return whether two names lead to the same cases: one file, or two of the same content."""
    try:
        return one.samefile(other) or one.read_bytes() == other.read_bytes()
    except (OSError, ValueError):
        return False  # whoever reads it next says what is wrong with it


def _spelt(class_name: str, run: EvaluationRun) -> str:
    """Return the class as the run spells it; case_scores refuses one that is none."""
    alike = [name for name in run.class_names if name.casefold() == class_name.casefold()]
    return alike[0] if len(alike) == 1 else class_name


def _warnings(
    choosing: EvaluationRun, checking: EvaluationRun, document: dict[str, Any], name: str
) -> list[str]:
    """Return what to doubt, in sentences."""
    said = list(dict.fromkeys([*choosing.facts.notes, *checking.facts.notes]))
    if document["threshold"] is None:
        said.append(
            f"No case of {name} in {choosing.facts.data}: no threshold can be chosen, and every "
            "figure is undefined."
        )
    elif not document["n_positive"]:
        said.append(f"No case of {name} in {checking.facts.data}: its sensitivity is undefined.")
    if choosing is checking:
        said.append(
            "The threshold was chosen on these very cases: the sensitivity is what was asked for, "
            "not what was measured. Give other cases with --calibration to make a claim."
        )
    else:
        said += _overlap_said(choosing, checking)
    if checking.group is None:
        said.append(
            "Groups (series, patients, slides) are unknown: the bound treats every picture as "
            "independent and is too high if several show the same person."
        )
    else:
        n_groups = document["sensitivity"].n_groups
        if n_groups and n_groups < FEW_GROUPS:
            said.append(
                f"The positives stand in {n_groups} groups: read the bound by group; the one by "
                "picture treats pictures of one group as independent."
            )
    return said


def _overlap_said(choosing: EvaluationRun, checking: EvaluationRun) -> list[str]:
    files = len(set(choosing.file) & set(checking.file))
    if files:
        return [f"{files} files stand in both tables: on them the threshold is not checked."]
    if choosing.group is None or checking.group is None:
        return []
    groups = len(set(choosing.group) & set(checking.group))
    if not groups:
        return []
    return [f"{groups} groups stand in both tables: on them the threshold is hardly checked."]
