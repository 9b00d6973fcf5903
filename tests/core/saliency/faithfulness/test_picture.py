"""What is said about the maps of one picture, and on which figures."""

from __future__ import annotations

import numpy as np
import pytest

from core.errors import ArgumentError
from core.saliency.faithfulness.curves import AgainstRandom
from core.saliency.faithfulness.energy import energy_inside
from core.saliency.faithfulness.picture import (
    MapFaithfulness,
    Verdict,
    assess_map,
    assess_picture,
    with_stability,
)
from core.saliency.faithfulness.weak_maps import Floor, floor_of, is_weak
from tests.core.saliency.known_score import picture, probabilities, right_map

CHANCE = AgainstRandom(0.5, 0.5, 0.4, 0.6, 10)
BELOW = AgainstRandom(0.2, 0.5, 0.4, 0.6, 10)
ABOVE = AgainstRandom(0.8, 0.5, 0.4, 0.6, 10)


def of(deletion=CHANCE, insertion=CHANCE, *, stability=None, weak=None):
    return MapFaithfulness(1.0, None, deletion, insertion, stability, weak)


def said(*maps, grids=None):
    titles = ["Grad-CAM", "RISE", "EigenCAM"][: len(maps)]
    by_title = dict(zip(titles, maps, strict=True))
    return assess_picture(
        "stone", by_title, dict.fromkeys(titles, right_map()) if grids is None else grids
    ).sentence


@pytest.mark.parametrize(
    ("deletion", "insertion", "verdict"),
    [
        (BELOW, ABOVE, Verdict.BETTER),
        (BELOW, CHANCE, Verdict.BETTER),
        (CHANCE, ABOVE, Verdict.BETTER),
        (CHANCE, CHANCE, Verdict.LIKE_CHANCE),
        (BELOW, BELOW, Verdict.LIKE_CHANCE),
        (ABOVE, CHANCE, Verdict.WORSE),
        (None, None, Verdict.EMPTY),
    ],
)
def test_a_map_is_better_than_chance_when_one_curve_is_and_the_other_is_not_worse(
    deletion, insertion, verdict
):
    assert of(deletion, insertion).verdict is verdict


def test_maps_that_agree_and_beat_chance():
    assert said(of(BELOW, ABOVE), of(BELOW, ABOVE)) == (
        "Methods agree (1.00). Deleting the marked region lowers the score faster than chance."
    )


def test_maps_that_do_not_beat_chance():
    assert said(of(), of()) == (
        "These maps are not better than chance on this picture: do not lean on them."
    )
    assert said(of()).startswith("This map is not better than chance")


def test_methods_that_differ_are_named():
    grids = {"Grad-CAM": right_map(), "RISE": -right_map(), "EigenCAM": right_map()}
    words = said(of(BELOW), of(), of(CHANCE, ABOVE), grids=grids)
    assert words == (
        "Methods disagree (-0.33): do not lean on one of them alone. Deleting the marked region "
        "lowers the score faster than chance by Grad-CAM, not by RISE and EigenCAM."
    )


def test_insertion_alone_is_said_as_such():
    assert "Showing the marked region alone raises" in said(of(CHANCE, ABOVE))


def test_a_weak_or_moving_map_is_named():
    words = said(of(BELOW, stability=0.2), of(BELOW, stability=0.9, weak=True))
    assert "moves when the picture hardly changes: Grad-CAM." in words
    assert words.endswith("Weak, below 95 of 100 right calls of this class: RISE.")


def test_no_evidence_is_no_map():
    assert said(of(None, None)).startswith("Nothing in this picture speaks for this class")


def test_the_right_map_of_a_known_score_is_called_better():
    found = assess_map(probabilities, picture(), right_map(), 1, floor=Floor(0.5, n=40))
    assert found.verdict is Verdict.BETTER
    assert (found.raw_peak, found.weak, found.stability) == (1.0, False, None)
    steady = with_stability(found, lambda _: right_map(), picture(), right_map())
    assert steady.stability > 0.5 and steady.deletion is found.deletion
    empty = assess_map(probabilities, picture(), np.zeros((7, 7), np.float32), 1)
    assert empty.verdict is Verdict.EMPTY and empty.weak is None


def test_the_floor_is_the_fifth_percentile_of_right_calls():
    present, absent = np.arange(101.0), np.array([1.0, 4.0, 50.0, 90.0])
    assert floor_of(present, absent) == Floor(5.0, n=101, absent_above=0.5)
    assert is_weak(4.9, Floor(5.0, n=101)) and not is_weak(5.0, Floor(5.0, n=101))


def test_few_pictures_give_no_floor():
    assert floor_of(np.ones(19), np.ones(5)) is None
    assert floor_of(np.ones(20), np.ones(0)).absent_above is None
    assert is_weak(0.0, None) is None


def test_energy_inside_a_region():
    region = np.array([[True, False], [False, False]])
    assert energy_inside(np.ones((2, 2), np.float32), region) == 0.25
    assert energy_inside(np.zeros((2, 2), np.float32), region) is None
    with pytest.raises(ArgumentError, match="cannot be held against"):
        energy_inside(np.ones((2, 3), np.float32), region)
