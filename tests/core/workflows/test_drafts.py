"""Drafts: one a reader and case, replaced, forgotten with the verdict, named by nothing."""

from __future__ import annotations

import os
import time

import pytest

from core.errors import PersistenceError
from core.persistence import drafts
from core.workflows.drafts import Draft, find_draft, forget_draft, keep_draft


@pytest.fixture
def home(tmp_path, use_settings):
    use_settings(home=tmp_path / "home")
    return tmp_path / "home"


def test_a_draft_comes_back_to_its_reader_and_case_alone(home):
    keep_draft("A", "c1", Draft("stone", 0.9, "4 mm"))
    keep_draft("A", "c1", Draft("cyst", None, "5 mm"))
    assert find_draft("A", "c1") == Draft("cyst", None, "5 mm")
    assert find_draft("B", "c1").is_empty and find_draft("A", "c2").is_empty
    [path] = (home / "drafts").iterdir()
    assert len(path.stem) == 64 and set(path.stem) <= set("0123456789abcdef")
    forget_draft("A", "c1")
    assert find_draft("A", "c1").is_empty and not list((home / "drafts").iterdir())


def test_an_emptied_draft_is_forgotten_and_a_damaged_one_is_empty(home):
    keep_draft("A", "c1", Draft(comment="x"))
    [path] = (home / "drafts").iterdir()
    path.write_text('["no", "draft"]')
    assert find_draft("A", "c1").is_empty
    path.write_text("{")
    assert find_draft("A", "c1").is_empty
    keep_draft("A", "c1", Draft())
    assert not path.exists()


def test_a_draft_that_cannot_be_kept_says_so(home):
    home.mkdir()
    (home / "drafts").write_text("a file where the folder should be")
    with pytest.raises(PersistenceError, match="draft was not kept"):
        keep_draft("A", "c1", Draft(comment="x"))


def test_drafts_that_nobody_touched_for_a_month_are_swept(home):
    for case_id in ("old", "new"):
        keep_draft("A", case_id, Draft(comment="x"))
    then = time.time() - drafts.LIVES_S - 60
    [old] = [path for path in (home / "drafts").iterdir() if path == drafts._path("A", "old")]
    os.utime(old, (then, then))
    forget_draft("A", "another")  # a verdict was saved
    assert find_draft("A", "old").is_empty and not find_draft("A", "new").is_empty
