"""The clinic of a stored run: sentences, filters, causes, rows, what its cards show."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from pathlib import Path

import pytest

from core.inference.package import find_version
from core.tasks import load_task
from core.workflows import clinic_words
from core.workflows.clinic import (
    ANY_FINDING,
    FALSE_ALARM,
    MISS,
    NO_CAUSE,
    Cause,
    Clinic,
    Filters,
    MissCause,
    case_at,
    choose,
    make_clinic,
    pareto,
    record_cause,
    recorded_causes,
    run_digest,
    run_points,
)
from core.workflows.clinic_pictures import NO_NEIGHBOURS, case_picture, content_key
from core.workflows.clinic_report import csv_of, file_stem, pdf_of
from core.workflows.points import PointsInForce
from core.workflows.records import OperatingPoint, record_operating_point
from core.workflows.run_pictures import PictureSource, picture_source
from core.workflows.stored_runs import find_run, open_run
from tests.clinic_runs import HOSTILE, named_gate, store_clinic_run
from tests.small_version import version_files, write_small_version

UseSettings = Callable[..., None]
NAMES = {"phantom_ct/s300692_3.png": "stone", "phantom_ct/s300001_0.png": "cyst"}


@pytest.fixture
def stored(use_settings: UseSettings, tmp_path: Path):
    """Store the hand-made run of a small version that names its training pictures."""
    gate = named_gate(version_files(load_task("phantom_ct"))["gate.npz"], NAMES)
    use_settings(models=tmp_path / "models", home=tmp_path / "home", data_root=None)
    version = write_small_version(tmp_path / "models", "phantom_ct", gate=gate)
    store_clinic_run(tmp_path / "home", version)
    return find_run("phantom_ct", "hand")


def clinic_of(stored, class_name: str = "stone", kind: str = MISS, points=None) -> Clinic:
    task = load_task("phantom_ct")
    cases = open_run(stored)
    return make_clinic(stored, cases, task, class_name=class_name, kind=kind, points=points)


def cause(stored, file: str, **changes: object) -> MissCause:
    values: dict[str, object] = {
        "task": "phantom_ct",
        "run": stored.name,
        "run_digest": run_digest(stored),
        "file": file,
        "y_true": "stone",
        "called": "normal",
        "kind": MISS,
        "cause": Cause.LOOK_ALIKE,
        "note": "=1+1 <b>",
        "recorded_by": "Dr Ä",
    }
    return MissCause(**(values | changes))


@pytest.mark.parametrize(
    ("class_name", "kind", "said"),
    [
        ("stone", MISS, "3 stone pictures missed of 4, in 2 of 2 series; 2 of them in one series"),
        ("stone", FALSE_ALARM, "1 picture called stone that is not, of 4, in 1 of 2 series"),
        ("cyst", MISS, "Cyst pictures missed: none of 1"),
        (ANY_FINDING, MISS, "3 pictures with a finding missed of 6, in 3 of 3 series"),
        (
            ANY_FINDING,
            FALSE_ALARM,
            "1 picture without a finding called one, of 2, in 1 of 1 series",
        ),
        ("normal", MISS, "1 normal picture not called normal of 2, in 1 of 1 series"),
    ],
)
def test_the_headline_counts_pictures_and_series(stored, class_name: str, kind: str, said: str):
    assert clinic_words.headline(clinic_of(stored, class_name, kind)) == said


def test_the_detail_leads_with_the_interval_that_respects_series(stored):
    said = clinic_words.detail(clinic_of(stored))
    assert said.startswith("Miss rate 75.0 % (95 %: ")
    assert "respecting series, n 4 in 2; 30.1 to 95.4 % as if pictures were independent" in said
    assert "no operating point is in force" in said


def test_an_operating_point_that_was_signed_decides_what_is_missed(stored):
    version = find_version("phantom_ct")
    assert run_points(stored).thresholds == {}
    record_operating_point(
        OperatingPoint(
            task="phantom_ct",
            model_version=version.name,
            version_digest=version.digest,
            class_name="stone",
            threshold=0.05,
            sensitivity_asked=0.95,
            rule="one class",
            run="hand",
            chosen_on="hand",
            sensitivity=(1.0, 0.4, 1.0),
            specificity=(0.5, 0.1, 0.9),
            n_positive=4,
            lower_bound_one_sided_95=0.47,
            claim_holds=False,
            prevalence=0.5,
            signed_by="Dr B",
        )
    )
    made = clinic_of(stored, points=run_points(stored))
    assert made.summary.n_wrong == 1
    assert "Stone at 0.05 or more, signed by Dr B" in clinic_words.detail(made)
    assert made.provenance["threshold"] == "stone >= 0.05"
    case = case_at(made, 0)
    assert clinic_words.distance_said(made, case) == "0.025 below its threshold 0.05"


def test_a_card_holds_what_the_run_stored(stored):
    case = case_at(clinic_of(stored), 0)
    assert (case.file, case.group) == ("phantom_ct/s300692_3.png", "s300692")
    assert (case.y_true, case.called, case.looked_for) == ("stone", "normal", "stone")
    assert case.probabilities["normal"] == pytest.approx(0.925)
    assert case.distance == pytest.approx(0.9)
    assert case.slices == {"scanner": HOSTILE[0]}
    assert clinic_words.distance_said(clinic_of(stored), case) == "0.900 behind the called class"


def test_filters_keep_the_order_and_can_take_one_of_each_series(stored):
    made = clinic_of(stored)

    def kept(**wanted: object) -> list[int]:
        return choose(made, Filters(**wanted), recorded).tolist()

    file = case_at(made, 0).file
    recorded = {file: cause(stored, file)}
    assert kept() == [0, 1, 2]
    assert kept(called=frozenset({"cyst"})) == [2]
    assert kept(groups=frozenset({"s300692"})) == [0, 2]
    assert kept(one_a_group=True) == [0, 1]
    assert kept(refused=True) == [2]
    assert kept(causes=frozenset({NO_CAUSE})) == [1, 2]
    assert kept(causes=frozenset({"look_alike"})) == [0]
    assert kept(suspected=True) == [0, 1, 2]
    assert kept(file=file) == [0]
    assert kept(y_true=frozenset({"cyst"})) == []


def test_labels_are_not_doubted_where_the_network_may_have_seen_the_pictures(stored, tmp_path):
    assert "3 of these" in clinic_words.labels_said(clinic_of(stored))
    store_clinic_run(tmp_path / "home", find_version("phantom_ct"), name="all", split="all")
    made = clinic_of(find_run("phantom_ct", "all"))
    assert made.labels is None
    assert case_at(made, 0).suspected is None
    assert clinic_words.labels_said(made).startswith("Labels cannot be doubted on this run")


def test_the_pareto_counts_the_causes_in_force(stored):
    made = clinic_of(stored)
    assert recorded_causes(stored, MISS) == {}
    first, second = case_at(made, 0).file, case_at(made, 1).file
    record_cause(cause(stored, first, cause=Cause.TOO_SMALL))
    record_cause(cause(stored, first))  # a correction
    record_cause(cause(stored, second))
    record_cause(cause(stored, second, kind=FALSE_ALARM))  # of the other gallery
    found = pareto(made, recorded_causes(stored, MISS))
    assert found["title"].tolist()[0] == "Look-alike"
    assert found["n"].tolist() == [2, 0, 0, 0, 0, 0]
    assert found["cumulative"].tolist() == [1.0] * 6


def test_rows_are_exported_with_their_cause_and_nothing_runs_in_a_spreadsheet(stored):
    made = clinic_of(stored)
    files = [case_at(made, place).file for place in range(3)]
    recorded = {files[0]: cause(stored, files[0])}
    rows = list(csv.DictReader(io.StringIO(csv_of(made, [0, 1, 2], recorded).decode("utf-8-sig"))))
    assert [row["file"] for row in rows] == files
    assert rows[0]["note"] == "'=1+1 <b>"
    assert rows[1]["slice_scanner"] == "'=HYPERLINK(1)"
    assert (rows[0]["cause"], rows[0]["recorded_by"]) == ("look_alike", "Dr Ä")
    assert (rows[0]["model_version"], rows[0]["run"]) == ("small-1", "hand")
    assert (rows[0]["threshold"], rows[0]["class"], rows[0]["kind"]) == ("argmax", "stone", "miss")
    assert float(rows[0]["p_normal"]) == pytest.approx(0.925)
    assert file_stem(made) == "phantom_ct_small-1_hand_stone_miss"


def test_a_picture_comes_with_both_maps_its_scores_and_training_pictures_of_other_series(stored):
    made = clinic_of(stored)
    case = case_at(made, 0)
    shown = case_picture(stored, made.cases, case.file, ("stone", "normal", "gallstone"))
    assert shown.png is not None
    assert shown.problem == ""
    assert set(shown.maps) == {"stone", "normal"}
    assert shown.gate_threshold is not None
    assert 0 <= shown.quality <= 1
    near = {(item.file, item.label) for item in shown.look_alikes}
    assert near == {("phantom_ct/s300001_0.png", "cyst")}  # its own series is left out
    assert shown.own_left_out
    assert all(item.png is not None for item in shown.look_alikes)
    assert content_key(picture_source(stored), case.file) == "drawn"


def test_a_version_that_names_no_training_pictures_says_so(use_settings, tmp_path):
    use_settings(models=tmp_path / "models", home=tmp_path / "home", data_root=None)
    version = write_small_version(tmp_path / "models", "phantom_ct")
    store_clinic_run(tmp_path / "home", version)
    stored = find_run("phantom_ct", "hand")
    shown = case_picture(stored, open_run(stored), "phantom_ct/s300692_3.png", ("stone",))
    assert (shown.look_alikes, shown.look_alikes_said) == ((), NO_NEIGHBOURS)


def test_a_picture_that_cannot_be_had_is_a_sentence_and_no_failure(stored):
    shown = case_picture(stored, open_run(stored), "phantom_ct/none.png", ("stone",))
    assert shown.png is None
    assert shown.problem


def test_a_model_that_is_not_ours_has_pictures_but_no_maps(stored, tmp_path):
    store_clinic_run(tmp_path / "home", None, name="theirs")
    theirs = find_run("phantom_ct", "theirs")
    assert run_points(theirs) == PointsInForce()
    shown = case_picture(theirs, open_run(theirs), "phantom_ct/s300692_3.png", ("stone",))
    assert shown.png is not None
    assert shown.maps == {}


def test_a_pdf_is_made_with_pictures_and_without(stored):
    made = clinic_of(stored)
    file = case_at(made, 0).file
    content = pdf_of(made, [0, 1, 2], {file: cause(stored, file)}, picture_source(stored))
    assert content.startswith(b"%PDF")
    words = words_of_pdf(content)
    for said in ("3 stone pictures missed of 4", "=1+1 <b>", "argmax", "small-1", HOSTILE[1]):
        assert said in words
    assert "Not for primary diagnosis" in words


def test_a_pdf_without_pictures_has_the_rows_and_how_to_attach_them(stored):
    away = PictureSource(sentence="Attach the folder.")
    words = words_of_pdf(pdf_of(clinic_of(stored), [0, 1, 2], {}, away))
    assert "Attach the folder." in words
    assert "phantom_ct/s300692_3.png" in words
    assert "Map of" not in words


def words_of_pdf(content: bytes) -> str:
    """Return all text of a PDF."""
    import pypdfium2

    document = pypdfium2.PdfDocument(content)
    return "\n".join(page.get_textpage().get_text_range() for page in document)
