"""A confusion matrix as a picture, for the pages of MLflow: only what tracks a run imports it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from matplotlib.figure import Figure

DARK = 0.55  # share of a row above which its cell is too dark for dark text
INCHES_PER_CLASS = 1.25


def confusion_figure(made: Mapping[str, Any], *, title: str) -> Figure:
    """Return the matrix drawn: counts with the share of their row, darker where it is larger.

    Parameters
    ----------
    made : mapping
        ``classes``, ``n`` and ``counts``, rows the reference, columns the called class.
    title : str

    Notes
    -----
    A figure of its own, not one of pyplot: no window system is asked for, nothing stays in memory.
    """
    counts = np.asarray(made["counts"], np.int64)
    totals = counts.sum(axis=1, keepdims=True)
    shares = np.divide(counts, totals, out=np.zeros(counts.shape), where=totals > 0)
    names = [str(name) for name in made["classes"]]
    side = 2.6 + INCHES_PER_CLASS * len(names)
    figure = Figure(figsize=(side, side * 0.85), dpi=120, layout="constrained")
    axes = figure.subplots()
    axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    for row, column in np.ndindex(*counts.shape):
        said = (
            f"{counts[row, column]:,}\n{shares[row, column]:.1%}" if totals[row, 0] else "no case"
        )
        ink = "white" if shares[row, column] > DARK else "black"
        axes.text(column, row, said, ha="center", va="center", color=ink)
    axes.set_xticks(range(len(names)), names)
    axes.set_yticks(
        range(len(names)), [f"{name}\nn {n:,}" for name, n in zip(names, totals[:, 0], strict=True)]
    )
    axes.set(xlabel="called", ylabel="reference", title=f"{title}, n = {made['n']:,}")
    return figure
