"""List every setting, its value and where it came from; ``--check`` refuses what cannot work."""

from __future__ import annotations

import argparse

from core.config import setting_rows


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of ``settings``."""
    parser.add_argument(
        "--check",
        action="store_true",
        help="also refuse folders that are not there and wrong task files",
    )


def run(args: argparse.Namespace) -> int:
    """List the settings.

    Raises
    ------
    SettingsError
        With ``--check``: if a folder that a setting names does not exist.
    TaskError
        With ``--check``: if a task file is wrong.
    """
    if args.check:
        from core.workflows.starting import check_start  # noqa: PLC0415 - a list alone is instant

        check_start()
    rows = setting_rows()
    width = max(len(row.name) for row in rows)
    text = "\n".join(
        f"{row.name:<{width}}  {row.value or '-'}  ({row.source})\n{'':{width}}  {row.description}"
        for row in rows
    )
    if args.check and not args.json:
        text = "Settings and tasks are in order."
    args.out.document(rows, text=text)
    return 0
