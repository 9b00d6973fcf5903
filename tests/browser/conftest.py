"""One server and one browser for the run; every request that leaves the machine is stopped."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Error, Page, Route, expect, sync_playwright

from tests.small_version import write_small_version
from tests.source_tree import ROOT

ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]
LOCAL = ("http://127.0.0.1:", "http://localhost:", "ws://127.0.0.1:", "data:", "blob:", "about:")
START_SECONDS = 90
END_SECONDS = 120  # a graph that is being compiled is compiled to its end, on a busy machine too
PATIENCE_MS = 90_000
expect.set_options(timeout=PATIENCE_MS)


@dataclass
class Visit:
    """A page of the browser, the server it looks at, and what it tried to reach outside."""

    page: Page
    base: str
    outside: list[str] = field(default_factory=list)


def free_port() -> int:
    """Return a port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def served(models: Path, home: Path, *more: str) -> Iterator[str]:
    """Run the product on a free port, with more of Streamlit's options; yield its address."""
    port = free_port()
    command = [sys.executable, "-m", "streamlit", "run", "streamlit_app.py"]
    options = ["--server.port", str(port), "--server.headless", "true", *more]
    env = {**os.environ, "SECOND_LOOK_MODELS": str(models), "SECOND_LOOK_HOME": str(home)}
    log = home.parent / f"server-{port}.log"
    with log.open("wb") as stream:
        server = subprocess.Popen(
            command + options, cwd=ROOT, env=env, stdout=stream, stderr=subprocess.STDOUT
        )
        try:
            base = f"http://127.0.0.1:{port}"
            _wait_until_healthy(base, server, log)
            yield base
        finally:
            server.terminate()
            server.wait(timeout=END_SECONDS)


def _wait_until_healthy(base: str, server: subprocess.Popen[bytes], log: Path) -> None:
    until = time.monotonic() + START_SECONDS
    while time.monotonic() < until:
        try:
            with urllib.request.urlopen(f"{base}/_stcore/health", timeout=2):
                return
        except (urllib.error.URLError, OSError):
            if server.poll() is not None:
                break
            time.sleep(0.2)
    raise RuntimeError(f"The server did not start:\n{log.read_text()[-2000:]}")


@pytest.fixture(scope="session")
def shipped(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder with small versions of both tasks."""
    folder = tmp_path_factory.mktemp("browser-models")
    for task in ("kidney_ct", "phantom_ct"):
        write_small_version(folder, task)
    return folder


@pytest.fixture(scope="session")
def server(shipped: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Address of a server that all tests share."""
    with served(shipped, tmp_path_factory.mktemp("browser") / "home") as base:
        yield base


@pytest.fixture(scope="session")
def browser(chromium: str) -> Iterator[Browser]:
    """Return the system's Chromium, headless."""
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=chromium, args=ARGUMENTS)
        yield started
        started.close()


@pytest.fixture
def visit(browser: Browser, server: str) -> Iterator[Visit]:
    """Return a fresh session of the shared server; nothing in it may leave the machine."""
    with visiting(browser, server) as fresh:
        yield fresh
        assert fresh.outside == []


@contextmanager
def visiting(browser: Browser, base: str) -> Iterator[Visit]:
    """Open a fresh session whose requests to other machines are stopped and noted."""
    context = browser.new_context(viewport={"width": 1366, "height": 768}, accept_downloads=True)
    page = context.new_page()
    page.set_default_timeout(PATIENCE_MS)
    visit = Visit(page, base)
    context.route("**/*", _stop_what_leaves(visit))
    try:
        yield visit
    except BaseException:
        _tell_what_stood_there(page)
        raise
    finally:
        context.close()


def _tell_what_stood_there(page: Page) -> None:
    """Print where a failed visit ended and what a person would have read; pytest shows it."""
    with suppress(Error):
        state = page.locator(".stApp").get_attribute("data-test-script-state", timeout=2_000)
        print(f"{page.url} ({state}):\n{page.locator('body').inner_text(timeout=2_000)}")


def _stop_what_leaves(visit: Visit) -> Callable[[Route], None]:
    def decide(route: Route) -> None:
        if route.request.url.startswith(LOCAL) and ":9/" not in route.request.url:
            route.continue_()
        else:
            visit.outside.append(route.request.url)
            route.abort()

    return decide
