"""Ask the gradient process: one process a server, one request at a time, and none left behind.

The caller waits in its own thread on a queue, which holds no lock of the interpreter: other
sessions go on. The process starts with the first request and ends when nothing was asked for a
while, and with the server.
"""

from __future__ import annotations

import atexit
import contextlib
import itertools
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from typing import Any

from numpy.typing import NDArray

from core import errors
from core.domain import ByteArray, FloatArray
from core.errors import ExplanationError
from core.inference.package import ModelVersion
from core.saliency.gradient_process import GradientProcess
from core.saliency.maximum_settings import MaximumSettings
from core.saliency.maximum_store import read_maximum, write_maximum
from core.saliency.messages import Message
from core.saliency.raw_maps import RawMaps, Watch
from core.tasks import load_task

IDLE_SECONDS = 300.0
SILENT_SECONDS = 300.0  # without any message: it hangs
GRACE_SECONDS = 5.0  # for a stopped request to end before its process is ended instead
POLL_SECONDS = 0.2  # how often a person who waits may change their mind
MAX_WAITING = 4
STARTING = "TensorFlow is starting; this happens once"
QUEUED = "Another explanation is being computed; this one comes next"


class GradientClient:
    """The server's end of the gradient process.

    Parameters
    ----------
    idle_s : float
        Seconds without a request after which the process ends.
    start : callable
        Starts the process.
    """

    def __init__(
        self,
        *,
        idle_s: float = IDLE_SECONDS,
        start: Callable[[], GradientProcess] = GradientProcess,
    ) -> None:
        self._idle_s, self._start = idle_s, start
        self._turn = threading.Lock()
        self._guard = threading.Lock()
        self._n_waiting = 0
        self._numbers = itertools.count(1)
        self._process: GradientProcess | None = None
        self._stopped: tuple[int, float] | None = None  # a request asked to stop, and when
        self._idle: threading.Timer | None = None

    @property
    def pid(self) -> int | None:
        """Process id of the child; None where none runs."""
        process = self._process
        return process.pid if process is not None and process.is_alive else None

    def ask(
        self, header: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]], watch: Watch
    ) -> Message:
        """Return the answer to a request.

        Raises
        ------
        CancelledError
            If the watch was stopped.
        ExplanationError
            If too many wait, or the process ended or hangs.
        CoreError
            What the process itself refused, as the type it was.
        """
        with self._in_turn(watch):
            try:
                process = self._running(watch)
                return self._answer(process, header, arrays, watch)
            except ExplanationError:
                if self._process is not None and not self._process.is_alive:
                    self._end()
                raise
            finally:
                self._await_idle()

    def close(self) -> None:
        """End the process; the next request starts another."""
        with self._turn:
            self._end()

    def end_now(self) -> None:
        """End the process at once, whatever it computes: the server itself is ending."""
        self._end()

    @contextmanager
    def _in_turn(self, watch: Watch) -> Iterator[None]:
        with self._guard:
            if self._n_waiting >= MAX_WAITING:
                raise ExplanationError(
                    f"{MAX_WAITING} other explanations are waiting already.",
                    remedy="Ask again in a minute.",
                )
            self._n_waiting += 1
        try:
            while not self._turn.acquire(timeout=POLL_SECONDS):
                watch.say(QUEUED)
        finally:
            with self._guard:
                self._n_waiting -= 1
        try:
            yield
        finally:
            self._turn.release()

    def _running(self, watch: Watch) -> GradientProcess:
        """Return the process, ready for a request: started, and done with a stopped one."""
        if self._idle is not None:
            self._idle.cancel()
        process = self._process
        if process is not None and (not process.is_alive or not self._let_stop(process, watch)):
            self._end()
        if self._process is None:
            self._process = self._start()
        process, began = self._process, time.monotonic()
        while not process.is_ready:
            watch.say(STARTING)
            message = process.receive(POLL_SECONDS)
            process.is_ready = message is not None and message.kind == "ready"
            self._check_silence(began)
        return process

    def _let_stop(self, process: GradientProcess, watch: Watch) -> bool:
        """Wait for a stopped request to end; False where it does not end in time."""
        while self._stopped is not None:
            number, since = self._stopped
            if time.monotonic() - since > GRACE_SECONDS:
                return False
            watch.say(QUEUED)
            message = process.receive(POLL_SECONDS)
            if message is not None and message.header.get("id") == number and _is_last(message):
                self._stopped = None
        return True

    def _answer(
        self,
        process: GradientProcess,
        header: Mapping[str, Any],
        arrays: Mapping[str, NDArray[Any]],
        watch: Watch,
    ) -> Message:
        number = next(self._numbers)
        process.send(Message({**header, "id": number}, arrays))
        try:
            answer = self._wait(process, number, watch)
        except ExplanationError:  # it ended, or hangs: there is nothing to stop
            raise
        except BaseException:  # a person who stopped it, or a page that was left
            self._stopped = (number, time.monotonic())
            with contextlib.suppress(ExplanationError):
                process.send(Message({"kind": "stop", "id": number}))
            raise
        if answer.kind == "error":
            raise _error_of(answer)
        return answer

    def _wait(self, process: GradientProcess, number: int, watch: Watch) -> Message:
        heard, last = time.monotonic(), Message({"kind": "progress", "done": 0, "total": 1})
        while True:
            message = process.receive(POLL_SECONDS)
            if message is None:
                self._check_silence(heard)
            elif message.header.get("id") == number:
                heard, last = time.monotonic(), message
            if _is_last(last):
                return last
            _pass_on(last, watch)

    def _check_silence(self, since: float) -> None:
        if time.monotonic() - since > SILENT_SECONDS:
            self._end()
            raise ExplanationError(
                f"The process that computes gradients said nothing for {SILENT_SECONDS:.0f} s.",
                remedy="It was ended; ask again.",
            )

    def _await_idle(self) -> None:
        if self._idle is not None:
            self._idle.cancel()
        if self._process is not None:
            self._idle = threading.Timer(self._idle_s, self._end_when_idle)
            self._idle.daemon = True
            self._idle.start()

    def _end_when_idle(self) -> None:
        if self._turn.acquire(blocking=False):  # otherwise it is not idle
            try:
                self._end()
            finally:
                self._turn.release()

    def _end(self) -> None:
        process, self._process, self._stopped = self._process, None, None
        if process is not None:
            process.end()


def _is_last(message: Message) -> bool:
    return message.kind in {"answer", "error"}


def _pass_on(message: Message, watch: Watch) -> None:
    # Repeated while nothing new comes: each time, whoever waits may stop.
    if message.kind == "words":
        watch.say(str(message.header["words"]))
    else:
        watch.tell(int(message.header["done"]), int(message.header["total"]))


def _error_of(message: Message) -> errors.CoreError:
    kind = getattr(errors, str(message.header["type"]), ExplanationError)
    made: errors.CoreError = kind(message.header["problem"], remedy=message.header["remedy"])
    return made


_client = GradientClient()
atexit.register(_client.end_now)


def explain_by_gradients(
    version: ModelVersion,
    method: str,
    batch: FloatArray,
    classes: Sequence[int],
    watch: Watch | None = None,
) -> RawMaps:
    """Return the raw maps of one picture by a method that differentiates the Keras network.

    Parameters
    ----------
    version : ModelVersion
    method : str
        ``saliency`` or ``smooth_grad``.
    batch : ndarray of shape (1, rows, columns, 3), float32, 0..255
    classes : sequence of int
    watch : Watch or None
        Told of TensorFlow's start in words, then of steps.

    Returns
    -------
    RawMaps
        ``grids`` (n_classes, rows, columns) at the pixels.

    Raises
    ------
    CancelledError, ExplanationError, ModelVersionError
        As ``GradientClient.ask``.
    """
    header = {
        **_of(version),
        "kind": "explain",
        "method": method,
        "classes": [int(index) for index in classes],
    }
    answer = _client.ask(header, {"batch": batch}, watch or Watch())
    return RawMaps(answer.arrays["grids"], str(answer.header["layer"]))


def maximise(
    version: ModelVersion, layer: str, channel: int, watch: Watch | None = None
) -> ByteArray:
    """Return the picture that excites a channel most, (rows, columns, 3) uint8; kept in the home.

    Raises
    ------
    CancelledError, ExplanationError, ModelVersionError
        As ``GradientClient.ask``; ExplanationError also for a layer or channel that is not there.
    """
    settings = settings_for(version)
    kept = read_maximum(version.digest, layer, channel, settings)
    if kept is not None:
        return kept
    header = {
        **_of(version),
        "kind": "maximise",
        "layer": layer,
        "channel": int(channel),
        "settings": asdict(settings),
    }
    pixels: ByteArray = _client.ask(header, {}, watch or Watch()).arrays["pixels"]
    write_maximum(version.digest, layer, channel, settings, pixels)
    return pixels


def kept_maximum(version: ModelVersion, layer: str, channel: int) -> ByteArray | None:
    """Return what ``maximise`` found earlier, without computing anything; None where nothing is."""
    return read_maximum(version.digest, layer, channel, settings_for(version))


def settings_for(version: ModelVersion) -> MaximumSettings:
    """Return the settings of the search: grey where the task's pictures are."""
    return MaximumSettings(is_grey=load_task(version.card.task).colour == "grey")


def _of(version: ModelVersion) -> dict[str, str]:
    return {"version": str(version.path.resolve()), "digest": version.digest}
