"""Versions kept for their figures alone, and the table of everything measured."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from core.domain import Figure
from core.errors import ModelVersionError
from core.evaluation.runs import RunFacts, write_run
from core.inference.card import CardFigure, MetricSet, as_yaml, parse_card
from core.inference.manifest import manifest_bytes
from core.inference.package import compared_folder, find_version, version_names
from core.workflows.compared_versions import keep_compared
from core.workflows.comparing import comparable_runs, partners
from core.workflows.results import collect_results
from core.workflows.results_page import results_markdown
from core.workflows.stored_runs import compared_runs
from tests.drawn_runs import draw_run
from tests.small_version import write_small_version

TASK = "kidney_ct"


@pytest.fixture
def models(use_settings: Callable[..., None], tmp_path: Path) -> Path:
    """A folder with a champion, small-1, and another version, small-2, both with a run."""
    folder = tmp_path / "models"
    for name in ("small-1", "small-2"):
        write_small_version(folder, TASK, version=name)
        _measured(folder / TASK / name, macro_f1=0.7 if name == "small-1" else 0.6)
    (folder / TASK / "champion").write_text("small-1\n", encoding="utf-8")
    use_settings(models=folder, home=tmp_path / "home")
    return folder


def _measured(version: Path, *, macro_f1: float) -> None:
    """Give a version figures and a run, as training does, and a manifest that says so."""
    card = parse_card((version / "card.yaml").read_bytes())
    figure = Figure(macro_f1, macro_f1 - 0.05, macro_f1 + 0.05, 300, 0.4, 0.9, 12)
    values = {name: getattr(figure, name) for name in CardFigure.model_fields}
    told = MetricSet(
        split="out_of_fold",
        title="five folds",
        n=300,
        n_groups=12,
        figures={name: CardFigure(**values) for name in ("macro_f1", "sensitivity_stone")},
    )
    content = card.model_dump(mode="json", by_alias=True, exclude={"ensemble"})
    content["metrics"] = [told.model_dump(mode="json")]
    (version / "card.yaml").write_bytes(as_yaml(content))
    facts = RunFacts(
        name="out_of_fold", task=TASK, model_version=card.version, version_digest=None,
        data="drawn", split="out_of_fold", split_made="five folds", group_source="column",
        group_name="series", created_at="2026-01-02T03:04:05Z",
    )  # fmt: skip
    write_run(replace(draw_run(300), facts=facts), version / "evaluation" / "out_of_fold")
    (version / "manifest.json").write_bytes(manifest_bytes(version))


def test_a_kept_version_has_its_figures_and_no_weights(models: Path):
    folder = keep_compared(TASK, "small-2", minutes=12.5)
    held = sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*.*"))
    assert held == [
        "card.yaml",
        "evaluation/out_of_fold/predictions.parquet",
        "evaluation/out_of_fold/run.yaml",
        "measured.yaml",
    ]
    assert "minutes: 12.5" in (folder / "measured.yaml").read_text(encoding="utf-8")


def test_kept_figures_are_no_version_that_could_answer(models: Path):
    keep_compared(TASK, "small-2")
    shutil.rmtree(models / TASK / "small-2")
    assert version_names(TASK) == ("small-1",)
    with pytest.raises(ModelVersionError):
        find_version(TASK, "small-2")


def test_once_its_weights_are_gone_its_run_can_still_be_compared(models: Path):
    keep_compared(TASK, "small-2")
    assert compared_runs(TASK) == []  # it is installed: its runs are listed with it
    shutil.rmtree(models / TASK / "small-2")
    runs = comparable_runs(TASK)
    assert [run.facts.model_version for run in runs] == ["small-1", "small-2"]
    assert [run.facts.model_version for run in partners(runs[0], runs)] == ["small-2"]


def test_of_each_version_a_run_whose_split_leaks_comes_last(models: Path):
    version = models / TASK / "small-1"
    for name in ("a_random_split", "test"):  # names that come before "out_of_fold", and after
        split = name.removeprefix("a_")
        facts = RunFacts(
            name=name, task=TASK, model_version="small-1", version_digest=None, data="drawn",
            split=split, split_made=split, group_source="column", group_name="series",
            created_at="2026-02-02T03:04:05Z",
        )  # fmt: skip
        write_run(replace(draw_run(300), facts=facts), version / "evaluation" / name)
    (version / "manifest.json").write_bytes(manifest_bytes(version))
    ours = [run for run in comparable_runs(TASK) if run.facts.model_version == "small-1"]
    assert [run.facts.split for run in ours] == ["out_of_fold", "test", "random_split"]


def test_a_version_kept_again_leaves_one_folder(models: Path):
    keep_compared(TASK, "small-2", minutes=1)
    keep_compared(TASK, "small-2", minutes=2)
    assert [path.name for path in compared_folder(TASK).iterdir()] == ["small-2"]
    assert "minutes: 2" in (compared_folder(TASK) / "small-2/measured.yaml").read_text("utf-8")


def test_a_changed_file_is_not_kept(models: Path):
    path = models / TASK / "small-2/evaluation/out_of_fold/predictions.parquet"
    path.write_bytes(path.read_bytes()[:-1] + b"x")
    with pytest.raises(ModelVersionError):
        keep_compared(TASK, "small-2")
    assert not compared_folder(TASK).exists() or not list(compared_folder(TASK).iterdir())


def test_the_table_lists_what_is_measured_the_best_first(models: Path):
    keep_compared(TASK, "small-2", minutes=12.5)
    shutil.rmtree(models / TASK / "small-2")
    results = {item.task.key: item for item in collect_results()}[TASK]
    assert [row.version for row in results.rows] == ["small-1", "small-2"]
    assert [row.is_champion for row in results.rows] == [True, False]
    page = results_markdown(collect_results())
    ours = [line for line in page.splitlines() if "0.600 (0.400–0.900)" in line]
    assert len(ours) == 1
    assert ours[0].endswith("| 12 |")
    assert "300 pictures, 12 groups" in page
    assert "Nothing is kept of this task yet." in page  # of the others


def test_a_figure_that_nobody_measured_is_a_dash(models: Path):
    page = results_markdown(collect_results())
    champion = next(line for line in page.splitlines() if "(answers by default)" in line)
    assert "| – |" in champion  # its random split, its times


def test_every_row_is_plain_for_json(models: Path):
    rows = [row.to_document() for item in collect_results() for row in item.rows]
    assert json.loads(json.dumps(rows))[0]["honest"]["macro_f1"]["n_groups"] == 12


def test_times_that_cannot_be_read_are_said(models: Path):
    folder = keep_compared(TASK, "small-2")
    (folder / "measured.yaml").write_text("milliseconds: -1\n", encoding="utf-8")
    with pytest.raises(ModelVersionError, match="small-2"):
        collect_results()
