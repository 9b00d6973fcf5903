"""The table of steps: what a task file may name under ``recipe``."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from core.errors import RecipeError
from core.preprocessing.canny_edges import CannyEdges
from core.preprocessing.centre_crop import CentreCrop
from core.preprocessing.clahe_lab import ClaheLab
from core.preprocessing.dilation import Dilation
from core.preprocessing.erosion import Erosion
from core.preprocessing.gaussian_filter import GaussianFilter
from core.preprocessing.histogram_equalisation import HistogramEqualisation
from core.preprocessing.hue import Hue
from core.preprocessing.median_filter import MedianFilter
from core.preprocessing.pad_square import PadSquare, PadSquareBorder
from core.preprocessing.resize import ResizeArea, ResizeLanczos
from core.preprocessing.saturation import Saturation
from core.preprocessing.sobel_magnitude import SobelMagnitude
from core.preprocessing.stain_macenko import StainMacenko
from core.preprocessing.stain_reinhard import StainReinhard
from core.preprocessing.step import Step

SIZES = (96, 128, 160, 192, 224, 256, 299, 320, 384, 512)

KINDS: dict[str, type[Step]] = {
    kind.kind: kind
    for kind in (
        ResizeLanczos,
        ResizeArea,
        CentreCrop,
        PadSquare,
        PadSquareBorder,
        ClaheLab,
        HistogramEqualisation,
        Saturation,
        Hue,
        MedianFilter,
        GaussianFilter,
        Dilation,
        Erosion,
        SobelMagnitude,
        CannyEdges,
        StainReinhard,
        StainMacenko,
    )
}


class StepTable(Mapping[str, Step]):
    """Steps by their full name, such as ``resize_area_224`` or ``gaussian_filter_1.5``.

    Every name that a step can have is a key; going through the table gives the usual ones only.
    """

    def __init__(self, usual: tuple[Step, ...]) -> None:
        self._usual = {step.name: step for step in usual}

    def __getitem__(self, name: str) -> Step:
        """Return the step of that name (KeyError when there is none)."""
        if name in self._usual:
            return self._usual[name]
        for kind in KINDS.values():
            step = kind.from_name(name)
            if step is not None:
                return step
        raise KeyError(name)

    def __iter__(self) -> Iterator[str]:
        return iter(self._usual)

    def __len__(self) -> int:
        return len(self._usual)


STEPS = StepTable(
    (
        *(ResizeLanczos(rows=size, columns=size) for size in SIZES),
        *(ResizeArea(rows=size, columns=size) for size in SIZES),
        CentreCrop(rows=224, columns=224),
        *(kind() for kind in KINDS.values() if kind not in (ResizeLanczos, ResizeArea, CentreCrop)),
    )
)


def build_step(name: str, parameters: Mapping[str, Any]) -> Step:
    """Return the step that a file names.

    Parameters
    ----------
    name : str
        A kind, to which parameters may be given, or a full name, which fixes them.
    parameters : mapping

    Raises
    ------
    RecipeError
        If there is no such step, or a parameter is unknown, missing, out of its range or not that
        of the name.

    Examples
    --------
    >>> build_step("resize_area", {"rows": 224, "columns": 250}).name
    'resize_area_224x250'
    """
    if name in KINDS:
        return KINDS[name].from_parameters(parameters)
    if name not in STEPS:
        raise RecipeError(f"Unknown step {name!r}.", remedy=steps_in_words(), column="step")
    step = STEPS[name]
    known = dict(step.parameters)
    if any(key not in known or known[key] != value for key, value in parameters.items()):
        raise RecipeError(
            f"{name} has the parameters {known}, not {dict(parameters)}.",
            remedy=f"A step's full name fixes its parameters: leave them out, or write "
            f"`step: {step.kind}` and give them.",
        )
    return step


def steps_in_words() -> str:
    """Return which steps there are, for a message."""
    return f"Steps: {', '.join(KINDS)}; docs/preprocessing.md has their parameters."
