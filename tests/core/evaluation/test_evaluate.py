"""The answer of ``evaluate``: its keys, its figures, what is undefined and what to doubt."""

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from sklearn import metrics

from core.commands.output import as_json
from core.domain import Figure
from core.evaluation.evaluate import evaluate_run
from core.evaluation.figures import PER_CLASS
from core.evaluation.runs import RunFacts
from tests.drawn_runs import CLASSES, draw_run, make_run

KEYS = {
    "n", "groups", "group_source", "class_names", "confusion", "accuracy", "balanced_accuracy",
    "macro_f1", "ece", "brier", "per_class", "refused", "answered", "errors", "left_out",
    "undefined", "warnings", "model_version",
}  # fmt: skip
FIGURE_KEYS = {"value", "low", "high", "n", "low_grouped", "high_grouped", "n_groups"}


def figures_of(told):
    for name in ("accuracy", "balanced_accuracy", "macro_f1", "ece", "brier"):
        yield name, told[name]
    for name, row in told["per_class"].items():
        yield from ((f"per_class.{name}.{key}", row[key]) for key in PER_CLASS)


def test_the_keys_are_those_of_the_contract():
    told = json.loads(as_json(evaluate_run(draw_run(200))))
    assert set(told) == KEYS
    assert set(told["per_class"]["stone"]) == {"n", *PER_CLASS}
    assert set(told["answered"]) == {"n", "accuracy", "macro_f1"}
    assert all(set(figure) == FIGURE_KEYS for _, figure in figures_of(told))


def test_figures_equal_scikit_learn():
    run = draw_run(500)
    told = evaluate_run(run)
    called = run.y_prob.argmax(axis=1)
    assert told["confusion"] == metrics.confusion_matrix(run.y_true, called).tolist()
    report = metrics.classification_report(run.y_true, called, output_dict=True)
    for index, name in enumerate(CLASSES):
        row, is_positive = told["per_class"][name], run.y_true == index
        assert row["n"] == report[str(index)]["support"]
        assert row["sensitivity"].value == pytest.approx(report[str(index)]["recall"])
        assert row["ppv"].value == pytest.approx(report[str(index)]["precision"])
        assert row["f1"].value == pytest.approx(report[str(index)]["f1-score"])
        area = metrics.roc_auc_score(is_positive, run.y_prob[:, index])
        assert row["auc"].value == pytest.approx(area)
        precision = metrics.average_precision_score(is_positive, run.y_prob[:, index])
        assert row["average_precision"].value == pytest.approx(precision)
    assert told["macro_f1"].value == pytest.approx(report["macro avg"]["f1-score"])


def test_every_interval_holds_its_value_and_the_grouped_rates_are_wider():
    told = evaluate_run(draw_run(600, n_groups=30))
    for path, figure in figures_of(told):
        assert figure.low <= figure.value <= figure.high, path
        assert figure.low_grouped <= figure.value <= figure.high_grouped, path
        if path.split(".")[-1] in ("sensitivity", "specificity", "ppv", "npv", "accuracy"):
            assert figure.low_grouped <= figure.low, path
            assert figure.high_grouped >= figure.high, path


def test_a_rate_counts_the_cases_and_groups_of_its_own_denominator():
    run = make_run([0, 0, 0, 1], np.eye(4)[[0, 0, 1, 1]], group=["a", "a", "b", "c"])
    row = evaluate_run(run)["per_class"]["cyst"]
    assert (row["sensitivity"].n, row["sensitivity"].n_groups) == (3, 2)
    assert (row["specificity"].n, row["specificity"].n_groups) == (1, 1)
    assert (row["ppv"].n, row["npv"].n, row["f1"].n) == (2, 2, 4)


def test_without_groups_there_is_no_grouped_pair_and_a_warning():
    told = evaluate_run(draw_run(100, n_groups=None))
    assert told["groups"] is None
    assert told["group_source"] == "none"
    assert all(figure.low_grouped is figure.n_groups is None for _, figure in figures_of(told))
    assert any("unknown" in sentence for sentence in told["warnings"])


def test_one_class_only_is_accepted_with_undefined_figures_and_a_warning():
    rng = np.random.default_rng(0)
    y_prob = rng.dirichlet(np.ones(4), 50)
    told = evaluate_run(make_run([2] * 50, y_prob, group=["a", "b"] * 25))
    stone, cyst = told["per_class"]["stone"], told["per_class"]["cyst"]
    assert stone["sensitivity"].value is not None
    assert stone["specificity"] == Figure(None, None, None, 0, None, None, 0)
    assert stone["auc"].value is cyst["auc"].value is cyst["f1"].value is None
    assert {"per_class.stone.specificity", "per_class.cyst.auc"} <= set(told["undefined"])
    assert any("Every case is stone" in sentence for sentence in told["warnings"])


def test_undefined_names_exactly_the_figures_without_a_value():
    told = evaluate_run(make_run([0, 1, 0, 1], np.eye(4)[[0, 1, 1, 1]]))
    empty = {path for path, figure in figures_of(told) if figure.value is None}
    assert empty == set(told["undefined"])
    assert "per_class.tumor.ppv" in empty


def test_a_class_without_a_case_is_named_in_a_warning():
    told = evaluate_run(make_run([0, 1, 0, 1], np.eye(4)[[0, 1, 1, 1]]))
    assert any("No case of stone, tumor" in sentence for sentence in told["warnings"])


def test_refused_pictures_are_counted_and_left_out_of_answered_only():
    run = draw_run(80)
    refused = np.arange(80) < 30
    object.__setattr__(run, "refused", refused)
    told = evaluate_run(run)
    alone = evaluate_run(run.subset(~refused))
    assert (told["n"], told["refused"], told["answered"]["n"]) == (80, 30, 50)
    assert told["answered"]["macro_f1"] == alone["macro_f1"]
    assert told["answered"]["accuracy"] == alone["accuracy"]


def test_everything_refused_leaves_the_answered_figures_undefined():
    run = draw_run(20)
    object.__setattr__(run, "refused", np.ones(20, dtype=bool))
    told = evaluate_run(run)
    assert told["answered"]["accuracy"] == Figure(None, None, None, 0)
    assert "answered.accuracy" in told["undefined"]
    assert told["accuracy"].value is not None


def test_errors_and_left_out_labels_are_passed_on():
    facts = RunFacts(errors=(("a.png", "It is empty."),), left_out={"cyst": 3}, notes=("Mind.",))
    told = evaluate_run(make_run([0, 1], np.eye(4)[[0, 1]], facts=facts))
    assert told["errors"] == [{"file": "a.png", "reason": "It is empty."}]
    assert told["left_out"] == {"cyst": 3}
    assert told["warnings"][0] == "Mind."


def test_a_perfect_ranking_is_said_to_have_no_useful_interval():
    y_true = np.arange(40) % 4
    told = evaluate_run(make_run(y_true, np.eye(4)[y_true], group=list(y_true // 2)))
    assert any("No error in" in sentence for sentence in told["warnings"])
    assert told["per_class"]["stone"]["sensitivity"].low < 0.8


def test_few_groups_are_said_to_be_few():
    told = evaluate_run(draw_run(300, n_groups=9))
    assert any("stone 9" in sentence for sentence in told["warnings"])
    assert not any("Few" in s for s in evaluate_run(draw_run(900, n_groups=60))["warnings"])


def test_the_same_run_gives_the_same_answer():
    assert as_json(evaluate_run(draw_run(150))) == as_json(evaluate_run(draw_run(150)))


ANY_RUN = st.tuples(st.integers(1, 12), st.integers(2, 4)).flatmap(
    lambda shape: st.tuples(
        hnp.arrays(np.int64, shape[0], elements=st.integers(0, shape[1] - 1)),
        # Quarters: ties between classes and between cases are the rule.
        hnp.arrays(np.int64, shape, elements=st.integers(0, 4)),
        st.one_of(st.none(), hnp.arrays(np.int64, shape[0], elements=st.integers(0, 3))),
    )
)


@settings(max_examples=40, deadline=None)
@given(ANY_RUN)
def test_any_run_gives_figures_in_range_or_undefined(drawn):
    y_true, weights, codes = drawn
    y_prob = (weights + 1e-3) / (weights + 1e-3).sum(axis=1, keepdims=True)
    group = None if codes is None else [f"g{code}" for code in codes]
    run = make_run(y_true, y_prob, group=group, class_names=CLASSES[: y_prob.shape[1]])
    told = evaluate_run(run)
    as_json(told)
    assert np.sum(told["confusion"]) == len(y_true)
    for path, figure in figures_of(told):
        ends = (figure.low, figure.high, figure.low_grouped, figure.high_grouped)
        assert (figure.value is None) == (path in told["undefined"])
        if figure.value is None:
            assert ends == (None,) * 4
        else:
            most = 2 if path == "brier" else 1
            assert all(0 <= end <= most + 1e-6 for end in ends if end is not None), path


def test_below_twenty_groups_the_simulated_coverage_is_told():
    told = " ".join(evaluate_run(draw_run(200, n_groups=9))["warnings"])
    assert "Few independent cases" in told
    assert "with about 8 groups such an interval covers" in told  # of the class with fewest
    assert "instead of 95 %" in told
    told = " ".join(evaluate_run(draw_run(400, n_groups=60))["warnings"])
    assert "Few independent cases" not in told
