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
from core.inference.package import find_version
from core.inference.probe import open_probe
from core.saliency.run import available_methods
from core.workflows.audit_records import audit_of
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


@pytest.mark.parametrize(("task", "offered"), [("phantom_ct", True), ("kidney_ct", False)])
def test_depths_are_fused_only_where_everything_flows_through_finer_layers(task, offered):
    probe = open_probe(find_version(task))
    keys = [spec.key for spec in available_methods(probe)]
    assert ("layer_cam_fusion" in keys) is offered
    assert "layer_cam" in keys


@pytest.mark.parametrize("task", ["phantom_ct", "kidney_ct"])
def test_the_audit_that_is_shipped_is_of_the_version_that_is_shipped(task):
    version = find_version(task)
    audit = audit_of(version)
    assert audit is not None
    assert audit.document["version_digest"] == version.digest
    assert audit.document["pointing"]["phantoms"]["n"] >= 100
