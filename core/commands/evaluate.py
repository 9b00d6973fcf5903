"""Figures with n and intervals: of a model version on a folder, or of anybody's predictions."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from core.commands.arguments import add_task, add_version
from core.domain import Figure
from core.errors import ArgumentError
from core.tasks import load_task
from core.workflows.evaluating import Evaluated, evaluate_folder, evaluate_predictions

_EVERY = 100  # pictures between two lines of progress
_RESERVED = ("file", "y_true", "group")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of ``evaluate``."""
    add_task(parser, required=False)
    add_version(parser)
    source = parser.add_mutually_exclusive_group(required=True)
    source.add_argument("--data", metavar="DIR", type=Path, help="folder with labels.csv")
    source.add_argument(
        "--predictions",
        metavar="FILE.csv",
        type=Path,
        help="file, y_true, one probability column named as each class; optional group and slices",
    )
    parser.add_argument(
        "--class-names",
        metavar="a,b,…",
        type=_names,
        help="classes of somebody else's model, in order; instead of --task",
    )
    parser.add_argument("--no-store", action="store_true", help="do not keep the run")


def run(args: argparse.Namespace) -> int:
    """Evaluate, store the run unless told not to, and give the figures."""
    done = _evaluated(args)
    document = {**done.figures, "run": str(done.folder) if done.folder else None}
    args.out.document(document, text=_text(done))
    return 0


def _evaluated(args: argparse.Namespace) -> Evaluated:
    if (args.task is None) == (args.class_names is None):
        raise ArgumentError(
            "Give the classes exactly once.", remedy="Name a --task, or --class-names a,b,…."
        )
    if args.data is None:
        task = load_task(args.task) if args.task else None
        if args.version is not None:
            raise ArgumentError(
                "--version does not go with --predictions.",
                remedy="A predictions file is not run through a model version; drop it.",
            )
        return evaluate_predictions(
            args.predictions,
            class_names=task.class_names if task else args.class_names,
            task=task,
            store=not args.no_store,
        )
    if args.task is None:
        raise ArgumentError("--data needs a --task.", remedy="Name the task.", column="task")

    def progress(done: int, n: int) -> None:
        if done % _EVERY == 0 or done == n:
            args.out.progress(f"{done} of {n} pictures")

    return evaluate_folder(
        load_task(args.task), args.data, args.version, store=not args.no_store, progress=progress
    )


def _names(text: str) -> tuple[str, ...]:
    """Read the class names.

    >>> _names("benign, malignant")
    ('benign', 'malignant')
    """
    names = tuple(name.strip() for name in text.split(","))
    if len(names) < 2 or len(set(names)) < len(names) or not all(names):
        raise argparse.ArgumentTypeError(f"{text!r} is not at least two different names")
    taken = sorted(set(names) & set(_RESERVED))
    if taken:
        raise argparse.ArgumentTypeError(f"{taken[0]!r} is the name of another column")
    return names


def _text(done: Evaluated) -> str:
    """Return the figures as a person reads them in a terminal."""
    figures = done.figures
    groups = f", {figures['groups']} groups" if figures["groups"] is not None else ""
    lines = [f"{figures['n']} cases{groups}; version {figures['model_version'] or 'not ours'}"]
    for name in ("accuracy", "balanced_accuracy", "macro_f1", "ece", "brier"):
        lines.append(f"  {name:<18} {_said(figures[name])}")
    for name, row in figures["per_class"].items():
        lines.append(f"{name} (n {row['n']})")
        lines += [f"  {key:<18} {_said(item)}" for key, item in row.items() if key != "n"]
    lines.append(f"refused by the gate: {figures['refused']}")
    lines += [f"not read: {item['file']}: {item['reason']}" for item in figures["errors"]]
    lines += [f"left out: {label} ({n})" for label, n in figures["left_out"].items()]
    lines += figures["warnings"]
    lines.append(f"stored: {done.folder}" if done.folder else "not stored")
    return "\n".join(lines)


def _said(figure: Any) -> str:
    if not isinstance(figure, Figure) or figure.value is None:
        return "undefined"
    grouped = figure.low_grouped is not None
    low, high = (figure.low_grouped, figure.high_grouped) if grouped else (figure.low, figure.high)
    interval = "" if low is None or high is None else f" ({low:.3f}–{high:.3f})"
    groups = f" in {figure.n_groups} groups" if grouped else ""
    return f"{figure.value:.3f}{interval}, n {figure.n}{groups}"
