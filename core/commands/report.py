"""A case, or a series, as PDF, DICOM structured report, secondary capture and CSV: any, or all."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from pathlib import Path

from core.commands.arguments import add_series
from core.errors import ArgumentError
from core.workflows.files import read_file
from core.workflows.report_files import FORMS, Asking, Reported, check_outs, write_report
from core.workflows.users import account

_HELP = {
    "pdf": "what was seen, answered and said, for people",
    "sr": "DICOM structured report (TID 1500)",
    "sc": "DICOM secondary capture of the picture with its map; a file, or a folder; of a series "
    "a folder, one capture a slice",
    "csv": "one row: answer, verdict, what both rest on",
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of ``report``."""
    parser.add_argument(
        "named", metavar="CASE", nargs="+", help="the case; with --series files, a folder or a zip"
    )
    for form in FORMS:
        parser.add_argument(f"--{form}", metavar="OUT", type=Path, help=_HELP[form])
    parser.add_argument(
        "--source",
        metavar="FILE",
        type=Path,
        help="the case's DICOM file: its patient and study go into --sr and --sc",
    )
    parser.add_argument(
        "--context", action="store_true", help="study date and UIDs in the PDF, too; audited"
    )
    parser.add_argument(
        "--by", metavar="WHO", default=account(), help="who exports; your account otherwise"
    )
    parser.add_argument(
        "--series",
        action="store_true",
        help="answer the files, a folder or a zip as one ordered stack, and report that",
    )
    add_series(parser, required=False)


def run(args: argparse.Namespace) -> int:
    """Write the files and say which."""
    outs = {form: getattr(args, form) for form in FORMS if getattr(args, form) is not None}
    reads = [*map(Path, args.named if args.series else ()), *([args.source] if args.source else ())]
    check_outs(outs, reads=reads)  # before minutes of work
    source = None if args.source is None else read_file(args.source)
    asking = Asking(args.by, with_context=args.context, source_file=source)
    if args.series:
        done = _report_series(args, outs, asking)
    else:
        done = write_report(_case_of(args), outs, asking)
    lines = [f"{file.form}: {file.path}" for file in done.files]
    args.out.document(done, text="\n".join(lines))
    return 0


def _report_series(args: argparse.Namespace, outs: Mapping[str, Path], asking: Asking) -> Reported:
    """Answer every slice, then write the series in the forms asked for."""
    from core.commands.series import opened_series  # noqa: PLC0415 - the engine only where needed
    from core.workflows.series_files import write_series_report  # noqa: PLC0415
    from core.workflows.series_reading import read_series  # noqa: PLC0415

    if args.task is None:
        raise ArgumentError(
            "--series was given without --task.", remedy="Say which task answers.", column="task"
        )
    analyst, stack, carried = opened_series(args, args.named)
    reading = read_series(
        analyst,
        stack,
        already_applied=carried,
        on_progress=lambda done, n: args.out.progress(f"answered {done} of {n}"),
    )
    return write_series_report(
        reading,
        outs,
        asking,
        on_progress=lambda done, n: args.out.progress(f"captured {done} of {n}"),
    )


def _case_of(args: argparse.Namespace) -> str:
    for name in ("task", "version", "already_applied", "choose"):
        if getattr(args, name) is not None:
            option = name.replace("_", "-")
            raise ArgumentError(
                f"--{option} was given without --series.", remedy="Add --series.", column=name
            )
    if len(args.named) > 1:
        raise ArgumentError(
            f"{len(args.named)} cases were named; a report is about one.",
            remedy="Name one case, or add --series if these are files of one series.",
        )
    return str(args.named[0])
