"""What tests read from a page that was run without a browser."""

from __future__ import annotations

import base64
import io
import json
import re

import numpy as np
from PIL import Image
from streamlit.testing.v1 import AppTest

from tests.small_version import slices

_BAR = re.compile(r"data-class='(\w+)' data-probability='([\d.]+)'")


def html_of(app: AppTest) -> str:
    """Return all own markup of the page."""
    return "\n".join(element.proto.body for element in app.get("html"))


def words_of(app: AppTest) -> str:
    """Return all own markup of the page without its tags."""
    without_style = re.sub(r"<style>.*?</style>", "", html_of(app), flags=re.DOTALL)
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", without_style))


def probabilities_of(app: AppTest) -> dict[str, float]:
    """Return the probabilities that the page shows, by class; empty where it shows none."""
    return {name: float(value) for name, value in _BAR.findall(html_of(app))}


def picture(seed: int = 5, *, size: tuple[int, int] = (224, 224)) -> np.ndarray:
    """Return a drawn grey slice (rows, columns) uint8 that the small versions let in."""
    return np.ascontiguousarray(slices(1, size, seed=seed)[0, :, :, 0])


def encoded(pixels: np.ndarray, kind: str = "PNG", **options: object) -> bytes:
    """Return the pixels as a file's bytes."""
    stream = io.BytesIO()
    Image.fromarray(pixels).save(stream, kind, **options)
    return stream.getvalue()


def upload(app: AppTest, *files: tuple[str, bytes]) -> AppTest:
    """Upload files by name and bytes, and run the page."""
    named = [(name, data, "application/octet-stream") for name, data in files]
    app.file_uploader[0].set_value(named)
    app.run()
    assert not app.exception
    return app


def panes_of(app: AppTest) -> dict[str, object]:
    """Return what the viewer was given: PNGs as base64 text, sizes, titles, notes."""
    return component_of(app, "second_look_viewer")


def strip_of(app: AppTest) -> dict[str, object]:
    """Return what the strip was given: its items and the current place."""
    return component_of(app, "second_look_strip")


def maps_of(app: AppTest) -> dict[str, object]:
    """Return what the grid of maps was given: heads, cells, the picture as base64 text."""
    return component_of(app, "second_look_maps")


def component_of(app: AppTest, name: str) -> dict[str, object]:
    """Return what one of our own components was given."""
    for element in app.get("bidi_component"):
        if element.proto.component_name == name:
            return dict(json.loads(element.proto.json))
    raise AssertionError(f"The page shows no {name}.")


def decoded(png: object) -> np.ndarray:
    """Return the pixels of a PNG given as base64 text."""
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(str(png)))))
