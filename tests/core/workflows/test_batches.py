"""Batches: 200 files in their order, stopped, failed and gone on with."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from core.errors import CaseError, PersistenceError
from core.persistence.case_store import CaseStore
from core.workflows import batches
from core.workflows.adding_cases import CaseFacts
from core.workflows.batches import MAX_FILES, BatchDesk
from core.workflows.cases import worklist_query, worklist_total
from tests.pages.looking import encoded, picture
from tests.small_version import write_small_version

SAID = CaseFacts("A. Reader", already_applied=())


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("models")
    write_small_version(folder, "kidney_ct")
    return folder


@pytest.fixture
def desk(models: Path, tmp_path: Path, use_settings) -> BatchDesk:
    use_settings(models=models, home=tmp_path / "home")
    return BatchDesk()


def files(n: int, distinct: int = 4) -> list[tuple[str, bytes]]:
    drawn = [encoded(picture(seed)) for seed in range(40, 40 + distinct)]
    return [(f"{number}.png", drawn[number % distinct]) for number in range(n)]


def n_cases() -> int:
    return worklist_total(worklist_query(task="kidney_ct"))


@pytest.mark.slow
def test_two_hundred_files_are_told_in_their_order_and_equal_pixels_are_one_case(desk: BatchDesk):
    batch = desk.start("kidney_ct", files(MAX_FILES), said=SAID)
    assert desk.wait(batch, 120)
    assert [item.file for item in batch.outcomes] == [name for name, _ in files(MAX_FILES)]
    assert batch.counts == {"added": 4, "duplicate": MAX_FILES - 4}
    assert n_cases() == 4
    assert not batch.waiting and desk.progress(batch) is None and desk.failure(batch) is None


def test_more_files_than_a_batch_takes_are_refused_before_anything_is_stored(desk: BatchDesk):
    with pytest.raises(CaseError, match="201 files"):
        desk.start("kidney_ct", files(MAX_FILES + 1), said=SAID)
    with pytest.raises(CaseError, match="no file"):
        desk.start("kidney_ct", [], said=SAID)
    with pytest.raises(CaseError, match="Nobody"):
        desk.start("kidney_ct", files(1), said=CaseFacts(" "))
    assert n_cases() == 0


def test_a_batch_that_is_stopped_keeps_what_it_added_and_goes_on_later(
    desk: BatchDesk, monkeypatch: pytest.MonkeyPatch
):
    reached, add = threading.Event(), batches.add_bytes

    def slowly(*args, **said):
        reached.set()
        threading.Event().wait(0.02)
        return add(*args, **said)

    monkeypatch.setattr(batches, "add_bytes", slowly)
    batch = desk.start("kidney_ct", files(40, distinct=3), said=SAID)
    assert reached.wait(60)
    desk.cancel(batch)
    assert desk.wait(batch, 60)
    failure = desk.failure(batch)
    assert failure is not None and failure.was_stopped
    done = len(batch.outcomes)
    assert 0 < done + len(batch.waiting) == 40 and done < 40
    desk.go_on(batch)
    assert desk.wait(batch, 60)
    assert desk.failure(batch) is None
    assert [item.file for item in batch.outcomes] == [f"{number}.png" for number in range(40)]


def test_a_store_that_refuses_ends_the_batch_with_its_reason_and_no_file_is_lost(
    desk: BatchDesk, monkeypatch: pytest.MonkeyPatch
):
    add_case, calls = CaseStore.add_case, []

    def full_once(self, case, answer, **more):
        calls.append(case.case_id)
        if len(calls) == 2:
            raise PersistenceError("Not saved: the disk is full.", remedy="Make room.")
        return add_case(self, case, answer, **more)

    monkeypatch.setattr(CaseStore, "add_case", full_once)
    batch = desk.start("kidney_ct", files(4), said=SAID)
    assert desk.wait(batch, 60)
    failure = desk.failure(batch)
    assert failure is not None and "disk is full" in failure.problem
    assert (len(batch.outcomes), len(batch.waiting), n_cases()) == (1, 3, 1)
    desk.go_on(batch)
    assert desk.wait(batch, 60)
    assert batch.counts == {"added": 4} and n_cases() == 4


def test_a_batch_is_shown_to_who_began_it_alone(desk: BatchDesk):
    batch = desk.start("kidney_ct", files(1), said=SAID)
    assert desk.wait(batch, 60)
    assert desk.of_reader("A. Reader") == [batch]
    assert desk.of_reader("B. Other") == []
    desk.forget(batch)
    assert desk.of_reader("A. Reader") == []
