"""The commands as a fresh clone has them: a process of its own, the shipped teaching version."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from core.config import ROOT
from core.workflows.teaching import teaching_cases

TASK = "phantom_ct"


def core(*arguments: object, **environment: str) -> tuple[int, Any]:
    """Call ``python -m core … --json``; return exit code and document."""
    done = subprocess.run(
        [sys.executable, "-m", "core", *map(str, arguments), "--json"],
        cwd=ROOT,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
    )
    assert "Traceback" not in done.stderr
    return done.returncode, json.loads(done.stdout, parse_constant=pytest.fail)


@pytest.fixture(scope="module")
def cases(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Return the teaching cases as files, by key."""
    folder = tmp_path_factory.mktemp("cases")
    files = {case.key: folder / f"{case.key}.png" for case in teaching_cases(TASK)}
    for case in teaching_cases(TASK):
        files[case.key].write_bytes(case.data)
    return files


def test_teaching_cases_are_answered_and_the_foreign_ones_refused(cases):
    code, answers = core("predict", "--task", TASK, *cases.values())
    status = dict(zip(cases, (answer["status"] for answer in answers), strict=True))
    assert code == 0
    assert {key for key, value in status.items() if value == "refused"} == {
        "chest_film",
        "stained_slide",
    }
    assert answers[list(cases).index("stone")]["predicted"] == "stone"


def test_the_map_of_the_stone_is_written_and_its_peak_lies_in_the_picture(cases, tmp_path):
    heatmap, overlay = tmp_path / "map.npy", tmp_path / "overlay.png"
    code, document = core(
        *("explain", "--task", TASK, cases["stone"], "--class", "stone"),
        *("--heatmap", heatmap, "--overlay", overlay),
    )
    assert (code, document["has_evidence"]) == (0, True)
    assert all(0 <= place < 256 for place in document["peak"])
    assert heatmap.stat().st_size > 256 * 256 * 4
    assert overlay.read_bytes().startswith(b"\x89PNG")


def test_without_any_model_it_is_exit_3(cases, tmp_path):
    code, document = core(
        "predict", "--task", TASK, cases["stone"], SECOND_LOOK_MODELS=str(tmp_path)
    )
    assert code == 3
    assert document.keys() == {"error", "row", "column", "what_to_do"}
