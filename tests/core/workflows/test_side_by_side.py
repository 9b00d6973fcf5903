"""Two versions side by side: the honest figures first, and what was done otherwise."""

from core.inference.card import CardFigure, MetricSet
from core.tasks import load_task
from core.workflows.experiment_words import experiment_choices, experiment_rows_said
from core.workflows.side_by_side import key_figures, settings_that_differ, side_rows
from core.workflows.training_jobs import experiment_from_text
from tests.small_version import small_card

TASK = load_task("kidney_ct")


def part(split, value, *, leakage=False, n=200):
    figure = CardFigure(value=value, low=value - 0.1, high=value, n=n)
    figures = {"macro_f1": figure, "sensitivity_stone": figure, "something_else": figure}
    return MetricSet(split=split, title="T", leakage=leakage, n=n, figures=figures)


def test_figures_of_both_stand_in_one_row_and_leaks_come_last():
    leak = part("random_split", 0.99, leakage=True)
    a = small_card(TASK, "a", metrics=(leak, part("out_of_fold", 0.7)))
    b = small_card(TASK, "b", metrics=(part("out_of_fold", 0.8, n=90),))
    rows = side_rows(a, b, TASK)
    assert [(row.split, row.figure, row.leaks) for row in rows] == [
        ("out_of_fold", "macro F1", False),
        ("out_of_fold", "sensitivity, Stone", False),
        ("random_split", "macro F1", True),
        ("random_split", "sensitivity, Stone", True),
    ]
    assert (rows[0].a["value"], rows[0].b["value"], rows[0].n) == (0.7, 0.8, "200 / 90")
    assert (rows[2].b, rows[2].n) == (None, "200 / none")
    assert key_figures(a, TASK)[0] == "out_of_fold"
    assert key_figures(small_card(TASK, "c", metrics=(leak,)), TASK) == ("", [])


def test_only_settings_that_differ_are_told():
    a = small_card(
        TASK, "a", parameters={"epochs": 8, "mixup": 0.0, "augmentation": {"noise": 4.0}}
    )
    b = small_card(TASK, "b", parameters={"epochs": 9, "mixup": 0.0, "seed": 3})
    assert settings_that_differ(a, b) == [
        ("epochs", "8", "9"),
        ("augmentation", "noise 4", "none"),
        ("seed", "none", "3"),
    ]
    assert settings_that_differ(a, a) == []


def test_every_shipped_experiment_can_be_said_in_words():
    said = [
        experiment_rows_said(experiment_from_text(choice.text))
        for task in ("kidney_ct", "kidney_stone", "glomeruli", "chest_xray", "phantom_ct")
        for choice in experiment_choices(task)
    ]
    assert len(said) >= 14
    assert all(value for rows in said for _, value in rows)


def test_a_run_from_scratch_says_so():
    text = (
        "key: bare\ntitle: Bare\ntask: kidney_ct\narchitecture: mobilenet\n"
        "training: {strategy: all, weights: none}\n"
    )
    assert dict(experiment_rows_said(experiment_from_text(text)))["Trained"] == (
        "every layer, from scratch"
    )
