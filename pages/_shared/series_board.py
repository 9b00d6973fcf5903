"""The body of Series: slices that are scrolled on the left, the answers on the right.

The slices stand in one fragment: scrolling paints a slice and its answer, and nothing else. The
whole series is answered by the session's desk meanwhile; a small fragment tells how far it is.
"""

from __future__ import annotations

import hashlib

import streamlit as st

from core.errors import CoreError, IntakeError
from core.tasks import TaskSpec
from core.wording import in_sentence
from core.workflows.background_desk import Failure
from core.workflows.series_answering import SeriesAnswer, SliceAnswer
from core.workflows.series_reading import ReadingKey, SeriesReading
from pages._shared import (
    answers,
    explanations,
    markup,
    notices,
    reading,
    resources,
    series,
    series_place,
    series_take,
    state,
    style,
    verdict,
)
from pages._shared.series import OpenStack
from pages._shared.state import Study
from pages._shared.version_state import VersionState
from pages._shared.viewer import StackPlace

POLL_SECONDS = 0.7
_RULES = {
    "mean": "by the mean of its slices: it can be called normal although one slice shows a finding",
    "any": "by any slice that is positive",
}


def show(opened: OpenStack, task: TaskSpec, version: VersionState) -> None:
    """Show the series and see that it is being answered."""
    made = _reading(opened, task, version)
    desk = resources.map_desk()
    was_done = made.is_done
    missing = [] if was_done else desk.missing([made.token])
    desk.ask(state.SERIES, [made.job()] if missing else [], wanted=[made.token])
    if was_done and not st.session_state.get(state.SERIES_MOVED):
        series_place.go_to_slice(made.whole().first or 1)
    were_settled = series_take.ask(made)
    series.show_head(opened.stack)
    working = st.container(key="series_working")
    _show_slices(opened, task, version, carried=made.key.already_applied)
    # Last of all: its timer asks the server for another run (see explanations).
    failed = desk.found(made.token)
    with working:
        if desk.progress(state.SERIES) is not None:
            _show_progress(state.SERIES)
        elif isinstance(failed, Failure):
            _offer_again(failed, made)
        elif not was_done:
            st.rerun()  # it was finished while this run painted
        elif series_take.is_making():
            _show_progress(state.SERIES_CAPTURES)
        elif series_take.is_settled(made) and not were_settled:
            st.rerun()  # they, too


def _reading(opened: OpenStack, task: TaskSpec, version: VersionState) -> SeriesReading:
    key = ReadingKey(
        digest=opened.digest,
        choice=opened.choice,
        task=task.key,
        version=str(version.name),
        version_digest=str(version.digest),
        points=version.points.key,
        already_applied=_carried(opened, task),
    )
    return resources.series_shelf().reading(key, opened.stack, task)


def _carried(opened: OpenStack, task: TaskSpec) -> tuple[str, ...]:
    """Return the recipe steps that the slices carry: one switch for the whole series."""
    return answers.steps_of(task) if answers.carries_recipe(_any_slice(opened)) else ()


def _any_slice(opened: OpenStack) -> Study:
    key = f"series.{opened.digest[:16]}.{opened.choice}"
    return Study(key=key, name="", data=b"", sha256="")


def _study(opened: OpenStack, place: int) -> Study:
    """Return a slice (zero-based) as a picture of the light box; they share what is chosen."""
    found = opened.stack.slices[place]
    try:
        data = opened.stack.data(place)
    except IntakeError:
        data = b""
    study = Study(
        key=_any_slice(opened).key,
        name=f"Slice {place + 1} of {len(opened.stack)}",
        data=data,
        sha256=hashlib.sha256(data).hexdigest(),
    )
    state.remember(state.FRAMES, study, found.frame)
    return study


@st.fragment
def _show_slices(
    opened: OpenStack, task: TaskSpec, version: VersionState, *, carried: tuple[str, ...]
) -> None:
    if _carried(opened, task) != carried:
        st.rerun()  # the switch was turned: every slice is answered anew
    if series_place.choice() != opened.choice:
        st.rerun()  # a key turned to another series
    made = _reading(opened, task, version)
    if series_take.is_to_be_asked(made):
        st.rerun()
    left, right = st.columns([66, 34], gap="medium")
    with left:
        _offer_strongest(made.whole(), task, is_done=made.is_done)
        place = _scroll(len(opened.stack))
        study = _study(opened, place)
        try:
            answer = answers.answer_of(study, task, version, lambda: made.slice(place).answer)
        except CoreError as error:
            notices.failure(error)
            return
        reading.show_slice(study, answer, task, _stack_place(opened, study.key, place))
    with right:
        _show_whole(made, task)
        style.kicker(f"Slice {place + 1} of {len(opened.stack)}")
        problem = opened.stack.slices[place].problem
        if problem:
            style.verdict("error", "This slice cannot be read", problem)
        else:
            verdict.show_verdict(study, answer, task, version)


def _stack_place(opened: OpenStack, key: str, place: int) -> StackPlace:
    """Return where a slice (zero-based) lies, and what wheel and keys do."""
    n, n_series = len(opened.stack), opened.n_series

    def go(number: int) -> None:
        series_place.go_to_slice(min(max(number, 1), n), moved=True)

    def turn(by: int) -> None:
        series_place.turn_series(by, n_series)

    return StackPlace(key, place + 1, n, go, turn if n_series > 1 else None)


def _scroll(n: int) -> int:
    """Show the place in the stack and return it, zero-based."""
    if n == 1:
        return 0
    st.session_state[state.SLICE] = min(max(int(st.session_state.get(state.SLICE, 1)), 1), n)
    with st.container(key="series_scroll", horizontal=True, vertical_alignment="center"):
        st.button(
            "Previous", key="series.previous", on_click=series_place.step_slice, args=(-1, n),
            icon=":material/keyboard_arrow_up:", type="tertiary", help="Wheel or arrow up",
        )  # fmt: skip
        chosen = st.slider(
            "Slice", 1, n, key=state.SLICE, format=f"slice %d of {n}",
            label_visibility="collapsed", on_change=series_place.moved_slice,
        )  # fmt: skip
        st.button(
            "Next", key="series.next", on_click=series_place.step_slice, args=(1, n),
            icon=":material/keyboard_arrow_down:", type="tertiary", help="Wheel or arrow down",
        )  # fmt: skip
    return int(chosen) - 1


def _show_whole(made: SeriesReading, task: TaskSpec) -> None:
    """Show the answer for the series so far, and where each finding is strongest."""
    whole, n = made.whole(), len(made.stack)
    so_far = "" if made.is_done else f", so far {whole.n:,} of {n:,} slices"
    style.kicker(f"The series{so_far}")
    if whole.probabilities is None or whole.predicted is None:
        if made.is_done:
            style.verdict("refused", "No answer for the series", _counted(whole, n))
        return
    rows = [
        (item.key, item.title, item.colour, whole.probabilities[item.key]) for item in task.classes
    ]
    style.probability_bars(rows, called=whole.predicted, ticks={}, flagged=())
    style.quiet(f"The series is answered {_RULES[whole.rule]}. {_counted(whole, n)}")
    called = [f"{task.class_spec(name).title} {n}" for name, n in whole.n_called.items() if n]
    style.quiet(f"Slices called: {', '.join(called)}.")
    if made.is_done:
        series_take.show_take(made)


def _counted(whole: SeriesAnswer, n: int) -> str:
    """Return on how many of the n slices of the stack the answer rests.

    >>> whole = SeriesAnswer(9, 6, 2, 1, "mean", None, None, (), {}, {}, {}, None)
    >>> _counted(whole, 9)
    '6 of 9 slices were answered; 2 were refused, 1 could not be read.'
    >>> _counted(whole, 40)
    'So far 6 of 40 slices are answered; 2 were refused, 1 could not be read.'
    """
    left_out = [
        f"{n} {what}"
        for n, what in (
            (whole.n_refused, "were refused" if whole.n_refused > 1 else "was refused"),
            (whole.n_errors, "could not be read"),
        )
        if n
    ]
    tail = f"; {', '.join(left_out)}" if left_out else ""
    if whole.n < n:
        return f"So far {whole.n_answered} of {n} slices are answered{tail}."
    return f"{whole.n_answered} of {n} slices were answered{tail}."


def _offer_strongest(whole: SeriesAnswer, task: TaskSpec, *, is_done: bool) -> None:
    """Show, for every finding, the slice where it is strongest, the strongest finding first."""
    found = [(whole.strongest[name], name) for name in task.findings if name in whole.strongest]
    shares = {name: _share(item, name) for item, name in found}
    with st.container(
        key="series_strongest", horizontal=True, gap="small", vertical_alignment="center"
    ):
        with st.container(width="content"):
            none = "No slice was answered." if is_done else "No slice is answered yet."
            style.quiet("Strongest" if found else none)
        for item, name in sorted(found, key=lambda pair: -shares[pair[1]]):
            called = whole.n_called[name]
            title = task.class_spec(name).title
            st.button(
                f"{title} {markup.percent(shares[name])}, slice {item.number}",
                key=f"series.strongest.{name}",
                icon=":material/my_location:",
                on_click=series_place.go_to_finding,
                args=(item.number, name),
                help=f"{called} of {whole.n_answered} slices are called {in_sentence(title)}.",
            )


def _share(item: SliceAnswer, name: str) -> float:
    return item.prediction.probabilities[name] if item.prediction else 0.0


@st.fragment(run_every=POLL_SECONDS)
def _show_progress(asker: str) -> None:
    """Show how far something is; run the page again when it is done."""
    desk = resources.map_desk()
    progress = desk.progress(asker)
    if progress is None:
        st.rerun()
    with st.container(key="series_progress", horizontal=True, vertical_alignment="center"):
        share = progress.done / progress.total if progress.total else 0.0
        st.progress(min(share, 1.0), text=explanations.progress_said(progress))
        st.button(
            "Stop", key="series.stop", icon=":material/stop_circle:", on_click=desk.cancel,
            args=(asker,),
        )  # fmt: skip


def _offer_again(failed: Failure, made: SeriesReading) -> None:
    style.quiet(f"The series is not answered as a whole: {failed.problem}")
    st.button(
        "Go on with the series",
        key="series.again",
        icon=":material/replay:",
        on_click=resources.map_desk().forget_failures,
        args=([made.token],),
    )
