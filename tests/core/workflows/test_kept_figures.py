"""Figures kept in the home: the same as made anew, and never of another run or other code."""

from __future__ import annotations

import subprocess
import sys

import pandas as pd
import pytest

from core.config import ROOT
from core.errors import EvaluationError
from core.evaluation.runs import read_facts, write_run
from core.tasks import load_task
from core.workflows import kept_figures
from core.workflows.kept_figures import kept_curves, kept_group_level, kept_performance
from core.workflows.run_performance import curves, group_level
from core.workflows.stored_runs import StoredRun, open_run, performance
from tests.drawn_runs import draw_run

TASK = load_task("kidney_ct")


@pytest.fixture
def stored(use_settings, tmp_path):
    use_settings(home=tmp_path / "home")
    run = draw_run(120, n_groups=12)
    folder = write_run(run, tmp_path / "runs" / "drawn")
    return StoredRun(folder, read_facts(folder)[0], run.n, 12, shipped=False)


def never():
    raise AssertionError("The cases were asked for although the figures are kept.")


def test_what_is_kept_is_what_is_made(stored):
    cases = open_run(stored)
    first = kept_performance(stored, lambda: cases)
    again = kept_performance(stored, never)
    anew = performance(stored, cases)
    for made in (first, again):
        for name in ("confusion", "classes", "averages", "summary", "reliability"):
            pd.testing.assert_frame_equal(
                getattr(made, name), getattr(anew, name), check_exact=True, check_dtype=False
            )
        assert dict(made.provenance) == dict(anew.provenance)
        assert (made.refused, made.warnings, made.undefined) == (
            anew.refused, anew.warnings, anew.undefined,
        )  # fmt: skip


def test_curves_and_groups_are_kept_by_rule(stored):
    cases = open_run(stored)
    kept_curves(stored, lambda: cases)
    pd.testing.assert_frame_equal(kept_curves(stored, never).roc, curves(cases).roc)
    for rule in ("mean", "any"):
        kept_group_level(stored, lambda: cases, TASK, rule)
        made, anew = kept_group_level(stored, never, TASK, rule), group_level(cases, TASK, rule)
        pd.testing.assert_frame_equal(made.classes, anew.classes)
        assert (made.n_groups, made.n_mixed, made.rule) == (12, anew.n_mixed, rule)


def test_other_code_makes_figures_anew(stored, monkeypatch, tmp_path):
    cases = open_run(stored)
    kept_performance(stored, lambda: cases)
    monkeypatch.setattr(kept_figures, "_code", lambda: "other")
    with pytest.raises(AssertionError):
        kept_performance(stored, never)
    kept_performance(stored, lambda: cases)
    # What the former code made is gone: the home does not grow with every change.
    assert len(list((tmp_path / "home" / "figures").glob("*/performance-*"))) == 1


def test_half_a_folder_is_made_again(stored, tmp_path):
    cases = open_run(stored)
    kept_performance(stored, lambda: cases)
    (folder,) = (tmp_path / "home" / "figures").glob("*/performance-*")
    (folder / "classes.arrow").write_bytes(b"half")
    made = kept_performance(stored, lambda: cases)
    pd.testing.assert_frame_equal(made.classes, kept_performance(stored, never).classes)


def test_a_run_that_was_changed_is_refused_although_its_figures_are_kept(stored):
    kept_performance(stored, lambda: open_run(stored))
    path = stored.folder / "predictions.parquet"
    path.write_bytes(path.read_bytes() + b" ")
    with pytest.raises(EvaluationError, match="changed after it was stored"):
        kept_performance(stored, never)


def test_a_home_that_cannot_be_written_only_keeps_nothing(stored, use_settings, tmp_path):
    (tmp_path / "file").write_text("")
    use_settings(home=tmp_path / "file")
    cases = open_run(stored)
    assert kept_performance(stored, lambda: cases).run is stored


def test_reading_what_is_kept_needs_no_scipy(stored, tmp_path):
    kept_performance(stored, lambda: open_run(stored))
    code = (
        "import sys; from pathlib import Path; from core.workflows.kept_figures import *;"
        "from core.evaluation.runs import read_facts;"
        f"folder = Path({str(stored.folder)!r}); facts = read_facts(folder)[0];"
        f"stored = StoredRun(folder, facts, {stored.n}, 12, False);"
        "kept_performance(stored, None); print('scipy' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        env={"SECOND_LOOK_HOME": str(tmp_path / "home"), "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout.strip() == "False", done.stderr[-1500:]
