"""A case as PDF, DICOM structured report, secondary capture and CSV: any of them, or all."""

from __future__ import annotations

import argparse
from pathlib import Path

from core.workflows.files import read_file
from core.workflows.report_files import FORMS, Asking, write_report
from core.workflows.users import account

_HELP = {
    "pdf": "what was seen, answered and said, for people",
    "sr": "DICOM structured report (TID 1500)",
    "sc": "DICOM secondary capture of the picture with its map; a file, or a folder",
    "csv": "one row: answer, verdict, what both rest on",
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of ``report``."""
    parser.add_argument("case_id", metavar="CASE")
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


def run(args: argparse.Namespace) -> int:
    """Write the files and say which."""
    outs = {form: getattr(args, form) for form in FORMS if getattr(args, form) is not None}
    source = None if args.source is None else read_file(args.source)
    done = write_report(
        args.case_id, outs, Asking(args.by, with_context=args.context, source_file=source)
    )
    lines = [f"{file.form}: {file.path}" for file in done.files]
    args.out.document(done, text="\n".join(lines))
    return 0
