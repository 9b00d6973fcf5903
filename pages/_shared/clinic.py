"""The clinic's inputs and what stands around the cards: finding, filters, causes, downloads."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from core import charts
from core.charts.causes import pareto_chart
from core.tasks import TaskSpec
from core.workflows import clinic as workflow
from core.workflows import clinic_report, clinic_words
from core.workflows.clinic import ANY_FINDING, CAUSES, FALSE_ALARM, MISS, NO_CAUSE, Clinic, Filters
from core.workflows.records import MissCause
from core.workflows.run_pictures import PictureSource, maps_said
from core.workflows.stored_runs import StoredRun
from pages._shared import clinic_cards, identity, leaks, state, style
from pages._shared.viewer import shortened

CARDS_ON_A_PAGE = 6
MOST_ROWS = 5000
_KINDS = {MISS: "Misses", FALSE_ALARM: "False alarms"}
_NO_CAUSE_SAID = "No cause yet"


def take_address(stored: Sequence[StoredRun], task: TaskSpec) -> None:
    """Take run, finding, kind, called class and picture from the address when it changed."""
    names = ("run", "class", "kind", "called", "file")
    asked = tuple(st.query_params.get(name) for name in names)
    if asked == st.session_state.get(state.CLINIC_ASKED):
        return
    st.session_state[state.CLINIC_ASKED] = asked
    run, class_name, kind, called, file = asked
    if run in {item.name for item in stored}:
        st.session_state[state.RUN] = run
    if class_name in _classes(task):
        st.session_state[state.CLINIC_CLASS] = class_name
    if class_name or kind:
        st.session_state[state.CLINIC_KIND] = kind if kind in _KINDS else MISS
    if called in task.class_names:
        st.session_state[state.CLINIC_CALLED] = [called]
    st.session_state[state.CLINIC_FILE] = file


def _classes(task: TaskSpec) -> list[str]:
    """Return what may be looked for: any finding, the dearest finding first, then the rest."""
    findings = sorted(task.findings, key=lambda name: -task.class_spec(name).miss_cost)
    others = [name for name in task.class_names if name not in task.findings]
    return [*findings, ANY_FINDING, *others]


def ask_what(task: TaskSpec) -> tuple[str, str]:
    """Show the choice of class and kind, and return it."""
    titles = {item.key: item.title for item in task.classes} | {ANY_FINDING: "Any finding"}
    options = _classes(task)
    if st.session_state.get(state.CLINIC_CLASS) not in options:
        st.session_state[state.CLINIC_CLASS] = options[0]
    st.session_state.setdefault(state.CLINIC_KIND, MISS)
    with st.container(horizontal=True, gap="small", vertical_alignment="center"):
        class_name = st.segmented_control(
            "Class", options, key=state.CLINIC_CLASS, format_func=titles.get, required=True,
            label_visibility="collapsed",
        )  # fmt: skip
        kind = st.segmented_control(
            "Kind", list(_KINDS), key=state.CLINIC_KIND, format_func=_KINDS.get,
            required=True, label_visibility="collapsed",
        )  # fmt: skip
    return class_name or options[0], kind or MISS


def show_causes(clinic: Clinic, recorded: Mapping[str, MissCause]) -> None:
    """Show the Pareto of the causes that people gave."""
    causes = workflow.pareto(clinic, recorded)
    given = int(causes["n"].sum())
    style.kicker(f"Causes: {given:,} of {clinic.summary.n_wrong:,} looked into")
    st.plotly_chart(
        pareto_chart(causes), config=charts.CONFIG, theme=None, key="clinic.pareto",
        alt="; ".join(f"{row.title}: {row.n}" for row in causes.itertuples()),
    )  # fmt: skip


def ask_filters(clinic: Clinic, recorded: Mapping[str, MissCause]) -> Filters:
    """Show the filters of the wrong calls and return them."""
    task, cases, row = clinic.task, clinic.cases, clinic.wrong.row
    titles = {item.key: item.title for item in task.classes}
    names = cases.class_names
    called = _several(
        "Called", state.CLINIC_CALLED, Counter(names[k] for k in clinic.wrong.called), titles
    )
    y_true: frozenset[str] = frozenset()
    if clinic.kind == FALSE_ALARM or clinic.class_name == ANY_FINDING:
        counts = Counter(names[k] for k in cases.y_true[row])
        y_true = _several("Truly", state.CLINIC_TRUE, counts, titles)
    groups: frozenset[str] = frozenset()
    if cases.group is not None:
        counts = Counter(str(name) for name in cases.group[row])
        groups = _several(clinic.group_name.capitalize(), state.CLINIC_GROUPS, counts, {})
    counts = Counter(
        str(recorded[file].cause) if file in recorded else NO_CAUSE for file in cases.file[row]
    )
    causes = {str(cause): title for cause, title in CAUSES.items()} | {NO_CAUSE: _NO_CAUSE_SAID}
    cause = _several("Cause", state.CLINIC_CAUSES, counts, causes)
    n_refused = int(cases.refused[row].sum())
    refused = st.checkbox(
        f"Refused by the gate ({n_refused:,})", key=state.CLINIC_REFUSED, disabled=not n_refused
    )
    suspected = False
    if clinic.labels is not None:
        n = int(clinic.labels.is_suspected[row].sum())
        suspected = st.checkbox(
            f"Label doubted ({n:,})", key=state.CLINIC_SUSPECTED, disabled=not n,
            help=clinic_words.labels_said(clinic),
        )  # fmt: skip
    one_a_group = cases.group is not None and st.checkbox(
        f"One a {clinic.group_name}, the most confident", key=state.CLINIC_ONE
    )
    return Filters(
        called=called,
        y_true=y_true,
        groups=groups,
        causes=cause,
        refused=refused or None,
        suspected=suspected or None,
        one_a_group=one_a_group,
        file=st.session_state.get(state.CLINIC_FILE),
    )


def _several(
    label: str, key: str, counts: Counter[str], titles: Mapping[str, str]
) -> frozenset[str]:
    """Show a choice of several values with their counts; none chosen means all."""
    options = [value for value, _ in counts.most_common()]
    kept = [value for value in st.session_state.get(key, []) if value in options]
    st.session_state[key] = kept
    chosen = st.multiselect(
        label, options, key=key, placeholder="all", filter_mode="contains",
        format_func=lambda value: f"{shortened(titles.get(value, value))} · {counts[value]:,}",
    )  # fmt: skip
    return frozenset(chosen)


def show_head(clinic: Clinic) -> None:
    """Show how many, of how many, in how many groups, with the interval; and what to doubt."""
    style.clinic_head(clinic_words.headline(clinic), clinic_words.detail(clinic))
    leaks.show_banner(clinic.stored, clinic.task, brief=True)


def show_calls(
    clinic: Clinic,
    filters: Filters,
    recorded: Mapping[str, MissCause],
    source: PictureSource,
    *,
    digest: str,
) -> None:
    """Show what passes the filters: cards where pictures are at hand, rows where they are away."""
    places = workflow.choose(clinic, filters, recorded)
    with st.container(horizontal=True, gap="small", vertical_alignment="center", key="clinic_bar"):
        start = 0
        if source.attached:
            start = _turn_page(
                len(places), (clinic.stored.name, clinic.class_name, clinic.kind, filters)
            )
        _ask_name(source)
        _show_downloads(clinic, places, recorded, source)
    if filters.file is not None:
        with st.container(horizontal=True, gap="small", vertical_alignment="center"):
            style.quiet(
                "The link led to one picture."
                if len(places)
                else "The picture that the link names is not among these wrong calls."
            )
            st.button("Show all", key="clinic.all", on_click=_show_all, type="tertiary")
    if not len(places):
        style.quiet("Nothing is listed: no wrong call passes the filters.")
    elif not source.attached:
        _show_rows(clinic, places, recorded, source)
    else:
        if maps_said(clinic.stored):
            style.quiet(maps_said(clinic.stored))
        for place in places[start : start + CARDS_ON_A_PAGE]:
            case = workflow.case_at(clinic, int(place))
            clinic_cards.show_card(clinic, case, source, recorded.get(case.file), digest=digest)


def _show_rows(
    clinic: Clinic,
    places: NDArray[np.int64],
    recorded: Mapping[str, MissCause],
    source: PictureSource,
) -> None:
    style.quiet(source.sentence)
    st.dataframe(
        workflow.clinic_table(clinic, places[:MOST_ROWS], recorded),
        hide_index=True, key="clinic.rows", height=480,
    )  # fmt: skip
    if len(places) > MOST_ROWS:
        style.quiet(f"The first {MOST_ROWS:,} of {len(places):,}; the CSV has every row.")


def _show_all() -> None:
    st.session_state[state.CLINIC_FILE] = None


def _turn_page(n: int, view: object) -> int:
    """Show where in the list the page stands, with a step each way; return the first place.

    ``view`` is what is listed: another list starts at its first page.
    """
    if st.session_state.get(state.CLINIC_VIEW) != view:
        st.session_state[state.CLINIC_VIEW] = view
        st.session_state[state.CLINIC_PAGE] = 0
    last = max(0, (n - 1) // CARDS_ON_A_PAGE)
    page = min(max(int(st.session_state.get(state.CLINIC_PAGE, 0)), 0), last)
    start = page * CARDS_ON_A_PAGE
    st.button(
        "Previous", icon=":material/chevron_left:", key="clinic.previous", on_click=_turn,
        args=(page - 1,), disabled=page == 0,
    )  # fmt: skip
    st.button(
        "Next", icon=":material/chevron_right:", key="clinic.next", on_click=_turn,
        args=(page + 1,), disabled=page == last,
    )  # fmt: skip
    end = min(start + CARDS_ON_A_PAGE, n)
    style.quiet(f"{min(start + 1, n):,} to {end:,} of {n:,}")
    return start


def _turn(page: int) -> None:
    st.session_state[state.CLINIC_PAGE] = page


def _ask_name(source: PictureSource) -> None:
    """Show who signs the causes."""
    if source.attached:
        identity.name_input(
            state.CLINIC_SIGNED_BY, placeholder="Your name, under each cause",
            label_visibility="collapsed", width=240, max_chars=120,
        )  # fmt: skip


def _show_downloads(
    clinic: Clinic,
    places: NDArray[np.int64],
    recorded: Mapping[str, MissCause],
    source: PictureSource,
) -> None:
    """Offer what is listed as CSV and as PDF."""
    stem = clinic_report.file_stem(clinic)
    st.download_button(
        "Rows as CSV", lambda: clinic_report.csv_of(clinic, places, recorded), f"{stem}.csv",
        "text/csv", key="clinic.csv", on_click="ignore", icon=":material/download:",
        type="tertiary",
    )  # fmt: skip
    st.download_button(
        "Clinic as PDF", lambda: clinic_report.pdf_of(clinic, places, recorded, source),
        f"{stem}.pdf", "application/pdf", key="clinic.pdf", on_click="ignore",
        icon=":material/picture_as_pdf:", type="tertiary",
        help=f"The first {clinic_report.MOST_CARDS} listed as cards with their maps, then every "
        "row. Maps take a fraction of a second each.",
    )  # fmt: skip
