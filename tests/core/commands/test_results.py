"""``results``: what would stand in the table as no time, no machine or no task is refused."""

import pytest

KEEP = ("results", "--task", "kidney_ct", "--keep", "2026.11-mobilenet")


@pytest.mark.parametrize("minutes", ["nan", "inf", "0", "-3"])
def test_minutes_that_are_no_time_are_exit_2_with_what_was_said(core_json, minutes):
    called = core_json(*KEEP, "--minutes", minutes)
    assert called.code == 2
    assert f"--minutes is {float(minutes)}" in called.document["error"]


@pytest.mark.parametrize("machine", ["", "  ", "a|b", "two\nlines"])
def test_a_machine_that_no_table_can_name_is_exit_2(core_json, machine):
    called = core_json(*KEEP, "--minutes", "3", "--trained-on", machine)
    assert called.code == 2
    assert "cannot stand in a table" in called.document["error"]


@pytest.mark.parametrize("wrong", [("--minutes", "3"), ("--trained-on", "a GPU")])
def test_times_of_nothing_are_exit_2(core_json, wrong):
    assert core_json("results", *wrong).code == 2


def test_an_unknown_task_is_exit_2_with_those_that_are_known(core_json):
    called = core_json("results", "--task", "nope", "--keep", "x")
    assert called.code == 2
    assert "nope" in called.document["error"]
    assert "kidney_ct" in called.document["what_to_do"]
