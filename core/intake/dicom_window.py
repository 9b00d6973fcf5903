"""Which window a DICOM frame opens with, and which ones a reader may choose."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from pydicom import Dataset

from core.domain import Window
from core.intake.dicom_pixels import FramePixels
from core.intake.tags import numbers
from core.intake.windows import CT_PRESETS, from_centre, grey_window, mirrored, robust_window


@dataclass(frozen=True, slots=True)
class ChosenWindow:
    """The window to open with, all presets (it first), and what a reader should know."""

    window: Window
    presets: tuple[Window, ...]
    notes: tuple[str, ...] = ()


def choose_window(
    facts: Dataset, pixels: FramePixels, default: tuple[float, float] | None
) -> ChosenWindow:
    """Choose the window: the file's first; for HU the task's, then soft tissue; else a range.

    Parameters
    ----------
    facts : Dataset
        Flattened for this frame.
    pixels : FramePixels
    default : tuple of float or None
        (low, high) in HU, the caller's for a CT without a window.

    Notes
    -----
    A CT whose values include none below zero holds grey values under a CT label (a picture turned
    into DICOM: HU have air and fat below zero), so an HU window would be wrong for it.
    """
    own, notes = _file_windows(facts)
    hounsfield = _is_hounsfield(facts, pixels)
    offered: tuple[Window, ...] = ()
    if hounsfield:
        task = (Window(*default, "Task"),) if default else ()
        offered = (*task, *CT_PRESETS)
    if pixels.mirrored_about is not None:  # the file's window is meant for the values as stored
        own = tuple(mirrored(window, pixels.mirrored_about) for window in own)
    candidates = (*own, *offered)
    if own:
        return ChosenWindow(candidates[0], candidates, notes)
    if candidates:
        first = candidates[0]
        text = f"The file states no window; {offered[0].low:g} to {offered[0].high:g} HU is shown."
        return ChosenWindow(first, candidates, (*notes, text))
    window, more = _from_values(facts, pixels)
    return ChosenWindow(window, (window,), (*notes, *more))


def _from_values(facts: Dataset, pixels: FramePixels) -> tuple[Window, tuple[str, ...]]:
    if pixels.top is not None and (pixels.top <= 255 or pixels.values.ndim == 3):
        return Window(0.0, pixels.top, "Full range"), ()
    is_grey_under_ct = facts.get("Modality") == "CT"
    window = grey_window(pixels.values) if is_grey_under_ct else robust_window(pixels.values)
    text = (
        f"The file states no usable window; {window.low:g} to {window.high:g} is shown "
        f"({window.name.lower()})."
    )
    return window, (text,)


def _is_hounsfield(facts: Dataset, pixels: FramePixels) -> bool:
    is_rescaled = bool(
        numbers(facts.get("RescaleSlope")) and numbers(facts.get("RescaleIntercept"))
    )
    if facts.get("Modality") != "CT" or not is_rescaled or pixels.values.ndim != 2:
        return False
    return bool(pixels.values.min() < 0)


def _file_windows(facts: Dataset) -> tuple[tuple[Window, ...], tuple[str, ...]]:
    function = str(facts.get("VOILUTFunction") or "LINEAR").upper()
    centres, widths = _items(facts.get("WindowCenter")), _items(facts.get("WindowWidth"))
    pairs = list(zip(centres, widths, strict=False))
    found: list[Window] = []
    for number, (centre, width) in enumerate(pairs, start=1):
        if not numbers(centre) or not numbers(width):
            continue
        name = "File" if len(pairs) == 1 else f"File {number}"
        exact = function == "LINEAR_EXACT"
        window = from_centre(numbers(centre)[0], numbers(width)[0], exact=exact, name=name)
        if window is not None:
            found.append(window)
    notes = []
    if len(found) < max(len(centres), len(widths)):
        notes.append("A window of the file cannot be used (its width is not above zero).")
    if found and function == "SIGMOID":
        notes.append("The file's sigmoid window is shown as a straight line.")
    if facts.get("VOILUTSequence"):
        notes.append("The file's VOI look-up table is not applied.")
    return tuple(found), tuple(notes)


def _items(value: Any) -> list[Any]:
    if value is None or value == "":
        return []
    return list(value) if isinstance(value, Iterable) and not isinstance(value, str) else [value]
