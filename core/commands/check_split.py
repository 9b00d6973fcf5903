"""Whether a split leaks: groups, or nearly equal pictures, in more than one of its parts."""

from __future__ import annotations

import argparse
from pathlib import Path

from core.commands.arguments import count_from_zero
from core.workflows.splits import SEED, SplitCheck, check_split

_EVERY = 500  # pictures between two lines of progress
CLEAN, LEAK = 0, 1


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of ``check-split``."""
    parser.add_argument(
        "--data",
        metavar="DIR",
        type=Path,
        required=True,
        help="folder with labels.csv, or with a folder a class",
    )
    parser.add_argument(
        "--split",
        metavar="FILE.csv",
        type=Path,
        help="file, split (train, validation, calibration or test); otherwise a random split "
        "stands for the published protocol",
    )
    parser.add_argument(
        "--seed", metavar="S", type=count_from_zero, default=SEED, help="of the random split"
    )


def run(args: argparse.Namespace) -> int:
    """Check the split; 1 where it leaks."""

    def progress(done: int, n: int) -> None:
        if done % _EVERY == 0 or done == n:
            args.out.progress(f"{done} of {n} pictures")

    found = check_split(args.data, args.split, seed=args.seed, progress=progress)
    args.out.document(found.document(), text=_text(found))
    return LEAK if found.leak else CLEAN


def _text(found: SplitCheck) -> str:
    lines = [found.sentence]
    if found.straddling:
        lines.append(f"in more than one part: {', '.join(found.straddling[:5])}")
    lines += [
        f"distance {pair['distance']:.4f}: {pair['train_file']} ({pair['train_part']}) and "
        f"{pair['test_file']} ({pair['test_part']})"
        for pair in found.worst
    ]
    lines += [f"not read: {file}: {reason}" for file, reason in found.errors]
    return "\n".join(lines)
