"""The cards of the clinic: pictures and maps, figures, and the form that takes a cause."""

from __future__ import annotations

import hashlib

import streamlit as st

from core.errors import CoreError, IntakeError
from core.wording import plural
from core.workflows import clinic_words
from core.workflows.clinic import (
    CAUSES,
    MISS,
    Cause,
    Clinic,
    ClinicCase,
    MissCause,
    MissKind,
    record_cause,
)
from core.workflows.clinic_pictures import CasePicture, content_key
from core.workflows.run_pictures import PictureSource
from pages._shared import frame, resources, state, style
from pages._shared.clinic_markup import Bar, Card, Near, Pane
from pages._shared.viewer import shortened

NO_EVIDENCE = "no positive evidence"
MOST_NOTE = 2000
NOT_YET = "Not saved yet."  # something is missing in the form: no fault, so no alarm
_LONGEST_NAME = 40


def show_card(
    clinic: Clinic,
    case: ClinicCase,
    source: PictureSource,
    recorded: MissCause | None,
    *,
    digest: str,
) -> None:
    """Show one wrong call; ``digest`` is that of the run's predictions."""
    with st.container(key=f"clinic_card_{case.place}"):
        left, right = st.columns([76, 24], gap="medium")
        with left:
            picture = _picture(clinic, case, source)
            style.clinic_card(_card(clinic, case, picture))
            if picture.problem:
                style.quiet(picture.problem)
        with right:
            st.text(f"{case.place + 1:,} · {shortened(case.file, _LONGEST_NAME)}")
            _show_form(clinic, case, source, recorded, digest)


def _picture(clinic: Clinic, case: ClinicCase, source: PictureSource) -> CasePicture:
    run = clinic.stored
    return resources.case_picture(
        str(run.folder), run.facts.version_digest, case.file, content_key(source, case.file),
        _looked_at(case), _clinic=clinic, _source=source,
    )  # fmt: skip


def _looked_at(case: ClinicCase) -> tuple[str, ...]:
    """Return the two classes whose maps stand side by side: the true and the called one."""
    second = case.called if case.called != case.y_true else case.looked_for
    return tuple(dict.fromkeys((case.y_true, second)))


def _card(clinic: Clinic, case: ClinicCase, picture: CasePicture) -> Card:
    return Card(
        panes=_panes(clinic, case, picture),
        bars=_bars(clinic, case),
        threshold=case.threshold,
        facts=_facts(clinic, case, picture),
        flags=_flags(clinic, case),
        chips=[
            f"{shortened(name.replace('_', ' '))}: {shortened(value, _LONGEST_NAME)}"
            for name, value in case.slices.items()
        ],
        near=_near(clinic, picture),
        near_said=_near_said(clinic, picture),
    )


def _panes(clinic: Clinic, case: ClinicCase, picture: CasePicture) -> list[Pane]:
    panes = [Pane("Picture", picture.png, "away")]
    for name in _looked_at(case):
        title = clinic_words.title_of(clinic, name)
        role = "true" if name == case.y_true else "called"
        drawn = picture.maps.get(name)
        if drawn is None:
            panes.append(Pane(f"Map of {title} ({role})", None, "no map"))
        elif drawn.png is None:
            panes.append(Pane(f"Map of {title} ({role})", None, NO_EVIDENCE))
        else:
            panes.append(Pane(f"Map of {title} ({role}), peak {drawn.raw_peak:.1f}", drawn.png))
    return panes


def _bars(clinic: Clinic, case: ClinicCase) -> list[Bar]:
    bars = []
    for item in clinic.task.classes:
        if item.key not in case.probabilities:
            continue
        role = "called" if item.key == case.called else ""
        if item.key == case.y_true:
            role = "true, called" if role else "true"
        bars.append(Bar(item.title, item.colour, case.probabilities[item.key], role))
    return bars


def _flags(clinic: Clinic, case: ClinicCase) -> list[tuple[str, str]]:
    flags = []
    if case.refused:
        flags.append(("refused", "Refused by the gate in this run: Analyse would have withheld it"))
    if case.suspected and case.suggested:
        suggested = clinic_words.title_of(clinic, case.suggested)
        flags.append(("label", f"Label doubted: confidently {suggested}"))
    return flags


def _facts(clinic: Clinic, case: ClinicCase, picture: CasePicture) -> list[tuple[str, str]]:
    facts = [("Distance", clinic_words.distance_said(clinic, case))]
    if case.group is not None:
        facts.append((clinic.group_name.capitalize(), shortened(case.group, _LONGEST_NAME)))
    if picture.quality is not None:
        facts.append(("Quality", f"{picture.quality:.2f} of 1"))
        if picture.quality < 1:
            facts.append(("", picture.quality_reason))
    gate = clinic_words.gate_said(clinic, picture)
    if gate is not None:
        facts.append(("Gate", gate))
    if picture.now and clinic.stored.facts.split == "out_of_fold":
        best = max(picture.now, key=lambda name: picture.now[name])
        title = clinic_words.title_of(clinic, best)
        facts.append(("Shipped weights", f"{title} {picture.now[best]:.2f}, fitted on it too"))
    return facts


def _near(clinic: Clinic, picture: CasePicture) -> list[Near]:
    colours = {item.key: item.colour for item in clinic.task.classes}
    return [
        Near(
            shortened(clinic_words.title_of(clinic, item.label)),
            colours.get(item.label, ""),
            item.distance,
            item.png,
        )
        for item in picture.look_alikes
    ]


def _near_said(clinic: Clinic, picture: CasePicture) -> str:
    if picture.look_alikes_said or not picture.look_alikes:
        return picture.look_alikes_said
    own = f" of other {plural(clinic.group_name)}" if picture.own_left_out else ""
    return f"Nearest training pictures{own}, with their labels and distance"


def _show_form(
    clinic: Clinic,
    case: ClinicCase,
    source: PictureSource,
    recorded: MissCause | None,
    digest: str,
) -> None:
    """Show the form of a cause; what was typed stays in it whatever becomes of saving it."""

    def key(field: str) -> str:
        return state.cause_key(field, digest, clinic.kind, case.file)

    options = list(CAUSES)
    with st.form(key("form"), clear_on_submit=False, border=False):
        st.selectbox(
            "Cause", options, index=options.index(Cause(recorded.cause)) if recorded else None,
            format_func=CAUSES.get, placeholder="Choose a cause", key=key("cause"),
            label_visibility="collapsed",
        )  # fmt: skip
        st.text_area(
            "Note", recorded.note if recorded else "", key=key("note"), max_chars=MOST_NOTE,
            placeholder="What you see", height=68, label_visibility="collapsed",
        )  # fmt: skip
        st.form_submit_button(
            "Save the cause", key=key("save"), on_click=_save, args=(clinic, case, digest)
        )
    said = st.session_state.get(state.CLINIC_SAID)
    if said and said[0] == key("said"):
        if said[1] == NOT_YET:
            style.quiet(f"{said[1]} {said[2]}")
        else:
            style.notice("error", said[1], said[2])
    elif recorded is not None and recorded.recorded_at is not None:
        when = f"{recorded.recorded_at:%d %b %Y %H:%M} UTC"
        style.quiet(f"{CAUSES[Cause(recorded.cause)]}, {recorded.recorded_by}, {when}")
    if st.button(
        "Open in Analyse", key=key("open"), type="tertiary", icon=":material/open_in_new:",
        on_click=_take_along, args=(source, case, key("said")),
    ):  # fmt: skip
        st.switch_page(frame.START, query_params={"task": clinic.task.key})


def _save(clinic: Clinic, case: ClinicCase, digest: str) -> None:
    """Record what stands in the form; a failure is kept for the card to show."""

    def key(field: str) -> str:
        return state.cause_key(field, digest, clinic.kind, case.file)

    cause = st.session_state.get(key("cause"))
    who = str(st.session_state.get(state.CLINIC_SIGNED_BY) or "").strip()
    st.session_state[state.CLINIC_SAID] = None
    if cause is None or not who:
        missing = "Choose a cause." if cause is None else "Write your name above the cards."
        st.session_state[state.CLINIC_SAID] = (key("said"), NOT_YET, missing)
        return
    try:
        record_cause(
            MissCause(
                task=clinic.task.key,
                run=clinic.stored.name,
                run_digest=digest,
                file=case.file,
                y_true=case.y_true,
                called=case.called,
                kind=MissKind.MISS if clinic.kind == MISS else MissKind.FALSE_ALARM,
                cause=Cause(cause),
                note=str(st.session_state.get(key("note")) or ""),
                recorded_by=who,
            )
        )
    except CoreError as error:
        st.session_state[state.CLINIC_SAID] = (key("said"), error.problem, error.remedy)


def _take_along(source: PictureSource, case: ClinicCase, said_key: str) -> None:
    """Put the picture on the light box of Analyse: window, zoom, every map."""
    try:
        data = source.read(case.file)
    except IntakeError as error:
        st.session_state[state.CLINIC_SAID] = (said_key, error.problem, error.remedy)
        return
    digest = hashlib.sha256(data).hexdigest()
    state.put(
        state.Study(
            key=f"clinic.{digest}",
            name=case.file,
            data=data,
            sha256=digest,
            already_applied=source.already_applied,
        )
    )
