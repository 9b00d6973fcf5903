"""``settings`` lists every setting, its value and where it came from."""

from __future__ import annotations

import json

from core.cli import main
from core.config import PREFIX, Settings
from tests.core.training.experiment_files import write_experiment


def test_every_setting_is_listed_with_value_and_source(core_json, models):
    called = core_json("settings")
    rows = {row["name"]: row for row in called.document}
    assert rows.keys() == {PREFIX + name.upper() for name in Settings.model_fields}
    assert rows["SECOND_LOOK_MODELS"]["value"] == str(models)
    assert rows["SECOND_LOOK_MODELS"]["source"] == "environment"
    assert rows["SECOND_LOOK_LOG_LEVEL"] | {"description": ""} == {
        "name": "SECOND_LOOK_LOG_LEVEL",
        "value": "INFO",
        "source": "default",
        "description": "",
    }


def test_a_password_is_masked_on_the_way_out(use_settings, capfd):
    use_settings(database_url="postgresql://reader:s3cret@db/lens")
    assert main(["settings"]) == 0
    text = capfd.readouterr().out
    assert "postgresql://reader:***@db/lens" in text
    assert "s3cret" not in text


def test_check_says_in_one_line_that_all_is_well(capfd):
    assert main(["settings", "--check"]) == 0
    assert capfd.readouterr().out == "Settings, tasks and experiments are in order.\n"


def test_check_refuses_a_wrong_experiment_file(use_settings, tmp_path, capfd):
    use_settings(experiments=tmp_path)
    write_experiment(tmp_path, seed=-1)
    assert main(["settings", "--check", "--json"]) == 2
    assert "mine.yaml: seed is -1" in json.loads(capfd.readouterr().out)["error"]
