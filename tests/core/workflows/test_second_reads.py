"""Second reads, adjudication, agreement, and verdicts as a labelled set."""

import csv
import json

import numpy as np
import pytest
from PIL import Image
from sklearn.metrics import cohen_kappa_score

from core.cli import main
from core.datasets.manifest import read_manifest
from core.domain import PictureKind, StudyImage, Window
from core.errors import CaseError, DatasetError
from core.persistence import pictures
from core.persistence.case_records import Need, Stage
from core.persistence.case_store import case_store
from core.tasks import load_task
from core.workflows.case_pictures import facts_of, image_of
from core.workflows.cases import case_file, history
from core.workflows.second_reads import (
    adjudication_queue,
    agreement,
    open_blind,
    second_read_queue,
)
from core.workflows.verdict_labels import write_labels
from core.workflows.verdicts import Verdict, record_consensus, record_verdict
from tests.core.persistence.case_examples import answer, case


@pytest.fixture
def home(tmp_path, use_settings):
    use_settings(home=tmp_path / "home", second_read_share=0)
    return tmp_path / "home"


def drawn(number: int) -> StudyImage:
    values = np.random.default_rng(number).integers(0, 256, (70, 80)).astype(np.float32)
    return StudyImage(values, Window(0, 255), PictureKind.PNG, f"{number:064x}")


def add(number: int, **changes) -> str:
    image = drawn(number)
    made = case(number, picture_sha256=pictures.keep(image.values), picture=facts_of(image))
    return case_store().add_case(made, answer(number, **changes))[0].case_id


def says(case_id: str, reader: str, verdict: str, stage: Stage = Stage.WITH_AI) -> None:
    key = f"{case_id} {reader} {verdict} {stage}"
    record_verdict(Verdict(case_id, reader, verdict, key, stage=stage))


def test_who_differs_from_the_model_is_read_again_blind_and_then_adjudicated(home):
    agreed, differs = add(1), add(2)
    says(agreed, "A", "stone")
    says(differs, "A", "cyst")
    assert [row.case_id for row in second_read_queue("kidney_ct").rows] == [differs]
    with pytest.raises(CaseError, match="has read case"):
        open_blind(differs, reader="A")
    seen = open_blind(differs, reader="B")
    assert {name for name in seen.__slots__} == {"case_id", "task", "picture_sha256"}
    assert history(differs)[-1].action == "second_read_opened"
    says(differs, "B", "stone", Stage.SECOND_BLIND)
    assert case_file(differs).reads[-1].shown["answer"] is None
    assert [row.case_id for row in adjudication_queue("kidney_ct").rows] == [differs]
    record_consensus(differs, "stone", adjudicator="C", comment="seen on the next slice")
    assert adjudication_queue("kidney_ct").rows == second_read_queue("kidney_ct").rows == ()
    assert [read.verdict for read in case_file(differs).reads] == ["cyst", "stone"]


def test_agreement_is_that_of_the_reads_in_force(home, capsys):
    first = ["stone", "cyst", "normal", "stone", "tumor", "normal"]
    second = ["stone", "cyst", "stone", "stone", "normal", "normal"]
    for number, (a, b) in enumerate(zip(first, second, strict=True)):
        name = add(number)
        says(name, "A", "not_assessable")
        says(name, "A", a)
        says(name, "B", b, Stage.SECOND_BLIND)
    found = agreement("kidney_ct")
    expected = cohen_kappa_score(first, second)
    assert found.pairs["A", "B"].value == pytest.approx(expected)
    assert found.n_second == found.fleiss.n == 6
    assert main(["cases", "agreement", "--task", "kidney_ct", "--json"]) == 0


def test_switches_are_held_against_the_verdict_that_stands(home):
    name = add(1)  # the model says stone
    says(name, "A", "normal", Stage.BEFORE_REVEAL)
    says(name, "A", "stone")
    other = add(2, stone=0.1)  # the model says normal
    says(other, "A", "stone", Stage.BEFORE_REVEAL)
    says(other, "A", "stone")
    found = agreement("kidney_ct").switches
    assert (found.changed_right, found.to_right, found.kept_wrong, found.n) == (1, 1, 1, 2)


def test_verdicts_become_a_set_that_the_product_reads(home, tmp_path):
    names = [add(number) for number in range(1, 7)]
    for name, verdict in zip(names[:4], ["stone", "cyst", "normal", "stone"], strict=True):
        says(name, "A", verdict)
    says(names[4], "A", "not_assessable")
    made = write_labels("kidney_ct", tmp_path / "set")
    assert (made.n, made.left_out, made.labels["stone"]) == (4, 2, 2)
    manifest = read_manifest(tmp_path / "set", load_task("kidney_ct"))
    assert len(manifest.frame) == 4
    with (tmp_path / "set" / "labels.csv").open() as stream:
        rows = list(csv.DictReader(stream))
    assert {row["group"] for row in rows} == {"P0", "P1"}
    shown = np.asarray(Image.open(tmp_path / "set" / rows[0]["file"]))
    assert (shown == drawn(1).pixels).all()
    with pytest.raises(DatasetError, match="not empty"):
        write_labels("kidney_ct", tmp_path / "set")


def test_readers_who_differ_are_in_no_set(home, tmp_path):
    name = add(1)
    says(name, "A", "stone")
    says(name, "B", "cyst")
    with pytest.raises(CaseError, match="No case"):
        write_labels("kidney_ct", tmp_path / "set")
    assert case_file(name).needs is Need.ADJUDICATION


def test_a_picture_comes_back_as_it_was_decoded(home):
    image = drawn(3)
    facts = json.loads(json.dumps(facts_of(image)))
    again = image_of(pictures.keep(image.values), facts)
    assert (again.pixels == image.pixels).all()
    assert facts_of(again) == facts_of(image)
