"""A series that is read in the background: answers as they come, stopped, gone on with, as PDF."""

import io

import numpy as np
import pypdfium2
import pytest

from core.errors import ArgumentError, CancelledError
from core.persistence.database import database
from core.saliency.raw_maps import Watch
from core.tasks import load_task
from core.workflows.analyst import open_analyst
from core.workflows.series_answering import answer_slices, series_answer
from core.workflows.series_reading import ReadingKey
from core.workflows.series_report import series_pdf, series_report
from core.workflows.series_shelf import SeriesShelf
from tests.core.intake.stack_files import ct, zipped
from tests.small_version import slices, write_small_version

TASK = load_task("kidney_ct")


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    folder = tmp_path_factory.mktemp("models")
    write_small_version(folder)
    return folder


@pytest.fixture
def shelf(models, use_settings, tmp_path):
    use_settings(models=models, home=tmp_path / "home")
    pictures = slices(3, (224, 224), seed=5)[..., 0]
    files = {
        f"ZZPHI{k}.dcm": ct(pixels, at=(0, 0, 5 * k), number=k + 1)
        for k, pixels in enumerate(pictures)
    }
    files["9.dcm"] = ct(np.full((224, 224), 7), at=(0, 0, 20), number=5)  # refused, after a gap
    files["8.dcm"] = ct(pictures[0], at=(0, 0, 25), number=6)[:-9000]
    made = SeriesShelf()
    made.open([("scan.zip", zipped(files))])
    return made


@pytest.fixture
def reading(shelf):
    return shelf.reading(key_of(shelf), shelf.opened.stacks[0], TASK)


def key_of(shelf, **changes):
    analyst = open_analyst("kidney_ct")
    values = {
        "digest": shelf.opened.digest,
        "choice": 1,
        "task": "kidney_ct",
        "version": analyst.version_name,
        "version_digest": analyst.digest,
        "points": analyst.points.key,
        "already_applied": (),
    }
    return ReadingKey(**(values | changes))


def test_the_answers_are_those_of_the_slices_and_of_the_series(reading):
    made = reading.job().work(Watch())
    alone = list(answer_slices(open_analyst("kidney_ct"), reading.stack))
    assert [item.prediction for item in reading.answers] == [item.prediction for item in alone]
    assert reading.is_done
    assert made[reading.token].probabilities == series_answer(alone, TASK).probabilities


def test_what_was_stopped_goes_on_where_it_stood(reading):
    told = []

    def stop_at_two(done, _):
        told.append(done)
        if done == 2:
            watch.stop()

    watch = Watch(on_progress=stop_at_two)
    with pytest.raises(CancelledError):
        reading.job().work(watch)
    kept = reading.answers
    assert (len(kept), reading.is_done) == (3, False)
    assert reading.whole().n == 3
    reading.job().work(Watch(on_progress=lambda done, total: told.append((done, total))))
    assert told == [0, 1, 2, (3, 5), (4, 5), (5, 5)]
    assert reading.answers[:3] == kept


def test_the_shelf_keeps_one_reading_and_lets_the_other_go(shelf, reading):
    assert shelf.reading(reading.key, reading.stack, TASK) is reading
    other = shelf.reading(key_of(shelf, already_applied=("x",)), reading.stack, TASK)
    assert other is not reading
    again = shelf.reading(reading.key, reading.stack, TASK)
    assert again.token != reading.token  # what was answered for the other is no answer of this one
    assert other.answers == ()
    with pytest.raises(ArgumentError):
        shelf.open([("a.zip", zipped({"a": b""})), ("b.zip", b"PK\3\4")])
    assert shelf.opened is not None
    shelf.close()
    assert shelf.opened is None


def test_the_pdf_says_what_was_answered_and_names_no_file(reading):
    reading.job().work(Watch())
    report = series_report(reading)
    whole = reading.whole()
    assert report.prediction.probabilities == whole.probabilities
    strongest = {name: item.number - 1 for name, item in whole.strongest.items()}
    assert dict(report.series.strongest) == strongest
    drawn = {place for place, item in enumerate(report.pictures) if item.overlay is not None}
    assert drawn <= set(strongest.values())
    data = series_pdf(reading, who="A. Reader")
    with pypdfium2.PdfDocument(io.BytesIO(data)) as document:
        pages = [page.get_textpage().get_text_range() for page in document]
    text = " ".join(" ".join(pages).split())
    assert "5, of which 2 have no answer" in text
    assert "1 slice is missing" in text
    assert reading.key.version_digest in text
    assert "ZZPHI" not in text
    with database().reading() as connection:
        rows = connection.exec_driver_sql("SELECT who, action FROM audit").fetchall()
    assert [tuple(row) for row in rows] == [("A. Reader", "report_exported")]
