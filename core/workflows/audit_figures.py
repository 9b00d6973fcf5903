"""The figures of an explanation audit, from the rows of its pictures (docs/command-line.md)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import numpy as np

from core.domain import Figure
from core.evaluation.means import mean_figure, share_figure
from core.saliency.faithfulness.weak_maps import floor_of

MOST_ALIKE = 0.4
"""Structural similarity of trained and random maps above which a method fails the check."""

Rows = Sequence[dict[str, Any]]


def methods_in(rows: Rows) -> list[str]:
    """Return the methods of rows, in the order in which they come first."""
    return list(dict.fromkeys(row["method"] for row in rows))


def curve_figures(rows: Rows, kind: str) -> dict[str, dict[str, Any]]:
    """Return method -> {area, random_area, better_by}; ``kind`` is deletion or insertion.

    ``better_by`` is the mean over pictures of how much better the map's area is than its random
    rival's on the same picture, above 0 where the map is better.
    """
    sign = -1 if kind == "deletion" else 1
    found = {}
    for method in methods_in(rows):
        of_method = [row for row in rows if row["method"] == method and row[kind] is not None]
        groups = _groups(of_method)
        areas, rivals = ([row[name] for row in of_method] for name in (kind, f"{kind}_random"))
        gains = [sign * (own - other) for own, other in zip(areas, rivals, strict=True)]
        found[method] = {
            "area": _plain(mean_figure(areas, groups)),
            "random_area": _plain(mean_figure(rivals, groups)),
            "better_by": _plain(mean_figure(gains, groups)),
        }
    return found


def randomisation_figures(rows: Rows) -> dict[str, dict[str, Any]]:
    """Return method -> {ssim, passes, cascade: {stage: ssim}}; ``ssim`` is of the whole network.

    ``passes`` is null where the maps of the random network, and of the trained one, are empty.
    """
    found = {}
    for method in methods_in(rows):
        of_method = [row for row in rows if row["method"] == method]
        cascade = {}
        for stage in dict.fromkeys(row["stage"] for row in of_method):
            of_stage = [row for row in of_method if row["stage"] == stage]
            cascade[stage] = mean_figure([row["ssim"] for row in of_stage], _groups(of_stage))
        whole = cascade["all"]
        found[method] = {
            "ssim": _plain(whole),
            "passes": None if whole.value is None else whole.value <= MOST_ALIKE,
            "cascade": {stage: _plain(figure) for stage, figure in cascade.items()},
        }
    return found


def floors_of(rows: Rows, class_names: Sequence[str]) -> dict[str, dict[str, Any]]:
    """Return method -> class -> the floor of raw peaks, null from too few right calls."""
    found: dict[str, dict[str, Any]] = {}
    for method in methods_in(rows):
        of_method = [row for row in rows if row["method"] == method]
        labels = np.array([row["label"] for row in of_method])
        called = np.array([row["called"] for row in of_method])
        peaks = np.array([row["peaks"] for row in of_method])
        found[method] = {}
        for place, name in enumerate(class_names):
            right, absent = (labels == name) & (called == name), labels != name
            floor = floor_of(peaks[right, place], peaks[absent, place])
            found[method][name] = None if floor is None else asdict(floor)
    return found


def pointing_figures(rows: Rows) -> dict[str, Any]:
    """Return {n, chance, brightest, centre, method: figure…} of pictures with boxes.

    A method that was run over fewer of the pictures has its own, smaller n.
    """
    boxed = [row for row in rows if "chance" in row]
    groups = _groups(boxed)
    found: dict[str, Any] = {
        "n": len(boxed),
        "chance": _plain(mean_figure([row["chance"] for row in boxed], groups)),
        "brightest": _plain(share_figure([row["brightest"] for row in boxed], groups)),
        "centre": _plain(share_figure([row["centre"] for row in boxed], groups)),
    }
    for method in dict.fromkeys(name for row in boxed for name in row["hits"]):
        asked = [row for row in boxed if method in row["hits"]]
        hits = [row["hits"][method] for row in asked]
        found[method] = _plain(share_figure(hits, _groups(asked)))
    return found


def energy_figures(rows: Rows) -> dict[str, Any]:
    """Return {n, share, method: figure…}: energy inside the region beside its share of the picture.

    A map without evidence counts as none of its energy inside.
    """
    marked = [row for row in rows if row["share"] is not None]
    share = mean_figure([row["share"] for row in marked], _groups(marked))
    found: dict[str, Any] = {"n": len(marked), "share": _plain(share)}
    for method in dict.fromkeys(name for row in marked for name in row["energy"]):
        asked = [row for row in marked if method in row["energy"]]
        energies = [row["energy"][method] or 0.0 for row in asked]
        found[method] = _plain(mean_figure(energies, _groups(asked)))
    return found


def merged(first: Rows, second: Rows) -> list[dict[str, Any]]:
    """Return pointing rows of the same pictures joined: hits and energies of both.

    Where nothing stands in ``first``, no quick method was asked for: the rows of ``second``.
    """
    if not first:
        return [dict(row) for row in second]
    by_file = {row["file"]: row for row in second}
    made = []
    for row in first:
        other = by_file.get(row["file"], {"hits": {}, "energy": {}})
        both = {name: {**row[name], **other[name]} for name in ("hits", "energy")}
        made.append({**row, **both})
    return made


def _groups(rows: Rows) -> list[str] | None:
    groups = [row["group"] for row in rows]
    return None if not groups or None in groups else groups


def _plain(figure: Figure) -> dict[str, Any]:
    return asdict(figure)
