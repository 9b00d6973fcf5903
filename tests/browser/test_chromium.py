"""Finding and installing the browser of the browser tests."""

from __future__ import annotations

import pytest

from tests.browser.chromium import MANAGERS, find_chromium, installation


def only(*names: str):
    return lambda name: f"/usr/bin/{name}" if name in names else None


def test_root_installs_with_the_package_manager_that_is_there():
    commands = installation(is_root=True, may_sudo=False, which=only("dnf"))
    assert commands == ["dnf install -y chromium"]


@pytest.mark.parametrize(
    ("may_sudo", "start"), [(True, "sudo -n apt-get"), (False, "sudo apt-get")]
)
def test_others_install_through_sudo(may_sudo, start):
    commands = installation(is_root=False, may_sudo=may_sudo, which=only("apt-get"))
    assert all(command.startswith(start) for command in commands)


def test_homebrew_takes_no_root():
    commands = installation(is_root=False, may_sudo=False, which=only("brew"))
    assert commands == list(MANAGERS["brew"][0])


def test_without_a_known_package_manager_there_is_nothing_to_run():
    assert installation(is_root=True, may_sudo=True, which=only()) == []


def test_the_named_browser_comes_first(monkeypatch, tmp_path):
    browser = tmp_path / "my-chromium"
    browser.write_text("#!/bin/sh\n")
    browser.chmod(0o755)
    monkeypatch.setenv("CHROMIUM", str(browser))
    assert find_chromium() == str(browser)
