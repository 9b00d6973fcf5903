"""Figures with n and intervals: of a model version on a folder, or of anybody's predictions."""

from __future__ import annotations

import argparse
from pathlib import Path

from core.commands.answers import figure_text
from core.commands.arguments import add_class_names, add_task, add_version
from core.errors import ArgumentError
from core.tasks import load_task
from core.workflows.evaluating import Evaluated, evaluate_folder, evaluate_predictions

_EVERY = 100  # pictures between two lines of progress


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
    add_class_names(parser)
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


def _text(done: Evaluated) -> str:
    """Return the figures as a person reads them in a terminal."""
    figures = done.figures
    groups = f", {figures['groups']} groups" if figures["groups"] is not None else ""
    lines = [f"{figures['n']} cases{groups}; version {figures['model_version'] or 'not ours'}"]
    for name in ("accuracy", "balanced_accuracy", "macro_f1", "ece", "brier"):
        lines.append(f"  {name:<18} {figure_text(figures[name])}")
    for name, row in figures["per_class"].items():
        lines.append(f"{name} (n {row['n']})")
        lines += [f"  {key:<18} {figure_text(item)}" for key, item in row.items() if key != "n"]
    lines.append(f"refused by the gate: {figures['refused']}")
    lines += [f"not read: {item['file']}: {item['reason']}" for item in figures["errors"]]
    lines += [f"left out: {label} ({n})" for label, n in figures["left_out"].items()]
    lines += figures["warnings"]
    lines.append(f"stored: {done.folder}" if done.folder else "not stored")
    return "\n".join(lines)
