"""Turn a folder as public sets publish it into a data folder: labels.csv and dataset.yaml."""

from __future__ import annotations

import argparse
from pathlib import Path

from core.commands.arguments import add_already_applied, add_task
from core.errors import ArgumentError
from core.wording import counted
from core.workflows.importing import LAYOUTS, Imported, ImportRequest, import_pictures

_EVERY = 500  # pictures between two lines of progress


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of ``import``."""
    parser.add_argument("source", metavar="SOURCE", type=Path, help="folder as it was unpacked")
    add_task(parser)
    parser.add_argument(
        "--layout",
        default="auto",
        metavar="L",
        help=f"auto, {', '.join(LAYOUTS)}; auto takes the first that fits",
    )
    parser.add_argument(
        "--out",
        dest="folder",
        metavar="DIR",
        type=Path,
        required=True,
        help="new data folder; SOURCE itself, or a folder above it: pictures stay in place",
    )
    parser.add_argument(
        "--label",
        metavar="NAME=CLASS",
        action="append",
        default=[],
        help="which class a published name means; NAME=- leaves its pictures out",
    )
    parser.add_argument(
        "--pictures",
        choices=("link", "copy"),
        default="link",
        help="hard links, which need no room (copies where links cannot be made), or copies",
    )
    add_already_applied(parser)
    parser.add_argument("--name", metavar="TEXT", help="name of the set, for cards")
    parser.add_argument("--licence", metavar="TEXT", help="licence of the pictures, for cards")


def run(args: argparse.Namespace) -> int:
    """Import the folder."""

    def progress(done: int, n: int) -> None:
        if done % _EVERY == 0 or done == n:
            args.out.progress(f"{done} of {counted(n, 'picture')}")

    request = ImportRequest(
        task=args.task,
        source=args.source,
        out=args.folder,
        layout=args.layout,
        labels=_labels(args.label),
        pictures=args.pictures,
        already_applied=args.already_applied,
        name=args.name,
        licence=args.licence,
    )
    imported = import_pictures(request, progress=progress)
    args.out.document(imported.document(), text=_text(imported))
    return 0


def _labels(pairs: list[str]) -> dict[str, str]:
    """Read ``NAME=CLASS`` pairs.

    >>> _labels(["NORMAL=healthy", "masks=-"])
    {'NORMAL': 'healthy', 'masks': '-'}
    """
    found = {}
    for pair in pairs:
        name, separator, value = pair.rpartition("=")
        if not (name and separator and value):
            raise ArgumentError(f"--label got {pair!r}.", remedy="Write NAME=CLASS or NAME=-.")
        found[name] = value
    return found


def _text(imported: Imported) -> str:
    told = imported.document()
    classes = ", ".join(f"{name} {n:,}" for name, n in told["n_by_class"].items())
    lines = [
        f"{counted(told['n'], 'picture')} ({classes}) in {counted(told['groups'], 'group')}, "
        f"{told['pictures']}: {told['folder']} ({told['layout']})",
        told["grouping"]["sentence"],
        *told["notes"],
    ]
    if told["left_out"]:
        counts = ", ".join(f"{name} {n:,}" for name, n in told["left_out"].items())
        lines.append(f"Left out: {counts}.")
    lines += [f"Cannot be read: {item['file']}: {item['reason']}" for item in told["errors"][:20]]
    return "\n".join(lines)
