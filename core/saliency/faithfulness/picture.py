"""What speaks for, and against, the maps of one picture: figures, and one sentence in words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from core.domain import FloatArray
from core.saliency.faithfulness.curves import DRAWS, AgainstRandom, Curves, Draws, against_random
from core.saliency.faithfulness.ranks import agreement
from core.saliency.faithfulness.stability import CHANGES, Changes, Explain, stability
from core.saliency.faithfulness.weak_maps import Floor, is_weak
from core.saliency.masks import Score

LIMIT = "A map shows where the score is sensitive, not where disease is."
AGREE, AGREE_IN_PART = 0.6, 0.3
STABLE = 0.6


class Verdict(StrEnum):
    """A map beside the same map laid at random over the same picture."""

    BETTER = "better than chance"
    LIKE_CHANCE = "not better than chance"
    WORSE = "worse than chance"
    EMPTY = "no positive evidence"


@dataclass(frozen=True, slots=True, eq=False)
class MapFaithfulness:
    """One map: one method, one class, one picture.

    Attributes
    ----------
    raw_peak : float
    curves : Curves or None
        None, as both areas, where the map marks nothing.
    deletion, insertion : AgainstRandom or None
        Areas under the curves of the calibrated probability, beside random maps'.
    stability : float or None
        Mean rank correlation under small changes; None where it was not asked for or undefined.
    weak : bool or None
        None where no floor is known.
    """

    raw_peak: float
    curves: Curves | None
    deletion: AgainstRandom | None
    insertion: AgainstRandom | None
    stability: float | None
    weak: bool | None

    @property
    def verdict(self) -> Verdict:
        """Better where one curve is better than chance and the other is not worse."""
        if self.deletion is None or self.insertion is None:
            return Verdict.EMPTY
        good = self.deletion.is_below_chance or self.insertion.is_above_chance
        bad = self.deletion.is_above_chance or self.insertion.is_below_chance
        if good == bad:
            return Verdict.LIKE_CHANCE
        return Verdict.BETTER if good else Verdict.WORSE


@dataclass(frozen=True, slots=True, eq=False)
class PictureFaithfulness:
    """The maps of one class over one picture.

    ``maps`` by the method's title; ``agreement`` the mean pairwise rank correlation of the
    methods' maps, None for fewer than two; ``sentence`` what a person should know.
    """

    class_name: str
    maps: Mapping[str, MapFaithfulness]
    agreement: float | None
    sentence: str


def assess_map(
    score: Score,
    picture: FloatArray,
    grid: FloatArray,
    class_index: int,
    *,
    floor: Floor | None = None,
    draws: Draws = DRAWS,
) -> MapFaithfulness:
    """Measure one map, all but its stability (``with_stability``).

    Parameters
    ----------
    score : callable
        Pictures -> calibrated probabilities.
    picture : ndarray of shape (rows, columns, 3), 0..255
        As the network sees it.
    grid : ndarray of shape (grid_rows, grid_columns), >= 0
        The raw map.
    class_index : int
    floor : Floor or None
        Of the class and method, from an audit of the version.
    draws : Draws
    """
    raw_peak = float(grid.max(initial=0.0))
    weak = is_weak(raw_peak, floor)
    made = against_random(score, picture, grid, class_index, draws=draws)
    if made is None:
        return MapFaithfulness(raw_peak, None, None, None, None, weak)
    return MapFaithfulness(raw_peak, *made, None, weak)


def with_stability(
    found: MapFaithfulness,
    explain: Explain,
    picture: FloatArray,
    grid: FloatArray,
    *,
    changes: Changes = CHANGES,
) -> MapFaithfulness:
    """Return the same with the stability of the map: one map more for each change."""
    steady = stability(explain, picture, grid=grid, changes=changes)
    return MapFaithfulness(
        found.raw_peak, found.curves, found.deletion, found.insertion, steady, found.weak
    )


def assess_picture(
    class_name: str, maps: Mapping[str, MapFaithfulness], grids: Mapping[str, FloatArray]
) -> PictureFaithfulness:
    """Put the maps of one class together, with the sentence for a person.

    Parameters
    ----------
    class_name : str
    maps, grids : mapping of the method's title to its figures and its raw grid
    """
    agreed = agreement(list(grids.values()))
    return PictureFaithfulness(class_name, dict(maps), agreed, _sentence(maps, agreed))


def _sentence(maps: Mapping[str, MapFaithfulness], agreed: float | None) -> str:
    marked = {title: item for title, item in maps.items() if item.verdict is not Verdict.EMPTY}
    if not marked:
        return "Nothing in this picture speaks for this class: there is no map to lean on."
    if not any(item.verdict is Verdict.BETTER for item in marked.values()):
        which = "These maps are" if len(marked) > 1 else "This map is"
        what = "them" if len(marked) > 1 else "it"
        return (
            f"{which} not better than chance on this picture: do not lean on {what}."
            + _weak_words(marked)
        )
    parts = [_agreement_words(agreed), _curve_words(marked), _stability_words(marked)]
    return " ".join(part for part in parts if part) + _weak_words(marked)


def _agreement_words(agreed: float | None) -> str:
    if agreed is None:
        return ""
    if agreed >= AGREE:
        return f"Methods agree ({agreed:.2f})."
    if agreed >= AGREE_IN_PART:
        return f"Methods agree only in part ({agreed:.2f})."
    return f"Methods disagree ({agreed:.2f}): do not lean on one of them alone."


def _curve_words(marked: Mapping[str, MapFaithfulness]) -> str:
    faster = [
        title
        for title, item in marked.items()
        if item.deletion is not None and item.deletion.is_below_chance
    ]
    if len(faster) == len(marked):
        return "Deleting the marked region lowers the score faster than chance."
    if faster:
        rest = [title for title in marked if title not in faster]
        return (
            f"Deleting the marked region lowers the score faster than chance by {_and(faster)}, "
            f"not by {_and(rest)}."
        )
    return (
        "Showing the marked region alone raises the score faster than chance; deleting it lowers "
        "the score no faster."
    )


def _stability_words(marked: Mapping[str, MapFaithfulness]) -> str:
    moving = [
        title
        for title, item in marked.items()
        if item.stability is not None and item.stability < STABLE
    ]
    return f"It moves when the picture hardly changes: {_and(moving)}." if moving else ""


def _weak_words(marked: Mapping[str, MapFaithfulness]) -> str:
    weak = [title for title, item in marked.items() if item.weak]
    if not weak:
        return ""
    return f" Weak, below 95 of 100 right calls of this class: {_and(weak)}."


def _and(titles: list[str]) -> str:
    return " and ".join([", ".join(titles[:-1]), titles[-1]]) if len(titles) > 1 else titles[0]
