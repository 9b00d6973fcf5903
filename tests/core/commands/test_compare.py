"""``compare``, held against its contract, on predictions files of anybody."""

from __future__ import annotations

import numpy as np
import pytest

from core.cli import main
from tests.drawn_runs import draw_run

KEYS = {"n", "mcnemar_p", "auc_difference", "sensitivity_difference", "verdict"}
HEAD = "file,y_true,cyst,normal,stone,tumor,group,phase,quality"


def lines_of(run, *, slices=True):
    names = run.class_names
    rows = [HEAD if slices else ",".join(HEAD.split(",")[:6])]
    for index in range(run.n):
        cells = [run.file[index], names[run.y_true[index]]]
        cells += [f"{value:.5f}" for value in run.y_prob[index]]
        if slices:
            cells += [run.group[index], "arterial" if index % 2 else "venous", f"{index % 7 / 7}"]
        rows.append(",".join(cells))
    return rows


@pytest.fixture
def compare(core_json, tmp_path):
    def call(a, b, *more, class_name="stone", margin="0.05"):
        for name, lines in (("a.csv", a), ("b.csv", b)):
            (tmp_path / name).write_text("\n".join(lines) + "\n", encoding="utf-8")
        files = (tmp_path / "a.csv", tmp_path / "b.csv")
        return core_json("compare", *files, "--class", class_name, "--margin", margin, *more)

    return call


@pytest.fixture(scope="module")
def pair():
    a, b = draw_run(200, n_groups=25, seed=1), draw_run(200, n_groups=25, seed=1, skill=0.9)
    return lines_of(a), lines_of(b)


def test_the_contract_s_keys_and_meanings(compare, pair):
    called = compare(*pair)
    document = called.document
    assert called.code == 0
    assert document.keys() >= KEYS
    assert document["n"] == 200
    assert document["class_names"] == ["cyst", "normal", "stone", "tumor"]
    assert document["resampled"] == "group"
    assert document["auc_difference"].keys() >= {"value", "low", "high", "delong_p"}
    difference = document["sensitivity_difference"]
    assert difference["low"] <= difference["value"] <= difference["high"]
    misses = document["misses"]
    change = (misses["only_a_missed"] - misses["only_b_missed"]) / document["n_positive"]
    assert difference["value"] == pytest.approx(change)
    assert {row["slice"] for row in document["slices"]} == {"phase", "quality"}
    assert document["n_disagree"] == len(document["disagree"])


def test_the_same_file_twice_may_replace_itself(compare, pair):
    document = compare(pair[0], pair[0]).document
    assert document["verdict"] == "may replace"
    assert (document["mcnemar_p"], document["auc_difference"]["delong_p"]) == (1, 1)
    for key in ("sensitivity_difference", "auc_difference"):
        assert [document[key][part] for part in ("value", "low", "high")] == [0, 0, 0]
    assert document["disagree"] == []


def test_rows_in_any_order_are_the_same_cases(compare, pair):
    a, b = pair
    order = np.random.default_rng(0).permutation(len(b) - 1)
    straight = compare(a, b).document
    shuffled = compare(a, [b[0], *(b[1 + index] for index in order)]).document
    assert shuffled == straight


def test_somebody_else_s_classes_without_groups_at_thresholds(compare):
    a = ["file,y_true,benign,malignant,age", "1,malignant,0.5,0.5,40", "2,benign,0.8,0.2,50"]
    b = ["file,y_true,malignant,benign", "2,benign,0.4,0.6", "1,malignant,0.4,0.6"]
    called = compare(a, b, "--threshold-a", "0.5", "--threshold-b", "0.45", class_name="malignant")
    document = called.document
    assert called.code == 0
    assert document["class_names"] == ["benign", "malignant"]
    assert (document["sensitivity_a"], document["sensitivity_b"]) == (1, 0)
    assert document["sensitivity_difference"]["low"] is None  # one positive tells nothing
    assert (document["verdict"], document["resampled"]) == ("cannot tell", "case")


def test_a_class_without_a_case_is_undefined_and_not_zero(compare, pair):
    a, b = ([line for line in lines if ".png,stone," not in line] for lines in pair)
    document = compare(a, b).document
    assert document["verdict"] == "cannot tell"
    assert document["mcnemar_p"] is document["sensitivity_difference"]["value"] is None
    assert document["auc_difference"]["value"] is None
    assert document["n_positive"] == 0


@pytest.mark.parametrize(
    ("change", "row", "column"),
    [
        (lambda lines: lines[:-1], 201, "file"),
        (lambda lines: [*lines, lines[-1].replace("picture_00199", "new")], 202, "file"),
        (lambda lines: [*lines[:3], lines[3].replace("0.", "9.", 1), *lines[4:]], 4, None),
        (lambda lines: [lines[0].replace("stone", "other"), *lines[1:]], None, "stone"),
        (lambda lines: [lines[0].replace("tumor", "mass"), *lines[1:]], None, "tumor"),
        (lambda lines: lines[:1], None, None),
    ],
)
def test_a_wrong_file_exits_2_with_its_place(compare, pair, change, row, column):
    called = compare(pair[0], change(pair[1]))
    assert called.code == 2
    assert called.document.keys() == {"error", "row", "column", "what_to_do"}
    assert called.document["row"] == row
    if column is not None:
        assert called.document["column"] == column


def test_another_truth_is_named_with_the_line_of_b(compare, pair):
    a, b = pair
    label = b[6].split(",")[1]
    other = "cyst" if label != "cyst" else "tumor"
    called = compare(a, [*b[:6], b[6].replace(label, other, 1), *b[7:]])
    assert (called.code, called.document["row"], called.document["column"]) == (2, 7, "y_true")
    assert "picture_00005.png" in called.document["error"]


@pytest.mark.parametrize(
    ("more", "options"),
    [
        ((), {"margin": "5"}),
        ((), {"margin": "nan"}),
        ((), {"margin": "wide"}),
        ((), {"class_name": "mass"}),
        (("--threshold-a", "2"), {}),
        (("--task", "kidney_ct", "--class-names", "a,b"), {}),
    ],
)
def test_a_wrong_question_exits_2(compare, pair, more, options):
    called = compare(*pair, *more, **options)
    assert called.code == 2
    assert called.document["what_to_do"]


def test_task_and_class_names_say_the_classes_too(compare, pair):
    by_task = compare(*pair, "--task", "kidney_ct").document
    by_name = compare(*pair, "--class-names", "cyst,normal,stone,tumor").document
    assert by_task == by_name == compare(*pair).document


def test_a_file_that_is_not_there_is_said(core_json, tmp_path):
    called = core_json(
        "compare", tmp_path / "a.csv", tmp_path / "b.csv", "--class", "x", "--margin", "0.1"
    )
    assert called.code == 2
    assert "a.csv" in called.document["error"]


def test_a_person_reads_the_verdict_first(compare, pair, capfd, tmp_path):
    compare(*pair)
    files = [str(tmp_path / name) for name in ("a.csv", "b.csv")]
    assert main(["compare", *files, "--class", "stone", "--margin", "0.05"]) == 0
    text = capfd.readouterr().out
    assert text.splitlines()[0].endswith("replace A.")
    assert "McNemar p" in text
