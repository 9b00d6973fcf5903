"""Stands in for the gradient process without TensorFlow: it does what a request tells it to."""

from __future__ import annotations

import os
import threading
import time

from core.saliency.messages import Message, read_message, write_message

_stopped: set[int] = set()


def main() -> None:
    """Answer ``echo``, end at ``crash``, never answer ``hang``, count until stopped."""
    requests: list[Message] = []
    incoming, outgoing = os.fdopen(0, "rb"), os.fdopen(1, "wb")

    def read() -> None:
        while (message := read_message(incoming)) is not None:
            if message.kind == "stop":
                _stopped.add(message.header["id"])
            else:
                requests.append(message)
        os._exit(0)

    threading.Thread(target=read, daemon=True).start()
    write_message(outgoing, Message({"kind": "ready"}))
    while True:
        if not requests:
            time.sleep(0.01)
            continue
        _answer(requests.pop(0), outgoing)


def _answer(request: Message, outgoing) -> None:
    number = request.header["id"]
    if request.kind == "crash":
        os._exit(3)
    while request.kind == "hang":
        time.sleep(0.1)
    if request.kind == "refuse":
        words = {"type": "ModelVersionError", "problem": "It was changed.", "remedy": "Install it."}
        write_message(outgoing, Message({"kind": "error", "id": number, **words}))
        return
    done = 0
    while request.kind == "count" and number not in _stopped:
        done += 1
        progress = {"kind": "progress", "id": number, "done": done, "total": 1000}
        write_message(outgoing, Message(progress))
        time.sleep(0.01)
    write_message(outgoing, Message({"kind": "answer", "id": number}, request.arrays))


if __name__ == "__main__":
    main()
