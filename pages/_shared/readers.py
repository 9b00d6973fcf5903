"""What the validator is told of readers: kappa, the reveal, and the set their verdicts make."""

from __future__ import annotations

from dataclasses import asdict

import streamlit as st

from core.config import settings
from core.errors import CoreError
from core.tasks import TaskSpec
from core.workflows.second_reads import Agreement
from core.workflows.verdict_labels import LabelledSet, write_labels_at_home
from pages._shared import notices, state, style


def show_agreement(found: Agreement) -> None:
    """Show kappa of every two readers and of all second reads, each with n and interval."""
    style.kicker("Agreement of readers beyond chance")
    rows = [
        (f"{one} and {other}", "", f"{kappa.n:,} cases", [asdict(kappa)])
        for (one, other), kappa in sorted(found.pairs.items())
    ]
    rows.append(("All cases with two readers (Fleiss)", "", f"{found.n_second:,} cases",
                 [asdict(found.fleiss)]))  # fmt: skip
    style.figure_table(["Kappa, 95 % interval"], rows)
    style.quiet(
        "Of the verdicts in force; not assessable counts as a class. Cohen's kappa with the "
        "standard error of Fleiss, Cohen and Everitt; Fleiss' kappa with a bootstrap over cases. "
        "Undefined where nothing was read twice, or every verdict is the same."
    )
    share = settings().second_read_share
    style.quiet(
        "No second reads are asked for: SECOND_LOOK_SECOND_READ_SHARE is not set."
        if share is None
        else f"{share * 100:g} % of cases are read a second time, and every case where reader and "
        "model differ. Cases chosen for disagreement lower kappa: it is not that of all cases."
    )


def show_switches(found: Agreement) -> None:
    """Show what readers did at the reveal, held against the verdict that stands."""
    style.kicker("What the reveal did")
    moved = found.switches
    rows = [
        ("Model right", "", f"{moved.changed_where_right.n:,} verdicts",
         [asdict(moved.changed_where_right)]),
        ("Model wrong", "", f"{moved.changed_where_wrong.n:,} verdicts",
         [asdict(moved.changed_where_wrong)]),
    ]  # fmt: skip
    style.figure_table(["Share changed, 95 % interval"], rows)
    style.quiet(
        f"Of {moved.n:,} verdicts before and after the reveal, {moved.to_right:,} became right "
        f"and {moved.to_wrong:,} became wrong, held against the verdict that stands. A reader who "
        "changes where the model is wrong follows it too far."
    )
    if not settings().read_first:
        style.quiet("Verdicts before the reveal are taken where SECOND_LOOK_READ_FIRST is set.")


def show_labels(task: TaskSpec) -> None:
    """Offer to write the verdicts that stand as a labelled set, and say what was written."""
    style.kicker("Verdicts as a labelled set")
    style.quiet(
        "Pictures, labels and groups of the cases whose verdict stands, for evaluation or "
        "training. Readers who differ and are not adjudicated are left out."
    )
    st.button(
        "Write verdicts as a labelled set", key="readers.write", icon=":material/folder:",
        on_click=_write, args=(task.key,),
    )  # fmt: skip
    said = st.session_state.get(state.LABELS_WRITTEN)
    if isinstance(said, CoreError):
        notices.failure(said)
    elif isinstance(said, LabelledSet):
        by_label = ", ".join(f"{name} {n:,}" for name, n in said.labels.items())
        style.verdict(
            "ok",
            f"{said.n:,} pictures of {said.groups:,} patients",
            f"{by_label}. {said.left_out:,} cases are left out. In {said.folder}",
        )


def _write(task: str) -> None:
    try:
        st.session_state[state.LABELS_WRITTEN] = write_labels_at_home(task)
    except CoreError as error:
        st.session_state[state.LABELS_WRITTEN] = error
