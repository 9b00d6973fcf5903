"""How maps look on a screen and in a file: one description, one painter for both.

A page lays :class:`Layer` over the picture itself, which is sent untouched; a file is the same
layer laid over the same pixels.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from core.domain import ByteArray, FloatArray
from core.errors import ArgumentError
from core.saliency.contours import Line, contour_lines, draw_lines, levels_above
from core.saliency.difference import paint_signed
from core.saliency.overlay import colour_table, lay_over, paint


@dataclass(frozen=True, slots=True)
class Look:
    """What a person chose.

    ``opacity`` and ``threshold`` in 0..1; ``colour_map`` "cividis" or "inferno"; ``has_contours``:
    lines at a quarter, half and three quarters of the peak, and at the threshold.
    """

    opacity: float = 0.4
    threshold: float = 0.0
    colour_map: str = "inferno"
    has_contours: bool = False

    def __post_init__(self) -> None:
        colour_table(self.colour_map)
        if not (0 <= self.opacity <= 1 and 0 <= self.threshold < 1):
            raise ArgumentError(
                f"Opacity {self.opacity} and threshold {self.threshold} do not both lie in 0..1.",
                remedy="Choose values in 0..1.",
            )


@dataclass(frozen=True, slots=True, eq=False)
class Layer:
    """A painted map.

    ``colours`` : (rows, columns, 3) uint8 RGB; ``alpha`` : (rows, columns) float32 in 0..1;
    ``lines`` : contours, see :func:`core.saliency.contours.contour_lines`.
    """

    colours: ByteArray
    alpha: FloatArray
    lines: tuple[Line, ...] = ()

    @property
    def rgba(self) -> ByteArray:
        """Colours and opacity, (rows, columns, 4) uint8, for a screen to lay over."""
        alpha = np.rint(self.alpha * 255).astype(np.uint8)
        # Clear pixels are black: they are never seen, and a plain field packs to nothing.
        colours = np.where(alpha[..., None] > 0, self.colours, 0).astype(np.uint8)
        return np.dstack([colours, alpha])

    def over(self, pixels: ByteArray) -> ByteArray:
        """Return the picture (rows, columns[, 3]) with the layer over it, RGB."""
        return draw_lines(lay_over(pixels, self.colours, self.alpha), self.lines)


def draw_map(heatmap: FloatArray, look: Look) -> Layer:
    """Paint a map (rows, columns) in [0, 1]."""
    colours, alpha = paint(
        heatmap, opacity=look.opacity, colour_map=look.colour_map, threshold=look.threshold
    )
    return Layer(colours, alpha, _lines(heatmap, look))


def draw_difference(values: FloatArray, look: Look) -> Layer:
    """Paint a signed map (rows, columns) in [-1, 1]; its colours are fixed."""
    colours, alpha = paint_signed(values, opacity=look.opacity, threshold=look.threshold)
    both = (*_lines(np.maximum(values, 0), look), *_lines(np.maximum(-values, 0), look))
    return Layer(colours, alpha, both)


def _lines(heatmap: FloatArray, look: Look) -> tuple[Line, ...]:
    if not look.has_contours:
        return ()
    levels = levels_above(look.threshold)
    return tuple(line for level in levels for line in contour_lines(heatmap, level))
