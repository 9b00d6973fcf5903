"""``users``, and commands where people log in: held to the role of the name they act for."""

from __future__ import annotations

import pytest


@pytest.fixture
def home(tmp_path, use_settings, core_json):
    use_settings(home=tmp_path / "home", login="oidc")
    return tmp_path / "home"


def test_roles_are_given_listed_and_taken_away(home, core_json):
    assert core_json("users", "list").document == []
    given = core_json("users", "set", "Anna@Site.org", "reader", "--by", "root")
    assert given.code == 0
    (listed,) = core_json("users", "list").document
    assert listed == given.document
    assert [listed[name] for name in ("name", "role", "given_by")] == [
        "anna@site.org", "reader", "root",
    ]  # fmt: skip
    assert core_json("users", "set", "anna@site.org", "none").document["role"] == "none"
    assert core_json("users", "set", "anna@site.org", "chief").code == 2
    assert core_json("audit", "verify").document == {
        "rows": 2, "ok": True, "first_bad": None, "problem": None,
        "head": core_json("audit", "verify").document["head"],
    }  # fmt: skip


def test_a_command_acts_for_a_name_that_may(home, core_json, pictures):
    add = ("cases", "add", "--task", "kidney_ct", pictures["first"], "--by", "anna@site.org")
    refused = core_json(*add)
    assert refused.code == 2
    assert "this takes the role reader" in refused.document["error"]
    core_json("users", "set", "anna@site.org", "reader")
    (item,) = core_json(*add).document
    assert item["status"] == "added"
    backup = core_json("backup", home.parent / "out.zip")
    assert backup.code == 2
    assert not (home.parent / "out.zip").exists()


def test_a_server_for_others_is_refused_before_it_starts(core_json, use_settings):
    open_to_all = core_json("settings", "--check", "--address", "0.0.0.0")
    assert open_to_all.code == 2
    assert "nobody has to log in" in open_to_all.document["error"]
    assert core_json("settings", "--check", "--address", "127.0.0.1").code == 0
