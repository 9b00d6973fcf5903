from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from core.datasets import CHECKS, Severity, Split, Survey, make_split, run_checks
from tests.core.datasets.folder import kidney_groups, manifest_of


def finding(code, manifest, **more):
    return {item.code: item for item in run_checks(manifest, **more)}[code]


def survey(manifest, *, sizes=(224, 224), digests=None):
    n = len(manifest)
    return Survey(
        thumbnails=np.zeros((n, 40, 40), np.uint8),
        sizes=np.broadcast_to(np.array(sizes), (n, 2)),
        digests=tuple(digests or (f"d{row}" for row in range(n))),
    )


@pytest.fixture
def manifest():
    return manifest_of(kidney_groups(20))


def test_codes_are_stable_and_in_order():
    assert [check.code for check in CHECKS] == [f"SL00{n}" for n in range(1, 9)]


def test_every_check_answers_in_one_sentence(manifest):
    for item in run_checks(manifest, split=make_split(manifest, seed=0), survey=survey(manifest)):
        assert item.message.endswith(".")
        assert item.severity in (Severity.PASS, Severity.WARN)


@pytest.mark.parametrize("code", ["SL001", "SL004", "SL005", "SL008"])
def test_what_was_not_given_cannot_be_checked(manifest, code):
    assert finding(code, manifest).severity is Severity.NOT_APPLICABLE


def test_a_group_leak_blocks(manifest):
    parts = np.array(["train", "test"])[np.arange(len(manifest)) % 2]
    split = Split(tuple(manifest.frame["file"]), parts)
    found = finding("SL001", manifest, split=split)
    assert found.severity is Severity.BLOCK
    assert "cyst00" in found.message


def test_a_leak_cannot_be_seen_without_groups(manifest):
    alone = manifest.with_groups(manifest.frame["file"].to_numpy(str), source="none")
    found = finding("SL001", alone, split=make_split(alone, seed=0))
    assert found.severity is Severity.NOT_APPLICABLE
    assert finding("SL006", alone).severity is Severity.NOT_APPLICABLE
    assert finding("SL007", alone).severity is Severity.WARN


def test_imbalance_warns_with_the_ratio():
    uneven = manifest_of({"a": ("cyst", 40), "b": ("stone", 10)})
    assert finding("SL002", uneven).severity is Severity.WARN
    assert "4.0 to 1" in finding("SL002", uneven).message
    even = manifest_of({"a": ("cyst", 10), "b": ("stone", 10)})
    assert finding("SL002", even).severity is Severity.PASS


@pytest.mark.parametrize(
    ("n", "severity"), [(3, Severity.BLOCK), (5, Severity.WARN), (20, Severity.PASS)]
)
def test_classes_with_few_groups_are_told(n, severity):
    assert finding("SL003", manifest_of(kidney_groups(n))).severity is severity


def test_a_class_without_any_picture_blocks():
    found = finding("SL003", manifest_of({"a": ("cyst", 5)}))
    assert found.severity is Severity.BLOCK
    assert "tumor 0" in found.message


def test_mixed_sizes_warn_with_the_extremes(manifest):
    sizes = np.full((len(manifest), 2), 224)
    sizes[0], sizes[1] = (100, 90), (512, 512)
    found = finding("SL004", manifest, survey=survey(manifest, sizes=sizes))
    assert found.severity is Severity.WARN
    assert "3 sizes, from 100 x 90 to 512 x 512" in found.message


def test_unreadable_pictures_have_no_size(manifest):
    found = finding("SL004", manifest, survey=survey(manifest, sizes=(0, 0)))
    assert found.severity is Severity.NOT_APPLICABLE


def test_exact_duplicates_block_only_when_their_labels_differ():
    manifest = manifest_of({"a": ("cyst", 2), "b": ("stone", 1)})
    same = finding("SL005", manifest, survey=survey(manifest, digests=["x", "x", "y"]))
    assert same.severity is Severity.PASS
    assert "1 exact duplicates" in same.message
    other = finding("SL005", manifest, survey=survey(manifest, digests=["x", "y", "y"]))
    assert other.severity is Severity.BLOCK
    assert "a_0001.png, b_0000.png" in other.message


def test_unreadable_pictures_are_no_duplicates_of_each_other():
    manifest = manifest_of({"a": ("cyst", 1), "b": ("stone", 1)})
    found = finding("SL005", manifest, survey=survey(manifest, digests=["", ""]))
    assert found.severity is Severity.PASS


@pytest.mark.parametrize(
    ("task", "labels", "severity"),
    [
        ("kidney_ct", ("cyst", "stone"), Severity.WARN),
        ("glomeruli", ("sclerotic", "non_sclerotic"), Severity.PASS),
    ],
)
def test_a_case_with_two_labels_warns_and_a_slide_with_two_does_not(task, labels, severity):
    manifest = manifest_of({"a": (labels[0], 1), "b": (labels[1], 1)}, task=task)
    together = manifest.with_groups(np.array(["g", "g"]), source="column")
    assert finding("SL006", together).severity is severity
    assert "several labels: g." in finding("SL006", together).message


def test_found_groups_warn_with_the_number_that_stand_alone():
    manifest = manifest_of({"a": ("cyst", 3), "b": ("stone", 1)}, source="found")
    found = finding("SL007", manifest)
    assert found.severity is Severity.WARN
    assert "2 groups, 1 of them single" in found.message


def test_copies_with_two_group_numbers_warn_and_in_two_parts_block():
    manifest = manifest_of({"a": ("cyst", 2), "b": ("cyst", 1)})
    seen = survey(manifest)
    picture = np.random.default_rng(0).integers(0, 256, (40, 40), np.uint8)
    copies = replace(seen, thumbnails=np.stack([picture.T, picture, picture]))
    found = finding("SL008", manifest, survey=copies)
    assert found.severity is Severity.WARN
    assert "1 pairs" in found.message
    assert "a_0001.png and b_0000.png." in found.message
    files = tuple(manifest.frame["file"])
    apart = Split(files, np.array(["train", "train", "test"]))
    assert finding("SL008", manifest, split=apart, survey=copies).severity is Severity.BLOCK
    together = Split(files, np.array(["test", "train", "train"]))
    assert finding("SL008", manifest, split=together, survey=copies).severity is Severity.PASS
