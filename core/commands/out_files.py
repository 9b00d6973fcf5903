"""Files that a command writes where a person said: checked first, then all of them or none."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Mapping, Sequence
from pathlib import Path

from core.errors import ArgumentError


def check_places(places: Sequence[Path], *, picture: Path | None = None) -> None:
    """Refuse files that cannot be written, before minutes are spent on what they should hold.

    Parameters
    ----------
    places : sequence of Path
    picture : Path or None
        What is read: it is never written over.

    Raises
    ------
    ArgumentError
        Naming the first one.
    """
    seen: set[Path] = set()
    for path in places:
        folder = path.absolute().parent
        if path.is_dir() or not os.access(folder, os.W_OK | os.X_OK):
            raise ArgumentError(
                f"{path} cannot be written: {'it' if path.is_dir() else folder} is "
                f"{'a folder' if path.is_dir() else 'no folder that may be written to'}.",
                remedy="Name another file.",
            )
        place = path.resolve()
        if picture is not None and place == picture.resolve():
            raise ArgumentError(
                f"{path} is the picture itself, which would be lost.", remedy="Name another file."
            )
        if place in seen:
            raise ArgumentError(
                f"Two files are to be written to {path}.", remedy="Give each its own name."
            )
        seen.add(place)


def write_files(files: Mapping[Path, bytes]) -> None:
    """Write files: each aside first, so that a full disk leaves neither a half nor one of two.

    Raises
    ------
    ArgumentError
        If one cannot be written.
    """
    drafts = {path: _draft_of(path.resolve()) for path in files}
    written = Path()
    try:
        for written, content in files.items():
            drafts[written].write_bytes(content)
        for written, draft in drafts.items():
            if draft != written.resolve():
                draft.replace(written.resolve())
    except OSError as error:
        raise ArgumentError(
            f"{written} cannot be written ({error.strerror}).", remedy="Name another file."
        ) from None
    finally:
        for path, draft in drafts.items():
            if draft != path.resolve():
                with contextlib.suppress(OSError):
                    draft.unlink(missing_ok=True)


def _draft_of(place: Path) -> Path:
    """Return where a file is written first; a device, such as /dev/null, is never replaced."""
    if place.exists() and not place.is_file():
        return place
    return place.with_name(f".{place.name}.{os.getpid()}.part")
