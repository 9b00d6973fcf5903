"""A raw file put through the recipe and its twin, processed at the source, get the same class."""

from __future__ import annotations

import pandas as pd
import pytest

from core.domain import Status
from core.workflows.analyse import analyse_files

pytestmark = [pytest.mark.needs_data]


def test_raw_files_and_their_processed_twins_get_the_same_class(data_root, report_figure):
    names = pd.read_csv(data_root / "kidney_ct_raw" / "labels.csv")["file"].tolist()
    raw = list(
        analyse_files([data_root / "kidney_ct_raw" / name for name in names], task="kidney_ct")
    )
    twins = list(
        analyse_files([data_root / "kidney_ct" / name for name in names], task="kidney_ct")
    )
    assert {answer.status for answer in raw + twins} == {Status.OK}
    assert all(answer.seen.steps_left_out for answer in twins)
    same = sum(
        a.prediction.predicted == b.prediction.predicted for a, b in zip(raw, twins, strict=True)
    )
    report_figure("kidney_ct, pairs with the same class, of 100", same)
    assert len(names) == 100
    assert same >= 95
