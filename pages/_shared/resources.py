"""The only caches of the product's pages: one answer a picture, shared figures, nothing unbounded.

What is cached is frozen or only read. An answer is kept for the session that asked (a picture
leaves memory with its reader) and found by content, version, frame and recipe switch: dragging a
slider never runs the network again, and a map can never belong to another picture.

The engine and pandas are imported where they are first needed: a page paints before that.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Hashable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, TypeVar

import streamlit as st

from core.domain import Answer
from core.errors import ChampionError, CoreError, ModelMissingError, ModelVersionError
from core.tasks import TaskSpec, load_tasks
from core.workflows import models as versions
from core.workflows.frames import frames_to_choose_from
from core.workflows.points import PointsInForce, points_of
from core.workflows.teaching import OpenCase
from core.workflows.teaching import teaching_cases as drawn_cases
from pages._shared.version_state import VersionState

if TYPE_CHECKING:
    import pandas as pd

    from core.evaluation.comparison import Comparison
    from core.workflows.background_desk import BackgroundDesk
    from core.workflows.case_views import CaseView
    from core.workflows.cases import CaseFile
    from core.workflows.clinic import Clinic
    from core.workflows.clinic_pictures import CasePicture
    from core.workflows.operating import Bench
    from core.workflows.run_cards import RunCard
    from core.workflows.run_leaks import RunLeaks
    from core.workflows.run_performance import CurveFrames, EvaluationRun, GroupLevel, GroupRule
    from core.workflows.run_pictures import PictureSource
    from core.workflows.series_shelf import SeriesShelf
    from core.workflows.shipped_points import ShippedPoint
    from core.workflows.slicing import BackgroundMeasure, SliceColumn, Sliced, WeakSlices
    from core.workflows.stored_runs import Performance, StoredRun
    from core.workflows.twin_search import BackgroundSearch
    from pages._shared.curves import CurveCharts

Made = TypeVar("Made")
MAX_ANSWERS = 48
PREFERRED_TASK = "kidney_ct"


def version_state(task_key: str) -> VersionState:
    """Return the champion of a task, verified, or the reason why it may not answer."""
    try:
        version = versions.champion(task_key)
    except ModelVersionError as error:
        return VersionState(
            None, None, error.problem, error.remedy,
            missing=isinstance(error, ModelMissingError),
            unknown=isinstance(error, ChampionError),
        )  # fmt: skip
    return VersionState(version.name, version.digest, card=version.card)


def first_usable_task() -> str:
    """Return the task a session starts with: the main one, else the first that can answer."""
    keys = [PREFERRED_TASK, *load_tasks()]
    return next((key for key in keys if version_state(key).usable), PREFERRED_TASK)


@st.cache_resource(max_entries=8, show_spinner=False)
def warm_up(task_key: str, digest: str) -> threading.Thread:
    """Start compiling the engine while a person still looks for a file; once for a version."""
    # Not a daemon: a process that ends in the middle of compiling would be aborted by the engine.
    thread = threading.Thread(target=_open_quietly, args=(task_key,), daemon=False)
    thread.start()
    return thread


def _open_quietly(task_key: str) -> None:
    from core.workflows.analyst import open_analyst

    try:
        open_analyst(task_key)
    except CoreError:
        return  # whoever asks for an answer is told; nobody has asked yet


@st.cache_resource(max_entries=MAX_ANSWERS, scope="session", show_spinner=False)
def answer(
    sha256: str,
    digest: str,
    frame: int | None,
    already_applied: tuple[str, ...],
    task_key: str,
    points_key: str,
    *,
    _make: Callable[[], Answer],
) -> Answer:
    """Return the answer for these bytes; the key is what decides it, the rest is how to get it.

    ``points_key`` changes with the operating points in force, which decide what is flagged.
    """
    return _make()


@st.cache_resource(scope="session", show_spinner=False, on_release=lambda it: it.close(wait=False))
def map_desk() -> BackgroundDesk:
    """Return the session's maps and the computing of more; it is closed with the session."""
    from core.workflows.background_desk import BackgroundDesk

    return BackgroundDesk()


@st.cache_resource(max_entries=8, scope="session", show_spinner="Opening the case")
def case_view(case_id: str, n_answers: int, is_blind: bool, *, _found: CaseFile) -> CaseView:
    """Return a case as it is shown: blind the picture alone, else with its latest answer."""
    from core.workflows.case_views import blind_view
    from core.workflows.case_views import case_view as open_view

    return blind_view(_found) if is_blind else open_view(_found)


@st.cache_resource(scope="session", show_spinner=False, on_release=lambda it: it.leave())
def series_shelf() -> SeriesShelf:
    """Return the one series that the session has open; a reload of its page can take it back."""
    from core.workflows.series_shelf import SeriesShelf

    return SeriesShelf()


@st.cache_data(max_entries=1, scope="session", show_spinner="Putting the maps together")
def archive(digest: str, _make: Callable[[], bytes]) -> bytes:
    """Return the archive of a digest, made once."""
    return _make()


@st.cache_data(max_entries=256, scope="session", show_spinner=False)
def n_frames(sha256: str, _data: bytes) -> int:
    """Return how many frames the file holds of which one must be chosen."""
    return frames_to_choose_from(_data)


@st.cache_resource(max_entries=8, show_spinner="Drawing the teaching cases")
def teaching_cases(task_key: str) -> tuple[OpenCase, ...]:
    """Return the teaching cases of a task; none for a task of real pictures."""
    return drawn_cases(task_key)


@st.cache_resource(max_entries=4, show_spinner="Reading the run")
def cases(folder: str, digest: str | None, *, _run: StoredRun) -> EvaluationRun:
    """Return the cases of a stored run, read once for all pages; a run never changes."""
    from core.workflows import stored_runs

    return stored_runs.open_run(_run)


@st.cache_resource(max_entries=12, show_spinner="Working out figures and intervals")
def performance(folder: str, digest: str | None, *, _run: StoredRun) -> Performance:
    """Return every figure of a stored run; a run never changes once it is stored."""
    from core.workflows import kept_figures

    return kept_figures.kept_performance(_run, lambda: cases(folder, digest, _run=_run))


@st.cache_resource(max_entries=12, show_spinner="Putting groups together")
def group_level(
    folder: str, digest: str | None, rule: GroupRule, *, _run: StoredRun, _task: TaskSpec
) -> GroupLevel:
    """Return the figures of a stored run with each group as one case."""
    from core.workflows import kept_figures

    return kept_figures.kept_group_level(
        _run, lambda: cases(folder, digest, _run=_run), _task, rule
    )


@st.cache_resource(max_entries=12, show_spinner="Drawing curves and their bands")
def curves(folder: str, digest: str | None, *, _run: StoredRun) -> CurveFrames:
    """Return the curves of a stored run with their bands."""
    from core.workflows import kept_figures

    return kept_figures.kept_curves(_run, lambda: cases(folder, digest, _run=_run))


@st.cache_resource(max_entries=12, show_spinner=False)
def curve_charts(
    folder: str, digest: str | None, *, _made: Performance, _curves: CurveFrames, _task: TaskSpec
) -> CurveCharts:
    """Return the drawn curves of a stored run: drawing them costs more than the rest of a rerun."""
    from pages._shared import curves as panel

    return panel.draw(_made, _curves, _task)


@st.cache_resource(max_entries=32, show_spinner=False)
def cell(
    folder: str, digest: str | None, y_true: str, called: str, *, _run: StoredRun
) -> pd.DataFrame:
    """Return the cases of one cell of a stored run's confusion matrix."""
    from core.workflows import run_performance

    of_run = cases(folder, digest, _run=_run)
    return run_performance.cell_cases(of_run, y_true=y_true, called=called)


@st.cache_resource(max_entries=128, show_spinner=False)
def run_card(
    folder: str,
    digest: str | None,
    file: str,
    class_names: tuple[str, ...],
    *,
    _run: StoredRun,
    _source: PictureSource,
) -> RunCard:
    """Return one picture of a stored run with the maps of some classes."""
    from core.workflows import run_cards

    return run_cards.run_card(_run, _source, file, class_names)


@st.cache_resource(max_entries=24, show_spinner="Reading the data set")
def of_data(key: tuple[Hashable, ...], *, _make: Callable[[], Made]) -> Made:
    """Return what is made of a data set; ``key`` holds its content, which changes with it."""
    return _make()


@st.cache_resource(max_entries=32, show_spinner="Checking the split")
def run_leaks(folder: str, digest: str | None, searched: bool, *, _run: StoredRun) -> RunLeaks:
    """Return whether a stored run leaks; anew once nearly equal pictures were searched."""
    from core.workflows import run_leaks as leaks

    return leaks.run_leaks(_run)


@st.cache_resource(max_entries=32, show_spinner=False)
def twin_search(folder: str, digest: str | None, *, _run: StoredRun) -> BackgroundSearch:
    """Start searching nearly equal pictures of a run; once a server."""
    from core.workflows.twin_search import BackgroundSearch

    return BackgroundSearch(_run)


@st.cache_resource(max_entries=8, show_spinner="Sorting the scores of the runs")
def operating_bench(
    chosen_on: tuple[str, str | None],
    checked_on: tuple[str, str | None],
    task_key: str,
    *,
    _runs: tuple[StoredRun, StoredRun],
    _task: TaskSpec,
) -> Bench:
    """Return two parts with every finding's scores sorted; keyed by folder and version digest."""
    from core.workflows.operating import open_bench

    return open_bench(_task, *_runs)


def with_points(task_key: str, version: VersionState) -> VersionState:
    """Return a usable version with the operating points in force, read anew: anyone may sign one.

    PersistenceError or ModelVersionError: they cannot be read.
    """
    return replace(version, points=points_of(versions.verified_version(task_key, version.name)))


@st.cache_resource(max_entries=8, show_spinner=False)
def shipped_points(
    digest: str | None, points_key: str, *, _task: TaskSpec, _version: VersionState
) -> tuple[ShippedPoint, ...]:
    """Return what the thresholds that came with a version find in its own test part."""
    from core.workflows import shipped_points as shipped

    return shipped.shipped_points(_task, str(_version.name), _version.points.shipped)


@st.cache_resource(max_entries=16, show_spinner="Looking for wrong calls")
def clinic(
    folder: str,
    digest: str | None,
    class_name: str,
    kind: str,
    points_key: str,
    *,
    _run: StoredRun,
    _task: TaskSpec,
    _points: PointsInForce,
) -> Clinic:
    """Return the wrong calls of one class of a stored run at the operating points in force."""
    from core.workflows.clinic import make_clinic

    of_run = cases(folder, digest, _run=_run)
    return make_clinic(_run, of_run, _task, class_name=class_name, kind=kind, points=_points)


@st.cache_resource(max_entries=64, show_spinner=False)
def case_picture(
    folder: str,
    digest: str | None,
    file: str,
    content: str,
    class_names: tuple[str, ...],
    *,
    _clinic: Clinic,
    _source: PictureSource,
) -> CasePicture:
    """Return one picture of the clinic; ``content`` (its SHA-256) tells changed pictures apart."""
    from core.workflows.clinic_pictures import case_picture as drawn

    return drawn(_clinic.stored, _clinic.cases, file, class_names, source=_source)


@st.cache_resource(max_entries=16, show_spinner="Drawing paired resamples")
def comparison(
    folder_a: str,
    folder_b: str,
    class_name: str,
    threshold_a: float | None,
    threshold_b: float | None,
    *,
    _pair: tuple[StoredRun, StoredRun],
) -> Comparison:
    """Return two stored runs compared; another margin needs no new draw (``at_margin``)."""
    from core.workflows import comparing

    run_a, run_b = (cases(str(run.folder), run.facts.version_digest, _run=run) for run in _pair)
    return comparing.compare_runs(
        run_a, run_b, class_name=class_name, margin=comparing.MARGIN,
        threshold_a=threshold_a, threshold_b=threshold_b,
    )  # fmt: skip


@st.cache_resource(max_entries=512, show_spinner=False)
def thumbnail(folder: str, file: str, *, _source: PictureSource) -> bytes:
    """Return a small PNG of one picture of a stored run."""
    from core.workflows import run_pictures

    return run_pictures.thumbnail(_source.read(file))


@st.cache_resource(max_entries=32, show_spinner=False)
def picture_measure(folder: str, digest: str | None, *, _run: StoredRun) -> BackgroundMeasure:
    """Return the measuring of a run's pictures, one a server; it is started by who shows it."""
    from core.workflows.slicing import BackgroundMeasure

    return BackgroundMeasure(_run)


@st.cache_resource(max_entries=8, show_spinner="Cutting columns into slices")
def slice_columns(
    folder: str, digest: str | None, measured: bool, *, _run: StoredRun
) -> dict[str, SliceColumn]:
    """Return every column a stored run can be sliced by; anew once its pictures are measured."""
    from core.workflows import slicing

    of_run = cases(folder, digest, _run=_run)
    return slicing.run_columns(of_run, slicing.read_properties(_run) if measured else {})


@st.cache_resource(max_entries=64, show_spinner="Working out figures and intervals")
def sliced(
    folder: str,
    digest: str | None,
    column: str,
    n_columns: int,
    points_key: str,
    *,
    _run: StoredRun,
    _task: TaskSpec,
    _column: SliceColumn,
    _points: PointsInForce,
) -> Sliced:
    """Return the figures of a stored run by one column."""
    from core.workflows import slicing

    return slicing.sliced_run(cases(folder, digest, _run=_run), _task, _column, _points)


@st.cache_resource(max_entries=32, show_spinner="Looking for the weakest slice")
def weak_slices(
    folder: str,
    digest: str | None,
    class_name: str,
    n_columns: int,
    points_key: str,
    *,
    _run: StoredRun,
    _task: TaskSpec,
    _columns: Mapping[str, SliceColumn],
    _points: PointsInForce,
) -> WeakSlices:
    """Return where a finding is missed most; anew with more columns."""
    from core.workflows import slicing

    of_run = cases(folder, digest, _run=_run)
    return slicing.weak_slices(of_run, _task, list(_columns.values()), class_name, _points)
