"""Subjects, maps and their files: of one picture and version, losslessly, with their facts."""

from __future__ import annotations

import io
import json
import zipfile
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from core.domain import (
    Answer,
    GateVerdict,
    PictureKind,
    Prediction,
    SeenImage,
    Status,
    StudyImage,
    Window,
)
from core.errors import ExplanationError
from core.saliency.drawing import Look
from core.saliency.faithfulness.curves import AgainstRandom, Curve, Curves
from core.saliency.faithfulness.picture import MapFaithfulness
from core.saliency.grad_cam import upsample
from core.saliency.methods import METHODS
from core.saliency.raw_maps import RawMaps
from core.workflows.background_desk import BackgroundDesk
from core.workflows.explanation_files import difference_file, file_stem, map_file, maps_zip
from core.workflows.explanation_trust import Measured, gauge, measure_row, trust_of
from core.workflows.explanations import (
    ClassMap,
    MapKey,
    Subject,
    can_be_explained,
    difference_of,
    first_methods,
    map_jobs,
    open_subject,
)

CLASSES = ("cyst", "normal", "stone")
DRAW = np.random.default_rng(3)
PIXELS = DRAW.integers(0, 256, (40, 80)).astype(np.float32)


def answer(*, steps: tuple[str, ...] = (), frame: int = 0) -> Answer:
    image = StudyImage(PIXELS, Window(0, 255), PictureKind.PNG, "ab" * 32, frame=frame)
    seen = SeenImage(np.repeat(PIXELS[:, :40, None], 3, axis=2).astype(np.uint8), steps)
    prediction = Prediction({"cyst": 0.1, "normal": 0.2, "stone": 0.7}, "stone", ())
    gate = GateVerdict(True, 0.1, 1.0)
    return Answer("", Status.OK, None, "v1", image, seen, gate, prediction)


def subject(**changes: object) -> Subject:
    return open_subject(answer(**changes), task="kidney_ct", class_names=CLASSES, digest="d1")


def class_map(of: Subject, class_name: str, method: str = "grad_cam", seed: int = 1) -> ClassMap:
    grid = np.random.default_rng(seed).random((5, 5), np.float32) * 3
    return ClassMap(MapKey(of.key, method, class_name), "feature_map", grid, float(grid.max()))


def test_the_key_tells_pictures_frames_preparations_and_versions_apart():
    other_version = open_subject(answer(), task="kidney_ct", class_names=CLASSES, digest="another")
    keys = {
        subject().key,
        subject(frame=1).key,
        subject(steps=("pad_square",)).key,
        other_version.key,
    }
    assert len(keys) == 4 and subject().key == subject().key


def test_a_picture_that_could_not_be_prepared_has_no_maps():
    unread = replace(answer(), seen=None, status=Status.ERROR)
    assert can_be_explained(answer()) and not can_be_explained(unread)
    with pytest.raises(ExplanationError):
        open_subject(unread, task="kidney_ct", class_names=CLASSES, digest="d1")


@pytest.mark.parametrize("steps", [(), ("pad_square_0",)])
def test_the_npy_holds_what_explain_writes(steps: tuple[str, ...]):
    of = subject(steps=steps)
    found = class_map(of, "stone")
    values = np.load(io.BytesIO(map_file(of, found, Look()).npy))
    assert values.dtype == np.float32
    expected = upsample(found.grid, 40, 80, padded_to_square=bool(steps))
    assert np.array_equal(values, expected)


def test_the_png_is_the_map_over_the_picture_and_says_what_it_is():
    of = subject()
    made = map_file(of, class_map(of, "stone"), Look(opacity=0.0))
    with Image.open(io.BytesIO(made.png)) as picture:
        assert np.array_equal(np.asarray(picture), np.repeat(PIXELS[..., None], 3, 2))
        assert (picture.info["model_version"], picture.info["class"]) == ("v1", "stone")
        assert "not for primary diagnosis" in picture.info["use"]
        assert "not where disease is" in picture.info["meaning"]
    assert made.stem == "kidney_ct_v1_abababab_stone_grad_cam"


def test_a_difference_is_signed_in_its_file_and_needs_one_picture_and_one_method():
    of = subject()
    first, second = class_map(of, "stone"), class_map(of, "cyst", seed=2)
    made = difference_file(of, first, second, Look())
    assert made.values.min() < 0 < made.values.max() <= 1
    assert made.stem == file_stem(of, "grad_cam", "stone", "cyst")
    for wrong in (class_map(of, "cyst", "layer_cam"), class_map(subject(frame=1), "cyst")):
        with pytest.raises(ExplanationError):
            difference_of(of, first, wrong)


def test_the_archive_holds_every_map_twice_and_describes_it():
    of = subject()
    files = [map_file(of, class_map(of, name), Look()) for name in CLASSES]
    with zipfile.ZipFile(io.BytesIO(maps_zip(files))) as archive:
        names = set(archive.namelist())
        described = json.loads(archive.read("maps.json"))
    assert names == {"maps.json"} | {
        f"{file.stem}.{end}" for file in files for end in ("png", "npy")
    }
    assert [item["class"] for item in described] == list(CLASSES)


def test_a_job_serves_every_class_from_one_set_of_passes_but_where_each_goes_back():
    of, desk, asked = subject(), BackgroundDesk(), []

    def explain(_: Subject, method: str, names: list[str], watch: object) -> RawMaps:
        asked.append((method, tuple(names)))
        return RawMaps(np.ones((len(names), 2, 2), np.float32), "pixels")

    keys = [MapKey(of.key, method, "stone") for method in ("saliency", "rise", "grad_cam")]
    jobs = map_jobs(of, keys, desk, explain=explain)
    assert [(job.title, job.is_quick) for job in jobs] == [
        ("Grad-CAM", True), ("Saliency", False), ("RISE", False),
    ]  # fmt: skip
    desk.ask("page", jobs, wanted=keys)
    assert desk.wait(keys, 10)
    assert set(asked) == {("grad_cam", CLASSES), ("rise", CLASSES), ("saliency", ("stone",))}
    assert map_jobs(of, keys, desk, explain=explain) == []
    desk.close()


def test_the_first_methods_are_quick_ones_of_the_network():
    every = tuple(METHODS.values())
    assert first_methods(every)[0] == "grad_cam" and len(first_methods(every)) == 3
    linear = [METHODS["occlusion"], METHODS["rise"], METHODS["exact_linear"]]
    assert first_methods(linear) == ("exact_linear",)


def trust(deletion: float, insertion: float, *, weak: bool | None = None) -> MapFaithfulness:
    line = Curve(np.array([0, 1], np.float32), np.array([1, 0], np.float32))
    return MapFaithfulness(
        2.0,
        Curves(line, line),
        AgainstRandom(deletion, 0.5, 0.4, 0.6, 10),
        AgainstRandom(insertion, 0.5, 0.4, 0.6, 10),
        0.9,
        weak,
    )


@pytest.mark.parametrize(
    ("deletion", "insertion", "tone", "side"),
    [
        (0.2, 0.5, "better", (2 / 3, 1.0)),
        (0.5, 0.9, "better", (2 / 3, 1.0)),
        (0.45, 0.55, "chance", (1 / 3, 2 / 3)),
        (0.9, 0.5, "worse", (0.0, 1 / 3)),
    ],
)
def test_the_gauge_shows_what_the_verdict_says(
    deletion: float, insertion: float, tone: str, side: tuple[float, float]
):
    made = gauge(trust(deletion, insertion))
    assert made.tone == tone and made.at is not None
    assert side[0] <= made.at <= side[1]
    assert f"{deletion:.2f} (at random 0.50)" in made.said


def test_a_map_that_marks_nothing_has_no_gauge():
    empty = MapFaithfulness(0.0, None, None, None, None, None)
    assert (gauge(empty).at, gauge(empty).tone) == (None, "empty")


def test_a_method_that_must_agree_has_no_voice_in_the_agreement():
    of = subject()
    twins = [
        Measured(class_map(of, "stone", method), trust(0.2, 0.8))
        for method in ("grad_cam", "hires_cam")
    ]
    assert trust_of("stone", twins).agreement is None
    third = Measured(class_map(of, "stone", "rise", seed=9), trust(0.2, 0.8, weak=True))
    together = trust_of("stone", [*twins, third])
    assert together.agreement is not None and "Weak" in together.sentence
    assert [value for value, _ in measure_row(third)] == [
        "better than chance", "0.20", "0.80", "0.90", "2",
    ]  # fmt: skip
