"""How many frames there are to choose from."""

from __future__ import annotations

import io

import numpy as np
from PIL import Image

from core.workflows.frames import frames_to_choose_from


def _tiff(n: int) -> bytes:
    pages = [Image.fromarray(np.full((70, 70), 40 * page, np.uint8)) for page in range(1, n + 1)]
    stream = io.BytesIO()
    pages[0].save(stream, "TIFF", save_all=True, append_images=pages[1:])
    return stream.getvalue()


def test_the_pages_of_a_file_are_counted():
    assert [frames_to_choose_from(_tiff(n)) for n in (1, 3)] == [1, 3]


def test_a_file_that_cannot_be_read_offers_no_choice():
    assert [frames_to_choose_from(data) for data in (b"", b"nothing", _tiff(3)[:200])] == [1, 1, 1]
