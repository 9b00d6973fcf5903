"""A run killed at a random moment, ten times: it goes on, and no version is half written."""

import json
import os
import random
import subprocess
import sys
import time

import pytest

from core.config import ROOT
from core.inference.package import read_version, verify

KILLS = 10
TRAIN = (
    *("-m", "core", "train", "--json", "--task", "phantom_ct", "--architecture", "simple_cnn"),
    *("--limit", "96", "--epochs", "4", "--set", "phantom_series=100"),
    *("--set", "strategy=staged", "--set", "head_epochs=2", "--set", "freeze_until=block2_relu"),
    *("--set", "steps_per_epoch=3", "--set", "batch_size=8", "--set", "variants=2"),
    *("--set", "patience=100"),
)


class Runs:
    """Training runs of one home; those killed left nothing half written."""

    def __init__(self, folder):
        self.folder, self.version, self.told = folder, "v0", []
        self.killed_late = False

    def start(self):
        environment = {
            **os.environ,
            "SECOND_LOOK_HOME": str(self.folder / "home"),
            "SECOND_LOOK_MODELS": str(self.folder / "models"),
        }
        seed = self.version.removeprefix("v")
        with (self.folder / "stderr").open("w") as stderr:
            return subprocess.Popen(
                [sys.executable, *TRAIN, "--version", self.version, "--seed", seed],
                cwd=ROOT,
                env=environment,
                stdout=subprocess.PIPE,
                stderr=stderr,
                text=True,
            )

    def end(self, process, *, after=None):
        """Kill a run after so many seconds, or let it end; return whether it was killed."""
        try:
            out, _ = process.communicate(timeout=after)
        except subprocess.TimeoutExpired:
            process.kill()
            out, _ = process.communicate()
        lines = [json.loads(line) for line in out.splitlines() if line.endswith("}")]
        self.told += [(self.version, line["fit"], line["epoch"]) for line in lines if "fit" in line]
        self.check()
        was_killed = process.returncode == -9
        found = out[-1000:] + (self.folder / "stderr").read_text()[-1000:]
        assert was_killed or process.returncode == 0, found
        is_written = (self.models / self.version).is_dir()
        self.killed_late |= was_killed and is_written
        if is_written:
            self.version = f"v{int(self.version.removeprefix('v')) + 1}"
        return was_killed

    @property
    def models(self):
        return self.folder / "models" / "phantom_ct"

    def check(self):
        for path in self.models.glob("[!.]*"):
            verify(read_version(path))


@pytest.mark.slow
@pytest.mark.heavy
@pytest.mark.timeout(3600)
def test_a_run_killed_at_random_goes_on_each_time_and_writes_whole_versions_only(tmp_path):
    runs, drawn = Runs(tmp_path), random.Random(6)
    started = time.monotonic()
    assert not runs.end(runs.start())
    whole = time.monotonic() - started
    kills = 0
    while kills < KILLS:
        kills += runs.end(runs.start(), after=drawn.uniform(0, whole))
    assert not runs.end(runs.start())
    # No epoch is fitted twice: what was told of was stored.
    assert len(set(runs.told)) == len(runs.told)
    assert not list(runs.models.glob(".*"))
    if not runs.killed_late:  # written, but killed before its states were deleted
        assert not list((tmp_path / "home" / "training").glob("*"))
