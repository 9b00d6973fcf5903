"""Whether a stored run measures diagnosis or memory, and its figures without the leak."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any, Literal

import numpy as np

from core.domain import Figure
from core.evaluation.leakage import shared_groups, split_column
from core.evaluation.runs import EvaluationRun
from core.inference.card import MetricSet
from core.tasks import TaskSpec, load_task
from core.wording import plural
from core.workflows.stored_runs import StoredRun
from core.workflows.twin_search import Known, open_known, why_not

Verdict = Literal["apart", "leak", "unknown"]
HONEST = ("out_of_fold", "test")  # splits of the trainer that keep groups whole, the best first


@dataclass(frozen=True, slots=True, eq=False)
class Compared:
    """Figures of one set of cases, to stand beside others.

    ``figures`` maps ``macro_f1``, ``balanced_accuracy`` and ``sensitivity_<class>`` to the parts of
    a figure (docs/command-line.md).
    """

    title: str
    n: int
    n_groups: int | None
    figures: Mapping[str, Mapping[str, Any]]


@dataclass(frozen=True, slots=True, eq=False)
class RunLeaks:
    """What the banner over every metric says.

    Attributes
    ----------
    verdict : {"apart", "leak", "unknown"}
        "apart": no group (and, where searched, no nearly equal picture) was trained on.
        "leak": some were. "unknown": it cannot be told.
    headline, how : str
        The verdict in one sentence, and how the split was made.
    sentences : tuple of str
        What was looked at, and with what result.
    compared : tuple of Compared
        The run as measured, then without the leak; empty where there is nothing to compare.
    search_wanted : bool
        Whether nearly equal pictures should be searched and can be, but were not yet.
    """

    verdict: Verdict
    headline: str
    how: str
    sentences: tuple[str, ...]
    compared: tuple[Compared, ...]
    search_wanted: bool


def run_leaks(stored: StoredRun) -> RunLeaks:
    """Look for leaks in a stored run (up to a second where figures are worked out: cache it).

    Raises
    ------
    EvaluationError
        If a file of the run is missing or was changed.
    """
    known = open_known(stored)
    task = load_task(stored.facts.task or "")
    verdict = _verdict(known)
    not_searched = known.twins is None and known.exposure.twin is None
    reason = why_not(known) if not_searched else ""
    return RunLeaks(
        verdict=verdict,
        headline=_headline(known, verdict),
        how=_how(known),
        sentences=tuple(_sentences(known, verdict, reason=reason)),
        compared=_compared(known, verdict, task),
        search_wanted=not_searched and verdict != "apart" and not reason,
    )


def _how(known: Known) -> str:
    column = split_column(known.run) if known.exposure.known == "column" else None
    if column is not None:
        return f"How it was split: by the file's column {column!r}."
    return f"How it was split: {known.stored.facts.split_made.rstrip('.')}."


def _is_own(known: Known) -> bool:
    """Whether the trainer made the run and kept groups whole, which it checks itself."""
    facts = known.stored.facts
    return facts.model_version is not None and facts.split in HONEST


def _verdict(known: Known) -> Verdict:
    found = known.exposure
    if known.stored.is_random or found.leaks:
        return "leak"
    if found.group is not None or (_is_own(known) and known.run.group is not None):
        return "apart"
    searched = found.twin is not None
    return "apart" if searched else "unknown"


def _headline(known: Known, verdict: Verdict) -> str:
    if verdict == "leak":
        return _leak_said(known)
    if verdict == "unknown":
        what = "Grouping" if known.run.group is None else "Training pictures"
        return f"{what} unknown: whether these figures measure memory cannot be told"
    group = _groups_word(known)
    if known.exposure.group is not None:
        return f"No {group} on both sides"
    if known.exposure.twin is not None:
        return "No nearly equal picture was trained on"
    return f"No {group} on both sides, by the trainer's own check"


def _leak_said(known: Known) -> str:
    n = known.run.n
    n_exposed = n - int(known.exposure.clean.sum())
    if not n_exposed or 2 * n_exposed > n:
        return "Leakage: these figures measure memory, not diagnosis"
    by_twin = not known.exposure.seen.any() and not shared_groups(known.run, known.exposure)
    what = "have a nearly equal picture in training" if by_twin else "were known from training"
    return f"Leakage: {n_exposed:,} of {n:,} cases {what}, so figures are too good"


def _groups_word(known: Known) -> str:
    return known.stored.facts.group_name or "group"


def _sentences(known: Known, verdict: Verdict, *, reason: str) -> list[str]:
    found, run, facts = known.exposure, known.run, known.stored.facts
    said = []
    if known.exposure.known == "" and not _is_own(known):
        said.append(_training_unknown(known))
    if found.seen.any():
        said.append(f"{int(found.seen.sum()):,} of {run.n:,} cases are training pictures.")
    shared = shared_groups(run, found)
    if shared:
        total = len(set(run.group.tolist())) if run.group is not None else 0
        said.append(f"{shared:,} of {total:,} {plural(_groups_word(known))} were trained on too.")
    if run.group is None and verdict != "unknown":
        said.append("Groups (series, patients, slides) are unknown.")
    elif facts.group_source == "found":
        said.append("Groups were found from the pixels.")
    said += _twins_said(known, verdict, reason=reason)
    if verdict == "apart":
        said += _random_said(known)
    return said


def _training_unknown(known: Known) -> str:
    version = known.version
    if version is None:
        return "Nothing is known of what this model was trained on."
    if known.same_data:
        return "The version does not say which pictures of this data set it was trained on."
    return f"The version was trained on another data set: {version.card.training_data.name}."


def _twins_said(known: Known, verdict: Verdict, *, reason: str) -> list[str]:
    found, run, twins = known.exposure, known.run, known.twins
    above = f" (thumbnails correlate above {twins.correlation:g})" if twins else ""
    if found.twin is not None:
        n = int((found.twin & ~found.seen).sum())
        return [f"{n:,} of {run.n:,} cases have a nearly equal picture in training{above}."]
    if twins is not None and not twins.groups:
        groups = plural(_groups_word(known))
        return [f"{twins.n_pairs:,} pairs of nearly equal pictures{above} are of two {groups}."]
    if twins is not None:
        n_groups = len(set(twins.groups))
        return [
            f"Nearly equal pictures were searched among the {run.n:,} cases themselves{above}: "
            f"they are {n_groups:,} groups, and figures are no surer than that many cases."
        ]
    if verdict == "apart":
        return []
    if reason:
        return [f"Nearly equal pictures were not searched: {reason}"]
    return ["Nearly equal pictures are being searched."]


def _random_said(known: Known) -> list[str]:
    """Return what a random split of the same pictures would have shown, where that was measured."""
    metrics = _metrics(known)
    leaking = next((item for item in metrics if item.leakage), None)
    figure = leaking.figures.get("macro_f1") if leaking else None
    if figure is None or figure.value is None or not known.same_data:
        return []
    return [
        f"A random split of these pictures shows macro F1 {figure.value:.2f} (n {figure.n:,}): "
        "that is memory."
    ]


def _metrics(known: Known) -> tuple[MetricSet, ...]:
    return known.version.card.metrics if known.version else ()


def _compared(known: Known, verdict: Verdict, task: TaskSpec) -> tuple[Compared, ...]:
    """Return the run as measured and without the leak; nothing where nothing leaks."""
    run, twins = known.run, known.twins
    if verdict == "leak":
        rows = [_measured("As measured", run, task)]
        clean = known.exposure.clean
        if 0 < clean.sum() < run.n:
            rows.append(_measured("Without the leak", run.subset(clean), task))
        if known.stored.is_random:
            rows += _honest(known, task)
        return tuple(rows) if len(rows) > 1 else ()
    if verdict == "unknown" and twins is not None and twins.groups:
        names = np.array([f"found_{number:04d}" for number in twins.groups], dtype=object)
        grouped = replace(run, group=names)
        title = "Cases that look alike counted as one group"
        return (_measured("As measured", run, task), _measured(title, grouped, task))
    return ()


def _measured(title: str, run: EvaluationRun, task: TaskSpec) -> Compared:
    from core.evaluation.confusion import called_class, group_confusions, one_vs_rest
    from core.evaluation.figures import group_codes, proportion, run_figures

    summary = run_figures(run, summary_only=True).summary
    figures: dict[str, Figure] = {name: summary[name] for name in ("macro_f1", "balanced_accuracy")}
    codes = group_codes(run)
    has_groups = codes is not None
    unit = np.zeros(run.n, dtype=np.int64) if codes is None else codes
    called = called_class(run.y_prob)
    n_classes = len(run.class_names)
    cells = one_vs_rest(group_confusions(run.y_true, called, unit, n_classes=n_classes))
    for name in task.findings:
        index = run.class_names.index(name)
        found, missed = cells.tp[:, index], cells.fn[:, index]
        figures[f"sensitivity_{name}"] = proportion(found, found + missed, has_groups=has_groups)
    n_groups = None if codes is None else int(codes.max()) + 1
    return Compared(
        title, run.n, n_groups, {name: asdict(figure) for name, figure in figures.items()}
    )


def _honest(known: Known, task: TaskSpec) -> list[Compared]:
    """Return the card's figures of the same version on a split that keeps groups whole."""
    by_split = {item.split: item for item in _metrics(known) if not item.leakage}
    chosen = next((by_split[split] for split in HONEST if split in by_split), None)
    if chosen is None:
        return []
    names = ["macro_f1", "balanced_accuracy", *(f"sensitivity_{key}" for key in task.findings)]
    figures = {name: chosen.figures[name].model_dump() for name in names if name in chosen.figures}
    title = f"Split that keeps each {_groups_word(known)} whole"
    return [Compared(title, chosen.n, chosen.n_groups, figures)]
