"""Calibrated class probabilities for pictures, each with the gate's verdict."""

from __future__ import annotations

import argparse

from core.commands.answers import answer_document, answer_text
from core.commands.arguments import add_frame, add_series
from core.errors import ArgumentError
from core.workflows.analyse import analyse_files


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of ``predict``."""
    add_series(parser)
    add_frame(parser)
    parser.add_argument(
        "--series",
        action="store_true",
        help="the files, a folder or a zip are one ordered stack; adds the answer for the series",
    )
    parser.add_argument("files", metavar="FILE", nargs="+", help="pictures, any order")


def run(args: argparse.Namespace) -> int:
    """Answer every file, in the order of the arguments; one bad file never stops the rest."""
    if args.series:
        from core.commands.series import run_series  # noqa: PLC0415 - pydicom only where needed

        return run_series(args)
    if args.choose is not None:
        raise ArgumentError(
            "--choose was given without --series.", remedy="Add --series.", column="choose"
        )
    answers = analyse_files(
        args.files,
        task=args.task,
        version=args.version,
        frame=args.frame,
        already_applied=args.already_applied,
    )
    documents, texts = [], []
    for number, answer in enumerate(answers, start=1):
        documents.append(answer_document(answer))
        texts.append(answer_text(answer))
        if len(args.files) > 1:
            args.out.progress(f"{number} of {len(args.files)}: {answer.status}")
    args.out.document(documents, text="\n\n".join(texts))
    return 0
