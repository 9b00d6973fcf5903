"""An export while data change is one moment's, whole, and says how many rows it has (row 69)."""

from __future__ import annotations

import shutil
import threading

import pandas as pd
import pytest

from core.evaluation.runs import write_run
from core.reporting.csv_table import check_export, csv_bytes
from core.workflows.records import MissCause, causes, record_cause
from core.workflows.run_performance import frame_csv
from core.workflows.stored_runs import StoredRun, open_run, performance
from tests.drawn_runs import draw_run

N_RECORDS = 40


@pytest.fixture(autouse=True)
def _home(use_settings, tmp_path):
    use_settings(home=tmp_path / "home")


def cause_of(number: int) -> MissCause:
    return MissCause(
        task="kidney_ct", run="test", run_digest="r1", file=f"{number:03d}.png", y_true="stone",
        called="normal", kind="miss", cause="too_small", note="", recorded_by="A. Reader",
    )  # fmt: skip


def test_an_export_while_causes_are_recorded_is_whole_and_of_one_moment():
    record_cause(cause_of(0))
    writer = threading.Thread(
        target=lambda: [record_cause(cause_of(number)) for number in range(1, N_RECORDS)]
    )
    writer.start()
    sizes = []
    while writer.is_alive():
        found = causes("r1")
        data = csv_bytes(pd.DataFrame([{"file": item.file} for item in found]), provenance={})
        sizes.append(check_export(data))
        # What was recorded first is in every later export: none shows a gap.
        assert sorted(item.file for item in found) == [f"{n:03d}.png" for n in range(sizes[-1])]
    writer.join()
    assert sizes == sorted(sizes)
    assert len(causes("r1")) == N_RECORDS


def stored(folder) -> StoredRun:
    run = draw_run(200)
    return StoredRun(write_run(run, folder / "run"), run.facts, run.n, 40, shipped=False)


def test_an_export_of_a_run_outlives_its_folder(tmp_path):
    made = performance(stored(tmp_path))
    shutil.rmtree(tmp_path / "run")
    assert check_export(frame_csv(made, made.confusion)) == 16


def test_a_run_is_read_in_one_piece_and_checked_before_it_is_used(tmp_path, monkeypatch):
    """What is parsed is what was hashed: a file that changes after the check is not read again."""
    run = stored(tmp_path)
    path, reads = run.folder / "predictions.parquet", []
    real = type(path).read_bytes

    def counted(self):
        data = real(self)
        if self.name == path.name:
            reads.append(len(data))
            self.write_bytes(b"changed under our feet")
        return data

    monkeypatch.setattr(type(path), "read_bytes", counted)
    assert open_run(run).n == 200
    assert len(reads) == 1
