"""The table of results as Markdown: what ``docs/results.md`` holds."""

from __future__ import annotations

from core.inference.card import CardFigure
from core.workflows.results import ResultRow, TaskResults

_HEAD = """# Results

Written by `python -m core results --out docs/results.md` from the stored runs. Nobody edits it.

- **Out of fold** is the honest figure: five folds that keep every series, slide or patient whole,
  each picture judged by a network that saw no picture of its group. In brackets the 95 % interval
  that respects groups.
- **Random split** is the published protocol, single pictures by lot. It leaks: pictures of one
  group are on both sides, so it measures memory.
- Milliseconds are the median forward pass of one picture in the engine; minutes the whole run,
  folds and random split included.
"""
_STRATEGIES = {
    "top": "upper layers",
    "head": "head only, frozen backbone",
    "all": "everything",
    "staged": "head, then upper layers",
}


def results_markdown(results: tuple[TaskResults, ...]) -> str:
    """Return the whole page."""
    return "\n".join([_HEAD, *(_task(item) for item in results)]).rstrip() + "\n"


def _task(results: TaskResults) -> str:
    task = results.task
    lines = [f"## {task.title}", ""]
    if not results.rows:
        return "\n".join([*lines, "Nothing is kept of this task yet.", ""])
    findings = [task.class_spec(name).title for name in task.findings]
    head = [
        "Network", "trained", "input", "macro F1, random split", "macro F1, out of fold",
        "balanced accuracy", *(f"sensitivity, {name.lower()}" for name in findings),
        "parameters", "ms", "minutes",
    ]  # fmt: skip
    lines += [_line(head), _line(["---"] * len(head))]
    lines += [_line(_cells(row, task.findings)) for row in results.rows]
    lines += ["", _counted(results)]
    if results.published:
        lines += ["", "Published on pictures like these:", ""]
        lines += [
            f"- {row.title}: {row.figure} ({row.project}). {row.meaning}"
            for row in results.published
        ]
    return "\n".join([*lines, ""])


def _cells(row: ResultRow, findings: tuple[str, ...]) -> list[str]:
    trained = _STRATEGIES.get(row.strategy, row.strategy)
    if row.from_scratch:
        trained = f"{trained}, from scratch" if row.strategy != "all" else "from scratch"
    return [
        f"**{row.title}** (answers by default)" if row.is_champion else row.title,
        trained,
        f"{row.input_size[0]}x{row.input_size[1]}",
        _counted_value(row.leaking.get("macro_f1")),
        _figure(row.honest.get("macro_f1")),
        _figure(row.honest.get("balanced_accuracy")),
        *(_figure(row.honest.get(f"sensitivity_{name}")) for name in findings),
        "–" if row.n_parameters is None else f"{row.n_parameters / 1e6:.2f} M",
        "–" if row.milliseconds is None else f"{row.milliseconds:.1f}",
        "–" if row.minutes is None else f"{row.minutes:.0f}",
    ]


def _counted(results: TaskResults) -> str:
    known = {(row.n, row.n_groups) for row in results.rows if row.n}
    said = "; ".join(
        f"{n:,} pictures, {groups or 'no'} groups" for n, groups in sorted(known, key=str)
    )
    where = f" Times: {results.machine}." if results.machine else ""
    return f"Out of fold: {said or 'not measured'}.{where}"


def _figure(figure: CardFigure | None) -> str:
    if figure is None or figure.value is None:
        return "–"
    low, high = figure.low_grouped, figure.high_grouped
    if low is None or high is None:
        return f"{figure.value:.3f}"
    return f"{figure.value:.3f} ({low:.3f}–{high:.3f})"


def _counted_value(figure: CardFigure | None) -> str:
    if figure is None or figure.value is None:
        return "–"
    return f"{figure.value:.3f} (n {figure.n:,})"


def _line(cells: list[str]) -> str:
    return f"| {' | '.join(cells)} |"
