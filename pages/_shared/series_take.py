"""What a person takes away of a series: its PDF, and the captures of the whole stack as one zip.

Hundreds of captures take a while, so they are made in the background once somebody asks; the
export is recorded when it is taken.
"""

from __future__ import annotations

import streamlit as st

from core.workflows.background_desk import Failure
from core.workflows.series_captures import captures_job, captures_key, made_captures
from core.workflows.series_reading import SeriesReading
from pages._shared import identity, resources, state, style


def ask(made: SeriesReading) -> bool:
    """See that the captures are made, where somebody asked; say whether it is settled already."""
    is_asked = _is_asked(made)
    key, desk, was_settled = captures_key(made), resources.map_desk(), is_settled(made)
    missing = [] if was_settled or not is_asked else desk.missing([key])
    jobs = [captures_job(made)] if missing else []
    desk.ask(state.SERIES_CAPTURES, jobs, wanted=[key] if is_asked else [])
    return was_settled


def is_to_be_asked(made: SeriesReading) -> bool:
    """Whether somebody asked just now, and nothing was begun: a fragment cannot begin it."""
    return _is_asked(made) and not is_settled(made) and not is_making()


def _is_asked(made: SeriesReading) -> bool:
    return made.is_done and st.session_state.get(state.SERIES_CAPTURES_ASKED) == made.token


def is_settled(made: SeriesReading) -> bool:
    """Whether the captures of a reading are made, or cannot be."""
    return made_captures(made) is not None or (
        resources.map_desk().found(captures_key(made)) is not None
    )


def is_making() -> bool:
    """Whether captures are being made."""
    return resources.map_desk().progress(state.SERIES_CAPTURES) is not None


def show_take(made: SeriesReading) -> None:
    """Show the downloads of a series whose slices are all answered."""
    name = f"{made.key.task}_{made.key.version}_series_{made.key.digest[:8]}"
    with st.container(horizontal=True, gap="small", key="series_take"):
        _offer_pdf(made, name)
        _offer_captures(made, name)
    failed = resources.map_desk().found(captures_key(made))
    if isinstance(failed, Failure) and not failed.was_stopped:
        style.quiet(f"The captures were not made: {failed.problem} {failed.remedy}")


def _offer_pdf(made: SeriesReading, name: str) -> None:
    who = identity.who()

    def data() -> bytes:
        from core.workflows.series_report import series_pdf

        return series_pdf(made, who=who)

    st.download_button(
        "Report as PDF",
        data=data,
        file_name=f"{name}.pdf",
        mime="application/pdf",
        key="series.pdf",
        on_click="ignore",
        icon=":material/download:",
    )


def _offer_captures(made: SeriesReading, name: str) -> None:
    """Offer to make the captures, then to take them; one that takes them is recorded."""
    captures, who = made_captures(made), identity.who()
    if captures is not None:
        st.download_button(
            f"{len(captures.digests)} captures, {len(captures.data) / 1e6:.0f} MB",
            data=lambda: captures.take(who=who),
            file_name=f"{name}_captures.zip",
            mime="application/zip",
            key="series.captures",
            on_click="ignore",
            icon=":material/download:",
        )
        return
    st.button(
        "DICOM captures",
        key="series.captures.make",
        icon=":material/filter_none:",
        disabled=is_making(),
        on_click=_ask_for,
        args=(made,),
        help="Every slice with its map as a secondary capture, as one series in the study of the "
        "source. They name no patient.",
    )


def _ask_for(made: SeriesReading) -> None:
    resources.map_desk().forget_failures([captures_key(made)])
    st.session_state[state.SERIES_CAPTURES_ASKED] = made.token
