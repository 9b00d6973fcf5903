"""Folders named by class, such as ``Cyst/Cyst- (12).jpg``: the kidney set is published like this.

Archives nest, and some hold ``train/``, ``val/`` and ``test/`` above or below the class folders:
the deepest folder that means a class decides.
"""

from __future__ import annotations

from core.datasets.importing.found import SPLITS, ClassNames, Found, FoundPicture, some
from core.datasets.importing.scan import Scan
from core.datasets.labels import plain
from core.errors import DatasetError
from core.wording import counted


def read(scan: Scan, names: ClassNames) -> Found:
    """Return every picture with the name of its class folder.

    Raises
    ------
    DatasetError
        If pictures lie in no folder that could be a class.
    """
    placed = [(file, label_folder(file, names)) for file in scan.pictures]
    outside = [file for file, folder in placed if folder is None]
    if outside or not placed:
        raise DatasetError(
            f"In no class folder: {counted(len(outside), 'picture')} ({some(outside)})."
            if outside
            else f"{scan.root.name} holds no picture.",
            remedy=f"Sort them into folders named {', '.join(names.task.class_names)}.",
        )
    pictures = tuple(
        FoundPicture(file, str(folder), published_part(file)) for file, folder in placed
    )
    return Found(pictures, notes=scan.notes)


def label_folder(file: str, names: ClassNames) -> str | None:
    """Return the folder that says the class: the deepest that means one, else the deepest."""
    folders = [name for name in file.split("/")[:-1] if plain(name) not in SPLITS]
    known = [name for name in folders if names.knows(name)]
    chosen = known or folders
    return chosen[-1] if chosen else None


def published_part(file: str) -> str | None:
    """Return train, validation or test where a folder on the way is called like it.

    >>> published_part("chest/Val/NORMAL/a.jpeg"), published_part("Cyst/a.jpg")
    ('validation', None)
    """
    parts = [SPLITS[plain(name)] for name in file.split("/")[:-1] if plain(name) in SPLITS]
    return parts[0] if parts else None
