"""The time of a run: its starts are added up, and what lay between them is not."""

import time

from core.training.clock import RunClock


def test_the_seconds_of_earlier_starts_are_added(tmp_path):
    path = tmp_path / "run" / "seconds.json"
    first = RunClock(path, begun=time.monotonic() - 100)
    assert 100 <= first.seconds < 101
    first.keep()
    second = RunClock(path, begun=time.monotonic() - 10)
    assert 110 <= second.seconds < 112
    assert [item.name for item in path.parent.iterdir()] == ["seconds.json"]


def test_a_file_that_cannot_be_read_counts_nothing(tmp_path):
    path = tmp_path / "seconds.json"
    for broken in ("", "[]", '{"seconds": "nan?"}', '{"seconds": -5}'):
        path.write_text(broken, encoding="utf-8")
        assert RunClock(path, begun=time.monotonic()).seconds < 1
