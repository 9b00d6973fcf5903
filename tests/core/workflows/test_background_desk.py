"""Long work of a session: found by key, one at a time, stopped, never worked out twice."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator

import pytest

from core.errors import ExplanationError
from core.saliency.raw_maps import Watch
from core.workflows.background_desk import BackgroundDesk, Failure, Job

SOON = 5.0


@pytest.fixture
def desk() -> Iterator[BackgroundDesk]:
    made = BackgroundDesk()
    yield made
    made.close()


def endless(key: str, started: threading.Event | None = None) -> Job:
    def work(watch: Watch) -> dict[str, int]:
        for step in range(10_000):
            watch.tell(step, 10_000)
            if started:
                started.set()
            time.sleep(0.002)
        return {key: 1}

    return Job(f"Endless {key}", (key,), work)


def test_what_was_asked_for_is_found_and_not_worked_out_again(desk: BackgroundDesk):
    calls: list[str] = []
    job = Job("Two", ("a", "b"), lambda _: calls.append("x") or {"a": 1, "b": 2}, is_quick=True)
    desk.ask([job], wanted={"a", "b"})
    assert desk.wait(["a", "b"], SOON)
    assert (desk.found("a"), desk.found("b"), desk.found("c")) == (1, 2, None)
    assert desk.missing(["a", "c", "b"]) == ["c"]
    assert calls == ["x"]


def test_progress_is_told_and_a_person_can_stop_it_and_start_it_again(desk: BackgroundDesk):
    started = threading.Event()
    desk.ask([endless("a", started), endless("b")], wanted={"a", "b"})
    assert started.wait(SOON)
    progress = desk.progress
    assert progress and (progress.title, progress.total, progress.n_waiting) == (
        "Endless a", 10_000, 1,
    )  # fmt: skip
    assert desk.missing(["a", "b"]) == ["b"]
    desk.cancel()
    assert desk.wait(["a", "b"], SOON)
    assert desk.found("a").was_stopped and desk.found("b").was_stopped
    assert desk.missing(["a", "b"]) == []
    desk.forget_failures(["a", "b"])
    assert desk.missing(["a", "b"]) == ["a", "b"]


def test_a_quick_job_never_stands_behind_a_long_one(desk: BackgroundDesk):
    started = threading.Event()
    desk.ask([endless("long", started)], wanted={"long"})
    assert started.wait(SOON)
    before = desk.revision
    quick = Job("Quick", ("quick",), lambda _: {"quick": 1}, is_quick=True)
    desk.ask([quick], wanted={"long", "quick"})
    assert desk.wait(["quick"], SOON)
    assert desk.found("long") is None and desk.progress and desk.progress.title == "Endless long"
    assert desk.revision == before + 1


def test_what_nobody_wants_any_more_ends_and_leaves_nothing_behind(desk: BackgroundDesk):
    started = threading.Event()
    desk.ask([endless("old", started)], wanted={"old"})
    assert started.wait(SOON)
    desk.ask([Job("New", ("new",), lambda _: {"new": 3})], wanted={"new"})
    assert desk.wait(["new"], SOON)
    assert desk.found("old") is None and desk.missing(["old"]) == ["old"]


def test_a_failure_that_is_understood_is_told_in_its_own_words(desk: BackgroundDesk):
    def work(_: Watch) -> dict[str, int]:
        raise ExplanationError("The layer is not there.", remedy="Choose another.")

    desk.ask([Job("Bad", ("a",), work)], wanted={"a"})
    assert desk.wait(["a"], SOON)
    assert desk.found("a") == Failure("The layer is not there.", "Choose another.")


def test_a_fault_reaches_the_log_and_the_next_job_still_runs(
    desk: BackgroundDesk, monkeypatch: pytest.MonkeyPatch
):
    logged: list[object] = []
    monkeypatch.setattr(threading, "excepthook", lambda fault: logged.append(fault.exc_type))
    desk.ask([Job("Bad", ("a",), lambda _: {}["no"])], wanted={"a"})
    assert desk.wait(["a"], SOON)
    assert "not yet understood" in desk.found("a").problem
    deadline = time.monotonic() + SOON
    while not logged and time.monotonic() < deadline:
        time.sleep(0.01)
    assert logged == [KeyError]
    desk.ask([Job("Good", ("b",), lambda _: {"b": 1})], wanted={"b"})
    assert desk.wait(["b"], SOON) and desk.found("b") == 1


def test_of_two_sessions_one_long_job_runs_at_a_time_and_quick_ones_do_not_wait():
    one, two = BackgroundDesk(), BackgroundDesk()
    started, other = threading.Event(), threading.Event()
    try:
        one.ask([endless("a", started)], wanted={"a"})
        assert started.wait(SOON)
        two.ask([endless("b", other)], wanted={"b"})
        two_quick = Job("Quick", ("q",), lambda _: {"q": 1}, is_quick=True)
        deadline = time.monotonic() + SOON
        while not (two.progress and two.progress.words) and time.monotonic() < deadline:
            time.sleep(0.01)
        assert two.progress and two.progress.words == "Waiting for another computation"
        assert not other.is_set()
        two.ask([two_quick], wanted={"q"})
        assert two.wait(["q"], SOON)
        one.close()
        two.ask([endless("b", other)], wanted={"b"})
        assert other.wait(SOON)
    finally:
        one.close()
        two.close()


def test_only_the_last_results_are_kept():
    desk = BackgroundDesk(max_kept=3)
    for number in range(6):
        desk.ask([Job("One", (number,), lambda _, n=number: {n: n})], wanted={number})
        assert desk.wait([number], SOON)
    assert [desk.found(number) for number in range(6)] == [None, None, None, 3, 4, 5]
    desk.close()


def test_a_closed_desk_takes_nothing_more_and_its_thread_has_ended(desk: BackgroundDesk):
    started = threading.Event()
    desk.ask([endless("a", started)], wanted={"a"})
    assert started.wait(SOON)
    desk.close()
    assert not any(thread.name.endswith("(_work)") for thread in threading.enumerate())
    desk.ask([endless("b")], wanted={"b"})
    assert desk.progress is None


def test_a_session_that_ends_waits_for_nothing_and_keeps_nothing(desk: BackgroundDesk):
    started = threading.Event()
    desk.ask([Job("Quick", ("q",), lambda _: {"q": 1}, is_quick=True)], wanted={"q"})
    assert desk.wait(["q"], SOON)
    desk.ask([endless("a", started)], wanted={"a", "q"})
    assert started.wait(SOON)
    desk.close(wait=False)
    assert desk.found("q") is None
