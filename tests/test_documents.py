"""What the documents promise exists: links, settings, commands, make targets, licences."""

from __future__ import annotations

import importlib.metadata
import os
import re
import subprocess

import pytest

from core.cli import COMMANDS
from core.config import PREFIX, ROOT, Settings

DOCUMENTS = [ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").rglob("*.md"))]
LINK = re.compile(r"\]\((?!https?:)([^)#\s]+)")
FORBIDDEN_LICENCES = re.compile(r"(?<![A-Z])A?GPL|non-?commercial|CC BY-NC", re.IGNORECASE)


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_every_link_leads_somewhere(document):
    targets = LINK.findall(document.read_text(encoding="utf-8"))
    assert [target for target in targets if not (document.parent / target).exists()] == []


def test_every_setting_is_documented_in_the_words_of_the_code():
    text = (ROOT / "docs/settings.md").read_text(encoding="utf-8")
    for name, field in Settings.model_fields.items():
        (line,) = [line for line in text.splitlines() if f"`{PREFIX}{name.upper()}`" in line]
        assert field.description in line


def test_every_command_is_documented():
    text = (ROOT / "docs/command-line.md").read_text(encoding="utf-8")
    assert [name for name in COMMANDS if f"| `{name}" not in text] == []


def test_what_a_login_takes_is_told_and_pinned_for_its_tests():
    wanted = {
        re.split(r"[^\w.-]", need)[0].lower()
        for need in importlib.metadata.requires("streamlit") or []
        if 'extra == "auth"' in need
    }
    pinned = (ROOT / "tests/requirements.txt").read_text(encoding="utf-8").lower()
    assert wanted and all(re.search(rf"^{name}==", pinned, re.MULTILINE) for name in wanted)
    version = importlib.metadata.version("streamlit")
    told = (ROOT / "docs/users.md").read_text(encoding="utf-8")
    assert re.findall(r"streamlit\[auth\]==([\d.]+)", told) == [version]


def test_every_decision_is_listed_and_says_what_supersedes_it():
    folder = ROOT / "docs/decisions"
    index = (folder / "README.md").read_text(encoding="utf-8")
    for record in folder.glob("0*.md"):
        assert record.name in index
        assert "Superseded by:" in record.read_text(encoding="utf-8")


def test_make_help_lists_every_target():
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = set(re.search(r"^\.PHONY: (.*)$", makefile, re.MULTILINE).group(1).split())
    # Run by `make test`, a make within would otherwise also tell which folder it enters.
    alone = {name: value for name, value in os.environ.items() if not name.startswith("MAKE")}
    told = subprocess.run(
        ["make", "help"], cwd=ROOT, env=alone, capture_output=True, text=True, check=True
    ).stdout
    assert {line.split()[1] for line in told.splitlines()} == targets


def test_no_package_of_the_environment_has_a_licence_that_binds_the_product():
    bound = {}
    for package in importlib.metadata.distributions():
        told = package.metadata
        words = [told.get("License-Expression") or "", *told.get_all("Classifier", [])]
        if any(FORBIDDEN_LICENCES.search(word) for word in words):
            bound[told["Name"]] = words[0]
    assert bound == {}
