"""The Operating point page: a threshold chosen on one part, checked on another, priced, signed.

``open_bench`` sorts everything once; ``setting`` then costs a few milliseconds, so that a slider
moves every number. Light: no engine, no TensorFlow, no scikit-learn.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import pandas as pd

from core.errors import EvaluationError
from core.evaluation.decision_curve import (
    cost_in_words,
    decision_curve,
    net_benefit,
    reads_worth_a_miss,
    rebase,
)
from core.evaluation.figures import group_codes
from core.evaluation.flags import ANY_FINDING, called_at
from core.evaluation.frames import provenance
from core.evaluation.operating_points import (
    Scores,
    case_scores,
    choose_threshold,
    counts_at,
    group_scores,
)
from core.evaluation.parts import Parts, halves, kept_apart
from core.evaluation.sensitivity_contract import Demand, Level, level_at, price_at
from core.tasks import TaskSpec
from core.workflows.points import threshold_text
from core.workflows.stored_runs import StoredRun, open_run

__all__ = [
    "ANY_FINDING",
    "STEPS",
    "Bench",
    "Demand",
    "Level",
    "Setting",
    "called_frame",
    "default_runs",
    "net_benefit_frame",
    "open_bench",
    "setting",
    "setting_frame",
    "table_csv",
    "trade_off_frame",
]

# What a person can ask for on the page: 50 % to 100 % in half per cents.
STEPS = tuple(round(0.5 + index * 0.005, 3) for index in range(101))
_CHOOSING_SPLITS = ("calibration", "validation", "out_of_fold")


@dataclass(frozen=True, slots=True, eq=False)
class _ClassScores:
    choosing: Scores
    checking: Scores
    groups: Scores | None


@dataclass(frozen=True, slots=True, eq=False)
class Bench:
    """Two parts that share no group, with the scores of every finding sorted.

    Attributes
    ----------
    chosen_on, checked_on : StoredRun
    parts : Parts
    findings : tuple of str
        The task's findings that are classes of the runs, then ``ANY_FINDING`` where there are
        several.
    scores : mapping of finding to its scores
    """

    chosen_on: StoredRun
    checked_on: StoredRun
    parts: Parts
    findings: tuple[str, ...]
    scores: Mapping[str, _ClassScores]

    @property
    def chosen_said(self) -> str:
        """Which cases chose: the run and how many."""
        return _part_said(self.chosen_on, self.parts.choosing.n, self.parts.choosing.group)

    @property
    def checked_said(self) -> str:
        """Which cases check: the run and how many."""
        return _part_said(self.checked_on, self.parts.checking.n, self.parts.checking.group)


@dataclass(frozen=True, slots=True)
class Setting:
    """Everything one place of the slider says.

    Attributes
    ----------
    demand : Demand
    threshold : float or None
        None where no case of the finding could choose one.
    chosen : (found, positives)
        On the choosing part.
    pictures : Level
    groups : Level or None
    probability : float or None
        The threshold at the prevalence asked for: threshold probability of the decision curve.
    benefit, benefit_at_argmax, benefit_of_all : float or None
        Net benefit at that probability, in true positives a case.
    reads_worth_a_miss : float or None
    """

    demand: Demand
    threshold: float | None
    chosen: tuple[int, int]
    pictures: Level
    groups: Level | None
    probability: float | None
    benefit: float | None
    benefit_at_argmax: float | None
    benefit_of_all: float | None
    reads_worth_a_miss: float | None

    def cost_said(self, finding: str) -> str:
        """Return the cost ratio that the threshold implies, as a sentence without a full stop."""
        return cost_in_words(self.reads_worth_a_miss, finding)


def default_runs(runs: Sequence[StoredRun]) -> tuple[StoredRun, StoredRun]:
    """Return which run chooses and which checks, where the person did not say.

    A calibration or validation run, else the out-of-fold run, chooses; the test run checks. With
    one run, it is both, and is halved.
    """
    by_split = {run.facts.split: run for run in reversed(runs) if run.facts.version_digest}
    own = [by_split[name] for name in _CHOOSING_SPLITS if name in by_split]
    checked = by_split.get("test") or (own[0] if own else runs[0])
    return (own[0] if own else checked), checked


def open_bench(task: TaskSpec, chosen_on: StoredRun, checked_on: StoredRun) -> Bench:
    """Read the runs, keep them apart and sort every finding's scores.

    The same run twice is halved by whole groups.

    Raises
    ------
    EvaluationError
        If a run is damaged, they cannot be kept apart, or hold no finding of the task.
    """
    if chosen_on.folder == checked_on.folder:
        parts = halves(open_run(chosen_on))
    else:
        parts = kept_apart(open_run(chosen_on), open_run(checked_on))
    if parts.choosing.class_names != parts.checking.class_names:
        raise EvaluationError(
            "The two runs have different classes.", remedy="Take two runs of the same classes."
        )
    findings = tuple(name for name in task.findings if name in parts.checking.class_names)
    if not findings:
        raise EvaluationError(
            f"The run has no finding of {task.title}.", remedy="Take a run of this task."
        )
    codes = group_codes(parts.choosing), group_codes(parts.checking)
    names = (*findings, ANY_FINDING) if len(findings) > 1 else findings
    scores = {
        name: _ClassScores(
            case_scores(parts.choosing, name, findings=findings, codes=codes[0]),
            case_scores(parts.checking, name, findings=findings, codes=codes[1]),
            group_scores(parts.checking, name, findings=findings, codes=codes[1]),
        )
        for name in names
    }
    return Bench(chosen_on, checked_on, parts, names, scores)


def setting(bench: Bench, demand: Demand) -> Setting:
    """Return every number of one place of the slider (milliseconds for 11,000 cases).

    Raises
    ------
    EvaluationError
        If the finding is none of the bench's.
    """
    scores = _scores(bench, demand)
    threshold = choose_threshold(scores.choosing, demand.sensitivity)
    pictures = level_at(scores.checking, threshold, demand, is_checked=True)
    groups = None
    if scores.groups is not None:
        groups = level_at(scores.groups, threshold, demand, is_checked=True)
    found = 0 if threshold is None else counts_at(scores.choosing, threshold).tp
    probability = _at_prevalence(scores.checking, threshold, pictures.price.prevalence)
    benefits = _benefits(scores.checking, pictures, probability)
    return Setting(
        demand=demand,
        threshold=threshold,
        chosen=(found, scores.choosing.n_positive),
        pictures=pictures,
        groups=groups,
        probability=probability,
        benefit=benefits[0],
        benefit_at_argmax=benefits[1],
        benefit_of_all=benefits[2],
        reads_worth_a_miss=None if probability is None else reads_worth_a_miss(probability),
    )


def _scores(bench: Bench, demand: Demand) -> _ClassScores:
    if demand.class_name not in bench.scores:
        raise EvaluationError(
            f"{demand.class_name!r} is no finding of these runs.",
            remedy=f"Findings: {', '.join(bench.findings)}.",
        )
    return bench.scores[demand.class_name]


def _at_prevalence(scores: Scores, threshold: float | None, used_at: float) -> float | None:
    if threshold is None:
        return None
    rebased = float(rebase(threshold, made_at=scores.at_argmax.prevalence, used_at=used_at))
    return None if np.isnan(rebased) else rebased


def _benefits(
    scores: Scores, level: Level, probability: float | None
) -> tuple[float | None, float | None, float | None]:
    """Return net benefit of the threshold, of the largest probability, and of reading all."""
    if probability is None or probability >= 1 or level.counts is None:
        return None, None, None
    n_positive, n_negative = len(scores.positive), len(scores.negative)
    now, before = level.counts, level.at_argmax
    made = net_benefit(
        np.array([now.tp, before.tp, n_positive]),
        np.array([now.fp, before.fp, n_negative]),
        n_positive=n_positive,
        n_negative=n_negative,
        prevalence=level.price.prevalence,
        probability=probability,
    )
    values = [None if np.isnan(value) else float(value) for value in made]
    return values[0], values[1], values[2]


def trade_off_frame(bench: Bench, demand: Demand) -> pd.DataFrame:
    """Return what every place of the slider gives on the checking part: misses against reads.

    ``sensitivity_asked, threshold, misses, false_alarms, reads`` (the last three per 1,000 at the
    prevalence asked for); NaN where undefined.
    """
    scores = _scores(bench, demand)
    rows = []
    for asked in STEPS:
        threshold = choose_threshold(scores.choosing, asked)
        if threshold is None:
            continue
        price = price_at(scores.checking, threshold, prevalence=demand.prevalence)
        rows.append((asked, threshold, price.misses, price.false_alarms, price.prevalence))
    frame = pd.DataFrame(
        rows, columns=["sensitivity_asked", "threshold", "misses", "false_alarms", "prevalence"]
    ).astype(float)
    frame["reads"] = 1000 * frame["prevalence"] - frame["misses"] + frame["false_alarms"]
    return frame.drop(columns="prevalence")


def net_benefit_frame(bench: Bench, demand: Demand) -> pd.DataFrame:
    """Return the decision curve on the checking part; see ``decision_curve``."""
    return decision_curve(_scores(bench, demand).checking, prevalence=demand.prevalence)


def called_frame(
    bench: Bench, made: Setting, others: Mapping[str, float]
) -> tuple[pd.DataFrame, dict[str, float]]:
    """Return what is called at this threshold beside the points in force, and those thresholds.

    Parameters
    ----------
    bench : Bench
    made : Setting
    others : mapping of finding to threshold
        In force; the one of the setting takes its place among them.

    Returns
    -------
    DataFrame
        ``y_true, called, n, n_at_argmax``, one row a cell, on the checking part.
    dict of finding to threshold
    """
    run, name = bench.parts.checking, made.demand.class_name
    thresholds = dict(others)
    if made.threshold is not None:
        thresholds[name] = made.threshold
    findings = [key for key in bench.findings if key != ANY_FINDING]
    names, size = list(run.class_names), len(run.class_names)
    cells = []
    for points in (thresholds, {}):
        called = called_at(run.y_prob, class_names=names, findings=findings, thresholds=points)
        cells.append(np.bincount(run.y_true * size + called, minlength=size * size))
    frame = pd.DataFrame(
        {
            "y_true": np.repeat(names, size),
            "called": names * size,
            "n": cells[0],
            "n_at_argmax": cells[1],
        }
    )
    return frame, thresholds


def setting_frame(made: Setting) -> pd.DataFrame:
    """Return the numbers of a setting, one row a level (picture, group): what is downloaded."""
    rows = []
    for name, level in (("picture", made.pictures), ("group", made.groups)):
        if level is None:
            continue
        rows.append(
            {
                "class": made.demand.class_name,
                "level": name,
                "sensitivity_asked": made.demand.sensitivity,
                "threshold_value": level.threshold,
                **{f"sensitivity_{key}": item for key, item in asdict(level.sensitivity).items()},
                **{f"specificity_{key}": item for key, item in asdict(level.specificity).items()},
                "lower_bound_one_sided_95": level.lower_bound,
                "claim_holds": level.claim_holds,
                "positives_needed": level.positives_needed,
                **asdict(level.price),
            }
        )
    return pd.DataFrame(rows)


def table_csv(bench: Bench, frame: pd.DataFrame, thresholds: Mapping[str, float]) -> bytes:
    """Return a table of the page as CSV, with version, threshold, runs and date in every row."""
    from core.reporting.csv_table import csv_bytes

    facts = provenance(bench.parts.checking) | {
        "threshold": threshold_text(thresholds),
        "chosen_on": bench.chosen_said,
        "checked_on": bench.checked_said,
    }
    return csv_bytes(frame, provenance=facts)


def _part_said(run: StoredRun, n: int, group: Any) -> str:
    groups = ""
    if group is not None:
        name = run.facts.group_name
        groups = f" in {len(set(group)):,} {name if name.endswith('s') else name + 's'}"
    return f"{run.name.replace('_', ' ')}: {n:,} pictures{groups}"
