"""The teaching data set as a table, and drawings again from their ids."""

from __future__ import annotations

import pandas as pd

from core.errors import PhantomError
from core.phantoms.drawing import draw_phantom
from core.phantoms.foreign import FOREIGN_FILES, foreign_pixels
from core.phantoms.ids import file_id, group_of, parse_file_id
from core.phantoms.lesions import plan_lesion
from core.phantoms.phantom import Phantom, png_bytes, png_of
from core.phantoms.series import LARGEST_SEED, plan_series

SERIES_PER_SEED = 100_000
"""How many series one seed has room for: tables of different seeds share no series."""


def phantom_table(*, n_series: int, seed: int = 0) -> pd.DataFrame:
    """List the slices of ``n_series`` series; nothing is drawn.

    Returns
    -------
    DataFrame
        One row a slice, sorted by series: ``file``, ``label``, ``group``, and to slice figures by:
        ``lesion_size_mm`` (largest diameter, NaN for ``normal``), ``contrast_phase``,
        ``body_size``, ``look_alike``.

    Raises
    ------
    PhantomError
        If there are no such series.
    """
    if not 1 <= n_series <= SERIES_PER_SEED:
        raise PhantomError(
            f"{n_series} series were asked for.", remedy=f"Use 1 to {SERIES_PER_SEED}."
        )
    most = LARGEST_SEED // SERIES_PER_SEED - 1
    if not 0 <= seed <= most:
        raise PhantomError(f"The seed is {seed}.", remedy=f"Use a whole number from 0 to {most}.")
    rows = []
    for series_seed in range(seed * SERIES_PER_SEED, seed * SERIES_PER_SEED + n_series):
        plan = plan_series(series_seed)
        lesion = plan_lesion(plan, plan.label)
        for index, height in enumerate(plan.heights_mm):
            rows.append(
                {
                    "file": file_id(series_seed, index),
                    "label": plan.label,
                    "group": group_of(series_seed),
                    "lesion_size_mm": float("nan") if lesion is None else lesion.size_at(height),
                    "contrast_phase": plan.phase,
                    "body_size": plan.body_size,
                    "look_alike": plan.look_alike,
                }
            )
    return pd.DataFrame(rows)


def phantom_pixels(text: str) -> Phantom:
    """Draw a slice again from its id.

    Raises
    ------
    PhantomError
        If it is not the id of a slice.
    """
    series_seed, slice_index, label = parse_file_id(text)
    return draw_phantom(series_seed, slice_index, label=label)


def phantom_picture(text: str) -> bytes:
    """Return the PNG of a drawing from its id: a slice, or one of the drawings that are no CT.

    Raises
    ------
    PhantomError
        If there is no such drawing.
    """
    if text in FOREIGN_FILES:
        return png_of(foreign_pixels(text))
    return png_bytes(phantom_pixels(text))
