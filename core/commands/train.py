"""Fit a new model version; one JSON line an epoch, then the version and its metrics."""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import yaml

from core.commands.arguments import add_task
from core.errors import ArgumentError, TrainingError
from core.tasks.yaml_text import RepeatedKeyError, load_yaml
from core.workflows.training import Listener, TrainingRequest, train
from core.workflows.training_jobs import train_telling

SECONDS_BETWEEN = 5.0
# What a request says beside its training settings: each has an option of its own.
OPTIONS = {
    "task": "--task",
    "experiment": "--experiment",
    "architecture": "--architecture",
    "data": "--data",
    "version": "--version",
    "limit": "--limit",
    "folds": "--folds",
    "grouped_folds": "--folds",
    "random_split": "--with-random-split",
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of ``train``."""
    parser.add_argument(
        "--experiment",
        metavar="F",
        help="key of an experiment, or its file; a version's experiment.yaml runs it again",
    )
    add_task(parser, required=False)
    parser.add_argument(
        "--architecture",
        metavar="A",
        help="the experiment's otherwise; with --experiment one that its `also_for` names",
    )
    parser.add_argument("--data", metavar="DIR", type=Path, help="the experiment's otherwise")
    parser.add_argument("--version", metavar="NAME", help="name of the new version")
    parser.add_argument("--epochs", metavar="N", type=int)
    parser.add_argument("--seed", metavar="S", type=int)
    parser.add_argument(
        "--limit", metavar="N", type=int, help="at most N pictures, for a quick run"
    )
    parser.add_argument(
        "--folds", metavar="K", type=int, help="also judge every picture out of fold; 0: not"
    )
    parser.add_argument(
        "--with-random-split",
        action=argparse.BooleanOptionalAction,
        help="also measure the leaking figure, to show it beside the honest one",
    )
    parser.add_argument(
        "--progress",
        metavar="FILE",
        type=Path,
        help="also tell this file what happens, a JSON line each, so that others can follow",
    )
    parser.add_argument(
        "--set",
        metavar="KEY=VALUE",
        action="append",
        default=[],
        help="any other training setting, such as learning_rate=0.001 (may be repeated)",
    )


def run(args: argparse.Namespace) -> int:
    """Train, with one line an epoch and the version at the end."""
    if args.limit is not None and args.limit < 1:
        raise ArgumentError(f"--limit is {args.limit}.", remedy="Give a number above 0.")
    if args.folds is not None and (args.folds < 0 or args.folds == 1):
        raise ArgumentError(f"--folds is {args.folds}.", remedy="Give 2 or more, or 0 for none.")
    notes: list[str] = []
    request = TrainingRequest(
        task=args.task,
        architecture=args.architecture,
        experiment=args.experiment,
        data=args.data,
        version=args.version,
        limit=args.limit,
        n_folds=args.folds,
        with_random_split=args.with_random_split,
        changes=_changes(args),
    )
    out = args.out

    def on_note(sentence: str) -> None:
        notes.append(sentence)
        out.progress(sentence)

    listener = Listener(
        on_epoch=lambda line: out.line(line, text=epoch_text(line)),
        on_progress=paced(out.progress),
        on_note=on_note,
    )
    if args.progress is None:
        trained = train(request, listener=listener)
    else:
        trained = train_telling(request, args.progress, listener=listener)
    answer = {
        "model_version": trained.model_version,
        "path": str(trained.path),
        "metrics": trained.metrics,
        "notes": notes,
    }
    out.line(answer, text=figures_text(answer))
    return 0


def _changes(args: argparse.Namespace) -> dict[str, Any]:
    """Return the training settings that were given, by ``--set`` or by an option of their own."""
    found = _settings(args.set)
    for key in sorted(found.keys() & OPTIONS.keys()):
        raise ArgumentError(
            f"--set got {key}, which is no training setting.", remedy=f"Give it as {OPTIONS[key]}."
        )
    for key, value in {"epochs": args.epochs, "seed": args.seed}.items():
        if value is not None and found.setdefault(key, value) != value:
            raise ArgumentError(
                f"--{key} is {value} and --set says {key}={found[key]}.", remedy="Give one of them."
            )
    return found


def _settings(pairs: list[str]) -> dict[str, Any]:
    """Read ``KEY=VALUE`` pairs, values as YAML.

    >>> _settings(["keep=last", "views=[identity, flip_left_right]"])
    {'keep': 'last', 'views': ['identity', 'flip_left_right']}
    """
    found: dict[str, Any] = {}
    for pair in pairs:
        key, separator, text = pair.partition("=")
        if not (key and separator):
            raise ArgumentError(f"--set got {pair!r}.", remedy="Write KEY=VALUE.")
        if key.strip() in found:
            raise ArgumentError(f"--set got {key.strip()} twice.", remedy="Give one of the values.")
        try:
            found[key.strip()] = load_yaml(text)
        except RepeatedKeyError as error:
            raise TrainingError(
                f"The value of {key} names {error.key} twice: {text!r}.",
                remedy="Name it once: of two values one would be lost.",
            ) from None
        except yaml.YAMLError:
            raise TrainingError(
                f"The value of {key} cannot be read: {text!r}.", remedy="Write it as YAML."
            ) from None
    return found


def paced(tell: Callable[[str], None]) -> Callable[[str, int, int], None]:
    """Return a progress function that speaks every few seconds and at the end."""
    last = time.monotonic()

    def progress(what: str, done: int, total: int) -> None:
        nonlocal last
        now = time.monotonic()
        if done == total or now - last >= SECONDS_BETWEEN:
            last = now
            tell(f"{what}: {done} of {total}")

    return progress


def epoch_text(line: dict[str, Any]) -> str:
    """Return an epoch's line for a person."""
    score = f"  validation macro F1 {line['macro_f1']:.3f}" if "macro_f1" in line else ""
    return (
        f"{line['fit']}: epoch {line['epoch']} of {line['epochs']}  loss {line['loss']:.3f}{score}"
        f"  ({line['seconds']:.0f} s)"
    )


def figures_text(answer: dict[str, Any]) -> str:
    """Return a written version and its macro F1 of every split, for a person."""
    lines = [f"Written: {answer['model_version']} ({answer['path']})"]
    for split, figures in answer["metrics"].items():
        value = figures["macro_f1"]
        mark = "LEAK " if figures.get("leakage") else ""
        lines.append(f"  {mark}{split}: {figures['title']}")
        if value["value"] is not None:
            low, high = value["low_grouped"], value["high_grouped"]
            interval = "" if low is None else f" (95 % {low:.3f} to {high:.3f})"
            lines.append(f"    macro F1 {value['value']:.3f}{interval}, n = {figures['n']}")
    return "\n".join(lines)
