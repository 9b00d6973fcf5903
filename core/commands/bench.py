"""What the product promises about speed, measured here and now, with the raw samples."""

from __future__ import annotations

import argparse

from core.commands.arguments import add_task
from core.workflows.benchmarking import Row, run_bench
from core.workflows.benchmarking_evaluation import run_evaluation_bench
from core.workflows.benchmarking_explain import run_explain_bench
from core.workflows.benchmarking_review import run_review_bench
from core.workflows.benchmarking_training import TrainingBench, run_training_bench


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of ``bench``."""
    parser.add_argument(
        "part",
        nargs="?",
        choices=["engine", "evaluation", "explain", "training", "review"],
        default="engine",
        help="engine: one answer and its maps (the default); evaluation: figures of a million "
        "cases, a moved threshold, the Performance page (some minutes); explain: maps by every "
        "method of the engine beside a forward pass and tf-keras-vis (some minutes); training: "
        "head and whole network beside Keras on pictures, and the memory (some minutes); review: "
        "a page of a worklist of 100,000 cases and its filtered total beside SELECT 1",
    )
    add_task(parser, required=False)
    parser.add_argument(
        "--rounds", metavar="N", type=_positive, help="turns of the fast comparisons"
    )
    parser.add_argument(
        "--starts", metavar="N", type=_positive, default=5, help="turns of the process starts"
    )
    parser.add_argument(
        "--database", metavar="URL", help="an empty one to measure review on; its own otherwise"
    )
    parser.add_argument(
        "--pictures", metavar="N", type=_positive, help="of training's memory, instead of 10930"
    )


def run(args: argparse.Namespace) -> int:
    """Measure; a target that is missed is told, and no failure of the command."""
    if args.part == "evaluation":
        rows = run_evaluation_bench(rounds=args.rounds or 3, progress=args.out.progress)
    elif args.part == "explain":
        rows = run_explain_bench(
            task=args.task, rounds=args.rounds or 60, progress=args.out.progress
        )
    elif args.part == "review":
        rows = run_review_bench(
            rounds=args.rounds or 50, url=args.database, progress=args.out.progress
        )
    elif args.part == "training":
        known = TrainingBench()
        asked = TrainingBench(
            task=args.task or known.task,
            n_pictures=args.pictures or known.n_pictures,
            rounds=args.rounds or known.rounds,
        )
        rows = run_training_bench(asked, progress=args.out.progress)
    else:
        rows = run_bench(
            task=args.task,
            rounds=args.rounds or 200,
            starts=args.starts,
            progress=args.out.progress,
        )
    args.out.document(rows, text="\n".join(_text(name, row) for name, row in rows.items()))
    return 0


def _text(name: str, row: Row) -> str:
    verdict = {True: "met", False: "MISSED", None: "no target"}[row["met"]]
    target = "" if row["target"] is None else f", target {row['target']:g}"
    return f"{name}: {row['ratio']:.4g}{target}: {verdict} (n {len(row['ours_s'])})"


def _positive(text: str) -> int:
    if not text.isdecimal() or int(text) == 0:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number of at least 1")
    return int(text)
