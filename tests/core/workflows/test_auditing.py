"""An explanation audit of a small version, kept, taken up again, shipped and put into words."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from core.errors import ArgumentError, CancelledError, DatasetError
from core.inference.package import AUDITS, find_version, version_names
from core.saliency.raw_maps import Watch
from core.workflows import audit_records
from core.workflows.audit_records import audit_of, ship_audit
from core.workflows.auditing import AuditRequest, Sizes, run_audit
from core.workflows.model_audit import map_trust
from tests.labelled_folder import write_labelled_folder
from tests.small_version import slices, write_small_version

METHODS = ("grad_cam", "eigen_cam")
SIZES = Sizes(
    curves=8, slow_curves=1, randomised=3, slow_randomised=0, boxes=5, slow_boxes=0, drawn=2,
    slow_drawn=0,
)  # fmt: skip


@pytest.fixture
def version(tmp_path, use_settings):
    use_settings(models=tmp_path / "models", home=tmp_path / "home", data_root=None)
    return write_small_version(tmp_path / "models")


@pytest.fixture
def folders(tmp_path):
    boxes = tmp_path / "stone_places"
    boxes.mkdir()
    lines = ["file,x_centre,y_centre,width,height"]
    for place, picture in enumerate(slices(5, (224, 224), seed=8)[..., 0]):
        Image.fromarray(picture).save(boxes / f"{place}.png")
        lines.append(f"{place}.png,0.5,0.5,{0.2 + place / 10},0.1")
    (boxes / "boxes.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return [write_labelled_folder(tmp_path / "set"), boxes]


def request(folders, **changes):
    asked = {"folders": folders, "methods": METHODS, "sizes": SIZES}
    return AuditRequest("kidney_ct", **{**asked, **changes})


def test_the_document_has_the_keys_and_figures_of_the_contract(version, folders):
    document = run_audit(request(folders))
    assert document["model_version"] == version.name
    for method in METHODS:
        ssim = document["randomisation"][method]["ssim"]
        assert ssim["n"] <= 3 and -1 <= ssim["value"] <= 1
        assert set(document["randomisation"][method]["cascade"]) == {
            "last layer", "quarter", "half", "all",
        }  # fmt: skip
        for kind in ("deletion", "insertion"):
            found = document[kind][method]
            assert 0 <= found["area"]["value"] <= 1 and 0 <= found["random_area"]["value"] <= 1
            assert found["area"]["n_groups"] == 4 and found["area"]["low_grouped"] is not None
    stones = document["pointing"]["stone_places"]
    assert stones["n"] == stones["grad_cam"]["n"] == 5
    assert stones["centre"]["value"] == 1  # every box holds the middle
    assert 0.05 < stones["chance"]["value"] < 0.3
    assert stones["grad_cam"]["low_grouped"] is None
    assert 0 < document["energy"]["stone_places"]["share"]["value"] < 0.1
    assert document["floors"]["grad_cam"] == dict.fromkeys(("cyst", "normal", "stone", "tumor"))
    assert json.loads(json.dumps(document, allow_nan=False)) == document


def test_an_audit_that_was_broken_off_goes_on_where_it_stopped(version, folders):
    told: list[str] = []
    watch = Watch(lambda done, total: watch.stop() if total == 3 and done == 2 else None)
    with pytest.raises(CancelledError):
        run_audit(request(folders), on_progress=told.append, watch=watch)
    assert audit_of(version) is None
    first = len([line for line in told if line.startswith("Deletion")])
    assert first == 8
    run_audit(request(folders), on_progress=told.append)
    assert len([line for line in told if line.startswith("Deletion")]) == first
    assert audit_of(version) is not None
    told.clear()
    run_audit(request(folders, afresh=True), on_progress=told.append)
    assert any(line.startswith("Deletion") for line in told)


def test_a_slow_method_is_measured_on_fewer_pictures_with_its_own_n(version, folders):
    document = run_audit(request(folders[:1], methods=("grad_cam", "occlusion")))
    areas = {key: item["area"]["n"] for key, item in document["deletion"].items()}
    assert areas["grad_cam"] > areas["occlusion"] and areas["occlusion"] <= 1
    assert "occlusion" not in document["randomisation"]


def test_without_a_folder_drawings_are_looked_at_and_it_is_said(version):
    document = run_audit(
        request(None, methods=("grad_cam",), sizes=replace(SIZES, curves=3, randomised=1))
    )
    assert document["pointing"]["phantoms"]["n"] == 2
    assert any("drawings" in note for note in document["notes"])


def test_outlines_give_energy_beside_their_share_and_no_hits(version, folders):
    folder = folders[0]
    half = np.zeros((224, 224), np.uint8)
    half[:112] = 255
    Image.fromarray(half).save(folder / "mask.png")
    table = (folder / "labels.csv").read_text(encoding="utf-8").splitlines()
    lines = [f"{table[0]},mask", *(f"{line},mask.png" for line in table[1:])]
    (folder / "labels.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    with (folder / "dataset.yaml").open("a", encoding="utf-8") as stream:
        stream.write("mask_column: mask\n")
    only = Sizes(curves=0, slow_curves=0, randomised=0, slow_randomised=0, boxes=3, drawn=0)
    document = run_audit(request([folder], methods=("grad_cam",), sizes=only))
    assert document["pointing"] == {} and document["deletion"] == {}
    energy = document["energy"]["set"]
    assert energy["n"] == energy["grad_cam"]["n"] == 3
    assert energy["share"]["value"] == 0.5 and energy["grad_cam"]["n_groups"] is not None
    assert 0 <= energy["grad_cam"]["value"] <= 1
    assert "too few pictures" in map_trust("kidney_ct", version.name).lines[0]


def test_wrong_requests_say_what_to_do(version, folders, tmp_path):
    with pytest.raises(ArgumentError, match="no saliency method 'grad'"):
        run_audit(request(folders, methods=("grad",)))
    with pytest.raises(ArgumentError, match="cannot be made of small-1"):
        run_audit(request(folders, methods=("exact_linear",)))
    unnamed = folders[1].rename(tmp_path / "places")
    with pytest.raises(DatasetError, match="--class"):
        run_audit(request([unnamed]))
    assert run_audit(request([unnamed], boxes_class="cyst"))["pointing"]["places"]["n"] == 5
    with pytest.raises(DatasetError, match="no class 'kidney'"):
        run_audit(request([unnamed], boxes_class="kidney"))


def test_a_shipped_audit_is_read_only_for_the_version_it_is_about(
    version, folders, tmp_path, use_settings
):
    document = run_audit(request(folders[1:], methods=("grad_cam",)))
    shipped = tmp_path / "models" / "kidney_ct" / AUDITS / f"{version.name}.json"
    ship_audit(version, document, shipped)
    assert audit_of(version).shipped is False
    use_settings(models=tmp_path / "models", home=tmp_path / "other")
    assert audit_of(version).shipped is True
    assert version_names("kidney_ct") == (version.name,)
    assert find_version("kidney_ct").name == version.name
    stored = json.loads(shipped.read_text(encoding="utf-8"))
    shipped.write_text(json.dumps({**stored, "digest": "0" * 64}), encoding="utf-8")
    assert audit_of(version) is None
    shipped.write_text("{", encoding="utf-8")
    assert audit_of(version) is None


def test_the_card_says_that_nothing_is_known_and_how_to_find_out(version):
    (line,) = map_trust("kidney_ct", version.name).lines
    assert "not audited" in line and "explain-audit --task kidney_ct --version small-1" in line


def figure(value, low=None, high=None, n=200):
    ends = {"low_grouped": low, "high_grouped": high, "n_groups": 9}
    return {"value": value, "low": low, "high": high, "n": n, **ends}


def test_the_card_puts_the_audit_into_words(version):
    curve = {"area": figure(0.3), "random_area": figure(0.4), "better_by": figure(0.1, 0.05, 0.2)}
    flat = {**curve, "better_by": figure(0.1, -0.05, 0.2)}
    few = {**flat, "area": figure(0.3, n=16)}
    boxes = {
        "n": 479, "chance": figure(0.05), "brightest": figure(0.07), "centre": figure(0.0),
        "grad_cam": figure(0.02, 0.01, 0.04, 479),
    }  # fmt: skip
    document = {
        "randomisation": {
            "grad_cam": {"ssim": figure(0.2), "passes": True},
            "eigen_cam": {"ssim": figure(0.7), "passes": False},
        },
        "deletion": {"grad_cam": curve, "eigen_cam": flat, "rise": few},
        "insertion": {"grad_cam": flat, "eigen_cam": flat, "rise": flat},
        "pointing": {"stone_boxes": boxes, "stone_boxes_stone": boxes},
        "floors": {
            "grad_cam": {"stone": {"value": 3.2, "n": 40, "absent_above": 0.1}, "tumor": None}
        },
        "notes": ["A note."],
    }
    audit_records.store_audit(version, document)
    trust = map_trust("kidney_ct", version.name)
    assert trust.lines[0].startswith("Eigen-CAM fails the check with random weights")
    assert trust.lines[1].startswith("Grad-CAM passes it")
    assert trust.lines[1].endswith("(similarity at most 0.4; n 200).")
    assert trust.lines[2] == (
        "Deleting what the map marks lowers the score faster than chance by Grad-CAM; not by "
        "Eigen-CAM and RISE (n 200; n 16 for RISE)."
    )
    assert trust.lines[3].endswith("faster than chance by no method (n 200).")
    assert trust.lines[4] == (
        "Grad-CAM points at the finding in 2% of 479 pictures of stone_boxes (1%–4%): no better "
        "than chance (5%); the brightest spot 7%, the picture's centre 0%."
    )
    assert "stone 3.2 (n 40); too few right calls of tumour." in trust.lines[5]
    assert trust.lines[6] == "A note."
    assert trust.columns[-1] == "Hits, stone_boxes" and len(trust.table) == 3
    assert audit_of(version).floor("grad_cam", "stone").value == 3.2
    assert audit_of(version).floor("grad_cam", "cyst") is None
    assert audit_of(version).floor("rise", "cyst") is None
