"""The threshold that finds enough of a class, what it does on other cases, and its price."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from core.commands.answers import figure_text
from core.commands.arguments import add_class_names, add_task
from core.errors import ArgumentError
from core.tasks import load_task
from core.workflows.threshold_files import Demand, operating_point_of_files


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of ``operating-point``."""
    parser.add_argument(
        "--predictions",
        metavar="FILE.csv",
        type=Path,
        required=True,
        help="file, y_true, one probability column named as each class; optional group and slices",
    )
    parser.add_argument(
        "--class", dest="class_name", metavar="C", required=True, help="the class to be found"
    )
    parser.add_argument(
        "--sensitivity", metavar="S", type=_share, required=True, help="at least: above 0, up to 1"
    )
    parser.add_argument(
        "--prevalence", metavar="P", type=_share, help="where it is used; the file's share else"
    )
    parser.add_argument(
        "--calibration",
        metavar="FILE.csv",
        type=Path,
        help="other cases, which choose the threshold; without them nothing can be claimed",
    )
    add_task(parser, required=False)
    add_class_names(parser)


def run(args: argparse.Namespace) -> int:
    """Choose the threshold, hold it against the file, and give figures and price."""
    if args.task is not None and args.class_names is not None:
        raise ArgumentError(
            "Both --task and --class-names were given.", remedy="Name one of them, or neither."
        )
    document = operating_point_of_files(
        args.predictions,
        Demand(args.class_name, args.sensitivity, args.prevalence),
        calibration=args.calibration,
        class_names=args.class_names,
        task=load_task(args.task) if args.task else None,
    )
    args.out.document(document, text=_text(document))
    return 0


def _share(text: str) -> float:
    """Read a number; whether it is a share is judged where it is used."""
    try:
        return float(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number") from None


def _text(document: dict[str, Any]) -> str:
    """Return the answer as a person reads it in a terminal."""
    lines = [
        f"{document['class']}: at least {document['sensitivity_asked']:.1%}, threshold "
        f"{_number(document['threshold'], '.4f')} (from: {document['threshold_from']})"
    ]
    levels = [("by picture", document), ("by group", document["by_group"])]
    for title, level in [item for item in levels if item[1] is not None]:
        price = level["per_1000"]
        bound = _number(level["lower_bound_one_sided_95"], ".3f")
        claim = {True: "holds", False: "does not hold", None: "cannot be made"}
        lines += [
            f"{title} (n {level['n']}, {level['n_positive']} positive)",
            f"  sensitivity        {figure_text(level['sensitivity'])}",
            f"  specificity        {figure_text(level['specificity'])}",
            f"  lower bound        {bound} (one-sided 95 %, exact): the claim "
            f"{claim[level['claim_holds']]}",
            f"  positives needed   {level['positives_needed']} with the misses seen",
            f"  per 1,000 at {level['prevalence']:.1%}: misses {_number(price['misses'], '.1f')}, "
            f"false alarms {_number(price['false_alarms'], '.1f')}",
            "  extra reads per miss avoided "
            f"{_number(price['extra_reads_per_miss_avoided'], '.1f')}",
        ]
    return "\n".join([*lines, *document["warnings"]])


def _number(value: float | None, form: str) -> str:
    return "undefined" if value is None else format(value, form)
