"""The command line: find the command, run it, turn every ending into the promised exit code.

A command is one module of ``core.commands`` with ``add_arguments(parser)`` and ``run(args)``, which
returns the exit code and gives its answer to ``args.out`` (:class:`core.commands.output.Output`).
Modules are imported only when their command is called, so a light one never pays for a heavy one.
"""

from __future__ import annotations

import argparse
import importlib
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import NoReturn, Protocol, Self, cast

from core.commands.output import Output, open_output, work_aside
from core.config import settings
from core.errors import ArgumentError, CoreError, ModelVersionError
from core.logs import log_event, log_file, log_unforeseen

ANSWERED = 0
WRONG_CALL = 2
NO_MODEL = 3
UNFORESEEN = 4
INTERRUPTED = 130  # 128 + SIGINT, as shells count
READER_GONE = 141  # 128 + SIGPIPE


@dataclass(frozen=True, slots=True)
class CommandSpec:
    """Where a command lives, and the line that the overview shows for it."""

    module: str
    summary: str


COMMANDS = {
    "predict": CommandSpec("core.commands.predict", "calibrated probabilities for pictures"),
    "explain": CommandSpec("core.commands.explain", "where a score is sensitive, as a map"),
    "explain-audit": CommandSpec(
        "core.commands.explain_audit", "whether the maps of a version deserve belief"
    ),
    "filters": CommandSpec("core.commands.filters", "what a layer of the network sees"),
    "evaluate": CommandSpec("core.commands.evaluate", "figures with n and intervals for a folder"),
    "check-split": CommandSpec("core.commands.check_split", "whether a split leaks; 1 when so"),
    "operating-point": CommandSpec(
        "core.commands.operating_point", "the threshold that finds enough, and its price"
    ),
    "compare": CommandSpec("core.commands.compare", "whether one model may replace another"),
    "promote": CommandSpec("core.commands.promote", "make a version the champion; 1 when not"),
    "import": CommandSpec("core.commands.importing", "a published folder as a data folder"),
    "preview": CommandSpec("core.commands.preview", "a recipe and augmentation on a picture"),
    "train": CommandSpec("core.commands.train", "fit a new model version"),
    "experiments": CommandSpec("core.commands.experiments", "what train --experiment can run"),
    "ensemble": CommandSpec("core.commands.ensemble", "several versions as one version"),
    "results": CommandSpec("core.commands.results", "every network measured, as one table"),
    "bench": CommandSpec("core.commands.bench", "speed against a bare pass and tf-keras-vis"),
    "cases": CommandSpec("core.commands.cases", "cases: add, list, show, verdicts"),
    "audit": CommandSpec("core.commands.audit", "whether the audit chain holds; replay a case"),
    "report": CommandSpec("core.commands.report", "a case as PDF, DICOM SR, captures, CSV"),
    "backup": CommandSpec("core.commands.backup", "database, pictures, settings in one file"),
    "restore": CommandSpec("core.commands.restore", "put a backup in place, verified first"),
    "users": CommandSpec("core.commands.users", "who may do what, where people log in"),
    "settings": CommandSpec("core.commands.settings", "every setting, its value and its source"),
}


class _Command(Protocol):
    add_arguments: Callable[[argparse.ArgumentParser], None]
    run: Callable[[argparse.Namespace], int]


class _Parser(argparse.ArgumentParser):
    """Raises instead of exiting, so that a wrong call is answered like any other error."""

    def error(self, message: str) -> NoReturn:
        raise ArgumentError(
            f"{message[:1].upper()}{message[1:]}.",
            remedy=" ".join(self.format_usage().split()).replace("usage:", "Usage:", 1),
        )


class _Ending:
    """Turns whatever ends a command into an exit code: nobody ever sees a traceback."""

    def __init__(self, out: Output) -> None:
        self.out = out
        self.code = UNFORESEEN

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> bool:
        match error:
            case None:
                return False
            case SystemExit():
                self.code = int(error.code or 0)
            case CoreError():
                self.code = NO_MODEL if isinstance(error, ModelVersionError) else WRONG_CALL
                self.out.error(error)
            case KeyboardInterrupt():
                self.code = INTERRUPTED
                self.out.error(CoreError("Interrupted.", remedy="Call the command again."))
            case BrokenPipeError():
                self.code = READER_GONE
            case _:
                self.code = UNFORESEEN
                log_unforeseen(error)
                self.out.error(_unforeseen(error))
        return True


def _unforeseen(error: BaseException) -> CoreError:
    # The text of a foreign exception may hold a file name or a patient's, so only its type is told.
    return CoreError(
        f"Something happened that the product did not foresee ({type(error).__name__}).",
        remedy=f"Nothing was changed; where it happened stands in {log_file()}.",
    )


def overview() -> str:
    """Return what ``python -m core --help`` shows."""
    width = max(map(len, COMMANDS))
    lines = [f"  {name:<{width}}  {spec.summary}" for name, spec in COMMANDS.items()]
    return "\n".join(
        [
            "Usage: python -m core COMMAND … [--json]",
            "",
            "Commands:",
            *lines,
            "",
            "python -m core COMMAND --help says more. Exit codes: 0 answered, 1 the check says no,",
            "2 wrong arguments or files, 3 no usable model version, 4 a fault of the product.",
            "",
        ]
    )


def _load(name: str) -> _Command:
    if name not in COMMANDS:
        raise ArgumentError(
            f"There is no command {name!r}.", remedy=f"Commands: {', '.join(COMMANDS)}."
        )
    return cast(_Command, importlib.import_module(COMMANDS[name].module))


def _run(arguments: Sequence[str], out: Output) -> int:
    words = [word for word in arguments if word != "--json"]
    if not words:
        raise ArgumentError("No command was given.", remedy=f"Commands: {', '.join(COMMANDS)}.")
    if words[0] in ("-h", "--help"):
        out.text(overview())
        return ANSWERED
    settings()  # a broken setting refuses before any work is done
    command = _load(words[0])
    parser = _Parser(
        prog=f"python -m core {words[0]}",
        description=(sys.modules[COMMANDS[words[0]].module].__doc__ or "").split("\n\n")[0],
        allow_abbrev=False,
    )
    parser.add_argument(
        "--json", action="store_true", help="one JSON document on standard output, nothing else"
    )
    command.add_arguments(parser)
    args = parser.parse_args(words[1:])
    args.json, args.out = out.as_json, out
    with work_aside():
        code = command.run(args)
    log_event("command_done", command=words[0], exit_code=code)
    return code


def main(arguments: Sequence[str]) -> int:
    """Run one command and return its exit code.

    Parameters
    ----------
    arguments : sequence of str
        What follows ``python -m core``.

    Returns
    -------
    int
        0 answered, 1 the check says no, 2 wrong call, 3 no usable model version, 4 unforeseen.
    """
    with open_output(as_json="--json" in arguments) as out:
        ending = _Ending(out)
        with ending:
            ending.code = _run(arguments, out)
    return ending.code
