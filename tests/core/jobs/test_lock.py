"""A lock of one process at a time: refused at once, given back by a kill, nothing left behind."""

import os
import signal
import subprocess
import sys

import pytest

from core.config import ROOT
from core.errors import JobError
from core.jobs.lock import held

HOLDER = """
import sys, time
from pathlib import Path
from core.jobs.lock import held
with held(Path(sys.argv[1])):
    print("held", flush=True)
    time.sleep(60)
"""


def test_a_second_holder_is_refused_at_once_and_the_file_goes_with_the_first(tmp_path):
    path = tmp_path / "locks" / "run.lock"
    with held(path), pytest.raises(BlockingIOError), held(path):
        raise AssertionError("held twice")
    assert not path.exists()
    with held(path):
        assert path.exists()


def test_another_lock_is_free_beside_it(tmp_path):
    with held(tmp_path / "a.lock"), held(tmp_path / "b.lock"):
        assert len(list(tmp_path.iterdir())) == 2


def test_a_killed_process_holds_nothing_any_more(tmp_path):
    path = tmp_path / "run.lock"
    with subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(path)], cwd=ROOT, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout.readline() == "held\n"
        with pytest.raises(BlockingIOError), held(path):
            raise AssertionError("held twice")
        os.kill(process.pid, signal.SIGKILL)
    assert path.exists()
    with held(path):
        pass
    assert not path.exists()


def test_a_place_that_cannot_be_written_is_said(tmp_path):
    (tmp_path / "locks").write_text("")
    with pytest.raises(JobError, match="cannot be kept in"), held(tmp_path / "locks" / "a.lock"):
        raise AssertionError("held")
