"""Fault 60: who may not, does not, whatever calls the write; and a server nobody guards is shut."""

from __future__ import annotations

import dataclasses
import sqlite3
from contextlib import closing

import pytest

from core.errors import ArgumentError, RoleError, SettingsError
from core.persistence.case_store import case_store
from core.persistence.database import database
from core.persistence.verifying import known_heads, verify
from core.workflows import backing_up, case_reports, cases, records, second_reads, users, verdicts
from core.workflows.adding_cases import CaseFacts, add_files
from core.workflows.users import Role, give_role, identify_by, list_roles, may, require, role_of
from tests.core.persistence.case_examples import answer, case
from tests.core.persistence.conftest import CAUSE, POINT, PROMOTION, VERDICT


@pytest.fixture
def home(tmp_path, use_settings):
    use_settings(home=tmp_path / "home", login="oidc")
    return tmp_path / "home"


@pytest.fixture(autouse=True)
def session(monkeypatch):
    """Return a function that says who is logged in at the page that runs."""

    def log_in(name):
        monkeypatch.setattr(users, "_ask", lambda: name)

    monkeypatch.setattr(users, "_ask", lambda: None)
    return log_in


def chain():
    with database().reading() as connection:
        assert verify(connection, heads=known_heads(None)).ok
        found = connection.exec_driver_sql("SELECT who, action, facts FROM audit ORDER BY sequence")
        return [tuple(row) for row in found]


def test_in_single_user_mode_everybody_may_everything(use_settings, tmp_path):
    use_settings(home=tmp_path / "home")
    for role in Role:
        require("Any Name", role)
        require(None, role)
    assert not (tmp_path / "home").exists()


def test_a_role_allows_what_those_below_it_may(home):
    names = {role: f"{role}@site.org" for role in Role}
    for role, name in names.items():
        give_role(name, role)
    order = list(Role)
    for has, name in names.items():
        allowed = [needed for needed in order if may(name, needed)]
        assert allowed == order[: order.index(has) + 1]
    assert not may("stranger@site.org", Role.VIEWER)


def test_a_change_of_role_is_a_row_and_the_latest_is_in_force(home):
    give_role(" A@Site.org ", "reader", by="root")
    give_role("a@site.org", "reader", by="root")  # no change, no row
    given = give_role("a@site.org", "none", by="root")
    assert (given.name, given.role, given.given_by) == ("a@site.org", "none", "root")
    assert role_of("A@SITE.ORG") is None
    assert [item.name for item in list_roles()] == ["a@site.org"]
    assert [(who, action) for who, action, _ in chain()] == [("root", "role_given")] * 2
    with pytest.raises(ArgumentError, match="There is no role 'chief'"):
        give_role("a@site.org", "chief")
    with pytest.raises(ArgumentError, match="The name is empty"):
        give_role("  ", "reader")


def test_a_role_written_past_the_product_is_noticed(home):
    give_role("a@site.org", "viewer")
    with closing(sqlite3.connect(home / "second_look.db")) as connection:
        connection.execute(
            "INSERT INTO user_role (name, role, given_by, given_at) "
            "VALUES ('a@site.org', 'admin', 'root', '2026-11-21 08:00:00.000000')"
        )
        connection.commit()
    with database().reading() as connection:
        found = verify(connection, heads=known_heads(None))
    assert not found.ok
    assert "of user_role stands in no row of the chain" in found.problem


def _add():
    return add_files(["a.png"], task="kidney_ct", said=CaseFacts(by="v@site.org"))


def _consensus():
    return verdicts.record_consensus("c1", "stone", adjudicator="v@site.org", comment="")


def _signed(record):
    (field,) = {"signed_by", "recorded_by", "promoted_by"} & set(record.__dataclass_fields__)
    return dataclasses.replace(record, **{field: "v@site.org"})


WRITES = {
    "verdict": lambda: verdicts.record_verdict(
        verdicts.Verdict(f"c{1:016x}", "v@site.org", "stone", "k")
    ),
    "consensus": _consensus,
    "cases": _add,
    "cause": lambda: records.record_cause(_signed(CAUSE)),
    "operating point": lambda: records.record_operating_point(_signed(POINT)),
    "comparison": lambda: records.record_comparison(_signed(VERDICT)),
    "promotion": lambda: records.record_promotion(_signed(PROMOTION)),
    "second read": lambda: second_reads.open_blind(f"c{1:016x}", reader="v@site.org"),
    "context": lambda: cases.show_context(f"c{1:016x}", who="v@site.org"),
    "export": lambda: case_reports.note_export([f"c{1:016x}"], "pdf", [b""], who="v@site.org"),
    "worklist": cases.rebuild_worklist,
}


@pytest.mark.parametrize("name", WRITES)
def test_a_viewer_writes_nothing_and_the_attempt_is_a_row(home, session, name):
    give_role("v@site.org", "viewer")
    case_store().add_case(case(1), answer(1))
    before = chain()
    session("v@site.org")
    with pytest.raises(RoleError, match="this takes the role"):
        WRITES[name]()
    (row,) = chain()[len(before) :]
    assert row[:2] == ("v@site.org", "not_allowed")


def test_a_backup_takes_an_administrator(home, session, tmp_path):
    give_role("r@site.org", "validator")
    session("r@site.org")
    with pytest.raises(RoleError, match="takes the role admin"):
        backing_up.back_up(tmp_path / "out.zip")
    with pytest.raises(RoleError, match="takes the role admin"):
        backing_up.restore(tmp_path / "out.zip")
    with pytest.raises(RoleError, match="takes the role admin"):
        give_role("r@site.org", "admin")
    give_role_from_shell(session, "r@site.org", "admin")
    session("r@site.org")
    assert backing_up.back_up(tmp_path / "out.zip").rows > 0
    assert give_role("b@site.org", "reader").given_by == "r@site.org"


def give_role_from_shell(session, name, role):
    session(None)
    give_role(name, role)


def test_nobody_signs_for_another_and_nobody_unnamed(home, session):
    give_role("a@site.org", "reader")
    give_role("b@site.org", "admin")
    session("a@site.org")
    require("A@site.org ", Role.READER)
    with pytest.raises(RoleError, match=r"a@site.org is logged in.*'b@site.org'"):
        require("b@site.org", Role.READER)
    session("")
    with pytest.raises(RoleError, match="nobody is logged in"):
        require("b@site.org", Role.READER)


def test_a_command_or_a_job_is_held_to_the_role_of_the_name_it_acts_for(home):
    give_role("a@site.org", "reader")
    require("a@site.org", Role.READER)
    with pytest.raises(RoleError):
        require("someone", Role.READER)


def test_identify_by_is_what_require_asks(home, monkeypatch):
    monkeypatch.setattr(users, "_ask", users._ask)  # put back afterwards
    identify_by(lambda: "")
    with pytest.raises(RoleError, match="nobody is logged in"):
        require(None, Role.VIEWER)


@pytest.mark.parametrize("address", ["127.0.0.1", "::1", "127.8.8.8", "localhost", "LOCALHOST"])
def test_this_machine_may_be_served_without_a_login(address):
    users.check_address(address)


@pytest.mark.parametrize("address", [None, "", "0.0.0.0", "::", "192.168.1.7", "lens.site.org"])
def test_any_other_address_takes_a_login(use_settings, address):
    with pytest.raises(SettingsError, match="nobody has to log in"):
        users.check_address(address)
    use_settings(login="oidc")
    users.check_address(address)
