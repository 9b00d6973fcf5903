"""Database, pictures, settings and a manifest in one file, while writing goes on."""

from __future__ import annotations

import argparse
from pathlib import Path

from core.workflows.backing_up import back_up


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of ``backup``."""
    parser.add_argument("target", metavar="OUT", type=Path, help="a file that does not exist yet")


def run(args: argparse.Namespace) -> int:
    """Write it and tell the head, to be kept elsewhere."""
    made = back_up(args.target)
    text = f"{made.rows} rows and {made.n_pictures} pictures; the head is {made.head}"
    args.out.document(made, text=text)
    return 0
