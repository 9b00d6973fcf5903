"""Every key of the session, and the plain values that live there.

Nothing here is more than a value: models, figures and caches have no place in a session.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

import streamlit as st

TASK = "frame.task"
TASK_IN_ADDRESS = "frame.task_in_address"
USER_OPEN = "frame.user"
STUDIES = "analyse.studies"
SEEN_UPLOADS = "analyse.seen_uploads"
CURRENT = "analyse.current"
UPLOADER_ROUND = "analyse.uploader_round"
CARRIED = "analyse.carried"
FRAMES = "analyse.frames"
OUTCOMES = "analyse.outcomes"
SLICE = "series.slice"
SERIES_MOVED = "series.moved"
SERIES_CLASS = "series.class"
SERIES_CHOICE = "series.choice"
SERIES_UPLOADS = "series.uploads"
SERIES_ROUND = "series.round"
SERIES_PROBLEM = "series.problem"
SERIES_CAPTURES_ASKED = "series.captures_asked"
RUN = "performance.run"
GROUP_RULE = "performance.group_rule"
PLAIN_INTERVALS = "performance.plain_intervals"
MATRIX = "performance.matrix"
CELL_TRUE = "performance.cell_true"
CELL_CALLED = "performance.cell_called"
CELL_PAGE = "performance.cell_page"
PREDICTIONS_ROUND = "performance.predictions_round"
PREDICTIONS = "performance.predictions"
RUN_ADDED = "performance.run_added"
FINDING = "operating.finding"
SENSITIVITY = "operating.sensitivity"
CHOSEN_ON = "operating.chosen_on"
CHECKED_ON = "operating.checked_on"
TRADE_OFF = "operating.trade_off"
SIGNED_BY = "operating.signed_by"
NOT_SIGNED = "operating.not_signed"
CLINIC_CLASS = "clinic.class"
CLINIC_KIND = "clinic.kind"
CLINIC_ASKED = "clinic.asked"
CLINIC_FILE = "clinic.file"
CLINIC_PAGE = "clinic.page"
CLINIC_VIEW = "clinic.view"
CLINIC_CALLED = "clinic.called"
CLINIC_TRUE = "clinic.y_true"
CLINIC_GROUPS = "clinic.groups"
CLINIC_CAUSES = "clinic.causes"
CLINIC_REFUSED = "clinic.refused"
CLINIC_SUSPECTED = "clinic.suspected"
CLINIC_ONE = "clinic.one_a_group"
CLINIC_SIGNED_BY = "clinic.signed_by"
CLINIC_SAID = "clinic.said"
SLICE_FINDING = "slices.finding"
SLICE_COLUMN = "slices.column"
COMPARE_A = "compare.a"
COMPARE_B = "compare.b"
COMPARE_CLASS = "compare.class"
COMPARE_MARGIN = "compare.margin"
COMPARE_CALLS = "compare.calls"
COMPARE_KIND = "compare.kind"
COMPARE_PAGE = "compare.page"
COMPARE_SIGNED_BY = "compare.signed_by"
COMPARE_PROBLEM = "compare.problem"
VERSION = "models.version"
CASE = "analyse.case"
OPACITY = "map.opacity"
EXPLAIN_METHODS = "explain.methods"
EXPLAIN_THRESHOLD = "explain.threshold"
EXPLAIN_COLOURS = "explain.colours"
EXPLAIN_CONTOURS = "explain.contours"
EXPLAIN_GRID = "explain.grid"
EXPLAIN_DIFFERENCE = "explain.difference"
EXPLAIN_REFUSED = "explain.refused"
EXPLAIN_TAKE = "explain.take"
EXPLAIN_TAKE_OPEN = "explain.take.open"
EXPLAIN_ARCHIVE = "explain.archive"
EXPLAIN_CURVES = "explain.curves"
TRAIN_EXPERIMENT = "training.experiment"
TRAIN_VIEW = "training.view"
TRAIN_RUN = "training.run"
TRAIN_PROBLEM = "training.problem"
TRAIN_NAME = "training.name"
TRAIN_SAVED = "training.saved"
TRAIN_A = "training.a"
TRAIN_B = "training.b"
MODELS_A = "models.a"
MODELS_B = "models.b"
PROMOTED = "models.promoted"
PROMOTE_CLASS = "models.promote_class"
PROMOTE_MARGIN = "models.promote_margin"
PROMOTE_BY = "models.promote_by"
PROMOTE_WHY = "models.promote_why"
RETIRE_BY = "models.retire_by"
RETIRE_WHY = "models.retire_why"
DATA_SET = "data.set"
DATA_SAMPLE = "data.sample"
DATA_EXPERIMENT = "data.experiment"
DATA_SEED = "data.seed"
FILTER_LAYER = "filters.layer"
FILTER_ALL = "filters.all"
FILTER_OWN_SCALE = "filters.own_scale"
FILTER_WHOLE = "filters.whole"
FILTER_ASKED = "filters.asked"

READER = "review.reader"
READER_FIELD = "review.reader.field"
WORK_KEPT = "worklist.kept"
WORK_LIST = "worklist.list"
WORK_AFTER = "worklist.after"
WORK_TOTAL = "worklist.total"
WORK_QUEUE = "worklist.queue"
WORK_STATE = "worklist.state"
WORK_FINDING = "worklist.finding"
WORK_SORT = "worklist.sort"
WORK_ADD_ROUND = "worklist.add.round"
WORK_PSEUDONYM = "worklist.add.pseudonym"
WORK_DATE = "worklist.add.date"
WORK_PRIORITY = "worklist.add.priority"
WORK_CARRIED = "worklist.add.carried"
WORK_PROBLEM = "worklist.add.problem"
CASE_OPENED = "case.opened"
CASE_SAID = "case.said"
CASE_SAVED = "case.saved"
CASE_CONTEXT = "case.context"
CASE_PRIOR = "case.prior"
CASE_END = "case.end"
CASE_ADDED = "analyse.case_added"
LABELS_WRITTEN = "readers.labels"

# Who asks the session's desk for work.
EXPLANATIONS = "explanations"
FILTERS = "filters"
DATA = "data"
SERIES = "series"
SERIES_CAPTURES = "series captures"

MAX_STUDIES = 200


def cause_key(field: str, run_digest: str, kind: str, file: str) -> str:
    """Return the key of a field of the cause form of one wrong call; no file name stands in it."""
    name = hashlib.sha256(f"{run_digest}\n{kind}\n{file}".encode()).hexdigest()[:20]
    return f"clinic.{field}.{name}"


def keep_choice(key: str) -> None:
    """Keep what a widget says beside it: the widget's own key is forgotten with its page."""
    st.session_state[WORK_KEPT] = {
        **st.session_state.get(WORK_KEPT, {}),
        key: st.session_state.get(key),
    }


def settle_choice(key: str, options: Sequence[object], default: object) -> None:
    """Give a widget the choice that was kept for it, where that is still one of the options."""
    kept = st.session_state.get(WORK_KEPT, {}).get(key, default)
    if st.session_state.get(key, kept) not in options:
        kept = default
        st.session_state.pop(key, None)
    st.session_state.setdefault(key, kept if kept in options else default)


def case_uploader_key() -> str:
    """Return the key of the worklist's uploader; another one once its files were taken over."""
    return f"worklist.uploader.{st.session_state.get(WORK_ADD_ROUND, 0)}"


def form_key(field: str, act: str) -> str:
    """Return the key of a field of the verdict form: it belongs to one act."""
    return f"case.{field}.{act}"


def prior_key(case_id: str) -> str:
    """Return the key of the prior that is compared with a case."""
    return f"{CASE_PRIOR}.{case_id}"


class Upload(Protocol):
    """The part of Streamlit's UploadedFile that is read, once."""

    file_id: str
    name: str

    def getvalue(self) -> bytes:
        """Return the bytes."""
        ...


@dataclass(frozen=True, slots=True)
class Study:
    """One picture on the light box.

    ``name`` is what the client said: text for the screen and nothing else, never a path, never
    markdown. ``key`` tells two uploads of the same bytes apart; ``sha256`` identifies the bytes.
    """

    key: str
    name: str
    data: bytes
    sha256: str
    teaching: str | None = None
    already_applied: tuple[str, ...] = ()


def looked_at() -> tuple[object, ...]:
    """Return what a page is about: the task, the picture, its frame, what it carries already.

    A fragment compares: a click inside it that changed any of these calls for the whole page.
    """
    study = current()
    if study is None:
        return (st.session_state.get(TASK), None)
    choices = [remembered(key, study, None) for key in (FRAMES, CARRIED)]
    return (st.session_state.get(TASK), study.key, *choices)


def studies() -> list[Study]:
    """Return the pictures on the light box, in their order."""
    return list(st.session_state.get(STUDIES, []))


def current() -> Study | None:
    """Return the picture that is looked at, or None when the light box is empty."""
    all_studies = studies()
    if not all_studies:
        return None
    return all_studies[min(max(place(), 0), len(all_studies) - 1)]


def place() -> int:
    """Return the zero-based place of the current picture."""
    return int(st.session_state.get(CURRENT, 0))


def go_to(index: int) -> None:
    """Look at the picture at a place; beyond the ends, at the first or last."""
    st.session_state[CURRENT] = min(max(index, 0), max(len(studies()) - 1, 0))


def step(by: int) -> None:
    """Look at the next (1) or previous (-1) picture."""
    go_to(place() + by)


def put(study: Study) -> None:
    """Put one picture on the light box and look at it; one that lies there is only looked at."""
    keys = [item.key for item in studies()]
    if study.key in keys:
        go_to(keys.index(study.key))
        return
    st.session_state[STUDIES] = [*studies(), study]
    go_to(len(studies()) - 1)


def take_in(uploads: Iterable[Upload]) -> int:
    """Put new uploads on the light box, look at the first of them, and count those left out.

    An upload is read once: what was taken off the light box does not come back with a rerun.
    """
    seen: set[str] = st.session_state.setdefault(SEEN_UPLOADS, set())
    new, left_out = [], 0
    for upload in uploads:
        if upload.file_id in seen:
            continue
        if len(studies()) + len(new) >= MAX_STUDIES:
            left_out += 1
            continue
        seen.add(upload.file_id)
        data = upload.getvalue()
        digest = hashlib.sha256(data).hexdigest()
        new.append(Study(key=upload.file_id, name=upload.name, data=data, sha256=digest))
    if new:
        first = len(studies())
        st.session_state[STUDIES] = [*studies(), *new]
        go_to(first)
    return left_out


def clear() -> None:
    """Take every picture off the light box and forget what was known about it."""
    for key in (STUDIES, SEEN_UPLOADS, CURRENT, CARRIED, FRAMES, OUTCOMES):
        st.session_state.pop(key, None)
    st.session_state[UPLOADER_ROUND] = st.session_state.get(UPLOADER_ROUND, 0) + 1


def uploader_key() -> str:
    """Return the key of the file uploader; it changes when the light box is cleared."""
    return f"analyse.uploader.{st.session_state.get(UPLOADER_ROUND, 0)}"


def widget_key(widget: str, study: Study) -> str:
    """Return the key of a widget that belongs to one picture of the light box."""
    return f"{widget}.{study.key}"


def experiment_text_key(task: str, experiment: str) -> str:
    """Return the key of the text of an experiment: each keeps what was changed in it."""
    return f"training.text.{task}.{experiment}"


def filter_channel_key(layer: str, *, has_picture: bool) -> str:
    """Return the key of the channel that was chosen for a layer; with a picture it is another."""
    return f"filters.channel.{layer}.{'picture' if has_picture else 'alone'}"


def filter_table_key(*, has_all: bool) -> str:
    """Return the key of the table of layers: of those with a map, or of all."""
    return f"filters.table.{'all' if has_all else 'maps'}"


def filter_page_key(layer: str) -> str:
    """Return the key of the page of a layer's channels."""
    return f"filters.page.{layer}"


def compare_case_key(file: str) -> str:
    """Return the key of one card of Compare; no file name stands in it."""
    return f"compare_case_{hashlib.sha256(file.encode()).hexdigest()[:16]}"


def compare_threshold_key(which: str, run: str, class_name: str) -> str:
    """Return the key of a threshold on Compare: it belongs to a run and a class."""
    return f"compare.threshold.{which}.{run}.{class_name}"


def remember(table: str, study: Study, value: object) -> None:
    """Keep a choice (frame, recipe switch) for one picture while it lies on the light box."""
    st.session_state[table] = {**st.session_state.get(table, {}), study.key: value}


def remembered(table: str, study: Study, default: object) -> object:
    """Return the choice kept for one picture."""
    return st.session_state.get(table, {}).get(study.key, default)


def prevalence_key(finding: str, run: str, own: float) -> str:
    """Return the key of the prevalence of a finding: each run has its own share among the steps."""
    return f"operating.prevalence.{finding}.{run}.{own:.9f}"


def clicked(chart: str) -> float | None:
    """Return the first value that the clicked point of a chart carries; None where none is."""
    selection = (st.session_state.get(chart) or {}).get("selection") or {}
    points = selection.get("points") or []
    carried = points[0].get("customdata") if points else None
    if isinstance(carried, dict):
        carried = list(carried.values())
    return float(carried[0]) if carried else None
