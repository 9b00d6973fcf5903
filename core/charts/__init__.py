"""Tidy frame -> plotly figure; no arithmetic beyond formatting, no streamlit.

``look`` is what all charts share (pass ``CONFIG`` to the page's chart call); one module a page's
charts beside it.
"""

from core.charts.curves import precision_recall_chart, reliability_chart, roc_chart
from core.charts.look import ACCENT, CELL_TEXT, CONFIG, QUIET, SEQUENTIAL, TEXT
from core.charts.performance import Scale, confusion_chart

__all__ = [
    "ACCENT",
    "CELL_TEXT",
    "CONFIG",
    "QUIET",
    "SEQUENTIAL",
    "TEXT",
    "Scale",
    "confusion_chart",
    "precision_recall_chart",
    "reliability_chart",
    "roc_chart",
]
