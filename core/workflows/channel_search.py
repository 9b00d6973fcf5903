"""Long searches about one channel, as jobs of a session's desk: what excites it most."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, NamedTuple

import cv2
import numpy as np

from core.domain import ByteArray
from core.errors import CoreError
from core.saliency.raw_maps import Watch
from core.workflows.background_desk import Job
from core.workflows.exciting_pictures import (
    Exciting,
    ExcitingPictures,
    exciting_picture,
    find_exciting,
    kept_exciting,
    strongest,
    training_source,
)
from core.workflows.network_view import NetworkView, maximising_picture

SHOWN = 6
SIDE = 224
MARK = (240, 169, 59)
What = Literal["maximum", "training"]


class SearchKey(NamedTuple):
    """What is searched for: of which version (its digest), layer and channel.

    ``channel`` is -1 for a search that serves every channel of the layer.
    """

    what: What
    digest: str
    layer: str
    channel: int


@dataclass(frozen=True, slots=True, eq=False)
class ShownPicture:
    """A training picture with the cell of its peak marked; ``pixels`` None where it is away."""

    picture: Exciting
    pixels: ByteArray | None


def maximum_key(view: NetworkView, layer: str, channel: int) -> SearchKey:
    """Return the key of the picture that excites a channel most."""
    return SearchKey("maximum", view.version.digest, layer, channel)


def training_key(view: NetworkView, layer: str) -> SearchKey:
    """Return the key of the search through training pictures; one for all channels of a layer."""
    return SearchKey("training", view.version.digest, layer, -1)


def search_job(view: NetworkView, key: SearchKey) -> Job:
    """Return the job that finds what the key names."""
    if key.what == "maximum":
        title = f"Picture for channel {key.channel} of {key.layer}"

        def work(watch: Watch) -> Mapping[SearchKey, object]:
            return {key: maximising_picture(view, key.layer, key.channel, watch)}
    else:
        title = f"Training pictures through {key.layer}"

        def work(watch: Watch) -> Mapping[SearchKey, object]:
            return {key: find_exciting(view, key.layer, watch)}

    return Job(title, (key,), work)


def known_training(view: NetworkView, layer: str) -> ExcitingPictures | None:
    """Return what an earlier search through training pictures found; None where there was none."""
    return kept_exciting(view, layer)


def shown_pictures(
    view: NetworkView, found: ExcitingPictures, channel: int, *, n: int = SHOWN
) -> tuple[ShownPicture, ...]:
    """Return the training pictures that excite a channel most, each with its cell marked."""
    source = training_source(view)
    shown = []
    for picture in strongest(found, channel, n=n):
        try:
            pixels = exciting_picture(view, source, picture)
        except CoreError:  # a picture that is away has a name and a value all the same
            shown.append(ShownPicture(picture, None))
            continue
        shown.append(ShownPicture(picture, _marked(pixels, picture)))
    return tuple(shown)


def _marked(pixels: ByteArray, picture: Exciting) -> ByteArray:
    """Return the picture, at least 224 pixels a side, with a frame around the cell of its peak."""
    share = max(1.0, SIDE / max(pixels.shape[:2]))
    rows, columns = (round(side * share) for side in pixels.shape[:2])
    made = np.ascontiguousarray(cv2.resize(pixels, (columns, rows)))
    top, left, height, width = picture.box
    # At least 12 pixels: a cell of an early layer is a dot, and a dot is no mark.
    half_y, half_x = max(height * rows, 12) / 2, max(width * columns, 12) / 2
    y, x = (top + height / 2) * rows, (left + width / 2) * columns
    corner = (max(round(x - half_x), 0), max(round(y - half_y), 0))
    other = (min(round(x + half_x), columns - 1), min(round(y + half_y), rows - 1))
    cv2.rectangle(made, corner, other, MARK, 2)
    return np.asarray(made, np.uint8)
