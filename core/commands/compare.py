"""Whether a challenger may replace the champion, on the same cases: two predictions files."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from core.commands.arguments import add_class_names, add_task
from core.errors import ArgumentError
from core.tasks import load_task
from core.workflows.comparing import Question, compare_files, comparison_document

_VERDICTS = {
    "may replace": "B may replace A.",
    "may not": "B may not replace A.",
    "cannot tell": "Cannot tell whether B may replace A.",
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of ``compare``."""
    parser.add_argument("a", metavar="A.csv", type=Path, help="predictions of the champion")
    parser.add_argument(
        "b", metavar="B.csv", type=Path, help="predictions of the challenger, on the same files"
    )
    parser.add_argument(
        "--class", dest="class_name", metavar="C", required=True, help="the class of the misses"
    )
    parser.add_argument(
        "--margin",
        metavar="M",
        type=number,
        required=True,
        help="by how much the sensitivity may be lower: 0.05 is five points",
    )
    for key, who in (("a", "champion"), ("b", "challenger")):
        parser.add_argument(
            f"--threshold-{key}",
            metavar="X" if key == "a" else "Y",
            type=number,
            help=f"the {who} calls C at or above it; where C is the largest probability otherwise",
        )
    add_task(parser, required=False)
    add_class_names(parser)


def run(args: argparse.Namespace) -> int:
    """Compare, and give the verdict with what it rests on."""
    if args.task is not None and args.class_names is not None:
        raise ArgumentError(
            "Both --task and --class-names were given.", remedy="Name one of them, or neither."
        )
    made = compare_files(
        args.a,
        args.b,
        Question(args.class_name, args.margin, args.threshold_a, args.threshold_b),
        class_names=args.class_names,
        task=load_task(args.task) if args.task else None,
    )
    document = comparison_document(made)
    args.out.document(document, text=comparison_text(document))
    return 0


def number(text: str) -> float:
    """Read a number; whether it is a share is judged where it is used."""
    try:
        return float(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number") from None


def comparison_text(document: dict[str, Any]) -> str:
    """Return a comparison as a person reads it in a terminal."""
    misses, groups = document["misses"], document["groups"]
    drawn = f"{groups} groups" if groups is not None else "cases"
    lines = [
        _VERDICTS[document["verdict"]],
        document["reason"],
        f"{document['n']} cases, {document['n_positive']} of {document['class']}; resampled: "
        f"{drawn}",
        f"  sensitivity       A {_said(document['sensitivity_a'])}, "
        f"B {_said(document['sensitivity_b'])}",
        f"  difference        {_interval(document['sensitivity_difference'])}",
        f"  missed            both {misses['both_missed']}, only A {misses['only_a_missed']}, "
        f"only B {misses['only_b_missed']} (McNemar p {_said(document['mcnemar_p'])})",
        f"  AUC               A {_said(document['auc_a'])}, B {_said(document['auc_b'])}",
        f"  difference        {_interval(document['auc_difference'])} "
        f"(DeLong p {_said(document['auc_difference']['delong_p'])})",
    ]
    for row in document["slices"]:
        lines.append(f"  {row['slice']} {row['band']} (n {row['n']}): {_gap(row)}")
    for name, row in document["per_class"].items():
        lines.append(f"  {name} (n {row['n']}): {_gap(row)}")
    lines.append(f"called differently: {document['n_disagree']} cases")
    return "\n".join([*lines, *document["warnings"]])


def _gap(row: dict[str, Any]) -> str:
    return _interval({"value": row["difference"], "low": row["low"], "high": row["high"]})


def _said(value: float | None) -> str:
    return "undefined" if value is None else f"{value:.4f}"


def _interval(figure: dict[str, Any]) -> str:
    if figure["value"] is None:
        return "undefined"
    if figure["low"] is None:
        return f"{figure['value']:+.4f}, no interval"
    return f"{figure['value']:+.4f} ({figure['low']:+.4f} to {figure['high']:+.4f})"
