"""Make a version the task's champion, when it may replace the one that is; exit 1 when not."""

from __future__ import annotations

import argparse

from core.commands.arguments import add_task
from core.commands.compare import comparison_text, number
from core.errors import ArgumentError
from core.workflows.comparing import Question
from core.workflows.promoting import Override, promote, promotion_document

NOT_PROMOTED = 1


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of ``promote``."""
    add_task(parser)
    parser.add_argument("--version", metavar="V", required=True, help="version to promote")
    parser.add_argument(
        "--against", metavar="V0", required=True, help="the champion, which it is compared with"
    )
    parser.add_argument(
        "--class", dest="class_name", metavar="C", required=True, help="the class of the misses"
    )
    parser.add_argument(
        "--margin",
        metavar="M",
        type=number,
        required=True,
        help="by how much the sensitivity may be lower: 0.05 is five points",
    )
    parser.add_argument(
        "--override", metavar="TEXT", help="promote it whatever the check says, for this reason"
    )
    parser.add_argument("--by", metavar="WHO", help="who promotes; needed for an override")


def run(args: argparse.Namespace) -> int:
    """Compare on the same cases, record the verdict, and promote if it passes."""
    if args.by is not None and not args.by.strip():
        raise ArgumentError("--by names nobody.", remedy="Say who promotes.", column="by")
    override = None if args.override is None else Override(args.override, args.by or "")
    done = promote(
        args.task,
        args.version,
        Question(args.class_name, args.margin),
        against=args.against,
        override=override,
        by=args.by,
    )
    document = promotion_document(done)
    lines = [
        document["decision"],
        f"A is {args.against} ({document['run_a']}), B is {args.version} ({document['run_b']}).",
        comparison_text(document),
    ]
    args.out.document(document, text="\n".join(lines))
    return 0 if document["promoted"] else NOT_PROMOTED
