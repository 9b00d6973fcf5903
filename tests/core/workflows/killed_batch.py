"""Add a batch of files slowly, for a test that kills this process in the middle of it.

``python -m tests.core.workflows.killed_batch`` with SECOND_LOOK_HOME and SECOND_LOOK_MODELS set.
"""

from __future__ import annotations

import io
import time

from PIL import Image
from PIL.PngImagePlugin import PngInfo

from core.workflows import batches
from core.workflows.adding_cases import AddedFile, CaseFacts
from tests.pages.looking import picture

N = 20
PAUSE_S = 0.05
MARKER = "ZZPHI^TEST"
SAID = CaseFacts("A. Reader", already_applied=())


def files() -> list[tuple[str, bytes]]:
    """Return different pictures whose names and texts name a patient."""
    return [(f"{MARKER} {seed}.png", _marked(seed)) for seed in range(100, 100 + N)]


def _marked(seed: int) -> bytes:
    stream, told = io.BytesIO(), PngInfo()
    told.add_text("Patient", MARKER)
    Image.fromarray(picture(seed, size=(64, 64))).save(stream, "PNG", pnginfo=told)
    return stream.getvalue()


def main() -> None:
    """Work until somebody ends this."""
    add = batches.add_bytes

    def slowly(*args: object, **said: object) -> AddedFile:
        time.sleep(PAUSE_S)
        return add(*args, **said)

    batches.add_bytes = slowly
    desk = batches.batch_desk()
    desk.wait(desk.start("kidney_ct", files(), said=SAID), 600)


if __name__ == "__main__":
    main()
