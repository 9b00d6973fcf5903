"""A version on disk: found, refused when damaged, written once (faults 45 to 47)."""

import json
import os
import threading
from pathlib import Path

import pytest

from core.errors import ModelMissingError, ModelVersionError
from core.inference.manifest import MANIFEST
from core.inference.package import (
    REQUIRED_FILES,
    find_version,
    list_versions,
    read_version,
    verify,
)
from core.inference.writer import set_champion, write_version
from core.tasks import load_task
from tests.small_version import version_files, write_small_version


@pytest.fixture(scope="module")
def files():
    return version_files(load_task("kidney_ct"))


@pytest.fixture
def version(tmp_path, files, use_settings):
    use_settings(models=tmp_path)
    folder = write_version(tmp_path / "kidney_ct", "small-1", files=files)
    set_champion(tmp_path / "kidney_ct", "small-1")
    return read_version(folder)


def problem_with(version):
    with pytest.raises(ModelVersionError) as caught:
        verify(version)
    return caught.value.problem


@pytest.mark.parametrize("name", REQUIRED_FILES)
def test_a_missing_file_is_called_missing(version, name):
    (version.path / name).unlink()
    assert f"{name} of model version small-1 is missing" in problem_with(version)


@pytest.mark.parametrize("name", REQUIRED_FILES)
def test_a_zero_byte_file_is_called_empty(version, name):
    (version.path / name).write_bytes(b"")
    assert f"{name} of model version small-1 is empty" in problem_with(version)


@pytest.mark.parametrize("name", REQUIRED_FILES)
def test_a_truncated_file_is_called_cut_short(version, name):
    content = (version.path / name).read_bytes()
    (version.path / name).write_bytes(content[: len(content) // 2])
    assert f"is cut short: {len(content) // 2} of {len(content)} bytes" in problem_with(version)


@pytest.mark.parametrize("name", REQUIRED_FILES)
def test_a_file_with_one_flipped_bit_is_called_changed(version, name):
    content = bytearray((version.path / name).read_bytes())
    content[len(content) // 2] ^= 1
    (version.path / name).write_bytes(bytes(content))
    assert f"{name} of model version small-1 was changed" in problem_with(version)


def test_a_right_file_with_a_wrong_hash_in_the_manifest_is_refused(version):
    manifest = json.loads((version.path / MANIFEST).read_text())
    manifest["files"]["engine.bin"]["sha256"] = "0" * 64
    (version.path / MANIFEST).write_text(json.dumps(manifest))
    assert "engine.bin" in problem_with(read_version(version.path))


def test_a_manifest_that_changed_after_the_version_was_found_is_refused(version):
    path = version.path / MANIFEST
    path.write_text(path.read_text() + "\n")
    assert "manifest of model version small-1 was changed" in problem_with(version)


@pytest.mark.parametrize("name", ["../champion", "/etc/passwd", "a/../../b", "C:\\x", ""])
def test_a_manifest_that_leaves_the_folder_is_refused(version, name):
    manifest = json.loads((version.path / MANIFEST).read_text())
    manifest["files"][name] = manifest["files"].pop("gate.npz")
    (version.path / MANIFEST).write_text(json.dumps(manifest))
    with pytest.raises(ModelVersionError, match="outside its folder"):
        read_version(version.path)


def test_a_link_in_place_of_a_file_is_refused(version, tmp_path):
    (tmp_path / "elsewhere").write_bytes((version.path / "gate.npz").read_bytes())
    (version.path / "gate.npz").unlink()
    (version.path / "gate.npz").symlink_to(tmp_path / "elsewhere")
    assert "gate.npz of model version small-1 is missing" in problem_with(version)


def test_the_digest_changes_with_any_file(version, tmp_path, files):
    changed = files | {"model.keras": b"another"}
    other = read_version(write_version(tmp_path / "b" / "kidney_ct", "small-1", files=changed))
    assert other.digest != version.digest


def test_the_champion_answers_by_default_and_a_named_version_instead(version, tmp_path):
    write_small_version(tmp_path, version="small-2")
    set_champion(tmp_path / "kidney_ct", "small-1")
    assert find_version("kidney_ct").name == "small-1"
    assert find_version("kidney_ct", "small-2").name == "small-2"
    assert [item.name for item in list_versions()] == ["small-1", "small-2"]


def test_without_any_version_the_sentence_says_how_to_get_one(tmp_path, use_settings):
    use_settings(models=tmp_path)
    with pytest.raises(ModelMissingError, match="python -m core train --task kidney_ct"):
        find_version("kidney_ct")


@pytest.mark.parametrize("name", ["nothing", "../kidney_ct/small-1", ".", "small-1/"])
def test_a_version_that_is_not_there_is_refused_with_those_that_are(version, name):
    with pytest.raises(ModelMissingError, match="Installed: small-1"):
        find_version("kidney_ct", name)


def test_a_champion_that_is_not_installed_is_refused(version, tmp_path):
    (tmp_path / "kidney_ct" / "champion").write_text("gone\n")
    with pytest.raises(ModelMissingError, match="'gone'"):
        find_version("kidney_ct")


def test_several_versions_without_a_champion_ask_for_a_name(version, tmp_path):
    write_small_version(tmp_path, version="small-2")
    (tmp_path / "kidney_ct" / "champion").unlink()
    with pytest.raises(ModelVersionError, match="no champion among"):
        find_version("kidney_ct")


def test_a_renamed_folder_is_refused(version):
    moved = version.path.rename(version.path.parent / "other")
    with pytest.raises(ModelVersionError, match="holds the card of model version small-1"):
        read_version(moved)


def test_a_file_that_the_manifest_does_not_list_is_never_given_out(version):
    (version.path / "extra.npz").write_bytes(b"x")
    with pytest.raises(ModelVersionError, match=r"has no extra\.npz"):
        version.file("extra.npz")


def test_a_version_is_written_whole_with_folders_and_nothing_beside_it(tmp_path, files):
    run = {"evaluation/first/run.yaml": b"n: 1\n"}
    folder = write_version(tmp_path, "small-1", files=files | run)
    verify(read_version(folder))
    assert (folder / "evaluation/first/run.yaml").read_bytes() == b"n: 1\n"
    assert [path.name for path in tmp_path.iterdir()] == ["small-1"]


def test_a_version_never_changes_once_written(version, files):
    with pytest.raises(ModelVersionError, match="exists already and never changes"):
        write_version(version.path.parent, "small-1", files=files)
    verify(version)


def test_of_two_writers_at_once_exactly_one_wins(tmp_path, files):
    outcomes = []

    def write():
        try:
            outcomes.append(write_version(tmp_path, "small-1", files=files))
        except ModelVersionError as error:
            outcomes.append(error)

    threads = [threading.Thread(target=write) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(isinstance(outcome, Path) for outcome in outcomes) == 1
    assert os.listdir(tmp_path) == ["small-1"]


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"gate.npz": None}, "lacks gate.npz"),
        ({"../x": b"1"}, "cannot be a file"),
        ({"manifest.json": b"{}"}, "cannot be a file"),
        ({"gate.npz": b""}, "would be empty"),
    ],
)
def test_an_incomplete_or_stray_set_of_files_leaves_nothing_behind(
    tmp_path, files, change, sentence
):
    given = {name: content for name, content in (files | change).items() if content is not None}
    with pytest.raises(ModelVersionError, match=sentence):
        write_version(tmp_path, "small-1", files=given)
    assert not any(tmp_path.iterdir())


def test_the_card_must_carry_the_name_of_the_version(tmp_path, files):
    with pytest.raises(ModelVersionError, match="The card says version small-1"):
        write_version(tmp_path, "small-2", files=files)
    assert not any(tmp_path.iterdir())


@pytest.mark.parametrize("name", ["", ".hidden", "a/b", "a b", "x" * 65])
def test_a_name_that_is_no_plain_name_is_refused(tmp_path, files, name):
    with pytest.raises(ModelVersionError, match="cannot be the name"):
        write_version(tmp_path, name, files=files)


def test_only_a_version_that_exists_becomes_champion(version):
    with pytest.raises(ModelVersionError, match="does not exist"):
        set_champion(version.path.parent, "small-9")
