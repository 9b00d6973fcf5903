"""Records go in once and come out as they were; the latest on a subject is in force."""

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

import numpy as np
import pytest

from core.errors import PersistenceError
from core.persistence import database as database_module
from core.persistence.database import database
from core.persistence.records import Cause, MissKind
from core.persistence.store import store
from tests.core.persistence.conftest import (
    CAUSE,
    POINT,
    PROMOTION,
    RECORDS,
    RETIREMENT,
    VERDICT,
)


def read_back(record):
    made = store()
    match record:
        case _ if record is POINT:
            return made.operating_points("d1")["stone"]
        case _ if record is CAUSE:
            return made.causes("r1")[-1]
        case _ if record is VERDICT:
            return made.comparisons("kidney_ct")[0]
        case _ if record is RETIREMENT:
            return made.retirements("kidney_ct")[0]
    return made.champion("kidney_ct")


@pytest.mark.parametrize("record", RECORDS.values(), ids=RECORDS)
def test_a_record_comes_out_as_it_went_in(home, record):
    before = datetime.now(UTC)
    stored = store().add(record)
    assert read_back(record) == stored
    time = next(
        name for name in ("signed_at", "recorded_at", "promoted_at") if hasattr(stored, name)
    )
    at = getattr(stored, time)
    assert before <= at <= datetime.now(UTC)
    assert at.utcoffset() == timedelta(0)
    assert stored == replace(record, **{time: at, "sequence": 1})


def test_words_become_the_names_of_kinds_and_causes(home):
    stored = store().add(CAUSE)
    assert (stored.kind, stored.cause) == (MissKind.MISS, Cause.TOO_SMALL)


@pytest.mark.parametrize("change", [{"cause": "tiredness"}, {"kind": "hit"}])
def test_a_cause_or_kind_of_somebody_elses_is_not_stored(home, change):
    with pytest.raises(ValueError, match="is not a valid"):
        store().add(replace(CAUSE, **change))
    assert store().causes("r1") == []


def test_a_fact_that_is_no_number_is_not_stored(home):
    with pytest.raises(ValueError, match="JSON"):
        store().add(replace(VERDICT, facts={"auc": float("nan")}))


def test_numbers_of_numpy_are_stored_as_what_they_are(home):
    point = replace(
        POINT, threshold=np.float64(0.25), n_positive=np.int64(7), claim_holds=np.bool_(True)
    )
    verdict = replace(VERDICT, facts={"n": np.int64(3), "p": np.float32(0.5)})
    assert store().add(point).n_positive == 7
    assert store().operating_points("d1")["stone"].claim_holds is True
    assert store().add(verdict).facts == {"n": 3, "p": 0.5}


def test_a_time_of_another_zone_is_kept_as_the_same_moment(home):
    at = datetime(2026, 11, 21, 1, 30, tzinfo=timezone(timedelta(hours=5)))
    store().add(replace(CAUSE, recorded_at=at))
    assert store().causes("r1")[0].recorded_at == at


def test_the_latest_of_each_class_is_in_force(home):
    store().add(POINT)
    store().add(replace(POINT, class_name="tumor"))
    store().add(replace(POINT, threshold=0.2))
    store().add(replace(POINT, version_digest="d2", threshold=0.9))
    points = store().operating_points("d1")
    assert {name: point.threshold for name, point in points.items()} == {
        "stone": 0.2,
        "tumor": 0.31,
    }
    assert store().operating_points("unknown") == {}


def test_the_latest_cause_of_each_file_and_kind_is_in_force(home):
    store().add(CAUSE)
    store().add(replace(CAUSE, kind="false_alarm", cause="look_alike"))
    store().add(replace(CAUSE, file="another.jpg"))
    store().add(replace(CAUSE, cause="label_wrong", recorded_by="B. Reader"))
    assert [(c.file, c.kind, c.cause) for c in store().causes("r1")] == [
        ("Stone- (19).jpg", "false_alarm", "look_alike"),
        ("another.jpg", "miss", "too_small"),
        ("Stone- (19).jpg", "miss", "label_wrong"),
    ]


def test_every_verdict_of_a_task_is_listed_newest_first(home):
    for margin in (0.01, 0.02):
        store().add(replace(VERDICT, margin=margin))
    assert [item.margin for item in store().comparisons("kidney_ct")] == [0.02, 0.01]
    assert store().comparisons("phantom_ct") == []


def test_the_order_is_the_sequence_whatever_the_clock_says(home):
    store().add(PROMOTION)
    store().add(replace(PROMOTION, version="small-3", promoted_at=datetime(2001, 1, 1, tzinfo=UTC)))
    assert store().champion("kidney_ct").version == "small-3"


@pytest.mark.parametrize("record", RECORDS.values(), ids=RECORDS)
def test_a_double_click_stores_one_row(home, rows, record):
    table = {"point": "operating_point", "cause": "miss_cause", "verdict": "comparison"}
    name = next(name for name, item in RECORDS.items() if item is record)
    first, second = store().add(record), store().add(record)
    assert first == second
    assert rows(home / "second_look.db", table.get(name, name)) == 1


def test_back_to_what_it_was_is_a_row_of_its_own(home, rows):
    for version in ("small-2", "small-1", "small-2"):
        store().add(replace(PROMOTION, version=version))
    assert rows(home / "second_look.db", "promotion") == 3


def test_a_key_names_an_act_for_ever(home, rows):
    first = store().add(CAUSE, key="form-1")
    store().add(replace(CAUSE, cause="label_wrong"), key="form-2")
    assert store().add(CAUSE, key="form-1") == first
    assert rows(home / "second_look.db", "miss_cause") == 2
    assert store().causes("r1")[0].cause == "label_wrong"


def test_a_key_with_other_content_is_refused_and_nothing_stored(home, rows):
    store().add(CAUSE, key="form-1")
    with pytest.raises(PersistenceError, match="recorded before with other content"):
        store().add(replace(CAUSE, note="else"), key="form-1")
    assert rows(home / "second_look.db", "miss_cause") == 1


@pytest.mark.parametrize("who", ["", "  "])
def test_what_nobody_signs_is_not_stored(home, who):
    with pytest.raises(PersistenceError, match="nobody's name") as refusal:
        store().add(replace(POINT, signed_by=who))
    assert refusal.value.column == "signed_by"


def test_threads_that_write_at_once_lose_nothing_and_number_without_gaps(home, rows):
    def write(place):
        thread, number = place
        return store().add(replace(CAUSE, file=f"{thread}-{number}.png")).sequence

    places = [(thread, number) for number in range(25) for thread in range(2)]
    with ThreadPoolExecutor(2) as pool:
        numbers = list(pool.map(write, places))
    assert sorted(numbers) == list(range(1, 51))
    assert {cause.file for cause in store().causes("r1")} == {f"{t}-{n}.png" for t, n in places}


def test_threads_that_ask_at_once_get_one_database(home):
    for number in range(20):
        database_module._database.cache_clear()
        start = threading.Barrier(4)

        def ask(_, start=start):
            start.wait()
            return database()

        with ThreadPoolExecutor(4) as pool:
            assert len(set(map(id, pool.map(ask, range(4))))) == 1, number


def test_threads_that_say_the_same_at_once_store_one_row(home, rows):
    with ThreadPoolExecutor(4) as pool:
        numbers = {item.sequence for item in pool.map(lambda _: store().add(POINT), range(12))}
    assert numbers == {1}
    assert rows(home / "second_look.db", "operating_point") == 1
