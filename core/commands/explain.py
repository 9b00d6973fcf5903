"""Where the score of one class is sensitive: the raw peak, its place, a map and an overlay."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

import numpy as np
from PIL import Image

from core.commands.arguments import add_already_applied, add_frame, add_task, add_version
from core.errors import ArgumentError
from core.workflows.explaining import (
    DEFAULT_METHOD,
    METHODS,
    ExplainedFile,
    explain_file,
    open_analyst,
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of ``explain``."""
    add_task(parser)
    add_version(parser)
    add_already_applied(parser)
    add_frame(parser)
    parser.add_argument("file", metavar="FILE", help="one picture")
    parser.add_argument(
        "--class", dest="class_name", metavar="C", help="class to explain; the called one otherwise"
    )
    parser.add_argument(
        "--method",
        metavar="M",
        default=DEFAULT_METHOD,
        help=f"saliency method: {', '.join(METHODS)}",
    )
    parser.add_argument("--heatmap", metavar="OUT.npy", type=Path, help="write the map, 0..1")
    parser.add_argument("--overlay", metavar="OUT.png", type=Path, help="write picture and map")


def run(args: argparse.Namespace) -> int:
    """Explain one class of one file, also where the gate refuses it."""
    explained = explain_file(
        args.file,
        open_analyst(args.task, args.version),
        class_name=args.class_name,
        method=args.method,
        frame=args.frame,
        already_applied=args.already_applied,
    )
    heatmap, overlay = explained.heatmap, explained.overlay()
    if args.heatmap and heatmap is not None:
        _write(args.heatmap, lambda stream: np.save(stream, heatmap.astype(np.float32)))
    if args.overlay and overlay is not None:
        _write(args.overlay, lambda stream: Image.fromarray(overlay).save(stream, "PNG"))
    args.out.document(explained.to_document(), text=_text(explained))
    return 0


def _write(path: Path, write: Callable[[BinaryIO], None]) -> None:
    try:
        with path.open("wb") as stream:
            write(stream)
    except OSError as error:
        raise ArgumentError(
            f"{path} cannot be written ({error.strerror}).", remedy="Name another file."
        ) from None


def _text(explained: ExplainedFile) -> str:
    lines = [explained.file]
    if explained.reason:
        lines.append(f"  {explained.status}: {explained.reason}")
    if explained.raw_peak is not None:
        lines.append(f"  {explained.method} of {explained.class_name} at {explained.layer}")
        if explained.has_evidence and explained.peak:
            row, column = explained.peak
            lines.append(
                f"  raw peak {explained.raw_peak:.3g} at row {row:.0f}, column {column:.0f}"
            )
        else:
            lines.append("  no positive evidence")
    lines.append(f"  model version: {explained.model_version}")
    return "\n".join(lines)
