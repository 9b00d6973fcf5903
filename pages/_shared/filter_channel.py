"""One channel: its map beside the picture, the picture and the training pictures that excite it."""

from __future__ import annotations

import streamlit as st

from core.domain import ByteArray
from core.workflows.background_desk import BackgroundDesk, Failure
from core.workflows.channel_search import (
    SearchKey,
    ShownPicture,
    known_training,
    maximum_key,
    search_job,
    shown_pictures,
    training_key,
)
from core.workflows.exciting_pictures import ExcitingPictures, training_source
from core.workflows.network_view import (
    LayerMaps,
    NetworkView,
    kept_maximising_picture,
    n_channels,
)
from pages._shared import explanations, pictures, resources, state, style, viewer

POLL_SECONDS = 0.7
SIDE = 224
IN_A_ROW = 3


def show_channel(
    view: NetworkView, layer: str, maps: LayerMaps | None, picture: ByteArray | None
) -> None:
    """Show the channel that was chosen for a layer.

    Parameters
    ----------
    view : NetworkView
    layer : str
    maps : LayerMaps or None
        Of the picture; None without one.
    picture : ndarray of shape (rows, columns, 3), uint8, or None
        As the network takes it.
    """
    n = len(maps.maps) if maps is not None else n_channels(view, layer)
    key = state.filter_channel_key(layer, has_picture=maps is not None)
    channel = int(
        st.number_input(f"Channel, 0 to {n - 1}", 0, n - 1, key=key, persist_state="session")
    )
    desk = resources.map_desk()
    wanted = _asked(view)
    # Read before anything is drawn: what is found afterwards runs the page again.
    drawn = desk.revision
    jobs = [search_job(view, item) for item in desk.missing(wanted)]
    desk.ask(state.FILTERS, jobs, wanted=wanted)
    with st.container(key="filter_channel", gap="small"):
        _show_panes(view, layer, channel, maps=maps, picture=picture)
        _show_training(view, layer, channel)
    if desk.progress(state.FILTERS) is not None:
        _show_progress(drawn)


def _show_panes(
    view: NetworkView,
    layer: str,
    channel: int,
    *,
    maps: LayerMaps | None,
    picture: ByteArray | None,
) -> None:
    first, second, third = st.columns(IN_A_ROW, gap="small")
    with first:
        if picture is None:
            style.no_pane("The picture", "No picture is open.")
        else:
            style.pane(pictures.as_base64(picture), "The picture, as the network takes it")
    with second:
        if maps is None:
            style.no_pane(f"Map of channel {channel}", "Open a picture to see its map.")
        else:
            own_scale = bool(st.session_state.get(state.FILTER_OWN_SCALE))
            scale = maps.scale_for(channel, own_scale=own_scale)
            painted = maps.painted(channel, own_scale=own_scale, side=SIDE)
            peak = float(maps.peaks[channel])
            style.pane(
                pictures.as_base64(painted), f"Its map: peak {peak:.3g}, scale {scale.words}"
            )
    with third:
        _show_maximum(view, layer, channel)


def _show_maximum(view: NetworkView, layer: str, channel: int) -> None:
    desk, key = resources.map_desk(), maximum_key(view, layer, channel)
    found = desk.found(key)
    if found is None:
        found = kept_maximising_picture(view, layer, channel)
    if found is not None and not isinstance(found, Failure):
        style.pane(pictures.as_base64(found), "Searched for: it excites this channel most")
        return
    words = "The picture that excites it most is searched for from noise."
    if isinstance(found, Failure):
        words = f"{found.problem} {found.remedy}"
    is_asked = key in _asked(view) and not isinstance(found, Failure)
    style.no_pane("Searched for", "Being searched for …" if is_asked else words)
    if not is_asked:
        _button("Search for it", key, "some seconds; the first also starts TensorFlow")


def _show_training(view: NetworkView, layer: str, channel: int) -> None:
    style.kicker("Training pictures that excite it most")
    desk, key = resources.map_desk(), training_key(view, layer)
    found = desk.found(key)
    if found is None:
        found = known_training(view, layer)
    if isinstance(found, ExcitingPictures):
        _show_found(shown_pictures(view, found, channel), found)
        return
    source = training_source(view)
    if isinstance(found, Failure):
        style.quiet(f"{found.problem} {found.remedy}")
    elif not source.attached:
        style.quiet(source.sentence)
        return
    elif key in _asked(view):
        style.quiet("The training pictures are being looked at …")
        return
    _button("Look for them", key, "goes through up to 600 training pictures, once a layer")


def _show_found(shown: tuple[ShownPicture, ...], found: ExcitingPictures) -> None:
    if not shown:
        style.quiet("No training picture that was looked at excites this channel.")
        return
    columns = st.columns(IN_A_ROW, gap="small")
    for place, item in enumerate(shown):
        with columns[place % IN_A_ROW]:
            name = viewer.shortened(item.picture.file.rsplit("/", 1)[-1])
            words = f"{name} · {item.picture.peak:.3g}"
            if item.pixels is None:
                style.no_pane(words, "This picture is away.")
            else:
                style.pane(pictures.as_base64(item.pixels), words)
    n_groups = len(set(found.groups.tolist()))
    style.quiet(
        f"Of {len(found.files):,} training pictures of {n_groups:,} groups, at most one a group; "
        "the frame marks the peak."
    )


def _button(label: str, key: SearchKey, cost: str) -> None:
    st.button(
        label,
        key=f"filters.search.{key.what}",
        on_click=_ask_for,
        args=(key,),
        help=cost[0].upper() + cost[1:] + ".",
        icon=":material/search:",
    )


def _ask_for(key: SearchKey) -> None:
    resources.map_desk().forget_failures([key])
    asked = st.session_state.get(state.FILTER_ASKED, ())
    st.session_state[state.FILTER_ASKED] = (*(item for item in asked if item != key), key)


def _asked(view: NetworkView) -> list[SearchKey]:
    """Return the searches that the person asked for, of this version."""
    asked = st.session_state.get(state.FILTER_ASKED, ())
    return [key for key in asked if key.digest == view.version.digest]


@st.fragment(run_every=POLL_SECONDS)
def _show_progress(drawn: int) -> None:
    """Show how far the desk is; run the page again when there is something new to show."""
    desk: BackgroundDesk = resources.map_desk()
    progress = desk.progress(state.FILTERS)
    if progress is None or desk.revision != drawn:
        st.rerun()
    with st.container(key="filter_progress", horizontal=True, vertical_alignment="center"):
        share = progress.done / progress.total if progress.total else 0.0
        st.progress(min(share, 1.0), text=explanations.progress_said(progress))
        st.button("Stop", key="filters.stop", icon=":material/stop_circle:", on_click=_stop)


def _stop() -> None:
    resources.map_desk().cancel(state.FILTERS)
    st.session_state[state.FILTER_ASKED] = ()
