"""Runs: impossible ones are refused, stored ones come back unchanged or not at all."""

import numpy as np
import pyarrow.parquet as pq
import pytest
import yaml

from core.errors import EvaluationError
from core.evaluation.runs import EvaluationRun, RunFacts, read_facts, read_run, write_run
from tests.drawn_runs import CLASSES, draw_run, make_run

FACTS = RunFacts(
    task="kidney_ct",
    model_version="2026.11",
    version_digest="ab" * 32,
    data="set",
    split="test",
    split_made="by series",
    group_source="column",
    group_name="series",
    created_at="2026-11-21T06:00:00Z",
    errors=(("x.png", "It is empty."),),
    left_out={"other": 2},
    notes=("A note.",),
)


def whole_run():
    run = draw_run(30)
    return EvaluationRun(
        class_names=CLASSES,
        file=run.file,
        y_true=run.y_true,
        y_prob=run.y_prob,
        group=run.group,
        refused=np.arange(30) % 7 == 0,
        slices={"centre": np.array(["a", None] * 15, dtype=object)},
        facts=FACTS,
    )


def test_a_stored_run_comes_back_unchanged(tmp_path):
    run = whole_run()
    again = read_run(write_run(run, tmp_path / "runs" / "first"))
    assert again.class_names == run.class_names
    for name in ("file", "y_true", "y_prob", "group", "refused"):
        assert np.array_equal(getattr(again, name), getattr(run, name)), name
    assert again.slices["centre"].tolist() == run.slices["centre"].tolist()
    assert again.facts == RunFacts(**{**_fields(FACTS), "name": "first"})


def _fields(facts):
    return {name: getattr(facts, name) for name in facts.__slots__}


def test_the_table_has_the_columns_that_others_read(tmp_path):
    folder = write_run(whole_run(), tmp_path / "run")
    names = pq.read_table(folder / "predictions.parquet").column_names
    probabilities = [f"p_{name}" for name in CLASSES]
    assert names == ["file", "group", "y_true", *probabilities, "refused", "centre"]
    content = yaml.safe_load((folder / "run.yaml").read_text())
    assert (content["n"], content["class_names"]) == (30, list(CLASSES))


def test_a_run_without_groups_comes_back_without(tmp_path):
    run = make_run([0, 1], np.eye(4)[[0, 1]])
    again = read_run(write_run(run, tmp_path / "run"))
    assert again.group is None
    assert read_facts(tmp_path / "run")[1]["n_groups"] is None


def test_a_stored_run_is_never_written_over(tmp_path):
    write_run(whole_run(), tmp_path / "run")
    with pytest.raises(EvaluationError, match="stored already"):
        write_run(whole_run(), tmp_path / "run")


def test_a_write_that_fails_leaves_nothing_behind(tmp_path, monkeypatch):
    monkeypatch.setattr(yaml, "safe_dump", lambda *_, **__: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        write_run(whole_run(), tmp_path / "run")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("harm", ["changed", "cut", "missing"])
def test_changed_predictions_are_refused(tmp_path, harm):
    folder = write_run(whole_run(), tmp_path / "run")
    table = folder / "predictions.parquet"
    data = table.read_bytes()
    if harm == "missing":
        table.unlink()
    else:
        table.write_bytes(data[:-9] if harm == "cut" else data[:50] + b"x" + data[51:])
    with pytest.raises(EvaluationError, match=r"predictions\.parquet is missing or was changed"):
        read_run(folder)


@pytest.mark.parametrize("text", [None, "- a list", "schema: 2", "a: [", "schema: 9\nn: 1"])
def test_facts_that_are_none_are_refused(tmp_path, text):
    if text is not None:
        (tmp_path / "run.yaml").write_text(text)
    with pytest.raises(EvaluationError, match=r"run\.yaml is missing"):
        read_facts(tmp_path)


def test_a_slice_may_not_take_the_name_of_a_column_of_ours(tmp_path):
    run = make_run([0], [[1, 0, 0, 0]])
    object.__setattr__(run, "slices", {"p_stone": np.array(["1"], dtype=object)})
    with pytest.raises(EvaluationError, match="p_stone"):
        write_run(run, tmp_path / "run")


@pytest.mark.parametrize(
    ("y_true", "y_prob", "said"),
    [
        ([], np.empty((0, 4)), "no case"),
        ([0, 1], np.eye(4)[[0]], r"shape \(1, 4\)"),
        ([0], [[1, 0, 0]], r"shape \(1, 3\)"),
        ([4], [[1, 0, 0, 0]], "outside 0..3"),
        ([0], [[np.nan, 0, 0, 0]], "not numbers"),
    ],
)
def test_an_impossible_run_is_refused(y_true, y_prob, said):
    with pytest.raises(EvaluationError, match=said):
        make_run(y_true, y_prob)


def test_columns_of_another_length_are_refused():
    with pytest.raises(EvaluationError, match="group has the shape"):
        make_run([0, 1], np.eye(4)[[0, 1]], group=["a"])


def test_a_run_cannot_be_changed():
    with pytest.raises(ValueError, match="read-only"):
        draw_run(5).y_prob[0, 0] = 1


def test_a_subset_keeps_rows_together():
    run = whole_run()
    part = run.subset(run.refused)
    assert part.n == int(run.refused.sum())
    assert part.file.tolist() == run.file[run.refused].tolist()
    assert part.slices["centre"].tolist() == run.slices["centre"][run.refused].tolist()


def test_a_run_that_cannot_be_written_is_a_sentence(tmp_path):
    (tmp_path / "home").write_text("a file")
    with pytest.raises(EvaluationError, match="cannot be stored in") as refusal:
        write_run(whole_run(), tmp_path / "home" / "evaluation" / "run")
    assert "Check that SECOND_LOOK_HOME is a folder" in refusal.value.remedy
