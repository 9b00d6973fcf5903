"""The right of Training: the runs, and one of them as it goes: curves, time left, buttons."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from core.charts import CONFIG
from core.charts.training import loss_chart, score_chart
from core.errors import CoreError
from core.tasks import load_tasks
from core.workflows.models import list_models
from core.workflows.side_by_side import key_figures
from core.workflows.training_jobs import (
    JobState,
    TrainingRun,
    cancel_run,
    open_run,
    resume_run,
)
from core.workflows.training_progress import (
    MEASURES,
    FitCurve,
    RunProgress,
    curve_frame,
    progress_of,
)
from pages._shared import frame, state, style
from pages._shared.runs import split_title

POLL_SECONDS = 2.0
TONES = {
    JobState.RUNNING: ("● running", "plain"),
    JobState.FINISHED: ("✓ finished", "ok"),
    JobState.FAILED: ("✕ failed", "bad"),
    JobState.CANCELLED: ("■ cancelled", "plain"),
    JobState.INTERRUPTED: ("! interrupted", "bad"),
}
SAID = {
    JobState.CANCELLED: "You stopped it. Whole epochs are kept: it can go on where it was.",
    JobState.INTERRUPTED: "Its process ended without a word: it was killed, or the machine "
    "stopped. Whole epochs are kept: it can go on where it was.",
}
SCORES_OF = "Scores are of the validation groups that stop the fit, never of test pictures."
NO_SCORES = "No scores yet: a fit that keeps its last weights sets no group aside to score on."


def nothing_started() -> None:
    """Say what will stand here."""
    style.notice(
        "empty",
        "No run was started here yet",
        "A run is a process of its own: it goes on when the browser is closed or the server starts "
        "again. Its curves, the time left and what came of it stand here.",
    )


def pick(runs: Sequence[TrainingRun]) -> TrainingRun | None:
    """Show the picker of runs, the newest first; None where there is none."""
    if not runs:
        return None
    by_name = {run.version: run for run in runs}
    if st.session_state.get(state.TRAIN_RUN) not in by_name:
        st.session_state[state.TRAIN_RUN] = runs[0].version
    name = st.selectbox(
        "Run",
        list(by_name),
        key=state.TRAIN_RUN,
        format_func=lambda key: _label(by_name[key]),
        label_visibility="collapsed",
    )
    return by_name.get(name, runs[0])


def _label(run: TrainingRun) -> str:
    # Not its state: a choice whose words change is no longer the one that was made.
    return f"{run.created_at:%d %b %Y, %H:%M} UTC · {run.title} · {run.version}"


def show(run: TrainingRun) -> None:
    """Show a run; one that goes on is looked at again every moment, by itself.

    The last thing that a page draws: its timer asks the server for another run, and one that is
    asked for while this run still paints is taken for a newer wish than the click before it.
    """
    if run.state is JobState.RUNNING:
        _follow(run.task, run.version)
    else:
        _show(run)


@st.fragment(run_every=POLL_SECONDS)
def _follow(task_key: str, version: str) -> None:
    run = open_run(task_key, version)
    if run is None or run.state is not JobState.RUNNING:
        st.rerun()
    _show(run)


def _show(run: TrainingRun) -> None:
    progress, now = progress_of(run), run.state
    style.title_line(run.version, [TONES[now], (run.experiment, "plain"), *_facts(progress)])
    _show_state(run, now, progress)
    _show_buttons(run, now)
    _show_curves(run, progress)


def _facts(progress: RunProgress) -> list[tuple[str, str]]:
    over = sum(fit.is_over for fit in progress.fits)
    return [(f"{over} of {progress.n_fits} fits done", "plain")] if progress.n_fits > 1 else []


def _show_state(run: TrainingRun, now: JobState, progress: RunProgress) -> None:
    if now is JobState.RUNNING:
        said = f"{progress.words} · {progress.left_said}"
        st.progress(min(progress.share, 1.0), text=said)
    elif now is JobState.FINISHED:
        _show_figures(run)
    elif now is JobState.FAILED:
        style.verdict("error", "It could not go on", run.why)
    elif now in SAID:
        style.verdict("open", str(now).capitalize(), SAID[now])
    notes = [str(line["text"]) for line in run.job.last_start if line["kind"] == "note"]
    if notes:
        style.sentences(notes[-3:])


def _show_figures(run: TrainingRun) -> None:
    """Show the key figures of the version that came of it."""
    installed = {item.name: item for item in list_models(run.task)}
    version = installed.get(run.version)
    if version is None or version.card is None:
        style.quiet(f"Its version {run.version} is not installed any more.")
        return
    split, figures = key_figures(version.card, load_tasks()[run.task])
    if figures:
        style.kicker(f"{split_title(split)}, n {figures[0][1]['n']:,}")
        style.figure_line(figures)


def _show_buttons(run: TrainingRun, now: JobState) -> None:
    with st.container(horizontal=True, gap="small", vertical_alignment="center"):
        if now is JobState.RUNNING:
            st.button(
                "Cancel", key="training.cancel", icon=":material/stop_circle:",
                on_click=_act, args=("cancel", run),
            )  # fmt: skip
        elif now is JobState.FINISHED:
            st.page_link(
                frame.MODELS_PAGE, label="Open it on Models, where it can be promoted",
                icon=":material/deployed_code:", query_params={"task": run.task},
            )  # fmt: skip
        else:
            st.button(
                "Resume", key="training.resume", icon=":material/resume:",
                on_click=_act, args=("resume", run),
            )  # fmt: skip
        with st.popover("Log", icon=":material/notes:"):
            st.code(run.job.last_words(40) or "Nothing was printed yet.", language=None)
    problem = st.session_state.pop(state.TRAIN_PROBLEM, None)
    if problem:
        style.verdict("error", "This did not work", problem)


def _act(what: str, run: TrainingRun) -> None:
    try:
        cancel_run(run) if what == "cancel" else resume_run(run)
    except CoreError as error:
        st.session_state[state.TRAIN_PROBLEM] = str(error)


def _show_curves(run: TrainingRun, progress: RunProgress) -> None:
    curves = curve_frame(progress)
    if not len(curves):
        style.quiet("Curves begin with the first whole epoch.")
        return
    last = progress.fits[-1]
    earlier = " Earlier fits stand faintly behind it." if len(progress.fits) > 1 else ""
    style.kicker(f"{last.name}: {last.n_done} of at most {last.n_epochs} epochs")
    left, right = st.columns(2, gap="small")
    with left:
        st.plotly_chart(
            loss_chart(curves), config=CONFIG, theme=None, key="training.loss",
            alt=_said(last, "loss", "nll"),
        )  # fmt: skip
    with right:
        st.plotly_chart(
            score_chart(curves), config=CONFIG, theme=None, key="training.scores",
            alt=_said(last, "macro_f1", "accuracy"),
        )  # fmt: skip
    style.quiet((SCORES_OF if curves["macro_f1"].notna().any() else NO_SCORES) + earlier)


def _said(fit: FitCurve, *measures: str) -> str:
    """Return the last epoch of a fit in words, for who does not see its curves."""
    line = fit.epochs[-1]
    told = [f"{MEASURES[name]} {line[name]:.3f}" for name in measures if line.get(name) is not None]
    return f"{fit.name}, epoch {fit.n_done} of {fit.n_epochs}: {', '.join(told)}"
