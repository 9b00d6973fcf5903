"""Answers as a table that a person takes away."""

from __future__ import annotations

import csv
import io

from core.domain import Answer, GateVerdict, Prediction, Status
from core.workflows.downloads import answer_row, answers_csv

OK = Answer(
    "", Status.OK, None, "2026.1", None, None, GateVerdict(True, 0.1, 0.3),
    Prediction({"stone": 0.75, "normal": 0.25}, "stone", ("stone",)),
)  # fmt: skip
REFUSED = Answer("", Status.REFUSED, "Outside what it was trained on.", "2026.1")


def rows_of(*named: tuple[str, Answer]) -> list[dict[str, str]]:
    lines = [
        answer_row(answer, name=name, sha256="0" * 64, class_names=("stone", "normal"))
        for name, answer in named
    ]
    data = answers_csv(lines, task_key="t", version_digest="abc")
    return list(csv.DictReader(io.StringIO(data.decode("utf-8-sig"))))


def test_each_row_carries_answer_version_and_threshold():
    [row] = rows_of(("a.png", OK))
    assert (row["predicted"], row["p_stone"], row["flagged"]) == ("stone", "0.75", "stone")
    assert (row["model_version"], row["version_digest"]) == ("2026.1", "abc")
    assert row["threshold"] == "argmax"
    assert row["use"] == "research use, not for primary diagnosis"


def test_a_refusal_has_a_reason_and_empty_cells_never_zeros():
    _, row = rows_of(("a", OK), ("b", REFUSED))
    assert row["reason"] == "Outside what it was trained on."
    assert (row["p_stone"], row["p_normal"], row["predicted"]) == ("", "", "")


def test_a_name_that_is_a_formula_stays_text():
    [row] = rows_of(("=HYPERLINK(1)", OK))
    assert row["file"] == "'=HYPERLINK(1)"
