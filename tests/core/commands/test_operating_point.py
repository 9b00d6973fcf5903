"""``operating-point``, held against its contract."""

from __future__ import annotations

import csv
import io

import numpy as np
import pytest
from sklearn.metrics import confusion_matrix
from statsmodels.stats.proportion import proportion_confint

from core.cli import main
from tests.drawn_runs import CLASSES, draw_run

KEYS = {
    "threshold", "threshold_from", "sensitivity", "specificity", "by_group",
    "lower_bound_one_sided_95", "claim_holds", "positives_needed", "per_1000",
}  # fmt: skip
FIGURE = {"value", "low", "high", "n", "low_grouped", "high_grouped", "n_groups"}
PRICE = {"misses", "false_alarms", "extra_reads_per_miss_avoided"}


def write_table(path, run, *, slices=True):
    """Write a run as a predictions file, with slice columns that look like probabilities."""
    stream = io.StringIO()
    writer = csv.writer(stream)
    extra = ["quality", "scanner"] if slices else []
    group = ["group"] if run.group is not None else []
    writer.writerow(["file", "y_true", *run.class_names, *group, *extra])
    for index in range(run.n):
        row = [run.file[index], run.class_names[run.y_true[index]], *run.y_prob[index]]
        row += [run.group[index]] if run.group is not None else []
        writer.writerow([*row, *([0.25, "b"] if slices else [])])
    path.write_text(stream.getvalue(), encoding="utf-8")
    return path


@pytest.fixture
def tables(tmp_path):
    run, other = draw_run(400, seed=1), draw_run(500, seed=2)
    return run, other, write_table(tmp_path / "f.csv", run), write_table(tmp_path / "c.csv", other)


def test_the_bare_form_answers_with_every_key(core_json, tables):
    run, _, file, _ = tables
    called = core_json(
        "operating-point", "--predictions", file, "--class", "stone", "--sensitivity", 0.9
    )
    assert called.code == 0
    found = called.document
    assert found.keys() >= KEYS
    assert found["by_group"].keys() >= KEYS - {"by_group"}
    assert found["sensitivity"].keys() == found["by_group"]["specificity"].keys() == FIGURE
    assert found["per_1000"].keys() >= PRICE
    assert found["class_names"] == list(CLASSES)  # quality and scanner are slices
    assert (found["threshold_from"], found["claim_holds"]) == ("same file", None)
    again = core_json(
        "operating-point", "--predictions", file, "--calibration", file, "--class", "stone",
        "--sensitivity", 0.9,
    ).document  # fmt: skip
    assert (again["threshold_from"], again["claim_holds"]) == ("same file", None)
    positive, p = run.y_true == 2, run.y_prob[:, 2]
    enough = [t for t in p if (p[positive] >= t).mean() >= 0.9]
    assert found["threshold"] == pytest.approx(max(enough), abs=0)


def test_another_file_chooses_and_this_one_checks(core_json, tables):
    run, other, file, calibration = tables
    asked = ("--class", "stone", "--sensitivity", 0.8, "--calibration", calibration)
    found = core_json("operating-point", "--predictions", file, *asked).document
    p = other.y_prob[:, 2]
    threshold = max(t for t in p if (p[other.y_true == 2] >= t).mean() >= 0.8)
    assert found["threshold"] == pytest.approx(threshold, abs=0)
    assert found["threshold_from"] == "calibration"
    flagged, positive = run.y_prob[:, 2] >= threshold, run.y_true == 2
    tn, fp, fn, tp = confusion_matrix(positive, flagged).ravel()
    assert found["sensitivity"]["value"] == pytest.approx(tp / (tp + fn))
    assert found["specificity"]["value"] == pytest.approx(tn / (tn + fp))
    bound = proportion_confint(tp, tp + fn, alpha=0.10, method="beta")[0]
    assert found["lower_bound_one_sided_95"] == pytest.approx(bound)
    assert found["claim_holds"] is bool(bound >= 0.8)
    argmax = np.argmax(run.y_prob, axis=1) == 2
    avoided = (positive & ~argmax).sum() - fn
    reads = found["per_1000"]["extra_reads_per_miss_avoided"]
    assert reads == pytest.approx((flagged.sum() - argmax.sum()) / avoided)
    share = positive.mean()
    assert found["per_1000"]["misses"] == pytest.approx(1000 * share * fn / (tp + fn))
    assert found["per_1000"]["false_alarms"] == pytest.approx(1000 * (1 - share) * fp / (fp + tn))


def test_by_group_any_picture_counts(core_json, tables):
    run, _, file, calibration = tables
    asked = ("--class", "tumor", "--sensitivity", 0.8, "--calibration", calibration)
    found = core_json("operating-point", "--predictions", file, *asked).document
    groups = sorted(set(run.group))
    positive = [(run.y_true[run.group == name] == 3).any() for name in groups]
    flagged = [(run.y_prob[run.group == name, 3] >= found["threshold"]).any() for name in groups]
    tn, fp, fn, tp = confusion_matrix(positive, flagged, labels=[False, True]).ravel()
    assert found["by_group"]["sensitivity"]["value"] == pytest.approx(tp / (tp + fn))
    assert found["by_group"]["sensitivity"]["n"] == tp + fn
    assert found["by_group"]["specificity"]["n"] == tn + fp
    assert found["by_group"]["threshold"] == found["threshold"]


def test_a_prevalence_moves_the_price_and_nothing_else(core_json, tables):
    file = tables[2]
    asked = ("--class", "stone", "--sensitivity", 0.95)
    here = core_json("operating-point", "--predictions", file, *asked).document
    there = core_json(
        "operating-point", "--predictions", file, *asked, "--prevalence", 0.02
    ).document
    assert there["sensitivity"] == here["sensitivity"]
    missed = 1 - there["sensitivity"]["value"]
    assert there["per_1000"]["misses"] == pytest.approx(1000 * 0.02 * missed)
    alarms = 1 - there["specificity"]["value"]
    assert there["per_1000"]["false_alarms"] == pytest.approx(1000 * 0.98 * alarms)


def test_59_positives_with_no_miss_are_needed_for_95_percent(core_json, tmp_path):
    lines = ["file,y_true,benign,malignant"]
    lines += [f"m{index}.png,malignant,0.1,0.9" for index in range(58)]
    lines += [f"b{index}.png,benign,0.8,0.2" for index in range(5)]
    for more, holds in (([], False), (["m58.png,malignant,0.1,0.9"], True)):
        file, other = tmp_path / "f.csv", tmp_path / "c.csv"
        file.write_text("\n".join([*lines, *more]) + "\n")
        other.write_text("\n".join(line.replace("png", "dcm") for line in lines) + "\n")
        asked = ("--class", "malignant", "--sensitivity", 0.95, "--calibration", other)
        found = core_json("operating-point", "--predictions", file, *asked).document
        assert (found["claim_holds"], found["positives_needed"]) == (holds, 59)
        assert found["by_group"] is None
        assert found["warnings"]


def test_without_a_positive_every_figure_is_null_and_a_sentence_says_so(core_json, tmp_path):
    file = tmp_path / "f.csv"
    file.write_text("file,y_true,benign,malignant\na,benign,0.7,0.3\nb,benign,0.9,0.1\n")
    called = core_json(
        "operating-point", "--predictions", file, "--class", "malignant", "--sensitivity", 0.95
    )
    assert called.code == 0
    found = called.document
    assert (found["threshold"], found["sensitivity"]["value"]) == (None, None)
    assert found["lower_bound_one_sided_95"] is None
    assert [found["per_1000"][name] for name in sorted(PRICE)] == [None, None, None]
    assert "No case of malignant" in found["warnings"][0]


def test_with_positives_elsewhere_only_the_threshold_is_there_and_sensitivity_is_null(
    core_json, tmp_path
):
    file, other = tmp_path / "f.csv", tmp_path / "c.csv"
    file.write_text("file,y_true,benign,malignant\na,benign,0.7,0.3\nb,benign,0.9,0.1\n")
    other.write_text("file,y_true,benign,malignant\nc,malignant,0.8,0.2\n")
    asked = ("--class", "malignant", "--sensitivity", 0.95, "--calibration", other)
    found = core_json("operating-point", "--predictions", file, *asked).document
    assert found["threshold"] == 0.2
    assert (found["sensitivity"]["value"], found["claim_holds"]) == (None, None)
    assert found["specificity"]["value"] == 0.5
    assert found["per_1000"]["misses"] is None
    assert found["per_1000"]["false_alarms"] == 500.0


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--sensitivity", "0"), "0 is not above 0"),
        (("--sensitivity", "95"), "Give a share: 0.95"),
        (("--sensitivity", "nan"), "nan is not above 0"),
        (("--sensitivity", "high"), "'high' is not a number"),
        (("--sensitivity", "0.9", "--prevalence", "12"), "12 is not between 0 and 1"),
        (("--sensitivity", "0.9", "--prevalence", "nan"), "nan is not between"),
        (("--sensitivity", "0.9", "--class", "gout"), "no column 'gout'"),
        (("--sensitivity", "0.9", "--class", "any_finding"), "for a task only"),
        (("--sensitivity", "0.9", "--calibration", "away.csv"), "away.csv cannot be opened"),
        (("--sensitivity", "0.9", "--task", "gout"), "gout"),
    ],
)
def test_a_wrong_call_is_answered_with_a_sentence(core_json, tables, arguments, words):
    asked = (*(() if "--class" in arguments else ("--class", "stone")), *arguments)
    called = core_json("operating-point", "--predictions", tables[2], *asked)
    assert called.code == 2
    assert called.document.keys() == {"error", "row", "column", "what_to_do"}
    assert words in f"{called.document['error']} {called.document['what_to_do']}"


@pytest.mark.parametrize(
    ("line", "column", "row"),
    [
        ("c.png,malignant,NaN,0.3", "benign", 4),
        ("c.png,malignant,0.2,0.3", None, 4),
        ("c.png,cancer,0.7,0.3", "y_true", 4),
        ("a.png,benign,0.7,0.3", "file", 4),
        ("c.png,benign,1.7,-0.7", "benign", 4),
    ],
)
def test_a_wrong_table_is_refused_with_its_line(core_json, tmp_path, line, column, row):
    file = tmp_path / "f.csv"
    good = ["file,y_true,benign,malignant", "a.png,benign,0.9,0.1", "b.png,malignant,0.2,0.8"]
    file.write_text("\n".join([*good, line]) + "\n")
    called = core_json(
        "operating-point", "--predictions", file, "--class", "malignant", "--sensitivity", 0.9
    )
    assert (called.code, called.document["row"], called.document["column"]) == (2, row, column)


def test_a_task_gives_the_rule_that_flags_any_finding(core_json, tables):
    asked = ("--task", "kidney_ct", "--class", "any_finding", "--sensitivity", 0.95)
    found = core_json("operating-point", "--predictions", tables[2], *asked).document
    run = tables[0]
    assert found["sensitivity"]["n"] == (run.y_true != 1).sum()


def test_a_person_reads_it_as_text(capfd, tables, use_settings, models):
    use_settings(models=models)
    arguments = ("--class", "stone", "--sensitivity", "0.9", "--calibration", str(tables[3]))
    assert main(["operating-point", "--predictions", str(tables[2]), *arguments]) == 0
    said = capfd.readouterr().out
    for words in ("stone: at least 90.0%", "by picture (n 400, ", "by group (n 40, ", "per 1,000"):
        assert words in said
