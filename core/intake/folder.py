"""A folder as a listing of files: hidden ones passed over, links to folders never followed."""

from __future__ import annotations

import os
from collections import Counter
from pathlib import Path

from core.errors import IntakeError
from core.intake.file_names import is_hidden, natural_key
from core.intake.file_sources import FileSource, Listing, check_number_of_files, passed_over


def list_folder(root: Path, source: FileSource) -> Listing:
    """List the files below a folder; nothing is opened.

    Links to folders may lead round in a circle and are not followed; links to files are.

    Parameters
    ----------
    root : Path
    source : FileSource
        Reads a file by the path that the listing gives it, which begins with ``root``.

    Raises
    ------
    IntakeError
        If it is no folder, a part cannot be entered, or there are too many files.
    """
    if not root.is_dir():
        raise IntakeError("There is no such folder.", remedy="Check the path.")
    names: list[str] = []
    left_out: Counter[str] = Counter()
    for parent, folders, files in os.walk(root, onerror=_refuse):
        shown = [name for name in folders if not is_hidden(name)]
        linked = [name for name in shown if Path(parent, name).is_symlink()]
        left_out["links to folders"] += len(linked)
        folders[:] = sorted(set(shown) - set(linked))
        for name in files:
            path = Path(parent, name)
            if is_hidden(name):
                left_out["hidden files"] += 1
            elif not os.path.isfile(path):  # a pipe, a device, a link that leads nowhere
                left_out["things that are no regular files"] += 1
            else:
                names.append(str(path))
        check_number_of_files(len(names))
    return Listing(tuple(sorted(names, key=natural_key)), source, passed_over(left_out))


def _refuse(error: OSError) -> None:
    raise IntakeError(
        f"A part of the folder cannot be entered ({type(error).__name__}).",
        remedy="Give yourself the right to read it, or move it out of the folder.",
    ) from None
