"""Figures that a validity test measured are printed at the end of the run, passed or not."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest


@pytest.fixture
def report_figure(record_property: Callable[[str, Any], None]) -> Callable[[str, Any], None]:
    """Return a function that keeps a figure for the end of the run."""
    return lambda name, value: record_property(f"figure: {name}", value)


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Print what was measured; reports carry it over from other processes too."""
    reports = [r for kind in ("passed", "failed") for r in terminalreporter.stats.get(kind, [])]
    figures = [
        (name.removeprefix("figure: "), value)
        for report in reports
        for name, value in getattr(report, "user_properties", [])
        if name.startswith("figure: ")
    ]
    if figures:
        terminalreporter.section("measured")
        for name, value in sorted(figures, key=lambda item: item[0]):
            terminalreporter.write_line(f"{name}: {value}")
