"""The board of Filters: layers to the left, their channels in the middle, one channel to the right.

It stands in one fragment: a click runs it and nothing else. Maps come from the engine while the
page is painted; what takes long is the desk's work, told by a small fragment of its own.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import streamlit as st

from core.domain import Answer, ByteArray
from core.errors import CoreError
from core.tasks import TaskSpec
from core.workflows.network_view import (
    LayerMaps,
    NetworkView,
    kernel_pictures,
    layer_maps,
    layer_table,
    n_channels,
)
from core.workflows.showing import colour_stops, signed_stops
from pages._shared import (
    answers,
    filter_channel,
    filter_tiles,
    lightbox,
    notices,
    state,
    style,
    verdict,
)
from pages._shared.filter_tiles import Tile
from pages._shared.state import Study

A_PAGE = 23  # with the picture itself: four rows of six on a small screen
TABLE_HEIGHT = 394
CASES_IN_A_ROW = 4  # their titles stand in a column
TILE, SMALL_TILE, KERNEL = 80, 56, 40
ALL_HELP = "Every layer, also those without a map: normalisations, activations, sums."


@dataclass(frozen=True, slots=True, eq=False)
class Seen:
    """A picture as the network takes it, (rows, columns, 3) uint8.

    ``refusal`` : why there is no answer for it; None where there is one.
    """

    pixels: ByteArray
    refusal: str | None


def seen_by_network(study: Study, answer: Answer, task: TaskSpec) -> Seen | None:
    """Return what the network was given of a picture; None, and said, where it was given nothing.

    A picture outside the model's use is shown too: how the network sees it is no answer about it.
    """
    if answer.seen is None:
        verdict.show_refusal(study, answer)
        if answers.carries_recipe(study):
            verdict.show_carried_switch(study, task)
        return None
    return Seen(answer.seen.pixels, answer.reason if answer.prediction is None else None)


def show_board(view: NetworkView, seen: Seen | None, task: TaskSpec) -> None:
    """Show layers, channels and one channel."""
    _show_board(view, seen, task, drawn=state.looked_at())


@st.fragment
def _show_board(
    view: NetworkView, seen: Seen | None, task: TaskSpec, *, drawn: tuple[object, ...]
) -> None:
    lightbox.follow_clicks(drawn)
    if view.note:
        style.verdict("open", "Not every layer can be looked at", view.note)
    if not view.layers_with_maps:
        _show_table(view)
        return
    left, middle, right = st.columns([22, 42, 36], gap="medium")
    try:
        with left:
            layer = _pick_layer(view)
        maps = None
        if seen is not None:
            maps = layer_maps(view, seen.pixels[None].astype("float32"), layer)
        with middle:
            _show_channels(view, layer, maps, seen, task)
        with right:
            filter_channel.show_channel(view, layer, maps, seen.pixels if seen else None)
    except CoreError as error:
        notices.failure(error)


def _pick_layer(view: NetworkView) -> str:
    names = view.layers_with_maps
    if st.session_state.get(state.FILTER_LAYER) not in names:
        st.session_state[state.FILTER_LAYER] = view.middle_layer
    layer = st.selectbox(
        "Layer", names, key=state.FILTER_LAYER, persist_state="session",
        help="Layers whose maps can be looked at, in the network's order.",
    )  # fmt: skip
    _show_table(view)
    if layer == view.first_convolution:
        _show_kernels(view)
    return str(layer)


def _show_table(view: NetworkView) -> None:
    if not view.layers:
        return
    table = layer_table(view)
    n_parameters = int(table["parameters"].sum())
    with st.container(
        key="filter_layers", horizontal=True, vertical_alignment="center",
        horizontal_alignment="distribute",
    ):  # fmt: skip
        style.kicker(f"{len(table)} layers, {n_parameters:,} parameters")
        has_all = st.toggle("All", key=state.FILTER_ALL, persist_state="session", help=ALL_HELP)
    shown = table if has_all else table[table["has_map"]]
    shown = (shown if len(shown) else table).reset_index(drop=True)
    _mark_row(shown["layer"].tolist(), has_all)
    st.dataframe(
        shown,
        key=state.filter_table_key(has_all=has_all),
        hide_index=True,
        height=TABLE_HEIGHT,
        row_height=28,
        column_order=["layer", "output", "parameters", "kind", "trained"],
        column_config={
            "layer": st.column_config.TextColumn("Layer", width=84),
            "output": st.column_config.TextColumn("Output", width=90),
            "parameters": st.column_config.NumberColumn("Weights", format="localized", width=58),
            "kind": st.column_config.TextColumn("Kind", width=110),
            "trained": st.column_config.CheckboxColumn("Trained", width=60),
        },
        selection_mode="single-row",
        on_select=lambda: _take_row(view, shown["layer"].tolist(), has_all),
        alt="Layers of the network with their output, parameters and kind",
    )


def _mark_row(names: list[str], has_all: bool) -> None:
    """Mark the chosen layer in the table, also where it was chosen above it."""
    layer = st.session_state.get(state.FILTER_LAYER)
    rows = [names.index(layer)] if layer in names else []
    key = state.filter_table_key(has_all=has_all)
    st.session_state[key] = {"selection": {"rows": rows, "columns": [], "cells": []}}


def _take_row(view: NetworkView, names: list[str], has_all: bool) -> None:
    chosen = st.session_state[state.filter_table_key(has_all=has_all)]["selection"]["rows"]
    if chosen and names[chosen[0]] in view.layers_with_maps:
        st.session_state[state.FILTER_LAYER] = names[chosen[0]]


def _show_kernels(view: NetworkView) -> None:
    try:
        kernels = kernel_pictures(view)
    except CoreError as error:  # maps and channels do not need them
        style.quiet(str(error))
        return
    style.kicker(f"Its {len(kernels)} kernels, red green blue; mid-grey is 0")
    tiles = [Tile(kernel, str(place), "", None) for place, kernel in enumerate(kernels)]
    filter_tiles.show_tiles(tiles, -1, key="filters.kernels", side=KERNEL)


def _show_channels(
    view: NetworkView, layer: str, maps: LayerMaps | None, seen: Seen | None, task: TaskSpec
) -> None:
    """Show the grid of channels, or what is needed for it."""
    if maps is None or seen is None:
        style.notice(
            "empty",
            "No picture is open",
            "Open one to see what each channel answers to it. What a channel looks for, and which "
            "training pictures excite it, stands to the right without one.",
        )
        notices.offer_cases(task, in_a_row=CASES_IN_A_ROW)
        _settle_channel(layer, n_channels(view, layer), 0, has_picture=False)
        return
    if seen.refusal:
        style.verdict("refused", "No answer for this picture; how it is seen", seen.refusal)
    n, size = len(maps.maps), maps.maps.shape[1:]
    cell = seen.pixels.shape[0] / size[0]
    page = 0
    with st.container(
        key="filter_head", horizontal=True, vertical_alignment="center",
        horizontal_alignment="distribute",
    ):  # fmt: skip
        style.kicker(f"{n} channels of {size[0]} × {size[1]} cells, each {cell:.3g} pixels wide")
        whole = bool(st.session_state.get(state.FILTER_WHOLE)) or n <= A_PAGE
        if not whole:
            pages = math.ceil(n / A_PAGE)
            page = st.pagination(pages, key=state.filter_page_key(layer), max_visible_pages=3) - 1
    own_scale = _controls(maps, can_page=n > A_PAGE)
    first = page * A_PAGE
    members = (maps.order if whole else maps.order[first : first + A_PAGE]).tolist()
    chosen = _settle_channel(layer, n, int(maps.order[0]), has_picture=True)
    picked = filter_tiles.show_tiles(
        [Tile(seen.pixels, "picture", "", None), *_tiles(maps, members, own_scale=own_scale)],
        chosen,
        key=f"filters.tiles.{layer}",
        side=SMALL_TILE if n > A_PAGE and whole else TILE,
    )
    if picked is not None and picked != chosen:
        st.session_state[state.filter_channel_key(layer, has_picture=True)] = picked
        st.rerun(scope="fragment")


def _controls(maps: LayerMaps, *, can_page: bool) -> bool:
    """Show scale and extent; return whether each channel has its own scale."""
    with st.container(
        key="filter_controls", horizontal=True, gap="medium", vertical_alignment="center"
    ):
        if can_page:
            st.toggle("Whole grid", key=state.FILTER_WHOLE, persist_state="session")
        own_scale = st.toggle(
            "Own scale", key=state.FILTER_OWN_SCALE, persist_state="session",
            help="Every channel to its own peak. Off: one scale for the whole layer, so that "
            "channels can be compared.",
        )  # fmt: skip
        scale = maps.scale
        low, high = (f"−{scale.high:.3g}" if scale.is_signed else "0"), f"{scale.high:.3g}"
        if own_scale:
            low, high = ("−peak" if scale.is_signed else "0"), "own peak"
        style.colour_bar(
            signed_stops() if scale.is_signed else colour_stops(),
            note="strongest first",
            ends=(low, high),
            said=f"Colour scale, {low} to {high}",
        )
    return own_scale


def _tiles(maps: LayerMaps, members: list[int], *, own_scale: bool) -> list[Tile]:
    return [
        Tile(
            maps.painted(channel, own_scale=own_scale),
            str(channel),
            f"{maps.peaks[channel]:.3g}",
            channel,
        )
        for channel in members
    ]


def _settle_channel(layer: str, n: int, first: int, *, has_picture: bool) -> int:
    """Return the chosen channel of a layer; ``first`` before a person chose one."""
    key = state.filter_channel_key(layer, has_picture=has_picture)
    chosen = st.session_state.get(key)
    if not isinstance(chosen, int) or not 0 <= chosen < n:
        st.session_state[key] = first
    return int(st.session_state[key])
