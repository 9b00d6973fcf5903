"""Where the score of one class is sensitive: the raw peak, its place, a map and an overlay."""

from __future__ import annotations

import argparse
import io
from pathlib import Path

import numpy as np

from core.commands.arguments import add_already_applied, add_frame, add_task, add_version
from core.commands.out_files import check_places, write_files
from core.domain import FloatArray
from core.workflows.explaining import (
    DEFAULT_METHOD,
    METHODS,
    ExplainedFile,
    explain_file,
    open_analyst,
)
from core.workflows.folder_files import png_bytes


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
    places = [path for path in (args.heatmap, args.overlay) if path is not None]
    check_places(places, picture=Path(args.file))
    explained = explain_file(
        args.file,
        open_analyst(args.task, args.version),
        class_name=args.class_name,
        method=args.method,
        frame=args.frame,
        already_applied=args.already_applied,
    )
    files: dict[Path, bytes] = {}
    if args.heatmap is not None and explained.heatmap is not None:
        files[args.heatmap] = _npy_bytes(explained.heatmap)
    if args.overlay is not None and (drawn := explained.overlay()) is not None:
        files[args.overlay] = png_bytes(drawn)
    write_files(files)
    args.out.document(explained.to_document(), text=_text(explained))
    return 0


def _npy_bytes(heatmap: FloatArray) -> bytes:
    stream = io.BytesIO()
    np.save(stream, heatmap.astype(np.float32))
    return stream.getvalue()


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
