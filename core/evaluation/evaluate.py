"""From a run to the answer of ``evaluate`` (docs/command-line.md): figures, and what to doubt."""

from __future__ import annotations

from typing import Any

from core.domain import Figure
from core.evaluation.coverage import coverage_said
from core.evaluation.figures import PER_CLASS, SUMMARY, RunFigures, run_figures
from core.evaluation.runs import EvaluationRun

FEW_GROUPS = 20


def evaluate_run(run: EvaluationRun, *, figures: RunFigures | None = None) -> dict[str, Any]:
    """Return the figures of a run with the keys of the ``evaluate`` contract.

    Parameters
    ----------
    run : EvaluationRun
    figures : RunFigures or None
        The run's figures where the caller has them already.

    Returns
    -------
    dict
        Plain values and :class:`core.domain.Figure`; undefined figures have the value None and
        stand in ``undefined`` by their path. Never NaN.
    """
    made = run_figures(run) if figures is None else figures
    summary = {name: made.summary[name] for name in SUMMARY}
    per_class = {
        name: {"n": made.n_true[name], **{key: made.per_class[name][key] for key in PER_CLASS}}
        for name in run.class_names
    }
    answered = _answered(run, made)
    result: dict[str, Any] = {
        "n": run.n,
        "groups": None if run.group is None else len(set(run.group)),
        "group_source": run.facts.group_source,
        "class_names": list(run.class_names),
        "confusion": made.confusion.tolist(),
        **summary,
        "per_class": per_class,
        "refused": int(run.refused.sum()),
        "answered": answered,
        "errors": [{"file": file, "reason": reason} for file, reason in run.facts.errors],
        "left_out": dict(run.facts.left_out),
        "undefined": _undefined({**summary, "per_class": per_class, "answered": answered}),
        "warnings": _warnings(run, made),
        "model_version": run.facts.model_version,
    }
    return result


def _answered(run: EvaluationRun, made: RunFigures) -> dict[str, Any]:
    """Return the summary of the pictures that the gate would have answered."""
    kept = ~run.refused
    n = int(kept.sum())
    if n == 0:
        nothing = Figure(None, None, None, 0)
        return {"n": 0, "accuracy": nothing, "macro_f1": nothing}
    summary = made.summary
    if n < run.n:
        summary = run_figures(run.subset(kept), summary_only=True).summary
    return {"n": n, "accuracy": summary["accuracy"], "macro_f1": summary["macro_f1"]}


def _undefined(tree: dict[str, Any], prefix: str = "") -> list[str]:
    found: list[str] = []
    for key, item in tree.items():
        if isinstance(item, dict):
            found += _undefined(item, f"{prefix}{key}.")
        elif isinstance(item, Figure) and item.value is None:
            found.append(prefix + key)
    return found


def _warnings(run: EvaluationRun, made: RunFigures) -> list[str]:
    sentences = list(run.facts.notes)
    absent = [name for name in run.class_names if made.n_true[name] == 0]
    present = [name for name in run.class_names if made.n_true[name] > 0]
    if len(present) == 1:
        sentences.append(
            f"Every case is {present[0]}: figures that need another class are undefined, and "
            "nothing is known about telling classes apart."
        )
    elif absent:
        sentences.append(
            f"No case of {', '.join(absent)}: the figures of that class are undefined, and "
            "balanced accuracy and macro F1 are means over the other classes."
        )
    sentences += _group_warnings(run, made)
    means = ("balanced_accuracy", "macro_f1")
    flat = [key.replace("_", " ") for key in means if _is_flat(made.summary[key])]
    flat += [
        f"{key.replace('_', ' ')} of {name}"
        for name, row in made.per_class.items()
        for key in ("f1", "auc", "average_precision")
        if _is_flat(row[key])
    ]
    if flat:
        sentences.append(
            f"No error in {', '.join(flat)}: every resample is as perfect, so that interval, and "
            "that of a mean over such figures, has no width and says nothing; look at the "
            "intervals of sensitivity, specificity and accuracy."
        )
    return sentences


def _is_flat(figure: Figure) -> bool:
    """Return whether a figure is perfect in every resample: its interval then says nothing."""
    return figure.value == 1 and (figure.low == 1 or figure.low_grouped == 1)


def _group_warnings(run: EvaluationRun, made: RunFigures) -> list[str]:
    if run.group is None:
        return [
            "Groups (series, patients, slides) are unknown: the intervals treat every picture as "
            "independent and are too narrow if several show the same person."
        ]
    n_groups, name = len(set(run.group)), run.facts.group_name
    if n_groups < 2:
        return [f"All cases belong to one {name}: they say nothing about another {name}."]
    few = {
        key: row["sensitivity"].n_groups or 0
        for key, row in made.per_class.items()
        if row["sensitivity"].n and (row["sensitivity"].n_groups or 0) < FEW_GROUPS
    }
    if not few:
        return []
    listed = ", ".join(f"{key} {count}" for key, count in few.items())
    least = min(few.values())
    return [
        f"Few independent cases (groups, here {name}, with the class: {listed}): below "
        f"{FEW_GROUPS} the intervals of F1, AUC, average precision and means are too narrow. "
        f"Simulated (cases of a group alike, ICC 0.33): {_lowered(least)} Intervals of "
        "sensitivity, specificity, PPV and NPV are wider than they need be."
    ]


def _lowered(n_groups: int) -> str:
    said = coverage_said(n_groups, kind="bootstrap")
    return said[0].lower() + said[1:]
