"""What every test shares: a home, the folders of pictures, an account of what is left out.

Tests that need pictures or backbone weights are marked ``needs_data`` and ``needs_backbones``.
Where the setting is missing they are left out; the last line of the run says how many and why.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck
from hypothesis import settings as hypothesis_settings

# Before anything imports Keras: the suite runs on TensorFlow unless a run names another backend.
os.environ.setdefault("KERAS_BACKEND", "tensorflow")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

from core.config import PREFIX, Settings, settings
from core.errors import SettingsError
from core.tasks import load_tasks
from tests.browser.chromium import find_chromium
from tests.postgres import DRIVER, find_postgres

# How long an example takes is the machine's affair; where CI is set, every run tries the same ones.
hypothesis_settings.register_profile(
    "second_look",
    deadline=None,
    derandomize=bool(os.environ.get("CI")),
    suppress_health_check=[HealthCheck.too_slow],
)
hypothesis_settings.load_profile("second_look")

FOLDERS = {"needs_data": "data_root", "needs_backbones": "backbones"}
HOME = pytest.StashKey[Path]()
LEFT_OUT = pytest.StashKey[Counter[str]]()


def _forget() -> None:
    settings.cache_clear()
    load_tasks.cache_clear()


def pytest_configure(config: pytest.Config) -> None:
    """Give the run a home of its own and keep of the person's settings only the two folders."""
    try:
        given = settings()
    except SettingsError as error:
        raise pytest.UsageError(str(error)) from None
    kept = {name: getattr(given, name) for name in FOLDERS.values()}
    home = Path(tempfile.mkdtemp(prefix="second-look-test-"))
    # An empty value means "not set" and beats a .env file, in child processes too.
    os.environ.update({PREFIX + name.upper(): "" for name in Settings.model_fields})
    os.environ[PREFIX + "HOME"] = str(home)
    for name, folder in kept.items():
        if folder is not None and folder.is_dir():
            os.environ[PREFIX + name.upper()] = str(folder.resolve())
    _forget()
    config.stash[HOME] = home
    config.stash[LEFT_OUT] = Counter()


def _missing() -> dict[str, str]:
    """Return, for every mark whose need is not met here, the reason."""
    reasons = {
        mark: f"need {PREFIX}{name.upper()}, which names no folder here"
        for mark, name in FOLDERS.items()
        if getattr(settings(), name) is None
    }
    if shutil.which("dciodvfy") is None:
        reasons["needs_dciodvfy"] = "need dciodvfy (Debian: dicom3tools), which is not installed"
    if find_chromium() is None:
        reasons["browser"] = "need Chromium, which is not installed here"
    if find_postgres() is None:
        reasons["needs_postgres"] = f"need PostgreSQL and {DRIVER}, which are not installed here"
    return reasons


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what cannot run here."""
    missing = _missing()
    out = [item for item in items if any(item.get_closest_marker(mark) for mark in missing)]
    if out:
        items[:] = [item for item in items if item not in set(out)]
        config.hook.pytest_deselected(items=out)


def pytest_deselected(items: list[pytest.Item]) -> None:
    """Count what is left out, by reason."""
    missing = _missing()
    for item in items:
        marks = [mark for mark in missing if item.get_closest_marker(mark)]
        if marks:
            reason = missing[marks[0]]
        elif item.get_closest_marker("slow"):
            reason = "are slow (make test-heavy)"
        else:
            reason = "were not asked for"
        item.config.stash[LEFT_OUT][reason] += 1


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Hand a worker's count to the process that reports."""
    if hasattr(session.config, "workeroutput"):
        session.config.workeroutput["left_out"] = dict(session.config.stash[LEFT_OUT])


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: object) -> None:
    """Take over the count of a worker; every worker collects, and leaves out, the same tests."""
    counted = getattr(node, "workeroutput", {}).get("left_out", {})
    node.config.stash[LEFT_OUT] |= Counter(counted)  # type: ignore[attr-defined]


def pytest_unconfigure(config: pytest.Config) -> None:
    """Say on the last line what was left out, and remove the home."""
    counts = config.stash.get(LEFT_OUT, Counter())
    parts = [f"{n} {reason}" for reason, n in sorted(counts.items(), key=lambda item: -item[1])]
    reporter = config.pluginmanager.get_plugin("terminalreporter")
    if reporter is not None and not hasattr(config, "workerinput"):
        reporter.write_line(f"Left out {counts.total()}: {'; '.join(parts) or 'none'}.")
    if HOME in config.stash:
        shutil.rmtree(config.stash[HOME], ignore_errors=True)


@pytest.fixture(autouse=True)
def _fresh_settings() -> Iterator[None]:
    """Let no test see the settings that another one changed."""
    yield
    _forget()


@pytest.fixture
def use_settings(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Return a function that sets settings for one test: ``use_settings(tasks=folder)``."""

    def use(**values: object) -> None:
        for name, value in values.items():
            monkeypatch.setenv(PREFIX + name.upper(), "" if value is None else str(value))
        _forget()

    return use


@pytest.fixture(scope="session")
def data_root() -> Path:
    """Folder of the picture folders; only for tests marked ``needs_data``."""
    return Path(os.environ[PREFIX + "DATA_ROOT"])


@pytest.fixture(scope="session")
def backbones() -> Path:
    """Folder of backbone weights; only for tests marked ``needs_backbones``."""
    return Path(os.environ[PREFIX + "BACKBONES"])


@pytest.fixture(scope="session")
def chromium() -> str:
    """Path of the browser; only for tests marked ``browser``."""
    return str(find_chromium())
