"""What each layout finds, and what is told where it cannot."""

from __future__ import annotations

import pytest

from core.datasets.importing.found import ClassNames
from core.datasets.importing.layouts import LAYOUTS, choose_layout
from core.datasets.importing.patients import patient_of
from core.datasets.importing.scan import scan_folder
from core.errors import DatasetError
from core.tasks import load_task
from tests.core.datasets.published_sets import (
    biopsies,
    chest_set,
    glomeruli_set,
    kidney_set,
    put,
)


def found_in(root, task, *, layout="auto", **given):
    spec = choose_layout(scan_folder(root), layout)
    return spec.key, spec.read(scan_folder(root), ClassNames(load_task(task), given))


def test_class_folders_are_found_however_deep_the_archive_nests(tmp_path):
    layout, found = found_in(kidney_set(tmp_path), "kidney_ct")
    assert layout == "class_folders"
    assert len(found.pictures) == 24
    assert found.pictures[0].file == "CT-KIDNEY/CT-KIDNEY/Cyst/Cyst- (1).jpg"
    assert {item.name for item in found.pictures} == {"Cyst", "Normal", "Stone", "Tumor"}


def test_names_with_patients_say_the_class_where_the_folder_does_not(tmp_path):
    layout, found = found_in(chest_set(tmp_path), "chest_xray")
    assert layout == "patient_names"
    told = {item.file: (item.name, item.split) for item in found.pictures}
    assert told["train/PNEUMONIA/person12_bacteria_34.jpeg"] == ("bacteria", "train")
    assert told["test/PNEUMONIA/person12_virus_80.jpeg"] == ("virus", "test")
    assert told["val/NORMAL/IM-0116-0001.jpeg"] == ("NORMAL", "validation")


@pytest.mark.parametrize("path", ["train/Stone/a.png", "Stone/training/a.png"])
def test_published_parts_are_found_above_and_below_the_classes(tmp_path, path):
    put(tmp_path, path, scene=1)
    layout, found = found_in(tmp_path, "kidney_ct")
    assert (layout, found.pictures[0].name, found.pictures[0].split) == (
        "split_folders",
        "Stone",
        "train",
    )


def test_a_table_names_the_pictures_and_what_is_missing(tmp_path):
    rows = biopsies(4)
    root = glomeruli_set(tmp_path, rows)
    (root / "a_images" / rows[2][0]).unlink()
    put(root, "b_images/another.png", scene=77)
    layout, found = found_in(root, "glomeruli")
    assert layout == "names_table"
    assert found.missing == (rows[2][0],)
    assert found.unlisted == ("b_images/another.png",)
    assert [item.name for item in found.pictures[:3]] == [
        "non_sclerotic",
        "non_sclerotic",
        "sclerotic",
    ]


def test_names_of_a_table_match_whatever_case_and_coding(tmp_path):
    put(tmp_path, "a/U\u0308BER.PNG", scene=1)
    (tmp_path / "public.csv").write_text("name, ground truth\n\u00fcber.png,1\n", encoding="utf-8")
    assert found_in(tmp_path, "glomeruli")[1].pictures[0].name == "sclerotic"


def test_hidden_files_links_and_other_files_are_passed_over_and_told(tmp_path):
    root = kidney_set(tmp_path / "set")
    put(root, ".thumbs/Cyst/a.jpg", scene=1)
    put(root, "__MACOSX/Cyst/._a.jpg", scene=1)
    put(root, "CT-KIDNEY/CT-KIDNEY/Cyst/.hidden.jpg", scene=1)
    (root / "CT-KIDNEY/loop").symlink_to(root, target_is_directory=True)
    (root / "CT-KIDNEY/CT-KIDNEY/Cyst/self.jpg").symlink_to("self.jpg")
    (root / "empty").mkdir()
    (root / "read.me").write_text("x")
    (root / "notes").write_text("x")
    scan = scan_folder(root)
    assert len(scan.pictures) == 25  # the link to itself is told by whoever opens it
    assert scan.linked == ("CT-KIDNEY/loop",)
    assert scan.empty == ("empty",)
    assert scan.others == {".me": 1, "": 1}
    told = " ".join(scan.notes)
    assert "Empty folders: empty." in told
    assert "not followed: CT-KIDNEY/loop" in told


def test_capital_endings_spaces_and_other_letters_are_fine(tmp_path):
    put(tmp_path, "Tumor/Größe (1) é.JPG", scene=1)
    put(tmp_path, "Tumor/b c.Jpeg", scene=2)
    assert len(found_in(tmp_path, "kidney_ct")[1].pictures) == 2


@pytest.mark.parametrize(
    ("file", "group"),
    [
        ("person1_bacteria_1.jpeg", "person1"),
        ("test/x/person1_virus_6.jpeg", "person1"),
        ("IM-0115-0001.jpeg", "IM-0115"),
        ("NORMAL2-IM-1427-0001.jpeg", "IM-1427"),
        ("IM-0500-0001-0002.jpeg", "IM-0500"),
        ("18-142_PAS_6of6_64552732435c92704a3d37ca.png", "18-142"),
        ("Cyst- (12).jpg", None),
        ("personal_bacteria.jpg", None),
        ("stone_0001.jpg", None),
    ],
)
def test_groups_come_from_names_only_where_these_carry_a_patient(file, group):
    assert patient_of(file) == group


@pytest.mark.needs_data
def test_every_name_of_the_published_table_carries_its_biopsy(data_root):
    lines = (data_root / "glomeruli/public.csv").read_text().splitlines()[1:]
    names = [line.split(",")[0] for line in lines]
    expected = [name.split("_PAS_")[0] for name in names]
    assert [patient_of(name) for name in names] == expected
    assert len(set(expected)) == 215


def test_a_given_name_wins_and_may_leave_out(tmp_path):
    names = ClassNames(load_task("chest_xray"), {"Pneumonia": "viral_pneumonia", "masks": "-"})
    assert names.class_of("PNEUMONIA") == "viral_pneumonia"
    assert names.knows("masks")
    assert names.class_of("masks") is None
    assert names.class_of("normal") == "healthy"
    with pytest.raises(DatasetError, match=r"'sick'.*no class of chest_xray"):
        ClassNames(load_task("chest_xray"), {"x": "sick"})


def test_unknown_names_are_told_at_once_with_their_counts():
    names = ClassNames(load_task("kidney_ct"))
    with pytest.raises(
        DatasetError, match=r"'Cystt' \(2 pictures\), 'masks' \(1 picture\)"
    ) as told:
        names.refuse_unknown(["Cystt", "Cystt", "masks", "Stone"])
    assert told.value.remedy == (
        "Leave it out (--label 'Cystt=-'), rename it, or say which class it is "
        "(--label 'Cystt=CLASS'). Classes: cyst, normal, stone, tumor."
    )


def test_numbers_as_pandas_writes_them_are_the_same_labels(tmp_path):
    for scene, name in enumerate("abc"):
        put(tmp_path, f"images/{name}.png", scene=scene)
    (tmp_path / "public.csv").write_text("name,ground truth\na.png,1.0\nb.png,0.0\nc.png,1\n")
    found = found_in(tmp_path, "glomeruli", layout="names_table")[1]
    assert [item.name for item in found.pictures] == [
        "sclerotic", "non_sclerotic", "sclerotic",
    ]  # fmt: skip
    explained = {"0": "normal", "1": "stone"}
    found = found_in(tmp_path, "kidney_ct", layout="names_table", **explained)[1]
    assert [item.name for item in found.pictures] == ["1", "0", "1"]


@pytest.mark.parametrize(("sign", "word"), [(";", "semicolons"), ("\t", "tabs")])
def test_a_table_without_commas_is_told_what_separates_its_cells(tmp_path, sign, word):
    put(tmp_path, "images/a.png", scene=1)
    (tmp_path / "public.csv").write_text(f"name{sign}ground truth\na.png{sign}1\n")
    with pytest.raises(DatasetError, match=f"separated by {word}, not by commas") as caught:
        found_in(tmp_path, "glomeruli")
    assert caught.value.remedy == "Save it as CSV with commas between the cells."


CSV_FAULTS = {
    "a wrong second column": ("name,label\na.png,1\n", r"no column 'ground truth'", None),
    "a wrong first column": ("file,ground truth\na.png,1\n", r"no column 'name'", None),
    "another number": ("name,ground truth\na.png,2\n", r"'2' is no class", 2),
    "a number between": ("name,ground truth\na.png,0.5\n", r"'0\.5' is no class.*'0\.5=-'", 2),
    "a name twice": ("name,ground truth\na.png,1\nA.PNG,0\n", r"stands in row 2 already", 3),
    "an empty cell": ("name,ground truth\na.png,\n", "is empty", 2),
    "too few cells": ("name,ground truth\na.png\n", "1 cell, but", 2),
    "no rows": ("name,ground truth\n", "no rows", None),
    "none of the pictures": (
        "name,ground truth\nz.png,1\n",
        r"None of the pictures .*\(1 in all\)",
        None,
    ),
}


@pytest.mark.parametrize(("text", "told", "row"), CSV_FAULTS.values(), ids=CSV_FAULTS.keys())
def test_a_wrong_table_is_told_with_row_and_column(tmp_path, text, told, row):
    put(tmp_path, "images/a.png", scene=1)
    (tmp_path / "public.csv").write_text(text)
    with pytest.raises(DatasetError, match=told) as caught:
        found_in(tmp_path, "glomeruli", layout="names_table")
    assert caught.value.row == row


BROKEN = {
    "a row cut in the middle": (b"name,ground truth\na.png,1\nb.p", "1 cell, but", 3),
    "an open quote": (b'name,ground truth\n"a.png,1\nb.png,0\n', "not a CSV table", 3),
    "an open quote in the header": (b'name,"ground truth\na.png,1\n', "not a CSV table", 2),
    "bytes that are no UTF-8": (b"name,ground truth\nGr\xf6\xdfe.png,1\n", "not UTF-8", 2),
    "nothing": (b"", "is empty", None),
    "a header alone": (b"name,ground truth\n", "no rows", None),
    "semicolons": (b"name;ground truth\na.png;1\n", "no column 'name'", None),
    "another coding": ("name,ground truth\na.png,1\n".encode("utf-16"), "not UTF-8", 1),
}


@pytest.mark.parametrize(("content", "told", "row"), BROKEN.values(), ids=BROKEN.keys())
def test_a_broken_table_is_told_and_no_folder_passes_for_a_class(tmp_path, content, told, row):
    put(tmp_path, "images1/a.png", scene=1)
    put(tmp_path, "images2/b.png", scene=2)
    (tmp_path / "public.csv").write_bytes(content)
    with pytest.raises(DatasetError, match=told) as caught:
        found_in(tmp_path, "glomeruli")
    assert caught.value.row == row
    assert "--label" not in str(caught.value)


def test_a_table_about_something_else_stands_in_the_way_only_where_it_cannot_be_read(tmp_path):
    put(tmp_path, "Cyst/a.png", scene=1)
    (tmp_path / "sizes.csv").write_text("rows,columns\n1,2\n")
    (tmp_path / "Cyst" / "broken.csv").write_bytes(b"\xff")
    assert found_in(tmp_path, "kidney_ct")[0] == "class_folders"
    (tmp_path / "notes.csv").write_bytes(b"Gr\xf6\xdfe,mm\n1,2\n")
    with pytest.raises(DatasetError, match=r"notes\.csv, row 1.*--layout class_folders"):
        found_in(tmp_path, "kidney_ct")
    assert found_in(tmp_path, "kidney_ct", layout="class_folders")[0] == "class_folders"
    (tmp_path / "public.csv").write_text("name,ground truth\na.png,cyst\n")
    assert found_in(tmp_path, "kidney_ct")[1].pictures[0].name == "cyst"


def test_a_picture_in_two_folders_and_two_tables_are_refused(tmp_path):
    put(tmp_path, "a/x.png", scene=1)
    put(tmp_path, "b/x.png", scene=2)
    (tmp_path / "public.csv").write_text("name,ground truth\nx.png,1\n")
    with pytest.raises(DatasetError, match=r"in 2 folders: a/x\.png, b/x\.png"):
        found_in(tmp_path, "glomeruli")
    (tmp_path / "more.csv").write_text("name,ground truth\nx.png,1\n")
    with pytest.raises(DatasetError, match="holds 2 tables"):
        found_in(tmp_path, "glomeruli")


def test_numbers_say_nothing_in_a_task_of_four_classes(tmp_path):
    put(tmp_path, "a/x.png", scene=1)
    (tmp_path / "public.csv").write_text("name,ground truth\nx.png,1\n")
    with pytest.raises(DatasetError, match=r"'1' is no class of kidney_ct"):
        found_in(tmp_path, "kidney_ct")
    assert found_in(tmp_path, "kidney_ct", **{"1": "stone"})[1].pictures[0].name == "1"


@pytest.mark.parametrize(
    ("layout", "told"),
    [
        ("split_folders", "In no train, val or test folder: 24 pictures"),
        ("patient_names", "No name of a picture"),
        ("names_table", "holds 0 tables"),
        ("by_magic", r"no layout 'by_magic'"),
    ],
)
def test_a_layout_that_does_not_fit_says_why(tmp_path, layout, told):
    with pytest.raises(DatasetError, match=told):
        found_in(kidney_set(tmp_path), "kidney_ct", layout=layout)


def test_folder_and_name_that_disagree_are_refused(tmp_path):
    put(tmp_path, "viral_pneumonia/person3_bacteria_1.jpeg", scene=1)
    with pytest.raises(DatasetError, match=r"folder of viral_pneumonia, but its name says bact"):
        found_in(tmp_path, "chest_xray")


def test_pictures_outside_any_folder_and_empty_folders_are_refused(tmp_path):
    with pytest.raises(DatasetError, match="holds no picture"):
        scan_folder(tmp_path)
    with pytest.raises(DatasetError, match="is not a folder"):
        scan_folder(tmp_path / "gone")
    put(tmp_path, "a.png", scene=1)
    with pytest.raises(DatasetError, match=r"In no class folder: 1 picture \(a\.png\)"):
        found_in(tmp_path, "kidney_ct")
    with pytest.raises(DatasetError, match="Neither a folder nor its name"):
        put(tmp_path, "IM-0001-0001.png", scene=2)
        found_in(tmp_path, "chest_xray", layout="patient_names")


def test_the_table_of_layouts_is_keyed_as_it_says():
    assert list(LAYOUTS) == [spec.key for spec in LAYOUTS.values()]
