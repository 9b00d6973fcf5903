"""The log: strict JSON lines, allow-listed keys, never a patient."""

from __future__ import annotations

import json
import logging

import pytest

from core import logs
from core.logs import allowed, log_event, log_file, log_unforeseen

MARKER = "ZZPHI^TEST"


@pytest.fixture
def home(use_settings, tmp_path):
    """Return a home of this test's own; its log is closed afterwards."""
    use_settings(home=tmp_path)
    yield tmp_path
    for handler in list(logging.getLogger("second_look").handlers):
        handler.close()
        logging.getLogger("second_look").removeHandler(handler)


def lines() -> list[dict[str, object]]:
    return [json.loads(line) for line in log_file().read_text(encoding="utf-8").splitlines()]


def test_an_event_is_one_json_line_with_utc_time_and_level(home):
    log_event("answered", sha8="0a1b2c3d", status="ok", seconds=0.02, task="kidney_ct")
    (line,) = lines()
    assert line.pop("at").endswith("+00:00")
    assert line == {
        "level": "INFO",
        "event": "answered",
        "sha8": "0a1b2c3d",
        "status": "ok",
        "seconds": 0.02,
        "task": "kidney_ct",
    }


@pytest.mark.parametrize("key", [*logs.ALLOWED, *logs.ALLOWED_NUMBERS, "file", "reason", "patient"])
def test_no_key_lets_a_patient_through(key):
    assert MARKER not in json.dumps(allowed({key: MARKER}))
    assert MARKER not in json.dumps(allowed({key: f"{MARKER}.dcm"}))


def test_a_planted_marker_is_nowhere_in_the_home(home):
    log_event("answered", file=f"{MARKER}.png", status=MARKER, where=MARKER, sha8=MARKER)
    try:
        raise ValueError(f"cannot decode {MARKER}.dcm")
    except ValueError as error:
        log_unforeseen(error)
    written = [path.read_bytes() for path in home.rglob("*") if path.is_file()]
    assert written
    assert all(MARKER.encode() not in content for content in written)


def test_an_unforeseen_error_is_logged_with_type_and_place(home):
    try:
        raise ZeroDivisionError("x")
    except ZeroDivisionError as error:
        log_unforeseen(error)
    (line,) = lines()
    assert (line["level"], line["error_type"]) == ("ERROR", "ZeroDivisionError")
    assert "tests/core/test_logs.py:" in line["where"]


def test_the_log_rotates_and_keeps_a_bounded_number_of_files(home, monkeypatch):
    monkeypatch.setattr(logs, "MAX_BYTES", 500)
    for n in range(100):
        log_event("answered", n=n)
    files = list((home / "logs").iterdir())
    assert len(files) == logs.KEPT_FILES + 1
    assert all(path.stat().st_size <= 500 for path in files)


def test_less_severe_events_than_the_setting_says_are_left_out(home, use_settings):
    use_settings(log_level="ERROR")
    log_event("answered")
    assert not log_file().exists() or lines() == []


def test_a_home_that_cannot_be_written_costs_nobody_the_answer(use_settings, tmp_path):
    blocked = tmp_path / "a_file"
    blocked.write_text("")
    use_settings(home=blocked)
    assert log_event("answered") is None
