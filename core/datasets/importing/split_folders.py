"""``train/``, ``val/`` and ``test/``, each with class folders.

The published part of a picture is kept as a column and never trusted: publishers split single
pictures by lot, and patients end up on both sides.
"""

from __future__ import annotations

from core.datasets.importing import class_folders
from core.datasets.importing.found import ClassNames, Found, some
from core.datasets.importing.scan import Scan
from core.errors import DatasetError
from core.wording import counted


def read(scan: Scan, names: ClassNames) -> Found:
    """Return every picture with its class folder and its published part.

    Raises
    ------
    DatasetError
        If a picture lies in none of the parts, or in no class folder.
    """
    found = class_folders.read(scan, names)
    outside = [picture.file for picture in found.pictures if picture.split is None]
    if outside:
        raise DatasetError(
            f"In no train, val or test folder: {counted(len(outside), 'picture')} "
            f"({some(outside)}).",
            remedy="Move them into one, or read the folder with --layout class_folders.",
        )
    return found
