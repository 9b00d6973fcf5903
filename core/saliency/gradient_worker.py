"""HEAVY: the gradient process: a child of the server that answers what needs TensorFlow.

``python -m core.saliency.gradient_worker`` reads requests from its standard input and writes what
it answers to its standard output (``core.saliency.messages``). It keeps its own copy of the last
networks, computes one request at a time, and ends when its input does: a server that dies, however
it dies, leaves no process behind.
"""

from __future__ import annotations

import importlib
import os
import queue
import threading
from collections import OrderedDict
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO, Self

import numpy as np
import tensorflow as tf

from core.config import settings
from core.errors import CoreError, ModelVersionError
from core.inference.keras_file import load_network
from core.inference.package import read_version
from core.logs import log_unforeseen
from core.saliency.activation_maximisation import maximise
from core.saliency.gradient_network import GradientNetwork
from core.saliency.maximum_settings import MaximumSettings
from core.saliency.messages import Message, read_message, write_message
from core.saliency.raw_maps import Watch

METHOD_MODULES = {
    "saliency": "core.saliency.saliency_map",
    "smooth_grad": "core.saliency.smooth_grad",
}
MAX_KEPT = 2  # networks


class Worker:
    """Answers requests one after another.

    Parameters
    ----------
    incoming, outgoing : binary streams
    """

    def __init__(self, incoming: BinaryIO, outgoing: BinaryIO) -> None:
        self._incoming, self._outgoing = incoming, outgoing
        self._requests: queue.Queue[tuple[Message, Watch]] = queue.Queue()
        self._watches: dict[int, Watch] = {}
        self._networks: OrderedDict[str, GradientNetwork] = OrderedDict()

    def serve(self) -> None:
        """Answer until the input ends; never returns."""
        threading.Thread(target=self._read, daemon=True).start()
        self._say({"kind": "ready"})
        while True:
            request, watch = self._requests.get()
            with _Reported(self, int(request.header["id"])):
                self._answer(request, watch)
            self._watches.pop(int(request.header["id"]), None)

    def _read(self) -> None:
        while (message := read_message(self._incoming)) is not None:
            number = int(message.header["id"])
            if message.kind == "stop":
                if number in self._watches:
                    self._watches[number].stop()
                continue
            self._watches[number] = self._watch(number)
            self._requests.put((message, self._watches[number]))
        # Nobody listens any more; whatever is being computed is for nobody.
        os._exit(0)

    def _watch(self, number: int) -> Watch:
        return Watch(
            lambda done, total: self._say(
                {"kind": "progress", "id": number, "done": done, "total": total}
            ),
            lambda words: self._say({"kind": "words", "id": number, "words": words}),
        )

    def _answer(self, request: Message, watch: Watch) -> None:
        header = request.header
        network = self._network(Path(header["version"]), str(header["digest"]), watch)
        if request.kind == "maximise":
            asked = MaximumSettings(**header["settings"])
            pixels = maximise(
                network, header["layer"], header["channel"], settings=asked, watch=watch
            )
            arrays: dict[str, Any] = {"pixels": pixels}
            said = {"kind": "answer"}
        else:
            method = importlib.import_module(METHOD_MODULES[header["method"]])
            maps = method.explain(network, request.arrays["batch"], header["classes"], watch=watch)
            arrays, said = {"grids": maps.grids}, {"kind": "answer", "layer": maps.layer}
        self._say(said | {"id": header["id"]}, arrays)

    def _network(self, folder: Path, digest: str, watch: Watch) -> GradientNetwork:
        if digest not in self._networks:
            watch.say("The network is being loaded")
            version = read_version(folder)
            if version.digest != digest:
                raise ModelVersionError(
                    f"Model version {version.name} was changed.", remedy="Install it again."
                )
            self._networks[digest] = GradientNetwork(load_network(version))
            while len(self._networks) > MAX_KEPT:
                self._networks.popitem(last=False)
        self._networks.move_to_end(digest)
        return self._networks[digest]

    def _say(self, header: dict[str, Any], arrays: dict[str, Any] | None = None) -> None:
        write_message(self._outgoing, Message(header, arrays or {}))

    def refuse(self, number: int, error: CoreError) -> None:
        """Answer a request with an error that we understand."""
        words = {"type": type(error).__name__, "problem": error.problem, "remedy": error.remedy}
        self._say({"kind": "error", "id": number, **words})


class _Reported:
    """Answers our own errors; any other goes to the log and ends the process."""

    def __init__(self, worker: Worker, number: int) -> None:
        self._worker, self._number = worker, number

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> bool:
        if isinstance(error, CoreError):
            self._worker.refuse(self._number, error)
            return True
        if error is not None:
            log_unforeseen(error)
        return False


def main() -> None:
    """Serve the streams that the process was started with."""
    incoming, outgoing = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    # What TensorFlow or tf-keras-vis print must not get between the messages.
    os.dup2(2, 1)
    threads = settings().inference_threads
    if threads:
        tf.config.threading.set_intra_op_parallelism_threads(threads)
        tf.config.threading.set_inter_op_parallelism_threads(threads)
    np.seterr(all="ignore")
    Worker(incoming, outgoing).serve()


if __name__ == "__main__":
    main()
