"""The dispatcher: exit codes, one JSON document, no traceback, no heavy import."""

from __future__ import annotations

import argparse
import importlib.util
import json
import os
import subprocess
import sys
import types
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from core import cli
from core.config import ROOT, settings
from core.domain import Figure
from core.errors import CoreError, DatasetError, ModelVersionError

Work = Callable[[argparse.Namespace], int]


@pytest.fixture
def command(monkeypatch: pytest.MonkeyPatch) -> Callable[[Work], None]:
    """Return a function that installs ``fake``, a command that does what it is given."""

    def install(work: Work) -> None:
        module = types.ModuleType("fake_command", "A command for tests.")
        module.add_arguments = lambda parser: parser.add_argument("--n", type=int)
        module.run = work
        monkeypatch.setitem(sys.modules, "fake_command", module)
        monkeypatch.setitem(cli.COMMANDS, "fake", cli.CommandSpec("fake_command", "for tests"))

    return install


def raising(error: BaseException) -> Work:
    def work(args: argparse.Namespace) -> int:
        raise error

    return work


def call(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "core", *arguments],
        cwd=ROOT,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
    )


def test_standard_output_holds_one_document_and_nothing_else(command, capfd):
    def work(args):
        print("a library prints")
        os.write(1, b"C code prints\n")
        args.out.progress("1 of 1")
        args.out.document({"n": args.n}, text="")
        return 0

    command(work)
    assert cli.main(["fake", "--n", "3", "--json"]) == 0
    captured = capfd.readouterr()
    assert json.loads(captured.out) == {"n": 3}
    assert {"a library prints", "C code prints", "1 of 1"} <= set(captured.err.splitlines())


def test_numpy_and_undefined_numbers_become_strict_json(command, capfd):
    value = {
        "f": np.float32(0.5),
        "nan": np.float32("nan"),
        "inf": float("inf"),
        "array": np.array([[1, 2]]),
        "flag": np.bool_(True),
        "figure": Figure(None, None, None, 0),
        "path": Path("a/b"),
    }
    command(lambda args: args.out.document(value, text="") or 0)
    assert cli.main(["fake", "--json"]) == 0
    answer = json.loads(capfd.readouterr().out, parse_constant=pytest.fail)
    assert answer["f"] == 0.5
    assert answer["nan"] is answer["inf"] is None
    assert answer["array"] == [[1, 2]]
    assert answer["flag"] is True
    assert answer["figure"]["value"] is None
    assert answer["path"] == "a/b"


def test_a_person_reads_text(command, capfd):
    command(lambda args: args.out.document({"n": 1}, text="one picture") or 0)
    assert cli.main(["fake"]) == 0
    assert capfd.readouterr().out == "one picture\n"


def test_json_lines_are_one_object_a_line(command, capfd):
    def work(args):
        args.out.line({"epoch": 1}, text="")
        args.out.line({"epoch": 2}, text="")
        return 0

    command(work)
    cli.main(["fake", "--json"])
    assert [json.loads(line) for line in capfd.readouterr().out.splitlines()] == [
        {"epoch": 1},
        {"epoch": 2},
    ]


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (DatasetError("No such folder.", remedy="Name another.", row=3, column="label"), 2),
        (ModelVersionError("Not installed.", remedy="Train one.", row=3, column="label"), 3),
    ],
)
def test_an_understood_failure_is_a_document_with_its_exit_code(command, capfd, error, code):
    command(raising(error))
    assert cli.main(["fake", "--json"]) == code
    assert json.loads(capfd.readouterr().out) == {
        "error": error.problem,
        "row": 3,
        "column": "label",
        "what_to_do": error.remedy,
    }


def test_an_understood_failure_is_one_line_for_a_person(command, capfd):
    command(raising(CoreError("It broke.", remedy="Mend it.")))
    assert cli.main(["fake"]) == 2
    captured = capfd.readouterr()
    assert (captured.out, captured.err) == ("", "It broke. Mend it.\n")


def test_an_unforeseen_failure_tells_its_type_and_where_to_look_and_never_its_message(
    command, capfd
):
    command(raising(ValueError("DOE^JANE.dcm is odd")))
    assert cli.main(["fake", "--json"]) == cli.UNFORESEEN
    captured = capfd.readouterr()
    answer = json.loads(captured.out)
    assert "ValueError" in answer["error"]
    log = settings().home / "logs" / "second_look.jsonl"
    assert str(log) in answer["what_to_do"]
    assert "test_cli.py:" in log.read_text()
    assert "DOE" not in captured.out + captured.err + log.read_text()
    assert "Traceback" not in captured.err


def test_a_failure_after_the_answer_adds_no_second_document(command, capfd):
    def work(args):
        args.out.document([], text="")
        raise DatasetError("Late.", remedy="Try again.")

    command(work)
    assert cli.main(["fake", "--json"]) == 2
    assert json.loads(capfd.readouterr().out) == []


def test_an_interruption_ends_without_a_traceback(command, capfd):
    command(raising(KeyboardInterrupt()))
    assert cli.main(["fake"]) == 130
    assert "Traceback" not in capfd.readouterr().err


@pytest.mark.parametrize(
    "arguments",
    [
        ["--json"],
        ["nonsense", "--json"],
        ["settings", "--nonsense", "--json"],
        ["--json", "settings", "extra"],
        ["fake", "--n", "three", "--json"],
    ],
)
def test_a_wrong_call_is_answered_with_exit_2_and_the_four_keys(command, capfd, arguments):
    command(lambda args: 0)
    assert cli.main(arguments) == 2
    assert json.loads(capfd.readouterr().out).keys() == {"error", "row", "column", "what_to_do"}


def test_every_command_has_a_module_and_help_names_it(capfd):
    for spec in cli.COMMANDS.values():
        assert importlib.util.find_spec(spec.module), spec.module
    assert cli.main(["--help"]) == 0
    listed = capfd.readouterr().out
    assert all(f"  {name} " in listed for name in cli.COMMANDS)


def test_help_of_a_command_is_text_on_standard_output(capfd):
    assert cli.main(["settings", "--help"]) == 0
    assert "--check" in capfd.readouterr().out


def test_a_light_command_imports_no_workflow_and_nothing_heavy():
    code = (
        "import sys; from core.cli import main; main(['settings', '--json']);"
        "heavy = {'tensorflow', 'keras', 'mlflow', 'sklearn', 'openvino', 'pandas', 'streamlit'};"
        "print(sorted(heavy & set(sys.modules)), file=sys.stderr)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stderr.strip() == "[]"


def test_a_reader_that_goes_away_causes_no_traceback():
    with subprocess.Popen(
        [sys.executable, "-m", "core", "settings", "--json"],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as process:
        process.stdout.close()
        errors = process.stderr.read()
    assert process.returncode == cli.READER_GONE
    assert errors == b""


@pytest.mark.parametrize("place", [">&-", "> /dev/full"])
def test_an_answer_that_cannot_be_written_ends_with_a_sentence(place):
    done = subprocess.run(
        f"{sys.executable} -m core settings --json {place}",
        shell=True,
        cwd=ROOT,
        stderr=subprocess.PIPE,
        text=True,
        check=False,
    )
    assert done.returncode == cli.WRONG_CALL
    assert "cannot be written to standard output" in done.stderr
    assert "Traceback" not in done.stderr


def test_row_64_an_unknown_setting_refuses_to_start_with_one_line():
    done = call("settings", "--check", SECOND_LOOK_DATAROOT="/pictures")
    assert done.returncode == 2
    assert done.stdout == ""
    assert len(done.stderr.splitlines()) == 1
    assert "SECOND_LOOK_DATAROOT" in done.stderr


def test_row_64_a_value_that_cannot_be_used_refuses_to_start():
    done = call("settings", "--json", SECOND_LOOK_MAX_UPLOAD_MB="many")
    assert done.returncode == 2
    assert json.loads(done.stdout)["column"] == "SECOND_LOOK_MAX_UPLOAD_MB"


def test_row_64_a_wrong_task_file_refuses_to_start(tmp_path):
    (tmp_path / "mine.yaml").write_text("key: mine\nclases: []\n")
    done = call("settings", "--check", SECOND_LOOK_TASKS=str(tmp_path))
    assert done.returncode == 2
    assert len(done.stderr.splitlines()) == 1
    assert "mine.yaml" in done.stderr


def test_row_64_a_folder_that_is_not_there_refuses_to_start(tmp_path):
    done = call("settings", "--check", SECOND_LOOK_DATA_ROOT=str(tmp_path / "gone"))
    assert done.returncode == 2
    assert "SECOND_LOOK_DATA_ROOT" in done.stderr
