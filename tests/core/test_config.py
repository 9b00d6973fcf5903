"""Settings: one source of truth, unknown keys refused, passwords never shown."""

from __future__ import annotations

from pathlib import Path

import pytest

from core import config
from core.config import check_folders, masked, setting_rows, settings
from core.errors import SettingsError


def row(name: str) -> config.SettingRow:
    return {item.name: item for item in setting_rows()}[name]


def test_an_unknown_key_is_refused_with_the_known_ones_named(monkeypatch):
    monkeypatch.setenv("SECOND_LOOK_DATAROOT", "/pictures")
    settings.cache_clear()
    with pytest.raises(SettingsError, match="SECOND_LOOK_DATAROOT") as caught:
        settings()
    assert caught.value.column == "SECOND_LOOK_DATAROOT"
    assert "SECOND_LOOK_DATA_ROOT" in caught.value.remedy


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("max_upload_mb", "0"),
        ("max_upload_mb", "many"),
        ("max_megapixels", "-1"),
        ("inference_threads", "1.5"),
        ("log_level", "LOUD"),
    ],
)
def test_a_value_out_of_bounds_is_refused_with_key_and_value(use_settings, name, value):
    use_settings(**{name: value})
    with pytest.raises(SettingsError) as caught:
        settings()
    assert caught.value.column == f"SECOND_LOOK_{name.upper()}"
    assert value in caught.value.problem


def test_an_empty_value_means_not_set(use_settings):
    use_settings(max_upload_mb=None, tasks=None)
    assert settings().max_upload_mb == 50
    assert settings().tasks is None
    assert row("SECOND_LOOK_TASKS").source == "default"


def test_the_environment_wins_over_the_env_file_and_each_row_says_where_it_came_from(
    use_settings, monkeypatch, tmp_path
):
    env_file = tmp_path / ".env"
    env_file.write_text("SECOND_LOOK_MAX_UPLOAD_MB=10\nSECOND_LOOK_MAX_MEGAPIXELS=20\n")
    monkeypatch.setattr(config, "ENV_FILE", env_file)
    monkeypatch.delenv("SECOND_LOOK_MAX_MEGAPIXELS", raising=False)
    use_settings(max_upload_mb=30)
    assert (settings().max_upload_mb, settings().max_megapixels) == (30, 20)
    assert row("SECOND_LOOK_MAX_UPLOAD_MB").source == "environment"
    assert row("SECOND_LOOK_MAX_MEGAPIXELS").source == ".env"
    assert row("SECOND_LOOK_LOG_LEVEL").source == "default"


def test_an_unknown_key_in_the_env_file_is_refused_too(monkeypatch, tmp_path):
    env_file = tmp_path / ".env"
    env_file.write_text("SECOND_LOOK_HOMEE=/x\n")
    monkeypatch.setattr(config, "ENV_FILE", env_file)
    settings.cache_clear()
    with pytest.raises(SettingsError, match=r"from \.env"):
        settings()


@pytest.mark.parametrize("name", ["data_root", "backbones", "tasks"])
def test_a_folder_that_does_not_exist_is_refused_by_the_check(use_settings, name, tmp_path):
    use_settings(**{name: tmp_path / "gone"})
    with pytest.raises(SettingsError, match="gone") as caught:
        check_folders()
    assert caught.value.column == f"SECOND_LOOK_{name.upper()}"


def test_a_home_that_is_a_file_is_refused_by_the_check(use_settings, tmp_path):
    (tmp_path / "home").write_text("a file")
    use_settings(home=tmp_path / "home")
    with pytest.raises(SettingsError, match="SECOND_LOOK_HOME names a file") as caught:
        check_folders()
    assert caught.value.column == "SECOND_LOOK_HOME"


def test_a_home_that_is_not_there_yet_passes_the_check(use_settings, tmp_path):
    use_settings(home=tmp_path / "later")
    assert check_folders() is None


def test_folders_that_exist_pass_the_check(use_settings, tmp_path):
    use_settings(data_root=tmp_path, tasks=tmp_path)
    assert check_folders() is None


@pytest.mark.parametrize(
    "address",
    [
        "postgresql://reader:s3cret@db/lens",
        "postgresql://reader:s3cret@x@db/lens",
        "postgresql://reader:s3cret/x@db/lens",
        "postgresql://db/lens?user=reader&password=s3cret",
        "https://:s3cret@tracking.example",
    ],
)
def test_a_password_is_never_shown(use_settings, address):
    use_settings(database_url=address, mlflow_tracking_uri=address)
    assert "s3cret" not in "".join(str(item) for item in setting_rows())
    assert "***" in row("SECOND_LOOK_DATABASE_URL").value


def test_an_address_without_a_password_is_shown_as_it_is():
    assert masked("sqlite:///home/reader/lens.db") == "sqlite:///home/reader/lens.db"


def test_every_setting_has_a_row_with_words_for_it():
    rows = setting_rows()
    assert {item.name for item in rows} == {
        f"SECOND_LOOK_{name.upper()}" for name in config.Settings.model_fields
    }
    assert all(len(item.description) > 10 for item in rows)


def test_tests_write_into_a_home_of_their_own():
    assert settings().home != Path.home() / ".second_look"
    assert settings().home.name.startswith("second-look-test-")
