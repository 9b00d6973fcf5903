"""A recipe and an augmentation tried on one picture: a PNG a step, and a contact sheet."""

from __future__ import annotations

import argparse
from pathlib import Path

from core.commands.arguments import add_already_applied, add_frame, add_task, count_from_zero
from core.workflows.experiments import experiment_notes
from core.workflows.preview_files import (
    FilePreview,
    check_folder,
    plan_for,
    preview_file,
    write_preview,
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of ``preview``."""
    add_task(parser)
    add_already_applied(parser)
    add_frame(parser)
    parser.add_argument("file", metavar="FILE", type=Path, help="one picture")
    parser.add_argument(
        "--out", dest="folder", metavar="DIR", required=True, type=Path, help="folder to write to"
    )
    parser.add_argument(
        "--recipe", metavar="FILE.yaml", type=Path, help="a list of steps; the task's otherwise"
    )
    parser.add_argument(
        "--augmentation",
        metavar="FILE.yaml",
        type=Path,
        help="keys and values; otherwise what the task is trained with",
    )
    parser.add_argument(
        "--n", metavar="N", type=count_from_zero, default=8, help="augmented versions, 0 to 64"
    )
    parser.add_argument(
        "--seed", metavar="S", type=count_from_zero, default=0, help="the same seed, the same ones"
    )


def run(args: argparse.Namespace) -> int:
    """Run the recipe, draw the versions, write the files."""
    for sentence in () if args.augmentation else experiment_notes():  # the task's own is taken
        args.out.progress(sentence)
    plan = plan_for(
        args.task, recipe=args.recipe, augmentation=args.augmentation, n=args.n, seed=args.seed
    )
    check_folder(args.folder)
    made = preview_file(
        args.file, args.task, plan, already_applied=args.already_applied, frame=args.frame
    )
    write_preview(made, args.folder)
    args.out.document(made.to_document(), text=_text(made, args.folder))
    return 0


def _text(made: FilePreview, folder: Path) -> str:
    document = made.to_document()
    lines = [f"{document['file']}"]
    for stage in document["stages"]:
        size = f"{stage['rows']} x {stage['columns']}"
        note = f" ({stage['note']})" if stage["note"] else ""
        lines.append(f"  {stage['step']}: {size}{note}")
    left_out = ", ".join(document["steps_left_out"])
    lines += [f"  carried already: {left_out}"] if left_out else []
    lines.append(f"  {len(document['augmented'])} augmented versions, seed {document['seed']}")
    lines.append(f"  {folder / document['contact_sheet']}")
    return "\n".join(lines)
