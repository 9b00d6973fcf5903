"""``filters``: what a layer gives for a picture, or what its channels look for, as files."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from core.domain import ByteArray
from core.errors import ArgumentError, ChannelOffError
from core.inference.layers import FEATURE_MAP
from core.saliency.channel_drawing import sheet
from core.workflows.folder_files import png_bytes, write_folder
from core.workflows.network_view import (
    GivenFile,
    NetworkView,
    check_channel,
    kernel_pictures,
    layer_maps,
    maximising_picture,
    n_channels,
)

A_PAGE = 64
A_PAGE_OF_MAXIMA = 12
FIRST_MAXIMA = 12
MOST_OFF = 64  # a layer that is off in so many places is not searched to its end
KERNEL_SIDE, MAP_SIDE, MAXIMUM_SIDE = 64, 112, 224

Tile = tuple[str, ByteArray]


@dataclass(frozen=True, slots=True, eq=False)
class FilterPages:
    """What ``filters`` writes.

    Attributes
    ----------
    layer : str
    file : str or None
        The picture; None where none was given.
    shows : str
        activation_maps, kernels or maximising_pictures.
    scale : str
        What the ends of the colours stand for.
    pages : tuple of (tuple of int, ndarray)
        Channels and the drawn page, (rows, columns, 3) uint8.
    model_version : str
    off : tuple of int
        Channels that no picture excites: they were asked for, or came first, and are not drawn.
    """

    layer: str
    file: str | None
    shows: str
    scale: str
    pages: tuple[tuple[tuple[int, ...], ByteArray], ...]
    model_version: str
    off: tuple[int, ...] = ()

    def to_document(self) -> dict[str, Any]:
        """Return what ``filters.json`` holds."""
        channels = [channel for members, _ in self.pages for channel in members]
        return {
            "layer": self.layer,
            "channels": channels,
            "file": self.file,
            "n_channels": len(channels),
            "off": list(self.off),
            "shows": self.shows,
            "scale": self.scale,
            "pages": [
                {"file": self.page_name(place), "channels": list(members)}
                for place, (members, _) in enumerate(self.pages)
            ],
            "model_version": self.model_version,
        }

    def page_name(self, place: int) -> str:
        """Return the name of a page's file; a layer's name may hold a slash."""
        digits = max(2, len(str(len(self.pages))))
        return f"{re.sub(r'[^A-Za-z0-9_.-]', '_', self.layer)}_{place + 1:0{digits}}.png"


def draw_filters(
    view: NetworkView,
    layer: str,
    *,
    given: GivenFile | None = None,
    channels: Sequence[int] | None = None,
    progress: Callable[[str], None] | None = None,
) -> FilterPages:
    """Draw a layer.

    With a picture: its activation maps, the highest peak first. Without: the kernels of the first
    convolution, and of any other layer the pictures that excite its channels most.

    Parameters
    ----------
    view : NetworkView
    layer : str
    given : GivenFile or None
        The picture, from ``prepared_file``.
    channels : sequence of int or None
        Only these; None: all, of maximising pictures the first twelve.
    progress : callable or None
        Told in words how far a long search is.

    Raises
    ------
    ArgumentError
        If there is no such layer or channel; it names the layers that there are.
    ExplanationError, ModelVersionError
        If a picture that excites a channel cannot be computed; a channel that is off everywhere
        is left out, unless all of them are.
    """
    check_layer(view, layer)
    if channels is not None and view.layers:
        for channel in channels:
            check_channel(view, layer, channel)
    if given is not None:
        return _of_picture(view, layer, given, channels)
    if layer == view.first_convolution:
        return _of_kernels(view, layer, channels)
    return _of_maxima(view, layer, channels, progress or (lambda _: None))


def check_layer(view: NetworkView, layer: str) -> None:
    """Refuse a layer that has no map.

    Raises
    ------
    ArgumentError
        Naming those that have one.
    ModelVersionError
        If the version does not name its layers.
    """
    names = view.layers_with_maps
    if layer in names or (layer == FEATURE_MAP and view.probe.has_feature_map):
        return
    words = f" {view.note}" if view.note else ""
    raise ArgumentError(
        f"The network has no layer {layer!r} with a map.{words}",
        remedy=f"Layers with a map: {', '.join(names) or 'none'}.",
    )


def _of_picture(
    view: NetworkView, layer: str, given: GivenFile, channels: Sequence[int] | None
) -> FilterPages:
    found = layer_maps(view, given.batch, layer)
    wanted = None if channels is None else set(channels)
    ordered = [int(item) for item in found.order if wanted is None or int(item) in wanted]
    size = f"{found.maps.shape[1]} x {found.maps.shape[2]}"
    scale = _plain(found.scale.words)
    title = f"{layer}: {len(ordered)} of {len(found.maps)} channels, {size}, scale {scale}"
    pages = []
    for members in _parts(ordered, A_PAGE - 1):
        tiles: list[Tile] = [("picture as given", given.pixels)]
        tiles += [
            (f"{item}  peak {found.peaks[item]:.3g}", found.painted(item)) for item in members
        ]
        pages.append((members, sheet(tiles, title=title, side=MAP_SIDE)))
    return FilterPages(
        layer, given.file, "activation_maps", found.scale.words, tuple(pages), view.version.name
    )


def _of_kernels(view: NetworkView, layer: str, channels: Sequence[int] | None) -> FilterPages:
    kernels = kernel_pictures(view)
    wanted = list(range(len(kernels))) if channels is None else list(channels)
    scale = "each kernel by its own largest weight; mid-grey is 0"
    pages = tuple(
        (
            members,
            sheet(
                [(str(item), kernels[item]) for item in members],
                title=f"{layer}: {len(wanted)} kernels, red green blue; mid-grey is 0",
                side=KERNEL_SIDE,
            ),
        )
        for members in _parts(wanted, A_PAGE)
    )
    return FilterPages(layer, None, "kernels", scale, pages, view.version.name)


def _of_maxima(
    view: NetworkView, layer: str, channels: Sequence[int] | None, say: Callable[[str], None]
) -> FilterPages:
    n_most = FIRST_MAXIMA if channels is None else len(channels)
    drawn: list[int] = []
    off: list[int] = []
    tiles: list[Tile] = []
    problem: ChannelOffError | None = None
    for channel in range(n_channels(view, layer)) if channels is None else channels:
        if len(drawn) == n_most or (channels is None and len(off) == MOST_OFF):
            break
        say(f"Channel {channel}, {len(drawn) + 1} of {n_most}")
        try:
            tiles.append((str(channel), maximising_picture(view, layer, channel)))
        except ChannelOffError as error:
            off.append(channel)
            problem = error
        else:
            drawn.append(channel)
    if not drawn and problem is not None:
        raise problem
    title = f"{layer}: pictures that excite a channel most"
    pages = tuple(
        (
            tuple(drawn[place] for place in members),
            sheet([tiles[place] for place in members], title=title, side=MAXIMUM_SIDE, n_columns=4),
        )
        for members in _parts(range(len(tiles)), A_PAGE_OF_MAXIMA)
    )
    return FilterPages(
        layer,
        None,
        "maximising_pictures",
        "grey levels 0 to 255",
        pages,
        view.version.name,
        tuple(off),
    )


def write_pages(pages: FilterPages, folder: Path) -> None:
    """Write one PNG a page and ``filters.json``, which comes last: it names whole pages only.

    Raises
    ------
    ArgumentError
        If the folder cannot be written; nothing is left half-written in it.
    """
    names = [pages.page_name(place) for place in range(len(pages.pages))]
    files = {name: png_bytes(pixels) for name, (_, pixels) in zip(names, pages.pages, strict=True)}
    text = json.dumps(pages.to_document(), indent=1) + "\n"
    write_folder(folder, {**files, "filters.json": text.encode()})


def _parts(values: Sequence[int], size: int) -> list[tuple[int, ...]]:
    return [
        tuple(values[place * size : (place + 1) * size])
        for place in range(math.ceil(len(values) / size))
    ]


def _plain(words: str) -> str:
    return words.replace("−", "-")
