"""Make one version of several: the mean of their logits, or a stack fitted out of fold."""

from __future__ import annotations

import argparse

from core.commands.arguments import add_task
from core.commands.train import figures_text
from core.workflows.ensembling import EnsembleRequest, make_ensemble


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of ``ensemble``."""
    add_task(parser)
    parser.add_argument(
        "--members",
        metavar="A,B[,C]",
        required=True,
        type=_words,
        help="the first one's gate rules",
    )
    parser.add_argument("--combine", metavar="HOW", required=True, help="mean_logits or stack")
    parser.add_argument(
        "--meta",
        metavar="KIND",
        help="meta learner of a stack: logistic_regression (the default), random_forest, svm, "
        "boosting",
    )
    parser.add_argument(
        "--weights", metavar="W,W[,W]", type=_numbers, default=(), help="of the members in the mean"
    )
    parser.add_argument("--name", metavar="V", required=True, help="name of the new version")


def run(args: argparse.Namespace) -> int:
    """Make the ensemble; the answer is that of ``train``, with what was left out and why."""
    request = EnsembleRequest(
        task=args.task,
        members=args.members,
        name=args.name,
        combine=args.combine,
        meta=args.meta,
        weights=args.weights,
    )
    made = make_ensemble(request, progress=args.out.progress)
    answer = {
        "model_version": made.model_version,
        "path": str(made.path),
        "members": list(args.members),
        "combine": args.combine,
        "metrics": made.metrics,
        "notes": list(made.notes),
    }
    args.out.document(answer, text="\n".join([figures_text(answer), *made.notes]))
    return 0


def _words(text: str) -> tuple[str, ...]:
    """Read names between commas.

    >>> _words("a, b")
    ('a', 'b')
    """
    return tuple(word.strip() for word in text.split(",") if word.strip())


def _numbers(text: str) -> tuple[float, ...]:
    """Read numbers between commas.

    >>> _numbers("2,1")
    (2.0, 1.0)
    """
    try:
        return tuple(float(word) for word in _words(text))
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not numbers between commas") from None
