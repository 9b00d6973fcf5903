"""Files, a folder, a zip or uploads become the same stack; what stands beside others is refused."""

import subprocess
import sys

import pytest

from core.config import ROOT
from core.errors import ArgumentError, IntakeError
from core.workflows.series import open_series, open_uploads, steps_of_series
from tests.core.intake.files import encoded, picture
from tests.core.intake.stack_files import axial, zipped

FILES = axial(4)
NUMBERS = [1, 2, 3, 4]


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "scan").mkdir()
    for name, data in FILES.items():
        (tmp_path / name).write_bytes(data)
    (tmp_path / "scan.zip").write_bytes(zipped(FILES))
    return tmp_path


def numbers(stacks):
    (stack,) = stacks
    return [item.instance_number for item in stack.slices]


def test_files_a_folder_and_a_zip_are_the_same_stack(folder):
    files = sorted((folder / "scan").iterdir())
    assert numbers(open_series(files)) == NUMBERS
    assert numbers(open_series(files[::-1])) == NUMBERS
    assert numbers(open_series([folder / "scan"])) == NUMBERS
    assert numbers(open_series([folder / "scan.zip"])) == NUMBERS
    assert numbers(open_uploads(list(FILES.items()))) == NUMBERS
    assert numbers(open_uploads([("scan.zip", zipped(FILES))])) == NUMBERS


def test_slices_are_named_as_their_files_were_given(folder):
    (from_folder,) = open_series([folder / "scan"])
    assert from_folder.slices[0].name == str(folder / "scan" / "IM0004")
    (from_zip,) = open_series([str(folder / "scan.zip")])
    assert from_zip.slices[0].name == "scan/IM0004"


@pytest.mark.parametrize("what", ["scan", "scan.zip"])
def test_a_folder_or_zip_beside_other_things_is_a_wrong_call(folder, what):
    with pytest.raises(ArgumentError, match="together with 1 more"):
        open_series([folder / what, folder / "scan" / "IM0001"])


def test_a_zip_uploaded_with_other_files_and_one_name_twice_are_wrong_calls():
    with pytest.raises(ArgumentError, match="together with 1 more"):
        open_uploads([("a.zip", zipped(FILES)), ("b.png", encoded(picture()))])
    with pytest.raises(ArgumentError, match="same name"):
        open_uploads([("a.png", encoded(picture())), ("a.png", encoded(picture(seed=1)))])


def test_a_named_file_that_is_missing_is_a_slice_that_says_so(folder):
    (stack,) = open_series([folder / "scan" / "IM0001", folder / "gone.dcm"])
    assert stack.slices[-1].problem.startswith("There is no such file.")


@pytest.mark.parametrize("name", ["a" * 5000, "a\0b", "scan/IM0001/deeper"])
def test_an_impossible_path_is_a_slice_that_says_so(folder, name):
    (stack,) = open_series([str(folder / name)])
    assert stack.slices[0].problem


def test_a_named_file_that_is_no_picture_is_a_slice_that_says_so(folder):
    (folder / "a.txt").write_text("hello")
    (stack,) = open_series([folder / "scan" / "IM0001", folder / "a.txt"])
    assert "plain text" in stack.slices[-1].problem


def test_an_empty_zip_holds_no_picture(folder):
    (folder / "empty.zip").write_bytes(zipped({}))
    with pytest.raises(IntakeError, match="no picture"):
        open_series([folder / "empty.zip"])


@pytest.mark.parametrize("given", ["scan", "scan.zip"])
def test_the_dataset_yaml_beside_decides_what_the_slices_carry(folder, given):
    (folder / "dataset.yaml").write_text(
        "task: kidney_ct\nname: drawn\nalready_applied: [clahe_lab_4_8x8]\n"
    )
    paths = [folder / given]
    (stack,) = open_series(paths)
    assert steps_of_series(stack, paths, None) == ("clahe_lab_4_8x8",)
    assert steps_of_series(stack, paths, ()) == ()


def test_folders_that_say_different_things_are_refused(tmp_path):
    for name, steps in (("a", "[]"), ("b", "[clahe_lab_4_8x8]")):
        (tmp_path / name).mkdir()
        (tmp_path / name / "1.png").write_bytes(encoded(picture()))
        (tmp_path / name / "dataset.yaml").write_text(
            f"task: kidney_ct\nalready_applied: {steps}\n"
        )
    paths = [tmp_path / "a/1.png", tmp_path / "b/1.png"]
    (stack,) = open_series(paths)
    with pytest.raises(ArgumentError, match="different steps"):
        steps_of_series(stack, paths, None)


def test_a_stack_of_pictures_without_tags_needs_no_pydicom(tmp_path):
    (tmp_path / "a.png").write_bytes(encoded(picture()))
    code = (
        "import sys; from core.workflows.series import open_series; "
        "(stack,) = open_series(sys.argv[1:]); stack.image(0); print('pydicom' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path)],
        cwd=ROOT, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert done.stdout.strip() == "False"
