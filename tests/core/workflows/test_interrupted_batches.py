"""A server that ends in the middle of a batch: the next one says how far it was, and no more."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from core.config import PREFIX
from core.persistence import batch_journal
from core.workflows import batches
from core.workflows.batches import BatchDesk
from core.workflows.cases import worklist_query, worklist_total
from tests.core.workflows.killed_batch import MARKER, SAID, N, files
from tests.small_version import write_small_version
from tests.source_tree import ROOT

PATIENCE_S = 120.0


@pytest.fixture
def home(tmp_path: Path, use_settings) -> Path:
    write_small_version(tmp_path / "models", "kidney_ct")
    use_settings(models=tmp_path / "models", home=tmp_path / "home")
    return tmp_path / "home"


def n_cases() -> int:
    return worklist_total(worklist_query(task="kidney_ct"))


def killed_after(n_done: int, home: Path) -> None:
    """Start a batch in a process of its own and kill it once so many files are done."""
    env = {**os.environ, PREFIX + "HOME": str(home), PREFIX + "MODELS": str(home.parent / "models")}
    command = [sys.executable, "-m", "tests.core.workflows.killed_batch"]
    server = subprocess.Popen(command, cwd=ROOT, env=env)
    until = time.monotonic() + PATIENCE_S
    try:
        while not any(item.n_done >= n_done for item in batch_journal.journals()):
            assert server.poll() is None and time.monotonic() < until
            time.sleep(0.01)
    finally:
        server.kill()
        server.wait()


def test_a_server_that_was_killed_is_told_of_and_the_same_files_can_be_added_again(home: Path):
    killed_after(3, home)
    desk = BatchDesk()
    [left] = desk.interrupted("A. Reader")
    assert (left.task, left.n, set(left.counts)) == ("kidney_ct", N, {"added"})
    assert 3 <= left.n_done < N
    stored = n_cases()
    assert stored - left.n_done in (0, 1)  # killed between a case and the count of it
    assert desk.interrupted("B. Other") == []

    again = desk.start("kidney_ct", files(), said=SAID)
    assert desk.wait(again, PATIENCE_S)
    assert again.counts == {"duplicate": stored, "added": N - stored}
    assert n_cases() == N
    assert desk.interrupted("A. Reader") == [left]  # until it was read
    desk.forget_interrupted(left)
    assert desk.interrupted("A. Reader") == [] == batch_journal.journals()


def test_nothing_of_a_patient_is_written_before_a_picture_is_a_case(home: Path):
    killed_after(1, home)
    written = [path for path in home.rglob("*") if path.is_file()]
    assert any(path.parent.name == batch_journal.FOLDER for path in written)
    assert [path.name for path in written if MARKER in path.name] == []
    assert [path.name for path in written if MARKER.encode() in path.read_bytes()] == []


def test_a_batch_of_a_server_that_runs_is_not_called_unfinished(
    home: Path, monkeypatch: pytest.MonkeyPatch
):
    reached, may_go_on, add = threading.Event(), threading.Event(), batches.add_bytes

    def held(*args, **said):
        reached.set()
        assert may_go_on.wait(PATIENCE_S)
        return add(*args, **said)

    monkeypatch.setattr(batches, "add_bytes", held)
    desk = BatchDesk()
    batch = desk.start("kidney_ct", files()[:2], said=SAID)
    assert reached.wait(PATIENCE_S)
    [kept] = batch_journal.journals()
    assert (kept.batch_id, kept.n_done, kept.n) == (batch.batch_id, 0, 2)
    assert BatchDesk().interrupted("A. Reader") == []
    may_go_on.set()
    assert desk.wait(batch, PATIENCE_S)
    assert batch_journal.journals() == []


@pytest.mark.parametrize(
    "text", ["", "{", "[1]", '{"batch_id": "x"}', '{"counts": {"added": "x"}}']
)
def test_a_journal_that_cannot_be_read_is_passed_over(home: Path, text: str):
    folder = home / batch_journal.FOLDER
    folder.mkdir(parents=True)
    (folder / "x.json").write_text(text)
    assert batch_journal.journals() == []


def test_a_journal_that_nobody_read_for_a_month_goes(home: Path):
    batch_journal.keep(batch_journal.BatchJournal("b", "kidney_ct", "A", 9, {}, 0.0, 0, 0.0))
    [path] = (home / batch_journal.FOLDER).iterdir()
    assert len(batch_journal.journals()) == 1
    long_ago = time.time() - batch_journal.LIVES_S - 1
    os.utime(path, (long_ago, long_ago))
    assert batch_journal.journals() == []
    assert not path.exists()


def test_a_disk_that_takes_no_journal_holds_up_no_batch(home: Path):
    home.mkdir()
    (home / batch_journal.FOLDER).write_text("in the way")
    desk = BatchDesk()
    batch = desk.start("kidney_ct", files()[:2], said=SAID)
    assert desk.wait(batch, PATIENCE_S)
    assert batch.counts == {"added": 2}
