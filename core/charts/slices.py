"""Chart of the Slices page: one figure of every slice on its interval, and all cases as a line."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd
import plotly.graph_objects as go

from core.charts.look import ACCENT, QUIET, TEXT, one_row_each, percent, styled

_LONGEST = 30


def slice_chart(
    rows: Mapping[str, Mapping[str, Any]], whole: Mapping[str, Any], *, colour: str = ACCENT
) -> go.Figure:
    """Draw a proportion of every slice as a dot on its 95 % interval, with n beside it.

    The interval that respects groups leads, as a bar; the ends of the one as if cases were
    independent are two thin marks. An undefined figure is written, not drawn.

    Parameters
    ----------
    rows : mapping of slice to its figure (``value, low, high, n, low_grouped, high_grouped,
        n_groups``), top to bottom
    whole : the figure of all cases
    colour : str
        #RRGGBB of the finding.
    """
    names = {label: _short(label, index) for index, label in enumerate(rows)}
    figure = go.Figure()
    for label, row in rows.items():
        if pd.isna(row["value"]):
            words = {"mode": "text", "text": ["undefined: no case"], "textposition": "middle right"}
            figure.add_scatter(x=[0], y=[names[label]], hoverinfo="skip", **words)
            figure.data[-1].textfont = {"color": QUIET}
        else:
            _draw(figure, row, name=names[label], colour=colour, label=label)
    styled(figure, height=62 + 34 * len(rows))
    figure.update_xaxes(range=[-0.01, 1.2], tickformat=".0%", tickvals=[0, 0.2, 0.4, 0.6, 0.8, 1])
    figure.add_scatter(
        x=[1.2] * len(rows),
        y=list(names.values()),
        mode="text",
        text=[_n_said(row) for row in rows.values()],
        textposition="middle left",
        textfont={"color": QUIET, "size": 12},
        hoverinfo="skip",
    )
    one_row_each(figure, list(names.values()))
    if not pd.isna(whole["value"]):
        figure.add_vline(
            x=whole["value"],
            line={"color": TEXT, "width": 1.5, "dash": "dot"},
            annotation={
                "text": f"all cases {percent(whole['value'])}",
                "font": {"color": TEXT, "size": 12},
                "yanchor": "bottom",
                "showarrow": False,
            },
            annotation_position="top",
        )
    return figure


def _draw(figure: go.Figure, row: Mapping[str, Any], *, name: str, colour: str, label: str) -> None:
    grouped = not pd.isna(row["n_groups"])
    low, high = (row["low_grouped"], row["high_grouped"]) if grouped else (row["low"], row["high"])
    if grouped and not pd.isna(row["low"]):
        ticks = {"symbol": "line-ns-open", "size": 10, "color": QUIET}
        figure.add_scatter(x=[row["low"], row["high"]], y=[name] * 2, mode="markers", marker=ticks)
        figure.data[-1].hoverinfo = "skip"
    if not pd.isna(low):
        line = {"color": colour, "width": 6}
        figure.add_scatter(x=[low, high], y=[name] * 2, mode="lines", line=line, opacity=0.45)
        figure.data[-1].hoverinfo = "skip"
    ends = "no interval" if pd.isna(low) else f"{low:.1%}–{high:.1%}"
    said = f"{label}: {row['value']:.1%} ({ends}), n {row['n']:,}"
    said += f" in {row['n_groups']:,} groups" if grouped else ""
    figure.add_scatter(
        x=[row["value"]], y=[name], mode="markers", marker={"color": colour, "size": 11}
    )
    figure.data[-1].hovertemplate = said.replace("<", "&lt;") + "<extra></extra>"


def _n_said(row: Mapping[str, Any]) -> str:
    groups = "" if pd.isna(row["n_groups"]) else f" in {row['n_groups']:,}"
    return f"n {row['n']:,}{groups}"


def _short(label: str, index: int) -> str:
    """Return a label that fits beside the chart; invisible marks keep two cut ones apart."""
    escaped = label if len(label) <= _LONGEST else label[: _LONGEST - 1] + "…"
    return escaped.replace("<", "&lt;") + "\u200b" * index
