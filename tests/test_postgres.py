"""The server that tests start: whose it is, and that nothing of it stays."""

import tempfile
from pathlib import Path

import pytest

from tests.postgres import find_postgres, find_programs, running_server


@pytest.mark.needs_postgres
def test_a_server_starts_for_an_ordinary_user_and_leaves_nothing():
    with running_server(find_postgres()) as folder:
        pid = int((folder / "data" / "postmaster.pid").read_text().split()[0])
        owner = Path(f"/proc/{pid}").stat().st_uid
        assert owner != 0
        assert list(folder.glob(".s.PGSQL.*"))
    assert _has_ended(pid)
    assert not list(Path(tempfile.gettempdir()).glob(f"{folder.name}*"))


def test_without_the_programs_or_the_driver_there_is_no_server(monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    assert find_postgres() is None
    monkeypatch.setattr("shutil.which", lambda name: None)
    monkeypatch.setattr(Path, "glob", lambda self, pattern: iter(()))
    assert find_programs() is None


def _has_ended(pid: int) -> bool:
    """Return whether it runs no more: gone, or waiting only for its parent to ask for its end."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8")
    except OSError:
        return True
    return stat.rpartition(")")[2].split()[0] == "Z"
