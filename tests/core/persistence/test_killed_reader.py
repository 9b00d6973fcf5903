"""Faults 38 and 39: kills in the middle of saving cases, pictures and verdicts."""

import json
import os
import subprocess
import sys

import pytest

from core.config import PREFIX
from tests.source_tree import ROOT


def kill(times: int, home) -> dict[str, int]:
    done = subprocess.run(
        [sys.executable, "-m", "tests.core.persistence.killed_reader", str(times)],
        cwd=ROOT,
        env={**os.environ, PREFIX + "HOME": str(home)},
        capture_output=True,
        text=True,
        check=True,
    )
    return json.loads(done.stdout)


WRONG = ("lost", "torn", "worklist_differs", "pictures_gone")


def test_ten_kills_in_the_middle_of_verdicts_lose_nothing_that_was_told(tmp_path):
    counted = kill(10, tmp_path / "home")
    assert counted["told"] > 5
    assert (counted["kills"], counted["chain_holds"]) == (10, True)
    assert {name: counted[name] for name in WRONG} == dict.fromkeys(WRONG, 0)


@pytest.mark.slow
def test_a_thousand_kills_lose_nothing_that_was_told(tmp_path):
    counted = kill(1000, tmp_path / "home")
    assert (counted["kills"], counted["chain_holds"]) == (1000, True)
    assert {name: counted[name] for name in WRONG} == dict.fromkeys(WRONG, 0)
