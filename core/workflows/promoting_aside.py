"""Promote from a page: MLflow's alias is set by a process of its own, since MLflow is heavy."""

from __future__ import annotations

import sys
from contextlib import suppress

from core.config import ROOT, settings
from core.errors import ArgumentError
from core.jobs.process import spawn
from core.workflows.comparing import Question
from core.workflows.promoting import Override, Promoted, has_registry, promote_untold

_MIRROR = "import sys; from core.workflows.promoting import mirror; mirror(*sys.argv[1:])"


def promote_aside(
    task: str, version: str, question: Question, *, against: str, by: str, why: str = ""
) -> Promoted:
    """Compare a version with the champion and promote it if it passes, or for a reason given.

    Parameters
    ----------
    task, version, question, against
        As for :func:`core.workflows.promoting.promote`.
    by : str
        Who promotes.
    why : str
        Why it is promoted whatever the check says; empty: only if it passes.

    Raises
    ------
    ArgumentError
        If nobody's name is given.
    CoreError
        As ``promote``.
    """
    if not by.strip():
        raise ArgumentError("Nobody's name was given.", remedy="Say who promotes.", column="by")
    override = Override(why, by) if why.strip() else None
    done = promote_untold(task, version, question, against=against, override=override, by=by)
    if done.promotion is not None and has_registry():
        log = settings().home / "logs" / "mlflow_alias.log"
        with suppress(OSError):  # the promotion stands in the database; the alias mirrors it
            log.parent.mkdir(parents=True, exist_ok=True)
            command = [sys.executable, "-c", _MIRROR, task, version]
            spawn(command, folder=ROOT, log=log)
    return done
