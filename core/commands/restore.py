"""Put a backup in place: verified first, and never over a home that is not empty unasked."""

from __future__ import annotations

import argparse
from pathlib import Path

from core.workflows.backing_up import restore


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of ``restore``."""
    parser.add_argument("file", metavar="FILE", type=Path)
    parser.add_argument(
        "--replace", action="store_true", help="move aside what is there, if anything is"
    )


def run(args: argparse.Namespace) -> int:
    """Restore and tell what is there now."""
    found = restore(args.file, replace=args.replace)
    text = f"{found.rows} rows and {found.n_pictures} pictures; the head is {found.head}"
    args.out.document(found, text=text)
    return 0
