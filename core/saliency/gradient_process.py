"""A running gradient process: start it, send it messages, receive them with a timeout, end it."""

from __future__ import annotations

import contextlib
import os
import queue
import subprocess
import sys
import threading
from typing import BinaryIO, cast

from core.config import ROOT, settings
from core.errors import ExplanationError
from core.saliency.messages import Message, read_message, write_message

MODULE = "core.saliency.gradient_worker"
END_SECONDS = 1.0


class GradientProcess:
    """One child process; its owner calls it from one thread at a time.

    Parameters
    ----------
    module : str
        What the child runs: something that speaks ``core.saliency.messages``.

    Attributes
    ----------
    is_ready : bool
        Whether it has said that TensorFlow is loaded.
    """

    def __init__(self, module: str = MODULE) -> None:
        self.is_ready = False
        self._messages: queue.Queue[Message | None] = queue.Queue()
        try:
            self._child = subprocess.Popen(
                [sys.executable, "-m", module],
                cwd=ROOT,
                env=_environment(),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                start_new_session=True,  # Ctrl-C ends the server, whose end ends this
            )
        except OSError as error:
            raise ExplanationError(
                f"The process that computes gradients cannot be started ({error.strerror}).",
                remedy="Close other programs and ask again.",
            ) from None
        self._in, self._out = (
            cast(BinaryIO, self._child.stdin),
            cast(BinaryIO, self._child.stdout),
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._child.pid

    @property
    def is_alive(self) -> bool:
        """Whether it still runs."""
        return self._child.poll() is None

    def send(self, message: Message) -> None:
        """Send a message.

        Raises
        ------
        ExplanationError
            If the process has ended.
        """
        try:
            write_message(self._in, message)
        except (OSError, ValueError):  # ValueError: the stream is closed already
            raise self._ended() from None

    def receive(self, timeout_s: float) -> Message | None:
        """Return the next message; None where none came in time.

        Raises
        ------
        ExplanationError
            If the process has ended.
        """
        try:
            message = self._messages.get(timeout=timeout_s)
        except queue.Empty:
            return None
        if message is None:
            raise self._ended()
        return message

    def end(self) -> None:
        """End the process: its input is closed, and it is killed where that does not help."""
        with contextlib.suppress(OSError):
            self._in.close()
        try:
            self._child.wait(END_SECONDS)
        except subprocess.TimeoutExpired:
            self._child.kill()
            self._child.wait()
        self._reader.join(END_SECONDS)
        self._out.close()

    def _read(self) -> None:
        with contextlib.suppress(OSError, ValueError):  # closed while it was being read
            while (message := read_message(self._out)) is not None:
                self._messages.put(message)
        self._messages.put(None)

    def _ended(self) -> ExplanationError:
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._child.wait(END_SECONDS)
        return ExplanationError(
            "The process that computes gradients ended before it answered "
            f"(code {self._child.poll()}).",
            remedy="Ask again: it starts anew. Should it end again, the computer may lack memory.",
        )


def _environment() -> dict[str, str]:
    """Return the child's environment: TensorFlow whatever this process uses, the CPU, few threads.

    A GPU would answer slightly differently, and belongs to training.
    """
    made = {
        **os.environ,
        "KERAS_BACKEND": "tensorflow",
        "CUDA_VISIBLE_DEVICES": "-1",
        "TF_CPP_MIN_LOG_LEVEL": "3",
        "PYTHONWARNINGS": "ignore",
    }
    threads = settings().inference_threads
    if threads:
        made["OMP_NUM_THREADS"] = str(threads)
    return made
