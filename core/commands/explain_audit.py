"""Whether the maps of a model version deserve belief: random weights, chance, known places."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from core.commands.answers import figure_text
from core.commands.arguments import add_task, add_version
from core.commands.out_files import check_places
from core.domain import Figure
from core.errors import ArgumentError
from core.workflows.audit_records import ship_audit
from core.workflows.auditing import AuditRequest, Sizes, run_audit
from core.workflows.models import verified_version


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of ``explain-audit``."""
    add_task(parser)
    add_version(parser)
    parser.add_argument(
        "--data",
        metavar="DIR",
        type=Path,
        action="append",
        help="folder with labels.csv, or with boxes.csv for the pointing game; may be repeated; "
        "otherwise the task's own below the data root, and drawings",
    )
    parser.add_argument(
        "--methods",
        metavar="a,b,…",
        type=_keys,
        help="saliency methods; otherwise all that need no TensorFlow",
    )
    parser.add_argument(
        "--class", dest="class_name", metavar="C", help="class that the boxes of --data mark"
    )
    parser.add_argument(
        "--pictures",
        metavar="N",
        type=_positive,
        help=f"pictures for deletion and insertion, {Sizes().curves} without more",
    )
    parser.add_argument(
        "--afresh", action="store_true", help="measure again what was measured before"
    )
    parser.add_argument(
        "--out",
        dest="out_file",
        metavar="FILE.json",
        type=Path,
        help="write it for shipping, too",
    )


def run(args: argparse.Namespace) -> int:
    """Audit the maps of a version, store the audit and give it."""
    if args.out_file is not None:
        check_places([args.out_file])
    sizes = Sizes()
    if args.pictures is not None:
        sizes = replace(sizes, curves=args.pictures)
    request = AuditRequest(
        task=args.task,
        version=args.version,
        folders=args.data,
        methods=args.methods,
        boxes_class=args.class_name,
        sizes=sizes,
        afresh=args.afresh,
    )
    document = run_audit(request, on_progress=args.out.progress)
    if args.out_file is not None:
        _ship(args.task, document, args.out_file)
    args.out.document(document, text="\n".join(_lines(document)))
    return 0


def _ship(task: str, document: dict[str, Any], path: Path) -> None:
    try:
        ship_audit(verified_version(task, document["model_version"]), document, path)
    except OSError as error:
        raise ArgumentError(
            f"{path} cannot be written ({error.strerror}).", remedy="Name another file."
        ) from None


def _keys(text: str) -> tuple[str, ...]:
    """Read the methods.

    >>> _keys("grad_cam, rise")
    ('grad_cam', 'rise')
    """
    found = tuple(name.strip() for name in text.split(",") if name.strip())
    if not found:
        raise argparse.ArgumentTypeError(f"{text!r} names no method")
    return found


def _positive(text: str) -> int:
    if not text.isdecimal() or int(text) == 0:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number above 0")
    return int(text)


def _lines(document: dict[str, Any]) -> Iterator[str]:
    yield f"Maps of {document['model_version']} ({document['task']})"
    yield "likeness of the map to that of random weights (at most 0.4 passes)"
    for method, found in document["randomisation"].items():
        verdict = {True: "passes", False: "fails", None: "undefined"}[found["passes"]]
        yield f"  {method:<20} {_text(found['ssim'])}: {verdict}"
    for kind in ("deletion", "insertion"):
        yield f"{kind}: area, beside random maps"
        for method, found in document[kind].items():
            yield f"  {method:<20} {_text(found['area'])}; random {_text(found['random_area'])}"
    for name, found in document["pointing"].items():
        yield f"pointing at the finding: {name}, n {found['n']}"
        for key, figure in found.items():
            if key != "n":
                yield f"  {key:<20} {_text(figure)}"
    for name, found in document["energy"].items():
        yield f"energy inside the finding: {name}, n {found['n']}"
        for key, figure in found.items():
            if key != "n":
                yield f"  {key:<20} {_text(figure)}"
    yield from document["notes"]


def _text(figure: dict[str, Any]) -> str:
    return figure_text(Figure(**figure))
