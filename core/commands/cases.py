"""Cases: add pictures, list what waits, show one, take verdicts as JSON lines.

``cases verdicts -`` answers every line once its verdict is on the disk, never before.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

from core.commands.answers import figure_text
from core.commands.arguments import add_already_applied, add_task, add_version, count_from_zero
from core.commands.output import plain
from core.errors import ArgumentError
from core.tasks import load_task
from core.workflows.adding_cases import PRIORITIES, CaseFacts, add_files
from core.workflows.cases import (
    CaseState,
    Need,
    WorklistRow,
    case_file,
    rebuild_worklist,
    show_context,
    worklist_page,
    worklist_total,
)
from core.workflows.users import account
from core.workflows.verdicts import answer_lines

_KINDS = {"risk": float, "uncertainty": float, "priority": int}
_LARGEST = 2**63 - 1  # the largest whole number of both databases


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of ``cases``."""
    parts = parser.add_subparsers(dest="part", metavar="PART", required=True)
    add = parts.add_parser("add", help="make cases of pictures", allow_abbrev=False)
    add_task(add)
    add_version(add)
    add_already_applied(add)
    add.add_argument("--pseudonym", metavar="P", help="of the patient; never a name")
    add.add_argument("--study-date", metavar="YYYY-MM-DD")
    add.add_argument("--priority", choices=PRIORITIES, default=PRIORITIES[0])
    _add_by(add)
    add.add_argument("files", metavar="FILE", nargs="+")
    _add_list(parts.add_parser("list", help="the worklist", allow_abbrev=False))
    show = parts.add_parser("show", help="one case", allow_abbrev=False)
    show.add_argument("case_id", metavar="ID")
    show.add_argument(
        "--context", action="store_true", help="pseudonym and date, too; the showing is audited"
    )
    _add_by(show)
    verdicts = parts.add_parser("verdicts", help="JSON lines in", allow_abbrev=False)
    verdicts.add_argument("source", metavar="-|FILE", help="- is standard input")
    agree = parts.add_parser("agreement", help="kappa, and what the reveal did")
    add_task(agree)
    labels = parts.add_parser("labels", help="verdicts as a labelled set")
    add_task(labels)
    labels.add_argument("--out", dest="folder", metavar="DIR", type=Path, required=True)
    parts.add_parser("rebuild", help="the worklist anew from the records", allow_abbrev=False)


def run(args: argparse.Namespace) -> int:
    """Run the part."""
    parts: dict[str, Callable[[argparse.Namespace], None]] = {
        "add": _add,
        "list": _list,
        "show": _show,
        "verdicts": _verdicts,
        "agreement": _agreement,
        "labels": _labels,
        "rebuild": _rebuild,
    }
    parts[args.part](args)
    return 0


def _add_by(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--by", metavar="WHO", default=account(), help="who does it; your account otherwise"
    )


def _add_list(parser: argparse.ArgumentParser) -> None:
    add_task(parser, required=False)
    parser.add_argument("--state", choices=[state.value for state in CaseState])
    parser.add_argument("--finding", metavar="C", help="class that the model called")
    parser.add_argument("--needs", choices=[need.value for need in Need])
    parser.add_argument(
        "--sort", choices=["risk", "uncertainty", "waiting_since", "priority"], default="risk"
    )
    parser.add_argument("--rows", metavar="N", type=count_from_zero, default=50)
    parser.add_argument(
        "--after", metavar="KEY", help="`after` of the last line of the page before"
    )
    parser.add_argument("--total", action="store_true", help="how many there are, instead")


def _add(args: argparse.Namespace) -> None:
    said = CaseFacts(
        by=args.by,
        pseudonym=args.pseudonym,
        study_date=args.study_date,
        priority=PRIORITIES.index(args.priority),
        already_applied=args.already_applied,
    )
    done = []
    for item in add_files(args.files, task=args.task, said=said, version=args.version):
        done.append(item)
        if len(args.files) > 1:
            args.out.progress(f"{len(done)} of {len(args.files)}: {item.status}")
    lines = [
        f"{item.file}: {item.status} {item.case_id or ''} {item.reason or ''}" for item in done
    ]
    args.out.document(done, text="\n".join(line.rstrip() for line in lines))


def _list(args: argparse.Namespace) -> None:
    from core.workflows.cases import worklist_query  # noqa: PLC0415 - SQLAlchemy, only where needed

    if args.rows == 0:
        raise ArgumentError("A page of 0 rows shows nothing.", remedy="Give --rows 50.")
    if args.task is not None:
        known = load_task(args.task).class_names  # what is not there has no list, not an empty one
        if args.finding is not None and args.finding not in known:
            raise ArgumentError(
                f"{args.finding} is no class of {args.task}.",
                remedy=f"Its classes are {', '.join(known)}.",
                column="finding",
            )
    query = worklist_query(
        task=args.task,
        state=args.state and CaseState(args.state),
        finding=args.finding,
        needs=args.needs and Need(args.needs),
        sort=args.sort,
        after=_after(args.sort, args.after),
        rows=min(args.rows, _LARGEST),
    )
    if args.total:
        n = worklist_total(query)
        args.out.document({"total": n}, text=f"{n} cases")
        return
    rows = worklist_page(query).rows
    text = "\n".join(map(_line, rows)) or "No case."
    args.out.document([plain(row) | {"after": _place(row, args.sort)} for row in rows], text=text)


def _show(args: argparse.Namespace) -> None:
    found = case_file(args.case_id)
    case = found.case
    document = {
        "case_id": case.case_id,
        "task": case.task,
        "state": found.state,
        "needs": found.needs,
        "priority": PRIORITIES[case.priority],
        "added_at": case.added_at,
        "added_by": case.added_by,
        "picture_sha256": case.picture_sha256,
        "picture": case.picture,
        "answers": found.answers,
        "reads": found.reads,
        "consensus": found.consensus,
        "context": dict(show_context(case.case_id, who=args.by)) if args.context else None,
    }
    lines = [f"{name}: {value}" for name, value in document.items() if name not in ("picture",)]
    args.out.document(document, text="\n".join(lines))


def _verdicts(args: argparse.Namespace) -> None:
    for answer in answer_lines(_lines(args.source)):
        text = f"{answer.key}: {'stored' if answer.ok else answer.error}"
        args.out.line(answer, text=text)


def _agreement(args: argparse.Namespace) -> None:
    from core.workflows.second_reads import agreement  # noqa: PLC0415 - scipy, only where needed

    found = agreement(args.task)
    document = {
        "pairs": [
            {"readers": readers, "cohen_kappa": figure} for readers, figure in found.pairs.items()
        ],
        "fleiss_kappa": found.fleiss,
        "n_second": found.n_second,
        "switches": found.switches,
        "changed_where_right": found.switches.changed_where_right,
        "changed_where_wrong": found.switches.changed_where_wrong,
    }
    lines = [f"{a} and {b}: kappa {figure_text(k)}" for (a, b), k in found.pairs.items()]
    lines.append(f"Fleiss' kappa of {found.n_second} cases: {figure_text(found.fleiss)}")
    args.out.document(document, text="\n".join(lines))


def _labels(args: argparse.Namespace) -> None:
    from core.workflows.verdict_labels import write_labels  # noqa: PLC0415 - as above

    made = write_labels(args.task, args.folder)
    text = f"{made.n} pictures of {made.groups} patients; {made.left_out} cases left out"
    args.out.document(made, text=text)


def _rebuild(args: argparse.Namespace) -> None:
    n = rebuild_worklist()
    args.out.document({"rows": n}, text=f"The worklist has {n} lines.")


def _lines(source: str) -> Iterator[bytes]:
    if source == "-":
        yield from iter(sys.stdin.buffer.readline, b"")  # a line at a time, while the pipe is open
        return
    try:
        with Path(source).open("rb") as stream:
            yield from stream
    except OSError as error:
        raise ArgumentError(
            f"The file cannot be read ({type(error).__name__}).", remedy="Name a file, or -."
        ) from None


def _after(sort: str, text: str | None) -> tuple[Any, int] | None:
    if text is None:
        return None
    value, _, number = text.rpartition(",")
    try:
        place = _KINDS.get(sort, datetime.fromisoformat)(value), int(number)
        if not all(isinstance(part, datetime) or abs(part) <= _LARGEST for part in place):
            raise ValueError  # NaN, too
    except ValueError:
        raise ArgumentError(
            f"--after {text!r} is no place in this order.",
            remedy="Give `after` of the last line before, with the same --sort.",
        ) from None
    return place


def _place(row: WorklistRow, sort: str) -> str:
    """Return what ``--after`` takes to begin after this line."""
    value = getattr(row, sort)
    if value is None:  # without an answer it stands at 1
        value = 1.0
    said = value.isoformat() if isinstance(value, datetime) else repr(value)
    return f"{said},{row.number}"


def _line(row: WorklistRow) -> str:
    risk = "  –  " if row.risk is None else f"{row.risk:5.1%}"
    needs = f"  needs {row.needs}" if row.needs else ""
    return f"{row.case_id}  {row.state:<14}  {risk}  {row.finding or ''}{needs}"
