"""What a session has open is found again by the next session of the same person, for a while."""

import threading
import time

import pytest

from core.saliency.raw_maps import Watch
from core.tasks import load_task
from core.workflows.analyst import open_analyst
from core.workflows.series_answering import answer_slices
from core.workflows.series_reading import ReadingKey
from core.workflows.series_shelf import AT_MOST, Cloakroom, SeriesShelf
from tests.core.intake.stack_files import ct, zipped
from tests.small_version import slices, write_small_version

OWNER = "A. Reader"


@pytest.fixture(scope="module")
def scan():
    pictures = slices(4, (224, 224), seed=5)[..., 0]
    files = {f"{k}.dcm": ct(item, at=(0, 0, 5 * k)) for k, item in enumerate(pictures)}
    return [("scan.zip", zipped(files))]


def opened(room, scan):
    shelf = SeriesShelf(room)
    shelf.open(scan, owner=OWNER)
    return shelf


def until(holds):
    end = time.monotonic() + 30
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.01)


def test_the_next_session_of_the_same_person_takes_it_back(scan):
    room = Cloakroom()
    first = opened(room, scan)
    token, was = first.token, first.opened
    first.leave()
    assert (first.opened, first.token) == (None, None)
    second = SeriesShelf(room)
    assert not second.take_back(token, owner="B. Reader")
    assert not second.take_back("guessed", owner=OWNER)
    assert second.opened is None
    assert second.take_back(token, owner=OWNER)
    assert second.opened is was
    assert second.token == token


def test_a_reload_is_there_before_the_old_session_has_gone(scan):
    room = Cloakroom(stays_s=0.0)
    first, second = opened(room, scan), SeriesShelf(room)
    token = first.token
    assert second.take_back(token, owner=OWNER)
    first.leave()
    time.sleep(0.2)
    assert SeriesShelf(room).take_back(token, owner=OWNER)  # the second session holds it


def test_what_was_closed_replaced_or_left_for_long_is_gone(scan):
    room = Cloakroom(stays_s=0.05)
    shelf = opened(room, scan)
    closed = shelf.token
    shelf.close()
    shelf.open(scan, owner=OWNER)
    replaced = shelf.token
    shelf.open(scan, owner=OWNER)
    left = shelf.token
    assert len({closed, replaced, left}) == 3
    shelf.leave()
    until(lambda: left not in room)
    assert closed not in room
    assert replaced not in room


def test_only_the_last_few_stay_without_a_session(scan):
    room = Cloakroom()
    shelves = [opened(room, scan) for _ in range(AT_MOST + 2)]
    tokens = [shelf.token for shelf in shelves]
    for shelf in reversed(shelves):
        shelf.leave()
    there = [SeriesShelf(room).take_back(token, owner=OWNER) for token in tokens]
    assert there == [True] * AT_MOST + [False] * 2  # the last two were left first


def test_two_sessions_fill_one_reading_once(scan, tmp_path, use_settings):
    write_small_version(tmp_path / "models")
    use_settings(models=tmp_path / "models", home=tmp_path / "home")
    room, task = Cloakroom(), load_task("kidney_ct")
    first, second = opened(room, scan), SeriesShelf(room)
    second.take_back(first.token, owner=OWNER)
    analyst, stack = open_analyst("kidney_ct"), first.opened.stacks[0]
    digests = (analyst.version_name, analyst.digest, analyst.points.key)
    key = ReadingKey(first.opened.digest, 1, "kidney_ct", *digests, already_applied=())
    reading = first.reading(key, stack, task)
    assert second.reading(key, stack, task) is reading
    works = [threading.Thread(target=reading.answer_all, args=(Watch(),)) for _ in range(2)]
    for work in works:
        work.start()
    for work in works:
        work.join()
    alone = answer_slices(analyst, stack)
    assert [item.prediction for item in reading.answers] == [item.prediction for item in alone]
