"""A data set in a table and in sentences: how much of each class, and what its checks say."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from core.tasks import TaskSpec
from core.wording import plural
from core.workflows.data_checks import DataCheck, kept_check
from pages._shared import resources, style

if TYPE_CHECKING:
    from core.workflows.data_samples import Sample
    from core.workflows.data_sets import DataFacts, DataSet

WORST_FIRST = ("block", "warn", "pass", "not applicable")
MARKS = {
    "block": "✕ figures would be wrong",
    "warn": "! worth a sentence",
    "pass": "✓ in order",
    "not applicable": "– not looked for",
}


def facts_of(
    data: DataSet,
    task: TaskSpec,
    *,
    seed: int = 0,
    fractions: Mapping[str, float] | None = None,
) -> DataFacts:
    """Return what a data set holds, its table read once; ``fractions`` None: the usual ones."""
    from core.workflows.data_sets import data_facts

    given = {} if fractions is None else {"fractions": fractions}
    key = (data.content, task.key, seed, tuple((fractions or {}).items()))
    return resources.of_data(key, _make=lambda: data_facts(data, task, seed=seed, **given))


def samples_of(made: DataFacts, task: TaskSpec) -> tuple[Sample, ...]:
    """Return a few pictures of every class, read once."""
    from core.workflows.data_samples import samples

    key = ("samples", made.data.content, task.key)
    return resources.of_data(key, _make=lambda: samples(made, task))


def show_counts(made: DataFacts, task: TaskSpec) -> None:
    """Show pictures and groups of every class, and how a grouped split deals them out."""
    grouped = made.group_source != "none"
    groups = plural(task.group_name)
    parts = list(made.classes[0].parts) if made.classes else []
    columns = ["", "pictures", *([groups] if grouped else []), *parts]
    rows = [
        [
            item.title,
            f"{item.n:,}",
            *([f"{item.n_groups:,}"] if grouped else []),
            *(f"{n:,}" for n in item.parts.values()),
        ]
        for item in made.classes
    ]
    totals = [f"{sum(item.parts[part] for item in made.classes):,}" for part in parts]
    rows.append(["all", f"{made.n:,}", *([f"{made.n_groups:,}"] if grouped else []), *totals])
    style.word_table(columns, rows)
    if grouped and parts:
        style.quiet(
            f"Parts: of a split that keeps every {task.group_name} whole (seed {made.seed})."
        )


def show_slices(made: DataFacts, task: TaskSpec) -> None:
    """Show how classes are spread over each column that figures are broken down by."""
    titles = {item.key: item.title for item in task.classes}
    for column, values in made.slices.items():
        style.kicker(f"By {column.replace('_', ' ')}")
        rows = [
            [value, *(f"{by_class.get(key, 0):,}" for key in titles)]
            for value, by_class in values.items()
        ]
        style.word_table(["", *titles.values()], rows)


def show_findings(made: DataFacts, task: TaskSpec) -> None:
    """Show the checks, the worst first: those of every picture where they were made."""
    kept = kept_check(made.data, task)
    if kept is not None:
        show_check(kept)
        return
    style.kicker("Checks of the table; pictures were not read yet")
    _show(
        [(item.code, item.severity.value, item.message) for item in made.findings], task_wide=False
    )


def show_check(kept: DataCheck) -> None:
    """Show what reading every picture told."""
    style.kicker(
        f"Checks of all {kept.n:,} pictures, made {kept.checked_at[:16].replace('T', ' ')}"
    )
    _show([(item.code, item.severity, item.message) for item in kept.findings], task_wide=True)
    lines = [kept.random_leak]
    if kept.n_errors:
        named = "; ".join(f"{file}: {why}" for file, why in kept.errors)
        more = "; …" if kept.n_errors > len(kept.errors) else ""
        lines.append(f"{kept.n_errors:,} pictures cannot be read: {named}{more}")
    style.sentences(lines)


def _show(findings: Sequence[tuple[str, str, str]], *, task_wide: bool) -> None:
    shown = [item for item in findings if task_wide or item[1] != "not applicable"]
    shown = sorted(shown, key=lambda item: (WORST_FIRST.index(item[1]), item[0]))
    style.finding_table([(code, level, MARKS[level], said) for code, level, said in shown])
