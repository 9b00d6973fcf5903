"""The champion changes hands only when the challenger passes, or with a reason and a name."""

from dataclasses import replace

import numpy as np
import pytest

from core.config import settings
from core.errors import ArgumentError, EvaluationError, ModelMissingError, ModelVersionError
from core.evaluation.runs import RunFacts, write_run
from core.inference import package
from core.inference.calibration import Calibration
from core.workflows import promoting, promoting_aside
from core.workflows.champions import champion_name
from core.workflows.comparing import Question
from core.workflows.promoting import Override, promote, promotion_document
from core.workflows.promoting_aside import promote_aside
from core.workflows.records import champion_row, comparisons, record_operating_point
from core.workflows.stored_runs import runs_folder
from tests.core.persistence.conftest import POINT
from tests.drawn_runs import draw_run
from tests.small_version import write_small_version

STONE = Question("stone", 0.05)


@pytest.fixture
def versions(tmp_path, use_settings):
    """Return small versions by name: ``good`` and ``poor`` against the champion ``first``."""
    use_settings(models=tmp_path / "models", home=tmp_path / "home")
    names = ("first", "good", "poor")
    made = {name: write_small_version(tmp_path / "models", version=name) for name in names}
    package.set_champion(tmp_path / "models" / "kidney_ct", "first")
    for name, skill in (("first", 1.5), ("good", 4.0), ("poor", -1.0)):
        store_run(made[name], skill)
    return made


def store_run(version, skill, *, name="test", n=400, keep=None, **facts):
    run = draw_run(n, seed=3, skill=skill)
    if keep is not None:
        run = run.subset(keep)
    known = RunFacts(
        task="kidney_ct",
        model_version=version.name,
        version_digest=version.digest,
        data="drawn",
        split="test",
        group_source="column",
        group_name="series",
        created_at="2026-11-21T10:00:00Z",
    )
    run = replace(run, facts=replace(known, **facts))
    return write_run(run, runs_folder("kidney_ct", version.name) / name)


def test_a_version_that_passes_becomes_the_champion(versions):
    done = promote("kidney_ct", "good", STONE, against="first", by="A. Reader")
    assert done.comparison.verdict == "may replace"
    assert champion_name("kidney_ct") == done.champion == "good"
    row = champion_row("kidney_ct")
    assert row == done.promotion
    assert (row.previous, row.promoted_by, row.override) == ("first", "A. Reader", None)
    assert row.digest == versions["good"].digest


def test_a_version_that_does_not_pass_changes_nothing_but_the_verdict_is_kept(versions):
    done = promote("kidney_ct", "poor", STONE, against="first", by="A. Reader")
    assert done.promotion is None
    assert champion_name("kidney_ct") == "first"
    assert done.why == "poor is not promoted: the verdict is “may not”."
    (kept,) = comparisons("kidney_ct")
    assert (kept.version_a, kept.version_b, kept.verdict) == ("first", "poor", "may not")
    assert kept.facts["n"] == 400


def test_an_override_promotes_and_is_kept_with_who_and_why(versions):
    override = Override("Half the cost a picture.", "B. Head")
    done = promote("kidney_ct", "poor", STONE, against="first", override=override)
    assert champion_name("kidney_ct") == "poor"
    row = champion_row("kidney_ct")
    assert (row.override, row.promoted_by, row.verdict) == (
        "Half the cost a picture.",
        "B. Head",
        "may not",
    )
    assert done.why.startswith("poor is the champion now, by override. Without it: poor is not")


def test_an_override_that_was_not_needed_is_none(versions):
    promote("kidney_ct", "good", STONE, against="first", override=Override("To be sure.", "B."))
    assert champion_row("kidney_ct").override is None


@pytest.mark.parametrize(("why", "by", "column"), [("", "B.", "override"), ("x", " ", "by")])
def test_an_override_needs_who_and_why(why, by, column):
    with pytest.raises(ArgumentError, match="recorded with who and why") as refusal:
        Override(why, by)
    assert refusal.value.column == column


def test_passing_another_than_the_champion_is_not_enough(versions):
    promote("kidney_ct", "good", STONE, against="first")
    done = promote("kidney_ct", "first", STONE, against="poor")
    assert done.promotion is None
    assert "poor, which it passed, is not the champion. good is" in done.why
    assert champion_name("kidney_ct") == "good"


def test_twice_is_once(versions):
    first = promote("kidney_ct", "good", STONE, against="first", by="A. Reader")
    again = promote("kidney_ct", "good", STONE, against="first", by="A. Reader")
    assert again.champion == "good"
    assert again.promotion is not None
    assert first.promotion.previous == "first"
    assert len(comparisons("kidney_ct")) == 1


def test_a_version_against_itself_may_replace_itself(versions):
    done = promote("kidney_ct", "first", STONE, against="first", by="A. Reader")
    document = promotion_document(done)
    assert (document["promoted"], document["verdict"]) == (True, "may replace")
    assert document["sensitivity_difference"]["value"] == 0
    assert document["mcnemar_p"] == 1


def test_a_part_kept_for_testing_decides_before_a_folder_and_a_run_from_memory_last(versions):
    for name, skill in (("first", 1.5), ("good", -3.0)):
        store_run(versions[name], skill, name="folder", split="all", n=900)
        store_run(versions[name], skill, name="a-memory", n=900, notes=("It was trained on it.",))
    done = promote("kidney_ct", "good", STONE, against="first")
    assert (done.run_a.name, done.run_b.name) == ("test", "test")


def test_nothing_rests_on_a_random_split(versions, tmp_path):
    """Two versions of other test parts may share the pictures held out by lot, and only those."""
    third = write_small_version(tmp_path / "models", version="third")
    package.set_champion(tmp_path / "models" / "kidney_ct", "first")
    for version, skill in ((versions["first"], 1.5), (third, 4.0)):
        store_run(version, skill, name="random_split", split="random_split", n=900)
    with pytest.raises(EvaluationError, match="no stored run on the same cases"):
        promote("kidney_ct", "third", STONE, against="first")
    assert champion_name("kidney_ct") == "first"


def test_a_version_that_loses_the_threshold_of_the_champion_may_not_replace_it(
    tmp_path, use_settings
):
    """Both have the same probabilities: what differs is that the champion flags from 0.02 on."""
    use_settings(models=tmp_path / "models", home=tmp_path / "home")
    shipped = Calibration(temperature=1.5, operating_points={"stone": 0.02})
    first = write_small_version(tmp_path / "models", version="first", calibration=shipped.to_yaml())
    bare = write_small_version(tmp_path / "models", version="bare")
    package.set_champion(tmp_path / "models" / "kidney_ct", "first")
    store_run(first, 1.5)
    store_run(bare, 1.5)
    done = promote("kidney_ct", "bare", STONE, against="first")
    assert done.promotion is None
    assert (done.comparison.threshold_a, done.comparison.threshold_b) == (0.02, None)
    assert done.comparison.gap.sensitivity_b < done.comparison.gap.sensitivity_a - 0.05
    assert "A by its threshold 0.02, B by its most probable class" in done.why
    named = replace(STONE, threshold_b=0.02)
    assert promote("kidney_ct", "bare", named, against="first").champion == "bare"


def test_a_signed_threshold_takes_the_place_of_the_shipped_one(versions):
    record_operating_point(replace(POINT, version_digest=versions["first"].digest))
    done = promote("kidney_ct", "good", STONE, against="first")
    assert (done.comparison.threshold_a, done.comparison.threshold_b) == (POINT.threshold, None)


def test_runs_on_other_cases_are_passed_over(versions, tmp_path):
    third = write_small_version(tmp_path / "models", version="third")
    package.set_champion(tmp_path / "models" / "kidney_ct", "first")
    keep = np.arange(401) < 400
    store_run(third, 4.0, name="other-cases", n=401, keep=~keep | (np.arange(401) > 0))
    store_run(third, 4.0, name="other-data", data="elsewhere")
    with pytest.raises(EvaluationError, match="no stored run on the same cases") as refusal:
        promote("kidney_ct", "third", STONE, against="first")
    assert "The nearest differ: The file" in refusal.value.problem
    assert "python -m core evaluate --task kidney_ct --data FOLDER" in refusal.value.remedy
    store_run(third, 4.0, name="same-cases")
    assert promote("kidney_ct", "third", STONE, against="first").run_b.name == "same-cases"


def test_a_run_of_a_version_that_had_the_same_name_does_not_count(versions):
    folder = runs_folder("kidney_ct", "good") / "test"
    folder.rename(folder.parent / ".away")
    store_run(versions["good"], 4.0, version_digest="0" * 64)
    with pytest.raises(EvaluationError, match="no stored run on the same cases"):
        promote("kidney_ct", "good", STONE, against="first")


def test_a_wrong_class_or_margin_is_refused_before_anything_is_recorded(versions):
    with pytest.raises(EvaluationError, match="no class 'gravel'"):
        promote("kidney_ct", "good", Question("gravel", 0.05), against="first")
    with pytest.raises(EvaluationError, match="margin is 5"):
        promote("kidney_ct", "good", Question("stone", 5), against="first")
    assert not (settings().home / "second_look.db").exists()


def test_a_damaged_or_missing_version_is_never_promoted(versions):
    (versions["good"].path / "engine.bin").write_bytes(b"other")
    with pytest.raises(ModelVersionError, match=r"engine\.bin"):
        promote("kidney_ct", "good", STONE, against="first")
    with pytest.raises(ModelMissingError):
        promote("kidney_ct", "nobody", STONE, against="first")
    assert champion_name("kidney_ct") == "first"


def test_mlflow_is_asked_only_where_it_has_something(versions, monkeypatch):
    asked = []
    monkeypatch.setattr(promoting, "mirror", lambda task, version: asked.append((task, version)))
    promote("kidney_ct", "poor", STONE, against="first")
    assert asked == []
    promote("kidney_ct", "good", STONE, against="first")
    assert asked == [("kidney_ct", "good")]


def test_without_a_registry_mlflow_is_not_loaded(versions, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "core.training.tracking", None)
    assert promote("kidney_ct", "good", STONE, against="first").champion == "good"


def test_from_a_page_the_alias_is_set_by_a_process_of_its_own(versions, monkeypatch):
    started = []
    monkeypatch.setattr(promoting_aside, "spawn", lambda command, **where: started.append(command))
    monkeypatch.setattr(promoting, "mirror", None)  # never here
    asked = {"against": "first", "by": "A. Reader"}
    with pytest.raises(ArgumentError, match="name"):
        promote_aside("kidney_ct", "good", STONE, against="first", by=" ")
    assert promote_aside("kidney_ct", "poor", STONE, **asked).promotion is None
    (settings().home / "mlflow.db").touch()
    assert promote_aside("kidney_ct", "good", STONE, **asked).champion == "good"
    assert [command[-2:] for command in started] == [["kidney_ct", "good"]]
    done = promote_aside("kidney_ct", "poor", STONE, against="good", by="B", why="Newer scanner.")
    assert done.promotion.override == "Newer scanner."
