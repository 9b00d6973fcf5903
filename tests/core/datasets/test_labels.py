from __future__ import annotations

import pytest

from core.datasets.labels import label_map
from core.errors import DatasetError
from core.tasks import load_task


@pytest.mark.parametrize("label", ["tumor", "Tumor", " TUMOR ", "Tumour"])
def test_case_blanks_and_the_plain_language_name_do_not_matter(label):
    assert label_map(load_task("kidney_ct"), "kidney_ct").class_of(label) == "tumor"


@pytest.mark.parametrize("label", ["non_sclerotic", "Non-Sclerotic", "not sclerotic"])
def test_punctuation_does_not_matter(label):
    assert label_map(load_task("glomeruli"), None).class_of(label) == "non_sclerotic"


def test_a_source_with_a_map_leaves_out_what_the_map_does_not_have():
    labels = label_map(load_task("kidney_stone"), "kidney_ct")
    assert labels.class_of("Stone") == "stone"
    assert labels.class_of("cyst") is None


def test_a_folder_of_a_task_that_is_no_source_is_refused_naming_the_sources():
    with pytest.raises(DatasetError, match=r"'kidney_stone'.*'kidney_ct'") as error:
        label_map(load_task("kidney_ct"), "kidney_stone")
    assert error.value.column == "task"


def test_a_label_map_may_rename_the_labels_of_a_publisher():
    task = load_task("kidney_ct")
    source = task.sources[0].model_copy(update={"labels": {"CT-KIDNEY Cyst": "cyst"}})
    own = task.model_copy(update={"sources": (source,)})
    assert label_map(own, "kidney_ct").class_of("ct kidney cyst") == "cyst"
    assert label_map(own, "kidney_ct").class_of("cyst") is None


@pytest.mark.parametrize(
    ("name", "expected"),
    [("NORMAL", "healthy"), ("bacteria", "bacterial_pneumonia"), ("Viral", "viral_pneumonia")],
)
def test_published_names_of_a_class_are_known_by_alias(name, expected):
    assert label_map(load_task("chest_xray"), None).class_of(name) == expected
