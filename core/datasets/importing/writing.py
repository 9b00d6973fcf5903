"""Write an imported folder: table, description and pictures appear together or not at all."""

from __future__ import annotations

import csv
import io
import os
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import yaml

from core.datasets.description import FILE_NAME
from core.datasets.manifest import LABELS_FILE
from core.errors import DatasetError

Pictures = Literal["link", "copy"]
Placed = Literal["in place", "linked", "copied"]


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table; ``file`` is relative to the source."""

    file: str
    label: str
    group: str
    published_split: str | None = None


def is_in_place(source: Path, out: Path) -> bool:
    """Whether the tables lie beside or above the pictures, so that none has to move."""
    return source.resolve().is_relative_to(out.resolve())


def check_target(source: Path, out: Path) -> None:
    """Refuse a target that cannot be written, before any picture is read.

    Raises
    ------
    DatasetError
        If it holds something already, is a file, or lies inside the source.
    """
    if is_in_place(source, out):
        check_name(source.resolve().relative_to(out.resolve()).as_posix())
        for name in (FILE_NAME, LABELS_FILE):
            if (out / name).exists():
                raise DatasetError(
                    f"{out} holds {name} already.",
                    remedy="It is a data folder: use it as it is, or give another --out.",
                )
        return
    if out.resolve().is_relative_to(source.resolve()):
        raise DatasetError(
            f"{out} lies inside the folder that is imported.",
            remedy="Give --out beside it, or the folder itself to leave the pictures in place.",
        )
    if out.is_symlink() or (out.exists() and (not out.is_dir() or any(out.iterdir()))):
        raise DatasetError(
            f"{out} exists already and is not an empty folder.", remedy="Give another --out."
        )


def check_name(file: str) -> None:
    """Refuse a name that a table cannot hold as it is.

    Raises
    ------
    DatasetError
        For control characters, backslashes, blanks at an end, a colon in the first part, bytes that
        are not UTF-8.
    """
    first = file.partition("/")[0]
    faults = {
        "bytes that are not UTF-8": any("\ud800" <= sign <= "\udfff" for sign in file),
        "a control character": any(ord(sign) < 32 for sign in file),
        "a backslash": "\\" in file,
        "a blank at its beginning or end": file != file.strip(),
        "a colon in its first part": ":" in first,
    }
    for fault, is_so in faults.items():
        if is_so:
            shown = file.encode("utf-8", "backslashreplace").decode()
            raise DatasetError(
                f"The name {shown!r} has {fault}.", remedy="Rename it, then import again."
            )


def write_folder(
    rows: Sequence[Row],
    description: Mapping[str, Any],
    *,
    source: Path,
    out: Path,
    pictures: Pictures,
) -> Placed:
    """Write the data folder.

    Where ``out`` is the source or above it, only the two files are written and pictures stay where
    they are. Otherwise the pictures are hard links, which need no room, or copies: where links
    cannot be made (another disk, no right), they are copied.

    Raises
    ------
    DatasetError
        If something cannot be written; nothing is left behind then.
    """
    try:
        if is_in_place(source, out):
            _write_in_place(rows, description, source=source, out=out)
            return "in place"
        return _write_aside(rows, description, source=source, out=out, pictures=pictures)
    except OSError as error:
        raise DatasetError(
            f"{out} cannot be written: {error.strerror}.",
            remedy="Give a folder with room that you may write to; nothing was left behind.",
        ) from None


def _write_in_place(
    rows: Sequence[Row], description: Mapping[str, Any], *, source: Path, out: Path
) -> None:
    below = source.resolve().relative_to(out.resolve()).as_posix()
    prefix = "" if below == "." else f"{below}/"
    # The description first: a table alone would be read, without saying how groups were told.
    content = {FILE_NAME: _yaml(description), LABELS_FILE: _csv(rows, prefix)}
    parts = {name: out / f".{name}.{os.getpid()}.part" for name in content}
    try:
        for name, part in parts.items():
            part.write_bytes(content[name])
        for name, part in parts.items():
            part.replace(out / name)
    finally:
        for part in parts.values():
            part.unlink(missing_ok=True)


def _write_aside(
    rows: Sequence[Row],
    description: Mapping[str, Any],
    *,
    source: Path,
    out: Path,
    pictures: Pictures,
) -> Placed:
    out.parent.mkdir(parents=True, exist_ok=True)
    part = out.with_name(f".{out.name}.{os.getpid()}.part")
    may_link = pictures == "link"
    try:
        for row in rows:
            target = part / row.file
            target.parent.mkdir(parents=True, exist_ok=True)
            may_link = _place(source / row.file, target, link=may_link)
        (part / LABELS_FILE).write_bytes(_csv(rows, ""))
        (part / FILE_NAME).write_bytes(_yaml(description))
        part.rename(out)
    finally:
        shutil.rmtree(part, ignore_errors=True)
    return "linked" if may_link else "copied"


def _place(picture: Path, target: Path, *, link: bool) -> bool:
    """Link or copy one picture; return whether links still work."""
    if link:
        try:
            os.link(picture.resolve(), target)
            return True
        except OSError:
            pass  # another disk, a file of somebody else, a file system without links
    shutil.copyfile(picture, target)
    return False


def _csv(rows: Sequence[Row], prefix: str) -> bytes:
    has_split = any(row.published_split for row in rows)
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["file", "label", "group", *(["published_split"] if has_split else [])])
    for row in rows:
        split = [row.published_split or "none"] if has_split else []
        writer.writerow([prefix + row.file, row.label, row.group, *split])
    return text.getvalue().encode("utf-8")


def _yaml(description: Mapping[str, Any]) -> bytes:
    text = yaml.safe_dump(dict(description), sort_keys=False, allow_unicode=True, width=100)
    return text.encode("utf-8")
