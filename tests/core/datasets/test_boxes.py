"""Reading boxes.csv: what it gives, and what it says about the first wrong cell."""

from __future__ import annotations

import numpy as np
import pytest

from core.datasets.boxes import read_boxes
from core.errors import DatasetError

HEADER = "file,x_centre,y_centre,width,height\n"


def written(folder, text):
    (folder / "boxes.csv").write_text(HEADER + text, encoding="utf-8")
    return folder


def test_boxes_by_file_in_the_tables_order(tmp_path):
    boxes = read_boxes(written(tmp_path, "b.png,0.5,0.25,0.2,0.1\na.png,0,0,1,1\nb.png,1,1,0,0\n"))
    assert list(boxes) == ["b.png", "a.png"]
    np.testing.assert_allclose(boxes["b.png"], [[0.2, 0.4, 0.3, 0.6], [1, 1, 1, 1]])
    np.testing.assert_allclose(boxes["a.png"], [[0, 0, 0.5, 0.5]])


@pytest.mark.parametrize("cell", ["x", "nan", "1.5", "-0.1", ""])
def test_a_cell_that_is_no_fraction_is_told_with_its_place(tmp_path, cell):
    folder = written(tmp_path, f"a.png,0.5,0.5,0.1,0.1\na.png,0.5,{cell},0.1,0.1\n")
    with pytest.raises(DatasetError, match="not a fraction") as caught:
        read_boxes(folder)
    assert (caught.value.row, caught.value.column) == (3, "y_centre")


@pytest.mark.parametrize("file", ["../a.png", "/etc/passwd"])
def test_a_file_outside_the_folder_is_refused(tmp_path, file):
    with pytest.raises(DatasetError, match="outside the folder"):
        read_boxes(written(tmp_path, f"{file},0.5,0.5,0.1,0.1\n"))


def test_a_missing_table_says_what_to_do(tmp_path):
    with pytest.raises(DatasetError, match=r"boxes\.csv cannot be read"):
        read_boxes(tmp_path)


@pytest.mark.needs_data
def test_the_published_boxes(data_root):
    boxes = read_boxes(data_root / "stone_boxes")
    assert len(boxes) == 479
    assert all((box[:, :2] < box[:, 2:]).all() for box in boxes.values())
