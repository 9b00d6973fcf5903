"""Names that carry patient and class, such as ``person12_bacteria_34.jpeg``: the chest set.

Its folders say only NORMAL and PNEUMONIA; which pneumonia, the name says. ``IM-0115-0001.jpeg`` are
its healthy children.
"""

from __future__ import annotations

import re
from pathlib import PurePosixPath

from core.datasets.importing.class_folders import label_folder, published_part
from core.datasets.importing.found import ClassNames, Found, FoundPicture
from core.datasets.importing.patients import patient_of
from core.datasets.importing.scan import Scan
from core.errors import DatasetError

_KIND = re.compile(r"^person\d+_(bacteria|virus)_\d+$", re.IGNORECASE)


def read(scan: Scan, names: ClassNames) -> Found:
    """Return every picture with the class that its folder says, else its name.

    Raises
    ------
    DatasetError
        If no name carries a patient, a picture says its class nowhere, or folder and name disagree.
    """
    if not any(carries_kind(file) or patient_of(file) for file in scan.pictures):
        raise DatasetError(
            f"No name of a picture in {scan.root.name} carries a patient.",
            remedy="Names look like person12_bacteria_34.jpeg; try --layout class_folders.",
        )
    pictures = (
        FoundPicture(file, _label(file, names), published_part(file)) for file in scan.pictures
    )
    return Found(tuple(pictures), notes=scan.notes)


def carries_kind(file: str) -> str | None:
    """Return the word of a name that says the kind of pneumonia.

    >>> carries_kind("train/PNEUMONIA/person12_bacteria_34.jpeg")
    'bacteria'
    """
    found = _KIND.match(PurePosixPath(file).stem)
    return found[1].lower() if found else None


def _label(file: str, names: ClassNames) -> str:
    folder, kind = label_folder(file, names), carries_kind(file)
    if folder is None or (kind is not None and not names.knows(folder)):
        if kind is not None:
            return kind
        raise DatasetError(
            f"Neither a folder nor its name says the class of {file}.",
            remedy=f"Sort it into a folder named {', '.join(names.task.class_names)}.",
        )
    if kind is not None and names.knows(kind) and names.class_of(folder) is not None:
        said, meant = names.class_of(folder), names.class_of(kind)
        if said != meant:
            raise DatasetError(
                f"{file} lies in a folder of {said}, but its name says {meant}.",
                remedy="Move or rename it: one of the two is wrong.",
                column="label",
            )
    return folder
