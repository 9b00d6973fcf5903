"""The audit chain: whether it holds, and how a case looked when it was answered."""

from __future__ import annotations

import argparse
from pathlib import Path

from core.workflows.audit_chain import replay, verify_chain


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of ``audit``."""
    parts = parser.add_subparsers(dest="part", metavar="PART", required=True)
    check = parts.add_parser("verify", help="whether every row holds; 1 when not")
    check.add_argument("--head", metavar="N:HASH", help="a head that was kept elsewhere")
    again = parts.add_parser("replay", help="a case as it was answered")
    again.add_argument("case_id", metavar="CASE")
    again.add_argument("--out", dest="folder", metavar="DIR", type=Path, required=True)


def run(args: argparse.Namespace) -> int:
    """Run the part; 1 when the chain, or the repeated answer, does not hold."""
    if args.part == "verify":
        found = verify_chain(args.head)
        text = found.problem or f"{found.rows} rows hold; the head is {found.head}."
        args.out.document(found, text=text)
        return 0 if found.ok else 1
    again = replay(args.case_id, args.folder)
    same = "the same" if again.is_same else "NOT the same"
    text = f"{again.model_version} says {same}; {', '.join(again.files)} in {args.folder}"
    args.out.document(again, text=text)
    return 0 if again.is_same else 1
