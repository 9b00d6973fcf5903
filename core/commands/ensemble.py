"""Make one version of several: the mean of their logits, or a stack fitted out of fold."""

from __future__ import annotations

import argparse
from dataclasses import replace

from core.commands.arguments import add_task
from core.commands.train import epoch_text, figures_text, paced
from core.workflows.ensemble_tracking import track_ensemble
from core.workflows.ensembling import EnsembleRequest, check_request, make_ensemble
from core.workflows.member_training import plan_members, train_members
from core.workflows.run_guards import ending_on_request
from core.workflows.training import Listener


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of ``ensemble``."""
    add_task(parser)
    members = parser.add_mutually_exclusive_group(required=True)
    members.add_argument(
        "--members", metavar="A,B[,C]", type=_words, help="versions; the first one's gate rules"
    )
    members.add_argument(
        "--train",
        metavar="E,F[,G]",
        type=_words,
        help="experiments whose versions are the members: those not there yet are trained first",
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
        members=args.members or args.train,
        name=args.name,
        combine=args.combine,
        meta=args.meta,
        weights=args.weights,
    )
    with ending_on_request():
        if args.train is not None:
            request = replace(request, members=_trained(request, args))
        made = make_ensemble(request, progress=args.out.progress)
    notes = list(made.notes)
    track_ensemble(request, made, tell=notes.append)
    answer = {
        "model_version": made.model_version,
        "path": str(made.path),
        "members": list(request.members),
        "combine": args.combine,
        "metrics": made.metrics,
        "notes": notes,
    }
    args.out.document(answer, text="\n".join([figures_text(answer), *notes]))
    return 0


def _trained(request: EnsembleRequest, args: argparse.Namespace) -> tuple[str, ...]:
    """Train the members; what is wrong with the ensemble is told before the first of them."""
    out, task = args.out, check_request(request)
    plans = plan_members(args.train, task=task, name=args.name)
    listener = Listener(
        on_epoch=lambda line: out.progress(epoch_text(line)),
        on_progress=paced(out.progress),
        on_note=out.progress,
    )
    return train_members(plans, task=task, listener=listener)


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
