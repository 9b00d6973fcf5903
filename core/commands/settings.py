"""List every setting, its value and where it came from; ``--check`` refuses what cannot work."""

from __future__ import annotations

import argparse

from core.config import setting_rows


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of ``settings``."""
    parser.add_argument(
        "--check",
        action="store_true",
        help="also refuse folders that are not there, wrong task and experiment files",
    )
    parser.add_argument(
        "--address", metavar="A", help="with --check: refuse to serve there without a login"
    )


def run(args: argparse.Namespace) -> int:
    """List the settings.

    Raises
    ------
    SettingsError
        With ``--check``: if a folder that a setting names does not exist, or the address may not
        be served.
    TaskError, TrainingError
        With ``--check``: if a task file or an experiment file is wrong.
    """
    if args.check:
        # A list alone is instant: nothing of this is imported for it.
        from core.workflows.experiments import check_experiments  # noqa: PLC0415
        from core.workflows.starting import check_start  # noqa: PLC0415
        from core.workflows.users import check_address  # noqa: PLC0415

        check_start()
        check_experiments()
        if args.address is not None:
            check_address(args.address)
    rows = setting_rows()
    width = max(len(row.name) for row in rows)
    text = "\n".join(
        f"{row.name:<{width}}  {row.value or '-'}  ({row.source})\n{'':{width}}  {row.description}"
        for row in rows
    )
    if args.check and not args.json:
        text = "Settings, tasks and experiments are in order."
    args.out.document(rows, text=text)
    return 0
