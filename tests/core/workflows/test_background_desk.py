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
PAGE, OTHER_PAGE = "page", "other page"


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
    desk.ask(PAGE, [job], wanted={"a", "b"})
    assert desk.wait(["a", "b"], SOON)
    assert (desk.found("a"), desk.found("b"), desk.found("c")) == (1, 2, None)
    assert desk.missing(["a", "c", "b"]) == ["c"]
    assert calls == ["x"]


def test_progress_is_told_and_a_person_can_stop_it_and_start_it_again(desk: BackgroundDesk):
    started = threading.Event()
    desk.ask(PAGE, [endless("a", started), endless("b")], wanted={"a", "b"})
    assert started.wait(SOON)
    progress = desk.progress(PAGE)
    assert progress and (progress.title, progress.total, progress.n_waiting) == (
        "Endless a", 10_000, 1,
    )  # fmt: skip
    assert desk.missing(["a", "b"]) == ["b"]
    desk.cancel(PAGE)
    assert desk.wait(["a", "b"], SOON)
    assert desk.found("a").was_stopped and desk.found("b").was_stopped
    assert desk.missing(["a", "b"]) == []
    desk.forget_failures(["a", "b"])
    assert desk.missing(["a", "b"]) == ["a", "b"]


def test_a_quick_job_never_stands_behind_a_long_one(desk: BackgroundDesk):
    started = threading.Event()
    desk.ask(PAGE, [endless("long", started)], wanted={"long"})
    assert started.wait(SOON)
    before = desk.revision
    quick = Job("Quick", ("quick",), lambda _: {"quick": 1}, is_quick=True)
    desk.ask(PAGE, [quick], wanted={"long", "quick"})
    assert desk.wait(["quick"], SOON)
    progress = desk.progress(PAGE)
    assert desk.found("long") is None and progress and progress.title == "Endless long"
    assert desk.revision == before + 1


def test_what_nobody_wants_any_more_ends_and_leaves_nothing_behind(desk: BackgroundDesk):
    started = threading.Event()
    desk.ask(PAGE, [endless("old", started)], wanted={"old"})
    assert started.wait(SOON)
    desk.ask(PAGE, [Job("New", ("new",), lambda _: {"new": 3})], wanted={"new"})
    assert desk.wait(["new"], SOON)
    assert desk.found("old") is None and desk.missing(["old"]) == ["old"]


def test_a_failure_that_is_understood_is_told_in_its_own_words(desk: BackgroundDesk):
    def work(_: Watch) -> dict[str, int]:
        raise ExplanationError("The layer is not there.", remedy="Choose another.")

    desk.ask(PAGE, [Job("Bad", ("a",), work)], wanted={"a"})
    assert desk.wait(["a"], SOON)
    assert desk.found("a") == Failure("The layer is not there.", "Choose another.")


def test_a_fault_reaches_the_log_and_the_next_job_still_runs(
    desk: BackgroundDesk, monkeypatch: pytest.MonkeyPatch
):
    logged: list[object] = []
    monkeypatch.setattr(threading, "excepthook", lambda fault: logged.append(fault.exc_type))
    desk.ask(PAGE, [Job("Bad", ("a",), lambda _: {}["no"])], wanted={"a"})
    assert desk.wait(["a"], SOON)
    assert "not yet understood" in desk.found("a").problem
    deadline = time.monotonic() + SOON
    while not logged and time.monotonic() < deadline:
        time.sleep(0.01)
    assert logged == [KeyError]
    desk.ask(PAGE, [Job("Good", ("b",), lambda _: {"b": 1})], wanted={"b"})
    assert desk.wait(["b"], SOON) and desk.found("b") == 1


def test_of_two_sessions_one_long_job_runs_at_a_time_and_quick_ones_do_not_wait():
    one, two = BackgroundDesk(), BackgroundDesk()
    started, other = threading.Event(), threading.Event()
    try:
        one.ask(PAGE, [endless("a", started)], wanted={"a"})
        assert started.wait(SOON)
        two.ask(PAGE, [endless("b", other)], wanted={"b"})
        two_quick = Job("Quick", ("q",), lambda _: {"q": 1}, is_quick=True)
        deadline = time.monotonic() + SOON
        while not (two.progress(PAGE) and two.progress(PAGE).words) and time.monotonic() < deadline:
            time.sleep(0.01)
        assert two.progress(PAGE) and two.progress(PAGE).words == "Waiting for another computation"
        assert not other.is_set()
        two.ask(PAGE, [two_quick], wanted={"q"})
        assert two.wait(["q"], SOON)
        one.close()
        two.ask(PAGE, [endless("b", other)], wanted={"b"})
        assert other.wait(SOON)
    finally:
        one.close()
        two.close()


def test_what_one_page_wants_goes_on_while_another_is_looked_at(desk: BackgroundDesk):
    started, other = threading.Event(), threading.Event()
    desk.ask(PAGE, [endless("a", started), endless("b")], wanted={"a", "b"})
    assert started.wait(SOON)
    desk.ask(OTHER_PAGE, [endless("c", other)], wanted={"c"})
    waiting, running = desk.progress(OTHER_PAGE), desk.progress(PAGE)
    assert waiting and (waiting.title, waiting.words) == ("Endless c", "after Endless a")
    assert running and (running.title, running.n_waiting) == ("Endless a", 1)
    desk.cancel(PAGE)
    # Who asked last is served first, and what was not stopped is still worked out.
    assert other.wait(SOON)
    assert desk.found("a").was_stopped and desk.found("b").was_stopped
    assert desk.found("c") is None and desk.progress(PAGE) is None
    desk.ask(OTHER_PAGE, [], wanted=set())
    assert desk.wait(["a"], SOON) and desk.found("c") is None


def measuring(key: str, noted: list[str], n_steps: int = 400) -> Job:
    def work(watch: Watch) -> dict[str, int]:
        for step in range(n_steps):
            watch.tell(step, n_steps)
            noted.append(key)
            time.sleep(0.002)
        return {key: n_steps}

    return Job(f"Measuring {key}", (key,), work, gives_way=True)


@pytest.mark.parametrize("is_of_another_session", [False, True])
def test_a_measurement_stands_aside_for_a_map_and_goes_on_where_it_was(
    desk: BackgroundDesk, is_of_another_session: bool
):
    noted: list[str] = []
    asking = BackgroundDesk() if is_of_another_session else desk

    def quickly(watch: Watch) -> dict[str, int]:
        noted.append("map")
        before = len(noted)
        time.sleep(0.05)
        return {"map": len(noted) - before}

    desk.ask(PAGE, [measuring("slow", noted)], wanted={"slow", "map"})
    while len(noted) < 5:
        time.sleep(0.001)
    asking.ask(PAGE, [Job("Map", ("map",), quickly)], wanted={"slow", "map"})
    assert asking.wait(["map"], SOON)
    assert asking.found("map") == 0 and desk.found("slow") is None
    assert desk.wait(["slow"], 4 * SOON) and noted.count("slow") == 400
    asking.close()


def test_a_measurement_stopped_while_it_stands_aside_takes_nobodys_place(desk: BackgroundDesk):
    noted: list[str] = []
    started, second = threading.Event(), threading.Event()
    desk.ask(PAGE, [measuring("slow", noted, 100_000)], wanted={"slow"})
    while len(noted) < 5:
        time.sleep(0.001)
    desk.ask(OTHER_PAGE, [endless("a", started)], wanted={"a"})
    assert started.wait(SOON)
    desk.cancel(PAGE)
    assert desk.wait(["slow"], SOON) and desk.found("slow").was_stopped
    other = BackgroundDesk()
    other.ask(PAGE, [endless("b", second)], wanted={"b"})
    assert not second.wait(0.3)
    desk.cancel(OTHER_PAGE)
    assert second.wait(SOON)
    other.close()


def test_only_the_last_results_are_kept():
    desk = BackgroundDesk(max_kept=3)
    for number in range(6):
        desk.ask(PAGE, [Job("One", (number,), lambda _, n=number: {n: n})], wanted={number})
        assert desk.wait([number], SOON)
    assert [desk.found(number) for number in range(6)] == [None, None, None, 3, 4, 5]
    desk.close()


def test_a_closed_desk_takes_nothing_more_and_its_thread_has_ended(desk: BackgroundDesk):
    started = threading.Event()
    desk.ask(PAGE, [endless("a", started)], wanted={"a"})
    assert started.wait(SOON)
    desk.close()
    assert not any(thread.name.endswith("(_work)") for thread in threading.enumerate())
    desk.ask(PAGE, [endless("b")], wanted={"b"})
    assert desk.progress(PAGE) is None


def test_a_session_that_ends_waits_for_nothing_and_keeps_nothing(desk: BackgroundDesk):
    started = threading.Event()
    desk.ask(PAGE, [Job("Quick", ("q",), lambda _: {"q": 1}, is_quick=True)], wanted={"q"})
    assert desk.wait(["q"], SOON)
    desk.ask(PAGE, [endless("a", started)], wanted={"a", "q"})
    assert started.wait(SOON)
    desk.close(wait=False)
    assert desk.found("q") is None
