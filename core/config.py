"""Settings, read once from the environment (prefix ``SECOND_LOOK_``) and an optional ``.env``.

An unknown ``SECOND_LOOK_`` key refuses to start: a misspelt key must not pass for an unset one.
"""

from __future__ import annotations

import functools
import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dotenv import dotenv_values
from pydantic import Field, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from core.errors import SettingsError

PREFIX = "SECOND_LOOK_"
ROOT = Path(__file__).resolve().parent.parent
ENV_FILE = ROOT / ".env"


class Settings(BaseSettings):
    """Every setting of the product; ``python -m core settings`` lists them with their source."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX, env_ignore_empty=True, extra="forbid", frozen=True
    )

    data_root: Path | None = Field(None, description="Folder that holds the picture folders.")
    backbones: Path | None = Field(
        None, description="Folder with ImageNet backbone weights; Keras's own download otherwise."
    )
    models: Path = Field(ROOT / "models", description="Folder of model versions.")
    home: Path = Field(
        Path.home() / ".second_look",
        description="Everything the product writes: runs, tracking, database, pictures, logs.",
    )
    database_url: str | None = Field(
        None, description="SQLAlchemy URL of the database; SQLite inside the home otherwise."
    )
    tasks: Path | None = Field(None, description="Folder with task files (YAML) of your own.")
    experiments: Path | None = Field(
        None, description="Folder with experiment files (YAML) of your own."
    )
    mlflow_tracking_uri: str | None = Field(
        None, description="MLflow tracking server; SQLite inside the home otherwise."
    )
    training_runs: int = Field(
        1, ge=1, le=64, description="Most training runs at the same time; another start is refused."
    )
    max_upload_mb: int = Field(50, ge=1, le=2048, description="Largest file read, in megabytes.")
    max_megapixels: int = Field(
        50, ge=1, le=1000, description="Largest picture decoded, in millions of pixels."
    )
    max_series_mb: int = Field(
        1024,
        ge=1,
        le=65536,
        description="Largest series read from a zip, in megabytes, packed and unpacked. A browser "
        "sends at most 500 (`server.maxUploadSize` of Streamlit).",
    )
    max_series_files: int = Field(
        5000, ge=1, le=100_000, description="Most files, and frames in them, read as a series."
    )
    max_zip_ratio: int = Field(
        200,
        ge=2,
        le=1032,
        description="Most times a file in a zip may grow when unpacked, where it is above 8 MB.",
    )
    second_read_share: float | None = Field(
        None,
        ge=0,
        le=1,
        description="Share of cases that a second reader reads blind, beside those where reader "
        "and model differ; no second reads where it is not set.",
    )
    read_first: bool = Field(
        False,
        description="Whether a reader's verdict is recorded before the model's answer is shown, "
        "and then once more with it.",
    )
    login: str = Field(
        "local",
        pattern="^(local|oidc)$",
        description="local: single-user, on this machine alone; oidc: people log in, with roles.",
    )
    login_claim: str = Field(
        "email",
        pattern="^[a-z_]{1,40}$",
        description="Claim of the identity provider that names a person; email must be verified.",
    )
    inference_threads: int = Field(
        0, ge=0, le=256, description="Threads of the inference engine; 0 lets the engine choose."
    )
    log_level: str = Field(
        "INFO",
        pattern="^(DEBUG|INFO|WARNING|ERROR)$",
        description="Least severe message that is logged: DEBUG, INFO, WARNING or ERROR.",
    )

    @property
    def tracking_uri(self) -> str:
        """Where training runs are tracked: the server, or SQLite inside the home."""
        return self.mlflow_tracking_uri or f"sqlite:///{self.home / 'mlflow.db'}"


@dataclass(frozen=True, slots=True)
class SettingRow:
    """One line of ``python -m core settings``."""

    name: str
    value: str | None
    source: str
    description: str


def _given() -> dict[str, tuple[str, str]]:
    """Return every ``SECOND_LOOK_`` key that is set, as key -> (value, where it came from)."""
    given: dict[str, tuple[str, str]] = {}
    if ENV_FILE.is_file():
        for key, value in dotenv_values(ENV_FILE).items():
            if key.upper().startswith(PREFIX) and value is not None:
                given[key.upper()] = (value, ".env")
    for key, value in os.environ.items():
        if key.upper().startswith(PREFIX):
            given[key.upper()] = (value, "environment")
    return given


def _refuse_unknown(given: dict[str, tuple[str, str]]) -> None:
    known = {PREFIX + name.upper() for name in Settings.model_fields}
    for key, (_, source) in sorted(given.items()):
        if key not in known:
            raise SettingsError(
                f"Unknown setting {key} (from {source}).",
                remedy=f"Known settings: {', '.join(sorted(known))}.",
                column=key,
            )


@functools.cache
def settings() -> Settings:
    """Return the settings of this process; the first call reads them.

    Raises
    ------
    SettingsError
        If a key is unknown or a value cannot be used.
    """
    given = _given()
    _refuse_unknown(given)
    # An empty value means "not set": it is what a shell leaves behind for an unset variable.
    values: dict[str, Any] = {
        key.removeprefix(PREFIX).lower(): value for key, (value, _) in given.items() if value
    }
    try:
        return Settings(**values)
    except ValidationError as error:
        first = error.errors()[0]
        key = PREFIX + str(first["loc"][0]).upper()
        raise SettingsError(
            f"{key} is {given.get(key, ('?', ''))[0]!r}: {first['msg']}.",
            remedy="Correct the value or unset it; `python -m core settings` lists them all.",
            column=key,
        ) from None


def check_folders() -> None:
    """Refuse a setting that names a folder which does not exist, and a home that is a file.

    Raises
    ------
    SettingsError
        A misspelt data root must not pass for an empty one.
    """
    for name in ("data_root", "backbones", "tasks", "experiments"):
        folder = getattr(settings(), name)
        if folder is not None and not folder.is_dir():
            key = PREFIX + name.upper()
            raise SettingsError(
                f"{key} names a folder that does not exist: {folder}.",
                remedy="Correct the path, create the folder or unset the setting.",
                column=key,
            )
    home = settings().home
    if os.path.isfile(home):  # Path.is_file raises where a folder above cannot be entered
        raise SettingsError(
            f"{PREFIX}HOME names a file: {home}.",
            remedy="Name a folder, which is made where it is missing, or unset the setting.",
            column=PREFIX + "HOME",
        )


def masked(address: str) -> str:
    """Return an address without its password.

    >>> masked("postgresql://reader:s3cret@db/lens?password=x")
    'postgresql://reader:***@db/lens?password=***'
    """
    hidden = re.sub(r"://([^:@/]*):.*@", r"://\1:***@", address)
    return re.sub(r"(?i)([?&](?:password|passwd|pwd|token|secret)=)[^&]*", r"\1***", hidden)


def setting_rows() -> list[SettingRow]:
    """Return every setting with its value, passwords masked, and where the value came from."""
    current, given, rows = settings(), _given(), []
    for name, field in Settings.model_fields.items():
        key = PREFIX + name.upper()
        value = getattr(current, name)
        source = given[key][1] if given.get(key, ("", ""))[0] else "default"
        text = None if value is None else masked(str(value))
        rows.append(SettingRow(key, text, source, field.description or ""))
    return rows
