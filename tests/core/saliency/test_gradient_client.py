"""The server's end of the gradient process: progress, stopping, crashes, idling, no orphans."""

from __future__ import annotations

import io
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator

import numpy as np
import pytest

from core.errors import CancelledError, ExplanationError, ModelVersionError
from core.saliency import gradient_client
from core.saliency.gradient_client import STARTING, GradientClient
from core.saliency.gradient_process import GradientProcess
from core.saliency.messages import Message, read_message, write_message
from core.saliency.raw_maps import Watch
from tests.source_tree import ROOT

ECHO = "tests.core.saliency.echo_worker"


def start() -> GradientProcess:
    return GradientProcess(ECHO)


@pytest.fixture
def client() -> Iterator[GradientClient]:
    made = GradientClient(start=start)
    yield made
    made.close()


def ask(client: GradientClient, kind: str, watch: Watch | None = None, **arrays) -> Message:
    return client.ask({"kind": kind}, arrays, watch or Watch())


def until(is_true: Callable[[], bool], seconds: float = 20.0) -> bool:
    end = time.monotonic() + seconds
    while not is_true() and time.monotonic() < end:
        time.sleep(0.02)
    return is_true()


def is_running(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    with open(f"/proc/{pid}/stat") as stat:
        return stat.read().rsplit(")", 1)[1].split()[0] != "Z"


def test_a_message_cut_short_is_no_message():
    stream = io.BytesIO()
    write_message(stream, Message({"kind": "a"}, {"values": np.ones(3)}))
    assert read_message(io.BytesIO(stream.getvalue()[:-1])) is None


def test_one_process_answers_one_request_after_another_and_says_that_it_starts(client):
    said: list[str] = []
    watch = Watch(None, said.append)
    values = np.arange(5, dtype=np.float32)
    assert ask(client, "echo", watch, values=values).arrays["values"].tolist() == values.tolist()
    pid = client.pid
    ask(client, "echo", watch)
    assert (client.pid, STARTING in said) == (pid, True)


def test_progress_is_passed_on_and_a_stopped_request_leaves_the_process_for_the_next(client):
    done: list[int] = []
    watch = Watch(lambda number, _: (done.append(number), watch.stop() if number > 3 else None))
    with pytest.raises(CancelledError):
        ask(client, "count", watch)
    pid = client.pid
    ask(client, "echo")
    assert max(done) > 3
    assert client.pid == pid


def test_whatever_ends_the_waiting_stops_the_request(client):
    def leave(done: int, total: int) -> None:
        raise KeyboardInterrupt  # as Streamlit ends the run of a page that was left

    with pytest.raises(KeyboardInterrupt):
        ask(client, "count", Watch(leave))
    assert ask(client, "echo").kind == "answer"


def test_a_request_that_does_not_stop_costs_its_process_and_nothing_else(client, monkeypatch):
    monkeypatch.setattr(gradient_client, "GRACE_SECONDS", 0.3)
    ask(client, "echo")
    first = client.pid
    watch = Watch()
    threading.Timer(0.3, watch.stop).start()
    with pytest.raises(CancelledError):
        ask(client, "hang", watch)
    assert ask(client, "echo").kind == "answer"
    assert client.pid != first
    assert not is_running(first)


def test_a_process_that_says_nothing_for_too_long_is_ended(client, monkeypatch):
    ask(client, "echo")
    monkeypatch.setattr(gradient_client, "SILENT_SECONDS", 0.3)
    with pytest.raises(ExplanationError, match="said nothing"):
        ask(client, "hang")
    assert client.pid is None


def test_a_crash_is_said_in_a_sentence_and_the_next_request_works(client):
    with pytest.raises(ExplanationError, match=r"code 3\)\. Ask again"):
        ask(client, "crash")
    assert ask(client, "echo").kind == "answer"


def test_what_the_process_refuses_keeps_its_type_and_the_process(client):
    with pytest.raises(ModelVersionError, match="It was changed"):
        ask(client, "refuse")
    assert client.pid is not None


def test_an_idle_process_ends():
    client = GradientClient(idle_s=0.2, start=start)
    ask(client, "echo")
    pid = client.pid
    assert until(lambda: client.pid is None)
    assert until(lambda: not is_running(pid))


def test_others_wait_their_turn_and_too_many_are_sent_away(client, monkeypatch):
    monkeypatch.setattr(gradient_client, "MAX_WAITING", 1)
    ask(client, "echo")
    watches = [Watch(), Watch()]
    said: list[str] = []
    watches[1] = Watch(None, said.append)
    threads = []
    for watch in watches:
        threads.append(threading.Thread(target=_count, args=(client, watch)))
        threads[-1].start()
        time.sleep(0.5)
    with pytest.raises(ExplanationError, match="waiting already"):
        ask(client, "echo")
    for watch in watches:
        watch.stop()
    for thread in threads:
        thread.join(20)
    assert gradient_client.QUEUED in said


def _count(client: GradientClient, watch: Watch) -> None:
    with pytest.raises(CancelledError):
        ask(client, "count", watch)


ORPHAN = f"""
import os, signal
from core.saliency.gradient_client import GradientClient
from core.saliency.gradient_process import GradientProcess
from core.saliency.raw_maps import Watch
client = GradientClient(start=lambda: GradientProcess("{ECHO}"))
client.ask({{"kind": "echo"}}, {{}}, Watch())
print(client.pid, flush=True)
os.kill(os.getpid(), signal.SIGKILL)
"""


def test_a_server_that_is_killed_leaves_no_process_behind():
    done = subprocess.run(
        [sys.executable, "-c", ORPHAN],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    pid = int(done.stdout)
    assert until(lambda: not is_running(pid))
