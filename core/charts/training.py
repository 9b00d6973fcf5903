"""Curves of a training run while it runs: log-loss and validation scores, epoch by epoch."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
import plotly.graph_objects as go

from core.charts.look import ACCENT, QUIET, styled

HEIGHT = 252
SECOND = "#E0B06F"  # beside the accent: told apart by its dash too
_FAINT = 0.4
LOSSES = (("loss", "training loss", ACCENT, "solid"), ("nll", "validation", SECOND, "dash"))
SCORES = (("macro_f1", "macro F1", ACCENT, "solid"), ("accuracy", "accuracy", SECOND, "dash"))


def loss_chart(curves: pd.DataFrame) -> go.Figure:
    """Draw training loss and validation log-loss over epochs.

    Parameters
    ----------
    curves : DataFrame
        ``fit, stage, epoch, loss, nll``; the last fit is drawn in colour, those before it faintly.
        The training loss counts label smoothing, augmentation and dropout in, so it may lie above.
    """
    figure = _curves(curves, LOSSES, title="Log-loss")
    figure.update_yaxes(rangemode="tozero")
    return figure


def score_chart(curves: pd.DataFrame) -> go.Figure:
    """Draw macro F1 and accuracy on the validation groups over epochs, 0 to 1.

    Parameters
    ----------
    curves : DataFrame
        ``fit, stage, epoch, macro_f1, accuracy``; as for :func:`loss_chart`.
    """
    figure = _curves(curves, SCORES, title="Validation scores")
    figure.update_yaxes(range=[0, 1.02], tickformat=".1f", dtick=0.2)
    return figure


def _curves(
    curves: pd.DataFrame, measures: Sequence[tuple[str, str, str, str]], *, title: str
) -> go.Figure:
    figure = styled(go.Figure(), height=HEIGHT)
    fits = list(dict.fromkeys(curves["fit"]))
    for fit in fits:
        rows = curves[curves["fit"] == fit]
        is_last = fit == fits[-1]
        for column, name, colour, dash in measures:
            if rows[column].notna().any():
                figure.add_scatter(
                    x=rows["epoch"],
                    y=rows[column],
                    mode="lines+markers" if is_last else "lines",
                    name=name,
                    showlegend=is_last,
                    opacity=1 if is_last else _FAINT,
                    line={
                        "color": colour if is_last else QUIET,
                        "dash": dash,
                        "width": 2 if is_last else 1,
                    },
                    marker={"size": 5},
                    hovertemplate=f"{fit}, epoch %{{x}}: {name} %{{y:.3f}}<extra></extra>",
                )
        if is_last:
            _mark_stages(figure, rows)
    last = int(curves["epoch"].max()) if len(curves) else 1
    figure.update_xaxes(
        title={"text": "epoch", "standoff": 14, "font": {"size": 12}},
        range=[0.5, max(last, 4) + 0.5],
        tickformat="d",
        nticks=8,
    )
    figure.update_layout(
        showlegend=True,
        font={"size": 12},
        margin={"t": 46, "b": 4},
        title={"text": title, "font": {"size": 12}, "x": 0, "y": 0.98},
        legend={
            "orientation": "h",
            "x": 0,
            "y": 1.0,
            "yanchor": "bottom",
            "itemclick": False,
            "itemdoubleclick": False,
        },
    )
    return figure


def _mark_stages(figure: go.Figure, rows: pd.DataFrame) -> None:
    """Mark where another part of the network began to be trained."""
    stages = rows["stage"].tolist()
    for place in range(1, len(stages)):
        if stages[place] != stages[place - 1]:
            figure.add_vline(
                x=rows["epoch"].iloc[place] - 0.5,
                line={"color": QUIET, "dash": "dot", "width": 1},
                annotation={"text": stages[place], "font": {"size": 11, "color": QUIET}},
            )
