"""The one OpenVINO core of a process."""

from __future__ import annotations

import functools

import openvino as ov


@functools.cache
def openvino_core() -> ov.Core:
    """Return the core that reads and compiles every graph; it lives as long as the process.

    OpenVINO's CPU plugin gives the thread that loads it a stack for signals, and takes it away with
    itself, whatever took its place meanwhile. Where cores came and went, Ctrl-C or a request to end
    met a stack that was gone, and the process crashed in place of ending.
    """
    return ov.Core()
