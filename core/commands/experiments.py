"""List the experiments that ``train --experiment`` runs: the product's and your own."""

from __future__ import annotations

import argparse

from core.commands.arguments import add_task
from core.workflows.experiments import experiment_notes, experiment_rows


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of ``experiments``."""
    add_task(parser, required=False)


def run(args: argparse.Namespace) -> int:
    """List them, with what they reproduce and how they are judged."""
    rows = experiment_rows(args.task)
    for sentence in experiment_notes():
        args.out.progress(sentence)
    args.out.document(rows, text="\n".join(row.text for row in rows) or "None.")
    return 0
