"""The layouts that can be imported, as a table, and which one a folder has."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from core.datasets.importing import class_folders, names_table, patient_names, split_folders
from core.datasets.importing.class_folders import published_part
from core.datasets.importing.found import ClassNames, Found
from core.datasets.importing.scan import Scan
from core.errors import DatasetError

AUTO = "auto"


@dataclass(frozen=True, slots=True)
class LayoutSpec:
    """A layout: how it is read, and whether a folder looks like it."""

    key: str
    title: str
    read: Callable[[Scan, ClassNames], Found]
    fits: Callable[[Scan], bool]


# In the order in which a folder is asked: what is more particular comes first.
LAYOUTS: dict[str, LayoutSpec] = {
    spec.key: spec
    for spec in (
        LayoutSpec(
            "names_table",
            "a table with `name, ground truth` beside image folders",
            names_table.read,
            names_table.is_named_table,
        ),
        LayoutSpec(
            "patient_names",
            "patient and class in the name: person12_bacteria_34.jpeg",
            patient_names.read,
            lambda scan: any(map(patient_names.carries_kind, scan.pictures)),
        ),
        LayoutSpec(
            "split_folders",
            "train, val and test folders with class folders",
            split_folders.read,
            lambda scan: bool(scan.pictures) and all(map(published_part, scan.pictures)),
        ),
        LayoutSpec(
            "class_folders",
            "folders named by class: Cyst/Cyst- (12).jpg",
            class_folders.read,
            lambda scan: bool(scan.pictures),
        ),
    )
}


def choose_layout(scan: Scan, key: str = AUTO) -> LayoutSpec:
    """Return the layout of that key, or with ``auto`` the first that the folder looks like.

    Raises
    ------
    DatasetError
        If there is no layout of that key, or the folder looks like none.
    """
    if key != AUTO and key not in LAYOUTS:
        raise DatasetError(
            f"There is no layout {key!r}.", remedy=f"Layouts: {AUTO}, {', '.join(LAYOUTS)}."
        )
    fitting = [spec for spec in LAYOUTS.values() if key == spec.key or spec.fits(scan)]
    if key != AUTO:
        return LAYOUTS[key]
    if not fitting:
        raise DatasetError(
            f"{scan.root.name} looks like none of the layouts: it holds no picture.",
            remedy=f"Give one with --layout: {', '.join(LAYOUTS)}.",
        )
    return fitting[0]
