"""From outputs to what the version says about itself: runs, metrics, known failures."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.evaluation.confusion import called_class
from core.evaluation.figures import RunFigures, run_figures
from core.evaluation.runs import EvaluationRun, RunFacts
from core.inference.card import CardFigure, MetricSet, TrainingData
from core.tasks import TaskSpec
from core.training.job import TrainingJob
from core.wording import in_sentence

POOR_SENSITIVITY = 0.8


@dataclass(frozen=True, slots=True, eq=False)
class Judged:
    """Probabilities of rows of the job's data.

    ``refused`` (m,) bool: by the gate. ``fold`` (m,) int64: which fold judged each row, zero-based,
    or None where there are no folds. ``slices`` (m,) object each: columns to store beside.
    """

    rows: NDArray[np.int64]
    y_prob: NDArray[np.float64]
    refused: NDArray[np.bool_]
    fold: NDArray[np.int64] | None = None
    slices: Mapping[str, NDArray[np.object_]] = field(default_factory=dict)


def make_run(job: TrainingJob, judged: Judged, *, name: str, made: str) -> EvaluationRun:
    """Return the evaluation run of a part of the job's data.

    ``name`` is the run's (out_of_fold, test), ``made`` how the split was made, in a sentence.
    """
    frame = job.manifest.frame.iloc[judged.rows]
    facts = RunFacts(
        name=name,
        task=job.task.key,
        model_version=job.version,
        data=job.manifest.name or job.task.key,
        split=name,
        split_made=made,
        group_source=job.manifest.group_source,
        group_name=job.task.group_name,
        created_at=datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z"),
        left_out=dict(job.manifest.left_out),
    )
    has_groups = job.manifest.group_source != "none"
    slices = {column: frame[column].to_numpy(dtype=object) for column in job.manifest.slice_columns}
    if judged.fold is not None:
        slices["fold"] = np.array([str(fold + 1) for fold in judged.fold.tolist()], dtype=object)
    slices |= judged.slices
    return EvaluationRun(
        class_names=job.task.class_names,
        file=frame["file"].to_numpy(dtype=object),
        y_true=job.data.y_true[judged.rows],
        y_prob=judged.y_prob,
        group=frame["group"].to_numpy(dtype=object) if has_groups else None,
        refused=judged.refused,
        slices=slices,
        facts=facts,
    )


def metric_set(
    run: EvaluationRun, figures: RunFigures, *, title: str, leakage: bool = False
) -> MetricSet:
    """Return the summary and every class's sensitivity and specificity for the card."""
    chosen = dict(figures.summary)
    for name in run.class_names:
        for rate in ("sensitivity", "specificity"):
            chosen[f"{rate}_{name}"] = figures.per_class[name][rate]
    return MetricSet(
        split=run.facts.split,
        title=title,
        leakage=leakage,
        n=run.n,
        n_groups=None if run.group is None else len(set(run.group)),
        figures={name: CardFigure(**asdict(figure)) for name, figure in chosen.items()},
    )


def summarise(
    run: EvaluationRun, *, title: str, leakage: bool = False
) -> tuple[MetricSet, RunFigures]:
    """Return the figures of a run, and as the card holds them."""
    figures = run_figures(run)
    return metric_set(run, figures, title=title, leakage=leakage), figures


def known_failures(task: TaskSpec, run: EvaluationRun, figures: RunFigures) -> tuple[str, ...]:
    """Return a sentence for every finding often missed or never judged, and one for refusals.

    >>> POOR_SENSITIVITY
    0.8
    """
    sentences = []
    called = called_class(run.y_prob)
    for index, name in enumerate(run.class_names):
        figure = figures.per_class[name]["sensitivity"]
        if name not in task.findings or (figure.value or 0.0) >= POOR_SENSITIVITY:
            continue
        if figure.value is None:
            sentences.append(
                f"{task.class_spec(name).title}: whether it is found is not known, as no picture "
                f"of it was judged ({run.facts.split.replace('_', ' ')})."
            )
            continue
        missed = called[(run.y_true == index) & (called != index)]
        most = run.class_names[int(np.bincount(missed).argmax())]
        sentences.append(
            f"{task.class_spec(name).title}: {len(missed):,} of {figure.n:,} pictures were "
            f"called something else, most often {in_sentence(task.class_spec(most).title)} "
            f"({run.facts.split.replace('_', ' ')})."
        )
    share = float(run.refused.mean())
    sentences.append(
        f"{share:.1%} of {run.n:,} pictures (each of a {task.group_name} not seen) were "
        f"refused as foreign ({run.facts.split.replace('_', ' ')})."
    )
    return tuple(sentences)


def training_data(job: TrainingJob, fitted: NDArray[np.int64]) -> TrainingData:
    """Return what the card says about the pictures that were fitted on."""
    labels = job.data.y_true[fitted]
    counts = np.bincount(labels, minlength=len(job.task.class_names)).tolist()
    most = job.config.per_group
    thinned = "all pictures" if most is None else f"at most {most} pictures"
    kept = {part: int((job.split.parts == part).sum()) for part in sorted(set(job.split.parts))}
    return TrainingData(
        name=job.manifest.name or job.task.key,
        n=len(fitted),
        n_groups=len(set(job.data.group[fitted])),
        n_by_class=dict(zip(job.task.class_names, counts, strict=True)),
        split=(
            f"By {job.task.group_name}, seeded: "
            + ", ".join(f"{part} {n:,} pictures" for part, n in kept.items())
            + f"; fitted on {', '.join(job.fitted_parts)}, {thinned} a {job.task.group_name}."
        ),
        seed=job.config.seed,
        licence=job.manifest.licence or "not stated by the data folder",
        already_applied=job.manifest.already_applied,
    )


def answer_metrics(metrics: tuple[MetricSet, ...]) -> dict[str, Any]:
    """Return the metrics as the command line answers them: split -> figures."""
    return {
        item.split: {
            "title": item.title,
            "leakage": item.leakage,
            "n": item.n,
            "n_groups": item.n_groups,
            **{name: figure.model_dump() for name, figure in item.figures.items()},
        }
        for item in metrics
    }
