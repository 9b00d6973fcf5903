"""Champion against challenger: stored runs or predictions files, the verdict, and its record.

Light: numpy and scipy; no engine, no TensorFlow, no scikit-learn.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from core.domain import Figure
from core.errors import EvaluationError, PersistenceError
from core.evaluation.runs import EvaluationRun
from core.inference.package import list_versions
from core.tasks import TaskSpec
from core.workflows.champions import find_version
from core.workflows.prediction_files import read_prediction_files
from core.workflows.records import ComparisonVerdict
from core.workflows.retiring import retired_versions
from core.workflows.stored_runs import StoredRun, compared_runs, open_run, stored_runs

if TYPE_CHECKING:
    from core.evaluation.comparison import Comparison, SensitivityGap

MARGIN = 0.05  # where nobody says otherwise: five points
_MOST_CASES = 200  # of a document; all of them are in the CSV


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked of two runs; the fields are those of :func:`compare_runs`."""

    class_name: str
    margin: float = MARGIN
    threshold_a: float | None = None
    threshold_b: float | None = None


def compare_runs(
    run_a: EvaluationRun,
    run_b: EvaluationRun,
    *,
    class_name: str,
    margin: float,
    threshold_a: float | None = None,
    threshold_b: float | None = None,
) -> Comparison:
    """Compare two runs on the same cases; see :func:`core.evaluation.comparison.compare_runs`."""
    from core.evaluation import comparison

    return comparison.compare_runs(
        run_a,
        run_b,
        class_name=class_name,
        margin=margin,
        threshold_a=threshold_a,
        threshold_b=threshold_b,
    )


def compare_stored(stored_a: StoredRun, stored_b: StoredRun, question: Question) -> Comparison:
    """Compare two stored runs.

    Raises
    ------
    EvaluationError
        If a file of a run is missing or was changed, or the two are not on the same cases.
    """
    return _answer(open_run(stored_a), open_run(stored_b), question)


def _answer(run_a: EvaluationRun, run_b: EvaluationRun, question: Question) -> Comparison:
    return compare_runs(
        run_a,
        run_b,
        class_name=question.class_name,
        margin=question.margin,
        threshold_a=question.threshold_a,
        threshold_b=question.threshold_b,
    )


def compare_files(
    path_a: Path,
    path_b: Path,
    question: Question,
    *,
    class_names: Sequence[str] | None = None,
    task: TaskSpec | None = None,
) -> Comparison:
    """Compare two predictions files of any models (docs/command-line.md, compare).

    Parameters
    ----------
    path_a, path_b : Path
        Champion and challenger.
    question : Question
        Its class may differ from the files' spelling in upper and lower case.
    class_names : sequence of str or None
        None: the task's, else found from the columns of both files.
    task : TaskSpec or None

    Raises
    ------
    EvaluationError
        If a file is wrong, or the two are not the same cases; with row and column of the first
        offender.
    """
    from core.evaluation.pairing import CHAMPION, first_mismatch

    asked = question.class_name
    run_a, run_b = read_prediction_files(
        [path_a, path_b], class_name=asked, class_names=class_names, task=task
    )
    wrong = first_mismatch(run_a, run_b)
    if wrong is not None:
        path = path_a if wrong.run == CHAMPION else path_b
        raise EvaluationError(
            f"{wrong.problem} A is {path_a.name}, B is {path_b.name}.",
            remedy="Compare two files of the same cases with the same reference standard.",
            row=_line_of(path, wrong.record),
            column=wrong.column,
        )
    alike = [name for name in run_a.class_names if name.casefold() == asked.casefold()]
    if len(alike) == 1:
        question = replace(question, class_name=alike[0])
    return _answer(run_a, run_b, question)


def _line_of(path: Path, record: int) -> int:
    from core.evaluation.tables import read_table

    return read_table(path.read_bytes(), name=path.name).line_of(record)


def comparable_runs(task_key: str) -> list[StoredRun]:
    """Return every stored run of a task: the champion's first, other versions', external ones.

    Other versions are those installed, then those of which only the figures are kept, then those
    out of use. Of each the run out of fold comes first, one whose split leaks last.

    Raises
    ------
    ModelVersionError
        If no usable version is installed.
    """
    names = [find_version(task_key).name, *(item.name for item in list_versions(task_key))]
    runs = [run for name in dict.fromkeys(names) for run in stored_runs(task_key, name)]
    out_of_use = _out_of_use(task_key)
    by_folder = {
        run.folder: replace(run, retired=_identity(run) in out_of_use)
        for run in (*runs, *compared_runs(task_key))
    }
    versions = list(dict.fromkeys(run.facts.model_version for run in by_folder.values()))

    def rank(run: StoredRun) -> tuple[bool, bool, int, bool, bool]:
        whose, split = run.facts.model_version, run.facts.split
        is_later = split != "out_of_fold"
        return whose is None, run.retired, versions.index(whose), run.is_random, is_later

    return sorted(by_folder.values(), key=rank)


def _identity(run: StoredRun) -> tuple[str | None, str | None]:
    return run.facts.model_version, run.facts.version_digest


def _out_of_use(task_key: str) -> set[tuple[str | None, str | None]]:
    """Return name and digest of the retired versions of a task."""
    try:
        return {(row.version, row.digest) for row in retired_versions(task_key).values()}
    except PersistenceError:
        return set()  # whoever asks for the champion is told that the database cannot be read


def partners(run: StoredRun, runs: Sequence[StoredRun]) -> list[StoredRun]:
    """Return the other runs that may be of the same cases: as many, and not of another task.

    Whether they are, file by file, is only known once both are opened.
    """
    return [
        other
        for other in runs
        if other.folder != run.folder and other.n == run.n and other.facts.task == run.facts.task
    ]


def reason(made: Comparison, titles: Mapping[str, str] | None = None) -> str:
    """Return why the verdict is what it is, in one sentence; ``titles`` names the classes."""
    from core.evaluation import comparison_words

    return comparison_words.reason(made, titles or {})


def doubts(made: Comparison, titles: Mapping[str, str] | None = None) -> tuple[str, ...]:
    """Return what a reader of the verdict has to know."""
    from core.evaluation import comparison_words

    return comparison_words.doubts(made, titles or {})


def gap_frame(made: Comparison) -> pd.DataFrame:
    """Return one row a class and slice, the class that decides first.

    ``class, slice, band, n, n_groups, sensitivity_a, sensitivity_b, difference, low, high,
    low_by_case, high_by_case, both_found, only_a_missed, only_b_missed, both_missed, mcnemar_p,
    margin, verdict``. ``low`` and ``high`` respect groups where there are any. Undefined is NaN.
    """
    others = [gap for gap in made.classes if gap.class_name != made.class_name]
    rows = [_gap_row(made, gap) for gap in (made.gap, *others, *made.slices)]
    frame = pd.DataFrame(rows)
    shares = ["sensitivity_a", "sensitivity_b", "difference", "low", "high", "mcnemar_p"]
    return frame.astype({**dict.fromkeys(shares, "float64"), "n_groups": "Int64"})


def comparison_document(made: Comparison) -> dict[str, Any]:
    """Return the comparison with the keys of the ``compare`` contract, and more."""
    from core.evaluation.comparison import N_RESAMPLES

    headline = _gap_row(made, made.gap)
    area_low, area_high = made.areas.interval
    records = made.cases.head(_MOST_CASES).to_dict("records")
    return {
        "n": made.n,
        "mcnemar_p": made.gap.misses.p,
        "auc_difference": {
            **_difference(made.auc_difference),
            "delong_p": made.areas.p,
            "delong_low": area_low,
            "delong_high": area_high,
        },
        "sensitivity_difference": {
            **_difference(made.gap.difference),
            "low_by_case": made.gap.difference.low,
            "high_by_case": made.gap.difference.high,
        },
        "verdict": made.verdict,
        "reason": reason(made),
        "class": made.class_name,
        "class_names": list(made.class_names),
        "margin": made.margin,
        "threshold_a": made.threshold_a,
        "threshold_b": made.threshold_b,
        "n_positive": made.gap.misses.n,
        "groups": made.n_groups,
        "resampled": "case" if made.n_groups is None else "group",
        "n_resamples": N_RESAMPLES,
        "sensitivity_a": made.gap.sensitivity_a,
        "sensitivity_b": made.gap.sensitivity_b,
        "auc_a": made.areas.auc_a,
        "auc_b": made.areas.auc_b,
        "misses": {key: headline[key] for key in _CELLS},
        "per_class": {gap.class_name: _gap_row(made, gap) for gap in made.classes},
        "slices": [_gap_row(made, gap) for gap in made.slices],
        "n_disagree": len(made.cases),
        "disagree": records,
        "warnings": list(doubts(made)),
    }


_CELLS = ("both_found", "only_a_missed", "only_b_missed", "both_missed")


def _difference(figure: Figure) -> dict[str, Any]:
    from core.evaluation.comparison import leading

    low, high = leading(figure)
    return {"value": figure.value, "low": low, "high": high, "n_groups": figure.n_groups}


def _gap_row(made: Comparison, gap: SensitivityGap) -> dict[str, Any]:
    difference = _difference(gap.difference)
    return {
        "class": gap.class_name,
        "slice": gap.column,
        "band": gap.band,
        "n": gap.misses.n,
        "n_groups": gap.difference.n_groups,
        "sensitivity_a": gap.sensitivity_a,
        "sensitivity_b": gap.sensitivity_b,
        "difference": difference["value"],
        "low": difference["low"],
        "high": difference["high"],
        "low_by_case": gap.difference.low,
        "high_by_case": gap.difference.high,
        **{key: getattr(gap.misses, key) for key in _CELLS},
        "mcnemar_p": gap.misses.p,
        "margin": made.margin,
        "verdict": made.verdict_in(gap),
    }


def comparison_provenance(
    made: Comparison, stored_a: StoredRun, stored_b: StoredRun
) -> Mapping[str, Any]:
    """Return what every export of a comparison carries in each row."""
    return {
        "task": stored_a.facts.task or "",
        "run_a": stored_a.name,
        "run_b": stored_b.name,
        "version_a": stored_a.facts.model_version or "not ours",
        "version_b": stored_b.facts.model_version or "not ours",
        "threshold_a": "argmax" if made.threshold_a is None else made.threshold_a,
        "threshold_b": "argmax" if made.threshold_b is None else made.threshold_b,
        "compared_class": made.class_name,
        "n_cases": made.n,
        "verdict": made.verdict,
        "use": "research use, not for primary diagnosis",
    }


def comparison_csv(
    made: Comparison, frame: pd.DataFrame, stored_a: StoredRun, stored_b: StoredRun
) -> bytes:
    """Return a table of a comparison as CSV, with both runs and thresholds in every row."""
    from core.reporting.csv_table import csv_bytes

    return csv_bytes(frame, provenance=comparison_provenance(made, stored_a, stored_b))


def verdict_record(
    made: Comparison, stored_a: StoredRun, stored_b: StoredRun, *, by: str
) -> ComparisonVerdict:
    """Return the verdict as it is recorded, with the figures behind it.

    Raises
    ------
    EvaluationError
        If nobody signs it.
    """
    if not by.strip():
        raise EvaluationError(
            "The verdict is not signed.", remedy="Write your name before recording it."
        )
    facts = comparison_document(made)
    for bulky in ("disagree", "per_class"):
        del facts[bulky]
    return ComparisonVerdict(
        task=stored_a.facts.task or "",
        run_a=stored_a.name,
        run_b=stored_b.name,
        version_a=stored_a.facts.model_version,
        version_b=stored_b.facts.model_version,
        class_name=made.class_name,
        margin=made.margin,
        verdict=made.verdict,
        facts=facts,
        recorded_by=by.strip(),
    )
