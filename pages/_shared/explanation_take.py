"""Maps to take away: each as PNG and NPY, and all of the grid in one archive."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import streamlit as st

from core.tasks import TaskSpec
from core.workflows.explanation_files import (
    MapFile,
    difference_file,
    file_stem,
    map_file,
    maps_zip,
)
from core.workflows.explanations import ClassMap, MapKey, Subject
from pages._shared import resources, state

if TYPE_CHECKING:
    from pages._shared.explanation_controls import Asked


@dataclass(frozen=True, slots=True)
class Offer:
    """One map that can be taken away: what it is called, and how its files are made."""

    title: str
    stem: str
    draw: Callable[[], MapFile]


def show_take(subject: Subject, asked: Asked, task: TaskSpec) -> None:
    """Show the downloads; files are made while the list is open."""
    # Bytes, not something that makes them when it is clicked: Streamlit forgets such a file at the
    # next run of the script, and while maps are measured a run follows every moment.
    with st.popover(
        "Download maps",
        icon=":material/download:",
        width="stretch",
        key=state.EXPLAIN_TAKE_OPEN,
        on_change="rerun",
    ) as popover:
        if not popover.open:
            return
        offers = available(subject, asked, task)
        if not offers:
            st.caption("No map is there yet.")
            return
        by_title = {offer.title: offer for offer in offers}
        title = st.selectbox("Map", list(by_title), key=state.EXPLAIN_TAKE)
        chosen = by_title.get(title) or offers[0]
        made = chosen.draw()
        with st.container(horizontal=True, gap="small"):
            _button("PNG", made.png, f"{chosen.stem}.png", "image/png")
            _button("NPY", made.npy, f"{chosen.stem}.npy", "application/octet-stream")
            _show_archive(subject, asked, offers)


def _show_archive(subject: Subject, asked: Asked, offers: Sequence[Offer]) -> None:
    """Offer to put every map into one archive; it is made once and stays until a map changes."""
    content = f"{subject.key}{asked.look}{[offer.stem for offer in offers]}"
    digest = hashlib.sha256(content.encode()).hexdigest()
    if st.session_state.get(state.EXPLAIN_ARCHIVE) != digest:
        st.button(
            f"Put all {len(offers)} into a ZIP",
            key="explain.take.make",
            on_click=_ask_for_archive,
            args=(digest,),
        )
        return
    name = f"{subject.task}_{subject.version}_{subject.image.sha256[:8]}_maps.zip"
    data = resources.archive(digest, lambda: maps_zip([offer.draw() for offer in offers]))
    _button(f"All {len(offers)} as ZIP", data, name, "application/zip")


def _ask_for_archive(digest: str) -> None:
    st.session_state[state.EXPLAIN_ARCHIVE] = digest


def available(subject: Subject, asked: Asked, task: TaskSpec) -> list[Offer]:
    """Return the maps of the grid that are there, class by class, and their differences."""
    desk, look, is_smooth = resources.map_desk(), asked.look, not asked.has_raw_grid
    titles = {name: task.class_spec(name).title for name in asked.classes}
    found: dict[tuple[str, str], ClassMap] = {}
    for name in asked.classes:
        for spec in asked.methods:
            item = desk.found(MapKey(subject.key, spec.key, name))
            if isinstance(item, ClassMap):
                found[name, spec.key] = item
    offers = [
        Offer(
            f"{titles[name]} · {spec.title}",
            file_stem(subject, spec.key, name),
            partial(map_file, subject, found[name, spec.key], look, is_smooth=is_smooth),
        )
        for name in asked.classes
        for spec in asked.methods
        if (name, spec.key) in found
    ]
    if asked.has_difference:
        first, second = asked.classes[:2]
        offers += [
            Offer(
                f"{titles[first]} − {titles[second]} · {spec.title}",
                file_stem(subject, spec.key, first, second),
                partial(
                    difference_file,
                    subject,
                    found[first, spec.key],
                    found[second, spec.key],
                    look,
                    is_smooth=is_smooth,
                ),
            )
            for spec in asked.methods
            if spec.unit and {(first, spec.key), (second, spec.key)} <= found.keys()
        ]
    return offers


def _button(label: str, data: bytes, name: str, mime: str) -> None:
    st.download_button(
        label, data=data, file_name=name, mime=mime, key=f"explain.take.{label}", on_click="ignore"
    )
