"""A second run from blurred pictures: the same cases, another answer, stored as a run."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from core import phantoms
from core.domain import PictureKind, StudyImage, Window
from core.errors import EvaluationError
from core.evaluation.runs import RunFacts, write_run
from core.inference.package import find_version
from core.workflows.comparing import Question, comparable_runs, compare_stored, partners
from core.workflows.second_run import blurred, blurred_run, can_be_blurred
from core.workflows.stored_runs import open_run
from tests.drawn_runs import make_run
from tests.small_version import write_small_version

FILES = [f"phantom_ct/s30002{digit}_0.png" for digit in (4, 5, 6, 7)]


@pytest.fixture
def stored(use_settings: Callable[..., None], tmp_path: Path):
    """Return a stored run of a small version on four drawings."""
    write_small_version(tmp_path / "models", "phantom_ct")
    use_settings(models=tmp_path / "models", home=tmp_path / "home")
    version = find_version("phantom_ct")
    facts = RunFacts(
        name="test",
        task="phantom_ct",
        model_version=version.name,
        version_digest=version.digest,
        data="drawings",
        split="test",
        split_made="own test part.",
    )
    run = make_run([0, 1, 2, 3], np.full((4, 4), 0.25), facts=facts)
    names = np.array(FILES, object)
    folder = tmp_path / "home" / "evaluation" / "phantom_ct" / version.name / "test"
    write_run(replace(run, file=names), folder)
    return comparable_runs("phantom_ct")[0]


def test_the_same_cases_are_answered_again_and_can_be_compared(stored):
    assert can_be_blurred(stored)
    told = []
    folder = blurred_run(stored, progress=lambda done, n: told.append((done, n)))
    assert told == [(4, 4)]
    runs = comparable_runs("phantom_ct")
    (second,) = partners(stored, runs)
    assert second.folder == folder
    run = open_run(second)
    assert run.file.tolist() == FILES
    assert "blurred" in run.facts.split_made
    assert compare_stored(stored, second, Question("stone")).n == 4


def test_a_picture_that_cannot_be_drawn_stops_it(stored):
    gone = replace(stored, facts=replace(stored.facts, model_version=None))
    assert not can_be_blurred(gone)
    with pytest.raises(EvaluationError, match="not at hand"):
        blurred_run(gone)


def test_too_many_pictures_are_not_offered(stored):
    assert not can_be_blurred(replace(stored, n=100_000))


def test_blurring_softens_and_keeps_the_rest():
    values = np.zeros((9, 9), np.float32)
    values[4, 4] = 100
    image = StudyImage(values, Window(0, 255), PictureKind.PNG, "0" * 64)
    soft = blurred(image)
    assert soft.values.sum() == pytest.approx(100, rel=1e-3)
    assert soft.values[4, 4] < 30
    assert soft.window == image.window


def test_the_drawings_named_here_exist():
    assert all(phantoms.phantom_picture(file) for file in FILES)
