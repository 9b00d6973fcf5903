"""Arguments that several commands share."""

from __future__ import annotations

import argparse

_RESERVED = ("file", "y_true", "group")


def add_task(parser: argparse.ArgumentParser, *, required: bool = True) -> None:
    """Add ``--task``."""
    parser.add_argument("--task", metavar="T", required=required, help="key of the task")


def add_version(parser: argparse.ArgumentParser) -> None:
    """Add ``--version``: the task's champion otherwise."""
    parser.add_argument("--version", metavar="V", help="model version; the champion otherwise")


def add_already_applied(parser: argparse.ArgumentParser) -> None:
    """Add ``--already-applied``: None when not given, () for ``none``."""
    parser.add_argument(
        "--already-applied",
        metavar="STEP,…|none",
        type=steps,
        help="recipe steps that the pictures carry already; otherwise what the nearest "
        "dataset.yaml says, else none",
    )


def add_frame(parser: argparse.ArgumentParser) -> None:
    """Add ``--frame``."""
    parser.add_argument(
        "--frame", metavar="N", type=count_from_zero, help="frame to read, the first is 0"
    )


def add_series(parser: argparse.ArgumentParser, *, required: bool = True) -> None:
    """Add what says how a series is answered: by what, how prepared, which of several."""
    add_task(parser, required=required)
    add_version(parser)
    add_already_applied(parser)
    parser.add_argument(
        "--choose", metavar="N", type=count_from_zero, help="which of several series, from 1"
    )


def add_class_names(parser: argparse.ArgumentParser) -> None:
    """Add ``--class-names``: the classes of a model that is not ours."""
    parser.add_argument(
        "--class-names",
        metavar="a,b,…",
        type=names,
        help="classes of somebody else's model, in order; instead of --task",
    )


def names(text: str) -> tuple[str, ...]:
    """Read the class names.

    >>> names("benign, malignant")
    ('benign', 'malignant')
    """
    found = tuple(name.strip() for name in text.split(","))
    if len(found) < 2 or len(set(found)) < len(found) or not all(found):
        raise argparse.ArgumentTypeError(f"{text!r} is not at least two different names")
    taken = sorted(set(found) & set(_RESERVED))
    if taken:
        raise argparse.ArgumentTypeError(f"{taken[0]!r} is the name of another column")
    return found


def steps(text: str) -> tuple[str, ...]:
    """Read a comma-separated list of steps.

    >>> steps("resize_lanczos_224, clahe_lab_4_8x8"), steps("none")
    (('resize_lanczos_224', 'clahe_lab_4_8x8'), ())
    """
    names = tuple(name.strip() for name in text.split(",") if name.strip())
    return () if names == ("none",) else names


def count_from_zero(text: str) -> int:
    """Read a whole number of at least 0."""
    if not text.isdecimal():
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number of at least 0")
    return int(text)
