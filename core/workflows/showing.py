"""What a page draws of an answer: the map of one class over the picture as it is shown."""

from __future__ import annotations

from core.domain import Answer, ByteArray, Explanation
from core.saliency.difference import signed_colours
from core.saliency.drawing import Look
from core.saliency.overlay import colour_table, overlay

__all__ = [
    "Look",
    "colour_stops",
    "explanation_of",
    "overlay_of",
    "signed_stops",
]

COLOUR_MAP = "inferno"
N_STOPS = 9


def explanation_of(answer: Answer, class_name: str) -> Explanation | None:
    """Return the map of one class, or None where the version gives none."""
    return {item.class_name: item for item in answer.explanations}.get(class_name)


def overlay_of(
    answer: Answer, class_name: str, *, pixels: ByteArray, opacity: float
) -> ByteArray | None:
    """Return the shown picture with the map of one class over it.

    Parameters
    ----------
    answer : Answer
    class_name : str
        Key of the class.
    pixels : ndarray of shape (rows, columns) or (rows, columns, 3), uint8
        The picture of the answer as it is shown, in whichever window.
    opacity : float in [0, 1]

    Returns
    -------
    ndarray of shape (rows, columns, 3), uint8, RGB, or None
        None where nothing speaks for the class: noise is never coloured.
    """
    from core.workflows.explaining import heatmap_of  # imports the engine: not for an empty page

    explanation = explanation_of(answer, class_name)
    heatmap = heatmap_of(answer, class_name)
    if explanation is None or heatmap is None or not explanation.has_evidence:
        return None
    return overlay(pixels, heatmap, opacity=opacity, colour_map=COLOUR_MAP)


def colour_stops(colour_map: str = COLOUR_MAP) -> tuple[str, ...]:
    """Return colours of the map's scale from 0 to 1, as #RRGGBB, evenly spaced.

    >>> len(colour_stops())
    9
    """
    return _stops(colour_table(colour_map))


def signed_stops() -> tuple[str, ...]:
    """Return colours of the scale of a difference from -1 to 1, as ``colour_stops``."""
    return _stops(signed_colours())


def _stops(table: ByteArray) -> tuple[str, ...]:
    places = [round(place * 255 / (N_STOPS - 1)) for place in range(N_STOPS)]
    return tuple("#" + bytes(table[place]).hex().upper() for place in places)
