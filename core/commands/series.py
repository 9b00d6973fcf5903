"""``--series`` of predict and report: files, a folder or a zip as one ordered stack."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import Any

from core.commands.answers import answer_document, answer_text
from core.errors import ArgumentError
from core.workflows.analyst import Analyst, open_analyst
from core.workflows.files import check_steps
from core.workflows.series import Stack, choose_series, open_series, steps_of_series
from core.workflows.series_answering import (
    SeriesAnswer,
    SliceAnswer,
    answer_slices,
    series_answer,
)


def run_series(args: argparse.Namespace) -> int:
    """Answer every slice in order, then the series, which every slice's document repeats."""
    if args.frame is not None:
        raise ArgumentError(
            "--frame was given with --series, which answers every frame.",
            remedy="Leave one of the two out.",
            column="frame",
        )
    analyst, stack, carried = opened_series(args, args.files)
    documents: list[dict[str, Any]] = []
    texts: list[str] = []
    kept: list[SliceAnswer] = []
    for item in answer_slices(analyst, stack, already_applied=carried):
        documents.append(_slice_document(item))
        texts.append(f"slice {item.number}, {answer_text(item.answer)}")
        kept.append(item.without_pictures())
        args.out.progress(f"{item.number} of {len(stack)}: {item.answer.status}")
    answer = series_answer(kept, analyst.task)
    series = series_document(stack, answer)
    whole = [{**document, "series": series} for document in documents]
    args.out.document(whole, text="\n\n".join([*texts, series_text(stack, answer)]))
    return 0


def opened_series(
    args: argparse.Namespace, files: Sequence[str]
) -> tuple[Analyst, Stack, tuple[str, ...]]:
    """Return what answers, the stack that is meant, and the recipe steps that it carries."""
    analyst = open_analyst(args.task, args.version)
    check_steps(args.already_applied or ())
    stack = choose_series(open_series(files), args.choose)
    return analyst, stack, steps_of_series(stack, files, args.already_applied)


def _slice_document(item: SliceAnswer) -> dict[str, Any]:
    place = item.slice
    return {
        **answer_document(item.answer),
        "slice": item.number,
        "frame": place.frame,
        "position_mm": place.position_mm,
        "instance_number": place.instance_number,
    }


def series_document(stack: Stack, answer: SeriesAnswer) -> dict[str, Any]:
    """Return the ``series`` of the ``predict`` contract, and a few keys more."""
    strongest = answer.strongest.items()
    return {
        "n": answer.n,
        "predicted": answer.predicted,
        "probabilities": answer.probabilities,
        "rule": answer.rule,
        "strongest": {name: item.answer.file for name, item in strongest},
        "strongest_slice": {name: item.number for name, item in strongest},
        "first": answer.first,
        "called": answer.called,
        "n_answered": answer.n_answered,
        "n_refused": answer.n_refused,
        "n_errors": answer.n_errors,
        "n_called": answer.n_called,
        "n_flagged": answer.n_flagged,
        "title": stack.title,
        "ordered_by": stack.ordered_by,
        "slice_distance_mm": stack.slice_distance_mm,
        "pixel_spacing_mm": stack.spacing_mm,
        "edges": dict(zip(("left", "top"), stack.edges, strict=True)) if stack.edges else None,
        "ends": dict(zip(("first", "last"), stack.ends, strict=True)) if stack.ends else None,
        "notes": stack.notes,
    }


def series_text(stack: Stack, answer: SeriesAnswer) -> str:
    """Return the series' answer as a person reads it in a terminal."""
    lines = [f"series: {stack.title}", f"  ordered by {stack.ordered_by}"]
    if stack.slice_distance_mm is not None:
        lines.append(f"  {stack.slice_distance_mm:g} mm from slice to slice")
    if stack.spacing_mm is not None:
        rows, columns = stack.spacing_mm
        lines.append(f"  {rows:g} x {columns:g} mm from pixel to pixel")
    if stack.edges is not None:
        lines.append(f"  {stack.edges[0]} at the left edge, {stack.edges[1]} at the top")
    if stack.ends is not None:
        lines.append(f"  first slice towards {stack.ends[0]}, last towards {stack.ends[1]}")
    lines += [f"  {note}" for note in stack.notes]
    lines.append(
        f"  {answer.n_answered} of {answer.n} slices answered, {answer.n_refused} refused, "
        f"{answer.n_errors} could not be read"
    )
    how = "mean of the slices" if answer.rule == "mean" else "any slice that is positive"
    width = max(map(len, answer.probabilities)) if answer.probabilities else 0
    for name, value in (answer.probabilities or {}).items():
        number = answer.strongest[name].number
        lines.append(f"  {name:<{width}}  {value:6.1%}  strongest in slice {number}")
    if answer.probabilities:
        lines.append(f"  by the {how}: {', '.join(answer.called) or answer.predicted}")
    if answer.first is not None:
        lines.append(f"  look first at slice {answer.first}")
    return "\n".join(lines)
