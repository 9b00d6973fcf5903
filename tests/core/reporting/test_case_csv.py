"""Cases as CSV: one row a case or a slice, no formula, version, digest and threshold in each."""

from __future__ import annotations

import io

import pandas as pd
import pytest

from core.reporting.case_csv import cases_csv
from core.reporting.case_report import USE, Read
from core.reporting.csv_table import check_export
from tests.core.reporting.reports import AT, MODEL, raster_case, refused, series_case


def table(*reports: object) -> pd.DataFrame:
    data = cases_csv(reports)
    assert check_export(data) >= len(reports)
    return pd.read_csv(io.BytesIO(data), encoding="utf-8-sig", dtype={"slice": str})


def test_every_row_names_version_digest_threshold_and_use():
    rows = table(raster_case(), series_case(5))
    assert len(rows) == 1 + 6
    assert set(rows["model_version"]) == {MODEL.version}
    assert set(rows["version_digest"]) == {MODEL.digest}
    assert set(rows["threshold"]) == {"Stone >= 0.23"}
    assert set(rows["use"]) == {USE}


def test_a_series_is_a_row_for_itself_and_one_a_slice():
    rows = table(series_case(5))
    assert list(rows["slice"].fillna("")) == ["", "1", "2", "3", "4", "5"]
    assert list(rows["p_stone"].fillna(-1)) == pytest.approx([0.9, 0.1, -1, 0.3, 0.9, 0.15])
    assert list(rows["verdict"].fillna("")) == ["Stone", "", "", "", "", ""]
    assert list(rows["status"]) == ["ok", "ok", "refused", "ok", "ok", "ok"]


def test_a_refusal_has_a_reason_and_no_figures():
    (row,) = table(raster_case(pictures=(refused(),))).to_dict("records")
    assert (row["status"], row["reason"]) == ("refused", "The picture looks like a chest film.")
    assert pd.isna(row["p_normal"])
    assert pd.isna(row["predicted"])


@pytest.mark.parametrize("evil", ["=1+1", "+cmd", "-cmd", "@SUM(A1)", "  =1", "\t=1", "＝1"])
def test_no_cell_is_a_formula(evil: str):
    read = Read(evil, AT, "stone", 0.5, evil, evil)
    report = raster_case(case_id=evil, reads=(read,), verdict=read)
    (row,) = table(report).to_dict("records")
    assert row["comment"] == row["verdict_by"] == row["case_id"] == f"'{evil}"


def test_no_cases_are_a_table_without_rows():
    assert check_export(cases_csv([])) == 0
