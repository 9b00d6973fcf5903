"""What guards a training run: it ends when asked to, alone in its version, with a right network."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from core.config import settings
from core.errors import JobError
from core.jobs.lock import held
from core.training.experiments import Resolved


@contextmanager
def ending_on_request() -> Iterator[None]:
    """Let a request to end (SIGTERM) end the block as a key press (Ctrl-C) would.

    Temporary files go, whole epochs stay, and MLflow's run ends as killed. Signals are heard by the
    main thread alone: in another one nothing changes.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, signal.SIG_DFL if before is None else before)


@contextmanager
def only_run(task: str, version: str) -> Iterator[None]:
    """Train a version in one process at a time: the second could only fail, when all is done.

    A run that was killed holds nothing: it can be taken up again at once.

    Raises
    ------
    JobError
        If the version is being trained, or the home cannot be written.
    """
    with ExitStack() as stack:
        try:
            stack.enter_context(held(settings().home / "locks" / f"{task}-{version}.lock"))
        except BlockingIOError:
            raise JobError(
                f"{version} of task {task} is being trained already, by another process.",
                remedy="Wait until that run has ended, or give another --version.",
            ) from None
        yield


def refuse_wrong_network(resolved: Resolved) -> None:
    """Build the network of a run once before its pictures are read, which may take an hour.

    Raises
    ------
    TrainingError
        If weights cannot be had, or a layer that the settings name is not there or is none that
        they can name.
    """
    from core.training.network_check import check_network

    check_network(
        resolved.config,
        n_classes=len(resolved.task.class_names),
        input_size=resolved.recipe.output_size,
        backbones=settings().backbones,
    )
