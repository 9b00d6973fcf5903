"""What a layer of the network sees: its maps of a picture, or what its channels look for."""

from __future__ import annotations

import argparse
import re
from pathlib import Path

from core.commands.arguments import add_already_applied, add_frame, add_task, add_version
from core.workflows.filter_files import (
    FilterPages,
    check_layer,
    draw_filters,
    write_pages,
)
from core.workflows.folder_files import check_folder
from core.workflows.network_view import open_for_files, prepared_file

MOST_CHANNELS = 4096


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of ``filters``."""
    add_task(parser)
    add_version(parser)
    add_already_applied(parser)
    add_frame(parser)
    parser.add_argument(
        "file",
        metavar="FILE",
        nargs="?",
        type=Path,
        help="one picture; without it, kernels or the pictures that excite channels most",
    )
    parser.add_argument("--layer", metavar="L", required=True, help="name of a layer with a map")
    parser.add_argument(
        "--out", dest="folder", metavar="DIR", required=True, type=Path, help="folder to write to"
    )
    parser.add_argument(
        "--channels", metavar="0-11,17", type=channel_numbers, help="only these channels, from 0"
    )


def run(args: argparse.Namespace) -> int:
    """Draw one layer and write its pages."""
    view, analyst = open_for_files(args.task, args.version)
    check_layer(view, args.layer)
    check_folder(args.folder)
    steps = None if args.already_applied is None else tuple(args.already_applied)
    given = None
    if args.file is not None:
        given = prepared_file(args.file, analyst, frame=args.frame, already_applied=steps)
    pages = draw_filters(
        view, args.layer, given=given, channels=args.channels, progress=args.out.progress
    )
    write_pages(pages, args.folder)
    args.out.document(pages.to_document(), text=_text(pages, args.folder))
    return 0


def channel_numbers(text: str) -> tuple[int, ...]:
    """Read channel numbers, kept in the order given and without repeats.

    >>> channel_numbers("0-2,7,1")
    (0, 1, 2, 7)
    """
    found: dict[int, None] = {}
    for part in text.split(","):
        matched = re.fullmatch(r"\s*(\d{1,5})(?:-(\d{1,5}))?\s*", part)
        first, last = (int(matched[1]), int(matched[2] or matched[1])) if matched else (1, 0)
        if first > last or len(found) + last - first >= MOST_CHANNELS:
            raise argparse.ArgumentTypeError(f"{text!r} is not a list of channels, such as 0-11,17")
        found |= dict.fromkeys(range(first, last + 1))
    return tuple(found)


def _text(pages: FilterPages, folder: Path) -> str:
    document = pages.to_document()
    lines = [f"{pages.layer}: {document['n_channels']} channels, {pages.shows.replace('_', ' ')}"]
    lines += [f"  {folder / page['file']}" for page in document["pages"]]
    if pages.off:
        lines.append(f"  off everywhere: {', '.join(map(str, pages.off))}")
    lines.append(f"  model version: {pages.model_version}")
    return "\n".join(lines)
