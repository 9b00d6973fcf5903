"""The table of results over every network that was measured; and versions kept for it."""

from __future__ import annotations

import argparse
import math
from pathlib import Path

from core.commands.arguments import add_task
from core.commands.compare import number
from core.errors import ArgumentError
from core.workflows.compared_versions import keep_compared
from core.workflows.folder_files import write_folder
from core.workflows.results import collect_results
from core.workflows.results_page import results_markdown


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of ``results``."""
    parser.add_argument(
        "--out", dest="page", metavar="FILE.md", type=Path, help="write the page there"
    )
    add_task(parser, required=False)
    parser.add_argument(
        "--keep",
        metavar="VERSION",
        help="with --task: first keep card, experiment and predictions of this version, no weights",
    )
    parser.add_argument("--minutes", metavar="M", type=number, help="that its training took")
    parser.add_argument(
        "--trained-on", metavar="MACHINE", help="what --minutes were measured on, if not on this"
    )


def _check(args: argparse.Namespace) -> None:
    """Refuse what would stand in the table as no time and no name of a machine."""
    if args.minutes is not None and args.keep is None:
        raise ArgumentError("--minutes are those of --keep.", remedy="Give both, or neither.")
    if args.minutes is not None and not 0 < args.minutes < math.inf:
        raise ArgumentError(f"--minutes is {args.minutes}.", remedy="Give a number above 0.")
    machine = args.trained_on
    if machine is not None and args.minutes is None:
        raise ArgumentError("--trained-on says whose --minutes are meant.", remedy="Give both.")
    if machine is not None and (not machine.strip() or "|" in machine or not machine.isprintable()):
        raise ArgumentError(
            f"--trained-on is {machine!r}, which cannot stand in a table.",
            remedy="Name the machine in one line, without |.",
        )


def run(args: argparse.Namespace) -> int:
    """Keep a version's figures where asked, and write or print the page."""
    if (args.keep is None) != (args.task is None):
        raise ArgumentError("--keep and --task go together.", remedy="Give both, or neither.")
    _check(args)
    kept = None
    if args.keep:
        kept = keep_compared(args.task, args.keep, minutes=args.minutes, trained_on=args.trained_on)
    results = collect_results()
    page = results_markdown(results)
    if args.page is not None:
        write_folder(args.page.parent, {args.page.name: page.encode("utf-8")})
    document = {
        "kept": None if kept is None else str(kept),
        "out": None if args.page is None else str(args.page),
        "tasks": [
            {
                "task": item.task.key,
                "rows": [row.to_document() for row in item.rows],
                "published": item.published,
            }
            for item in results
        ],
    }
    args.out.document(document, text=page)
    return 0
