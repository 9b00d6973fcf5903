"""The part that chooses a threshold and the part that checks it share no group."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from core.errors import EvaluationError
from core.evaluation.parts import halves, kept_apart
from tests.drawn_runs import draw_run, make_run


def groups_of(run):
    return set(run.group)


def test_halves_share_no_group_and_hold_every_case():
    run = draw_run(800, n_groups=50)
    parts = halves(run)
    assert not groups_of(parts.choosing) & groups_of(parts.checking)
    assert parts.choosing.n + parts.checking.n == run.n
    assert len(groups_of(parts.choosing)) == 25
    assert parts.by_group
    assert "whole series, seed 0" in parts.sentence


def test_halves_are_the_same_every_time():
    run = draw_run(200)
    assert halves(run).choosing.file.tolist() == halves(run).choosing.file.tolist()


def test_each_class_falls_on_both_sides():
    group = [f"g{index // 2}" for index in range(32)]
    y_true = [index // 8 for index in range(32)]  # four groups a class
    parts = halves(make_run(y_true, np.full((32, 4), 0.25), group=group))
    for part in (parts.choosing, parts.checking):
        assert np.bincount(part.y_true).tolist() == [4, 4, 4, 4]


def test_without_groups_single_cases_are_dealt_out_and_it_is_said():
    parts = halves(draw_run(100, n_groups=None))
    assert (parts.choosing.n, parts.checking.n) == (50, 50)
    assert not parts.by_group
    assert "groups are unknown" in parts.sentence


def test_one_group_cannot_be_halved():
    run = make_run([0, 1], np.full((2, 4), 0.25), group=["a", "a"])
    with pytest.raises(EvaluationError, match="one series: it cannot be halved"):
        halves(run)


def test_what_both_runs_hold_is_left_out_of_the_larger():
    whole = draw_run(400, n_groups=40)
    part = whole.subset(np.isin(whole.group.astype(str), ["g001", "g002"]))
    for parts in (kept_apart(whole, part), kept_apart(part, whole)):
        assert not groups_of(parts.choosing) & groups_of(parts.checking)
        assert parts.choosing.n + parts.checking.n == whole.n
    assert kept_apart(whole, part).sentence == (
        "The 2 series of the checking part are left out of the choosing part."
    )


def test_runs_of_other_data_are_kept_apart_by_file():
    run = draw_run(100, n_groups=10)
    other = replace(run.subset(np.arange(100) < 30), facts=replace(run.facts, data="elsewhere"))
    parts = kept_apart(run, other)
    assert (parts.choosing.n, parts.checking.n) == (70, 30)
    assert not parts.by_group


def test_runs_that_share_nothing_stay_as_they_are():
    run = draw_run(100, n_groups=10)
    one, two = (
        run.subset(run.group.astype(str) < "g005"),
        run.subset(run.group.astype(str) >= "g005"),
    )
    parts = kept_apart(one, two)
    assert (parts.choosing, parts.checking, parts.sentence) == (one, two, "")


def test_two_runs_of_the_same_cases_are_refused():
    run = draw_run(100)
    with pytest.raises(EvaluationError, match="hold the same cases"):
        kept_apart(run, run)
