"""The parts of the Performance page: a cell's cases, groups as cases, cards of pictures."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from core.tasks import load_task
from core.workflows.run_cards import SIZE, run_card
from core.workflows.run_performance import cell_cases, curves, group_level
from core.workflows.run_pictures import picture_source
from core.workflows.stored_runs import open_run, stored_runs
from tests.drawn_runs import draw_run, make_run


def test_the_cases_of_a_cell_are_those_of_the_matrix_the_most_confident_call_first():
    run = draw_run(300)
    called = run.y_prob.argmax(axis=1)
    rows = cell_cases(run, y_true="stone", called="normal")
    inside = (run.y_true == 2) & (called == 1)
    assert set(rows["file"]) == set(run.file[inside])
    assert rows["p_called"].is_monotonic_decreasing
    place = int(np.flatnonzero(run.file == rows["file"][0])[0])
    assert rows["p_called"][0] == run.y_prob[place, 1]
    assert rows["p_true"][0] == run.y_prob[place, 2]
    assert rows["group"][0] == run.group[place]  # type: ignore[index]


def test_a_cell_without_a_case_has_its_columns_and_no_row():
    rows = cell_cases(make_run([0], [[1, 0, 0, 0]]), y_true="stone", called="tumor")
    assert rows.empty
    assert {"file", "group", "p_called", "p_true"} <= set(rows.columns)


def test_every_group_is_one_case_of_the_group_figures():
    run = draw_run(300, n_groups=30)
    made = group_level(run, load_task("kidney_ct"), "any")
    assert made.n_groups == 30
    assert made.n_mixed > 0
    n = made.classes[made.classes["figure"] == "f1"]["n"]
    assert (n == 30).all()
    assert made.classes["n_groups"].isna().all()  # no second interval: a group is a case


def test_curves_come_for_every_class():
    made = curves(draw_run(200))
    assert list(dict.fromkeys(made.roc["class"])) == list(draw_run(5).class_names)


def test_a_card_holds_the_picture_and_a_map_of_its_size_or_why_there_is_none():
    (stored,) = [run for run in stored_runs("phantom_ct") if run.facts.split == "test"]
    run, source = open_run(stored), picture_source(stored)
    card = run_card(stored, source, str(run.file[0]), run.class_names)
    picture = cv2.imdecode(np.frombuffer(card.picture, np.uint8), cv2.IMREAD_UNCHANGED)
    assert max(picture.shape[:2]) <= SIZE
    assert set(card.maps) == set(run.class_names)
    drawn = [png for png in card.maps.values() if png is not None]
    assert drawn
    for png in drawn:
        shape = cv2.imdecode(np.frombuffer(png, np.uint8), cv2.IMREAD_UNCHANGED).shape
        assert shape[:2] == picture.shape[:2]


@pytest.mark.parametrize("rule", ["mean", "any"])
def test_one_group_alone_gives_figures_without_a_failure(rule):
    made = group_level(draw_run(20, n_groups=1), load_task("kidney_ct"), rule)
    assert made.n_groups == 1
