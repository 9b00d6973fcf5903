"""Find the system's Chromium; run as a program, install it where that is allowed."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
PLACES = (
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
)
# Package manager -> what installs Chromium with it, and whether that takes root.
MANAGERS: dict[str, tuple[tuple[str, ...], bool]] = {
    "apt-get": (("apt-get update", "apt-get install -y --no-install-recommends chromium"), True),
    "dnf": (("dnf install -y chromium",), True),
    "yum": (("yum install -y chromium",), True),
    "zypper": (("zypper --non-interactive install chromium",), True),
    "pacman": (("pacman -Sy --noconfirm chromium",), True),
    "apk": (("apk add chromium",), True),
    "brew": (("brew install --cask chromium",), False),
}
Which = Callable[[str], str | None]


def find_chromium() -> str | None:
    """Return the path of a Chromium, the one that ``CHROMIUM`` names first, or None."""
    named = os.environ.get("CHROMIUM")
    if named:
        return shutil.which(named)
    found = (shutil.which(name) for name in (*NAMES, *PLACES))
    return next((path for path in found if path), None)


def installation(*, is_root: bool, may_sudo: bool, which: Which = shutil.which) -> list[str]:
    """Return the commands that install Chromium here, ``sudo`` in front where it takes that.

    Empty where no known package manager is found.
    """
    for name, (commands, takes_root) in MANAGERS.items():
        if which(name):
            prefix = "" if is_root or not takes_root else "sudo -n " if may_sudo else "sudo "
            return [prefix + command for command in commands]
    return []


def _may_sudo() -> bool:
    if shutil.which("sudo") is None:
        return False
    return subprocess.run(["sudo", "-n", "true"], capture_output=True, check=False).returncode == 0


def main() -> int:
    """Make sure that there is a Chromium; say in one sentence what to do where it may not."""
    if find_chromium():
        return 0
    is_root, may_sudo = os.geteuid() == 0, _may_sudo()
    commands = installation(is_root=is_root, may_sudo=may_sudo)
    by_hand = " && ".join(commands) or "install Chromium and put it on the PATH"
    is_allowed = commands and (is_root or not commands[0].startswith("sudo ") or may_sudo)
    if is_allowed:
        print(f"Chromium is missing; installing it: {by_hand}", file=sys.stderr)
        quiet = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        for command in commands:
            subprocess.run(command.split(), env=quiet, stdout=sys.stderr, check=False)
        if find_chromium():
            return 0
    sentence = "The browser tests need Chromium, and it could not be installed from here."
    print(f"{sentence} Run this and try again: {by_hand}", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())
