"""Data folders: manifests, groups, folds, splits, sampling, augmentation and checks.

Names are looked up on first use: ``already_applied_for`` is on the way of every answer, which must
not import scikit-learn, scipy or pandas for it.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from core.datasets.description import already_applied_for

if TYPE_CHECKING:
    from core.datasets.augmentation import AugmentationSpec, augment
    from core.datasets.checks import CHECKS, Finding, Severity, run_checks
    from core.datasets.folds import load_folds, make_folds, save_folds
    from core.datasets.grouping import find_groups, near_duplicate_pairs, thumbnail
    from core.datasets.leaks import pairs_across, random_sides, straddling
    from core.datasets.listing import list_folder
    from core.datasets.manifest import Manifest, read_manifest
    from core.datasets.sampling import even_series_sample
    from core.datasets.splits import (
        PARTS,
        Split,
        check_split,
        make_split,
        read_parts,
        straddling_groups,
    )
    from core.datasets.survey import Survey, survey_files, survey_pictures, with_found_groups

_MODULES = {
    "augmentation": ("AugmentationSpec", "augment"),
    "checks": ("CHECKS", "Finding", "Severity", "run_checks"),
    "folds": ("load_folds", "make_folds", "save_folds"),
    "grouping": ("find_groups", "near_duplicate_pairs", "thumbnail"),
    "leaks": ("pairs_across", "random_sides", "straddling"),
    "listing": ("list_folder",),
    "manifest": ("Manifest", "read_manifest"),
    "sampling": ("even_series_sample",),
    "splits": ("PARTS", "Split", "check_split", "make_split", "read_parts", "straddling_groups"),
    "survey": ("Survey", "survey_files", "survey_pictures", "with_found_groups"),
}
_MODULE_OF = {name: module for module, names in _MODULES.items() for name in names}

__all__ = [
    "CHECKS",
    "PARTS",
    "AugmentationSpec",
    "Finding",
    "Manifest",
    "Severity",
    "Split",
    "Survey",
    "already_applied_for",
    "augment",
    "check_split",
    "even_series_sample",
    "find_groups",
    "list_folder",
    "load_folds",
    "make_folds",
    "make_split",
    "near_duplicate_pairs",
    "pairs_across",
    "random_sides",
    "read_manifest",
    "read_parts",
    "run_checks",
    "save_folds",
    "straddling",
    "straddling_groups",
    "survey_files",
    "survey_pictures",
    "thumbnail",
    "with_found_groups",
]


def __getattr__(name: str) -> Any:
    if name not in _MODULE_OF:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_MODULE_OF[name]}"), name)
