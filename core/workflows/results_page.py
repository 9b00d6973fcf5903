"""The table of results as Markdown: what ``docs/results.md`` holds."""

from __future__ import annotations

import re

from core.inference.card import CardFigure
from core.wording import in_sentence
from core.workflows.results import OUT_OF_FOLD, PublishedRow, ResultRow, TaskResults

_HEAD = """# Results

Written by `python -m core results --out docs/results.md` from the stored runs. Nobody edits it.

- **Fitted on**: pictures that the version's own fit had; its folds had about as many. Fewer than
  there are where a series or slide gives only some of its pictures: the better row may be the one
  that saw more of them.
- **Judged by** says whose the honest figures are. *Folds*: each picture was judged by a network
  that saw no picture of its series, slide or patient. *Test part*: only the pictures that were
  held out are judged, groups kept whole. Those rows come last, since their figures are of fewer
  and of other pictures. In brackets stands the 95 % interval that respects groups.
  Rows of other pictures than the champion's come last of all and say so.
- **Random split** is the published protocol, single pictures by lot: a fifth of those that a fit
  may use is held out. It leaks: pictures of one group are on both sides, so it measures memory.
  Macro F1 and accuracy.
- **Sensitivities** are those of the most probable class. What a shipped threshold finds, and what
  was aimed at and what was missed, stands on the page of the task.
- **Published** is what public work states for this network, its protocol and its pictures; the
  numbers lead to what it says, below each table, and whether a row is of those settings. Every
  other row is that network with the settings of its own **experiment**, some of them changed on the
  command line where that names another network.
- **From scratch** means that nothing of the network was learnt on other pictures. A size in
  brackets is the network's usual one.
- Milliseconds are the median forward pass of one picture in the engine. Minutes are those of the
  whole run, folds and random split included, on a machine that often had other work beside it:
  they tell hours from minutes, not one network from the next. A dash: not measured.
"""
_PAGES = {  # in the folder of this one
    "chest_xray": "chest-xray.md",
    "glomeruli": "glomeruli.md",
    "kidney_ct": "kidney-ct.md",
    "kidney_stone": "kidney-ct.md#kidney-stones-against-normal",
}
_STRATEGIES = {
    "top": "upper layers",
    "head": "head only, frozen backbone",
    "all": "everything",
    "staged": "head, then upper layers",
    "combined": "as its members are",
}


def results_markdown(results: tuple[TaskResults, ...]) -> str:
    """Return the whole page."""
    return "\n".join([_HEAD, *(_task(item) for item in results)]).rstrip() + "\n"


def _task(results: TaskResults) -> str:
    task = results.task
    lines = [f"## {task.title}", ""]
    if task.key in _PAGES:
        lines += [f"[What the version that answers was measured to do]({_PAGES[task.key]}).", ""]
    if results.rows:
        lines += _table(results)
    else:
        lines.append("Nothing is kept of this task yet.")
    if results.published:
        lines += ["", "Published on pictures like these:", ""]
        lines += [
            f"{number}. {row.title}: {(row.figure or 'no figure stated').rstrip('.')}. "
            f"{row.protocol} {row.meaning} ({row.project.rstrip('.')}.) {_ran(row, results.rows)}"
            for number, row in enumerate(results.published, start=1)
        ]
    return "\n".join([*lines, ""])


def _ran(published: PublishedRow, rows: tuple[ResultRow, ...]) -> str:
    """Return which row is of these very settings."""
    versions = [f"`{row.version}`" for row in rows if row.experiment == published.key]
    if not versions:
        return f"No row is of these settings: `{published.key}` was not run to its end here."
    return f"Run with these settings (`{published.key}`): {', '.join(versions)}."


def _table(results: TaskResults) -> list[str]:
    task = results.task
    findings = [in_sentence(task.class_spec(name).title) for name in task.findings]
    head = [
        "Network", "trained", "input", "fitted on", "judged by",
        "macro F1, accuracy by random split (leaks)", "macro F1", "accuracy", "balanced accuracy",
        *(f"sensitivity, {name}" for name in findings),
        "parameters", "ms", "minutes", "published", "experiment", "version",
    ]  # fmt: skip
    lines = [_line(head), _line(["---"] * len(head))]
    lines += [_line(_cells(row, results)) for row in results.rows]
    if results.machines:
        lines += ["", f"Times: {'; '.join(results.machines)}."]
    return lines


def _cells(row: ResultRow, results: TaskResults) -> list[str]:
    return [
        f"**{row.title}** (champion as shipped: it answers by default)"
        if row.is_champion
        else row.title,
        _trained(row),
        _size(row),
        f"{row.n_fitted:,}",
        _judged(row),
        _leaking(row),
        _figure(row.honest.get("macro_f1")),
        _figure(row.honest.get("accuracy")),
        _figure(row.honest.get("balanced_accuracy")),
        *(_figure(row.honest.get(f"sensitivity_{name}")) for name in results.task.findings),
        "–" if row.n_parameters is None else f"{row.n_parameters / 1e6:.2f} M",
        "–" if row.milliseconds is None else f"{row.milliseconds:.1f}",
        _minutes(row),
        _published(row, results.published),
        f"`{row.experiment}`" if row.experiment else "–",
        f"`{row.version}`",
    ]


def _trained(row: ResultRow) -> str:
    if not row.from_scratch:
        return _STRATEGIES.get(row.strategy, row.strategy)
    if row.is_solved:
        return "from scratch, solved at once"
    said = "from scratch" + (f", at most {row.epochs} epochs" if row.epochs else "")
    return said + (", lower layers random" if row.is_stem_random else "")


def _size(row: ResultRow) -> str:
    said = "x".join(map(str, row.input_size))
    if row.usual_size is None or min(row.input_size) >= min(row.usual_size):
        return said
    return f"{said} ({'x'.join(map(str, row.usual_size))})"


def _judged(row: ResultRow) -> str:
    if row.split is None:
        return "–"
    folds = f"{row.n_folds} folds" if row.n_folds else "folds"
    how = folds if row.split == OUT_OF_FOLD else "test part"
    groups = f" in {row.n_groups:,} groups" if row.n_groups else ", no groups known"
    others = "" if row.is_comparable else f" of {row.data}: other pictures than the champion's"
    return f"{how}, {row.n:,} pictures{groups}{others}"


def _minutes(row: ResultRow) -> str:
    if row.minutes is None:
        return "–"
    return f"{row.minutes:.3g}" + (f" ({row.trained_on})" if row.trained_on else "")


def _published(row: ResultRow, published: tuple[PublishedRow, ...]) -> str:
    """Return what is stated for the row's architecture, each figure with the numbers of its notes.

    Up to the first comma or semicolon: what comes after stands in the note.
    """
    notes: dict[str, list[str]] = {}
    for number, item in enumerate(published, start=1):
        if item.architecture == row.architecture:
            figure = re.split(r"[;,]", item.figure or "none stated")[0].rstrip(".")
            notes.setdefault(figure, []).append(str(number))
    return "; ".join(f"{said} ({', '.join(found)})" for said, found in notes.items()) or "–"


def _figure(figure: CardFigure | None) -> str:
    if figure is None or figure.value is None:
        return "–"
    low, high = figure.low_grouped, figure.high_grouped
    if low is None or high is None:
        return f"{figure.value:.3f}"
    return f"{figure.value:.3f} ({low:.3f}–{high:.3f})"


def _leaking(row: ResultRow) -> str:
    found = [row.leaking.get(name) for name in ("macro_f1", "accuracy")]
    told = [figure for figure in found if figure is not None and figure.value is not None]
    if not told:
        return "–"
    without = ", without its branch" if row.leaking_lacks_branch else ""
    return f"{', '.join(f'{item.value:.3f}' for item in told)} (n {told[0].n:,}{without})"


def _line(cells: list[str]) -> str:
    return f"| {' | '.join(cells)} |"
