"""Versions kept for their figures alone, and the table of everything measured."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from core.config import ROOT
from core.domain import Figure
from core.errors import ModelVersionError
from core.evaluation.runs import RunFacts, read_run, write_run
from core.inference.card import CardFigure, MetricSet, as_yaml, parse_card
from core.inference.manifest import manifest_bytes
from core.inference.package import compared_folder, find_version, version_names
from core.workflows.compared_versions import keep_compared
from core.workflows.comparing import comparable_runs, partners
from core.workflows.results import collect_results
from core.workflows.results_page import results_markdown
from core.workflows.stored_runs import compared_runs
from tests.drawn_runs import draw_run
from tests.small_ensemble import write_ensemble, write_members
from tests.small_version import write_small_version

TASK = "kidney_ct"
MEGABYTE = 1 << 20


def _page() -> str:
    return results_markdown(collect_results())


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


def _measured(
    version: Path, *, macro_f1: float, split: str = "out_of_fold", **told_on_card: object
) -> None:
    """Give a version figures and a run, as training does, and a manifest that says so."""
    card = parse_card((version / "card.yaml").read_bytes())
    figure = Figure(macro_f1, macro_f1 - 0.05, macro_f1 + 0.05, 300, 0.4, 0.9, 12)
    values = {name: getattr(figure, name) for name in CardFigure.model_fields}
    told = MetricSet(
        split=split,
        title="3 grouped folds (seed 0)" if split == "out_of_fold" else "own test part (seed 0)",
        n=300,
        n_groups=12,
        figures={name: CardFigure(**values) for name in ("macro_f1", "sensitivity_stone")},
    )
    content = card.model_dump(mode="json", by_alias=True, exclude={"ensemble"})
    content |= {"metrics": [told.model_dump(mode="json")], **told_on_card}
    (version / "card.yaml").write_bytes(as_yaml(content))
    facts = RunFacts(
        name=split, task=TASK, model_version=card.version, version_digest=None,
        data="drawn", split=split, split_made="five folds", group_source="column",
        group_name="series", created_at="2026-01-02T03:04:05Z",
    )  # fmt: skip
    write_run(replace(draw_run(300), facts=facts), version / "evaluation" / split)
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


def test_of_an_ensemble_the_passes_of_all_members_are_timed(use_settings, tmp_path: Path):
    folder = tmp_path / "models"
    use_settings(models=folder, home=tmp_path / "home")
    write_members(folder)
    write_ensemble(folder)
    keep_compared(TASK, "both")
    assert "milliseconds:" in (compared_folder(TASK) / "both/measured.yaml").read_text("utf-8")
    assert "Ensemble of 2, mean logits" in _page()


def test_minutes_come_from_the_card_where_nobody_tells_others(models: Path):
    write_small_version(models, TASK, version="timed")
    _measured(models / TASK / "timed", macro_f1=0.7, training_seconds=750.0)
    told = (keep_compared(TASK, "timed") / "measured.yaml").read_text(encoding="utf-8")
    assert "minutes: 12.5" in told


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
    page = _page()
    ours = [line for line in page.splitlines() if "0.600 (0.400–0.900)" in line]
    assert len(ours) == 1
    assert "| 12.5 |" in ours[0]
    assert "3 folds, 300 pictures in 12 groups" in ours[0]
    assert "Nothing is kept of this task yet." in page  # of the others


def test_a_figure_that_nobody_measured_is_a_dash(models: Path):
    page = _page()
    champion = next(line for line in page.splitlines() if "(champion" in line)
    assert "| – |" in champion  # its random split, its times


def test_a_row_judged_on_its_test_part_comes_last_and_says_so(models: Path):
    write_small_version(models, TASK, version="held-out")
    _measured(models / TASK / "held-out", macro_f1=0.99, split="test")
    rows = {item.task.key: item for item in collect_results()}[TASK].rows
    assert [row.version for row in rows] == ["small-1", "small-2", "held-out"]
    last = next(line for line in _page().splitlines() if "`held-out`" in line)
    assert "| test part, 300 pictures in 12 groups |" in last
    assert "0.990" in last


def test_a_row_of_other_pictures_comes_last_and_names_them(models: Path):
    write_small_version(models, TASK, version="easy")
    (models / TASK / "champion").write_text("small-1\n", encoding="utf-8")
    card = parse_card((models / TASK / "easy" / "card.yaml").read_bytes())
    data = card.training_data.model_dump(mode="json") | {"name": "easy pictures"}
    _measured(models / TASK / "easy", macro_f1=0.99, training_data=data)
    lines = [line for line in _page().splitlines() if line.startswith("| ") and "` |" in line]
    assert "`easy`" in lines[-1]
    assert "of easy pictures: other pictures than the champion's" in lines[-1]
    assert "other pictures" not in "".join(lines[:-1])


def test_a_row_of_other_labels_is_of_other_pictures_whatever_its_data_is_called(models: Path):
    version = models / TASK / "small-2"
    run = read_run(version / "evaluation" / "out_of_fold")
    moved = np.where(np.arange(run.n) == 7, (run.y_true + 1) % 4, run.y_true)
    shutil.rmtree(version / "evaluation" / "out_of_fold")
    write_run(replace(run, y_true=moved), version / "evaluation" / "out_of_fold")
    lines = [line for line in _page().splitlines() if "`small-" in line]
    assert "other pictures than the champion's" in lines[1]
    assert "other pictures" not in lines[0]


def test_a_head_that_was_solved_from_scratch_had_no_epochs(models: Path):
    card = parse_card((models / TASK / "small-2" / "card.yaml").read_bytes())
    solved = {"strategy": "head", "head_solver": "lbfgs", "weights": "none", "epochs": 8}
    settings = {**card.parameters, **solved}
    shutil.rmtree(models / TASK / "small-2" / "evaluation")
    _measured(
        models / TASK / "small-2",
        macro_f1=0.6,
        architecture="mobilenet",
        parameters=settings,
    )
    (line,) = (line for line in _page().splitlines() if "`small-2`" in line)
    assert "| from scratch, solved at once |" in line


def test_a_random_split_without_the_branch_says_so(models: Path):
    card = parse_card((models / TASK / "small-2" / "card.yaml").read_bytes())
    detail = dict(card.parameters) | {"detail": {"mixed": 64}}
    _measured(models / TASK / "small-2", macro_f1=0.6, split="random_split", parameters=detail)
    assert "0.600 (n 300, without its branch)" in _page()


def test_a_network_that_its_weight_file_cuts_short_is_titled_so(models: Path):
    write_small_version(models, TASK, version="cut")
    (models / TASK / "champion").write_text("small-1\n", encoding="utf-8")
    card = parse_card((models / TASK / "cut" / "card.yaml").read_bytes())
    cut = dict(card.parameters) | {"end_layer": "conv4_block6_out"}
    _measured(models / TASK / "cut", macro_f1=0.6, architecture="resnet50", parameters=cut)
    assert "| ResNet50 up to conv4 |" in _page()


def test_a_network_on_cut_pictures_says_so(models: Path):
    write_small_version(models, TASK, version="part")
    _measured(models / TASK / "part", macro_f1=0.6, parameters={"cut": "inside"})
    assert "by_hand, cut inside the drawn outline" in _page()


def test_a_network_from_scratch_on_smaller_pictures_says_both(models: Path):
    write_small_version(models, TASK, version="scratch")
    told = {"weights": "none", "strategy": "all", "epochs": 10}
    size = {"input_size": [96, 96], "architecture": "vgg16"}
    _measured(models / TASK / "scratch", macro_f1=0.5, parameters=told, **size)
    line = next(line for line in _page().splitlines() if "`scratch`" in line)
    assert "| from scratch, at most 10 epochs | 96x96 (224x224) |" in line


def test_minutes_of_another_machine_are_told_with_it(models: Path):
    keep_compared(TASK, "small-2", minutes=4, trained_on="one GPU")
    assert "| 4 (one GPU) |" in _page()


def test_what_was_published_stands_beside_its_network_with_a_note(models: Path):
    write_small_version(models, "kidney_stone", version="vgg")
    _measured(models / "kidney_stone/vgg", macro_f1=0.8, architecture="vgg16", task="kidney_stone")
    page = _page()
    assert "| About 90 % accuracy after 200 epochs (1) |" in page
    assert "1. Kidney stone against normal, VGG16 frozen but for its head: About 90 %" in page
    assert "79 % of the one checkpoint whose score was kept. Single slices by lot." in page


def test_a_row_of_published_settings_is_told_from_one_of_others(models: Path):
    key = "published_kidney_ct_efficientnet_b3"
    assert f"`{key}` was not run to its end here" in _page()
    (models / TASK / "small-2" / "experiment.yaml").write_text(f"key: {key}\n", encoding="utf-8")
    assert f"Run with these settings (`{key}`): `small-2`." in _page()
    (row,) = (line for line in _page().splitlines() if line.endswith("`small-2` |"))
    assert row.endswith(f"| `{key}` | `small-2` |")


@pytest.fixture
def shipped(tmp_path: Path) -> Path:
    """The models that the repository holds, without what was trained in this folder since."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "models"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    if listed.returncode or not listed.stdout:
        return ROOT / "models"  # no clone: a copy of the files
    for name in filter(None, listed.stdout.split("\0")):
        place = tmp_path / name
        place.parent.mkdir(parents=True, exist_ok=True)
        place.symlink_to(ROOT / name)
    return tmp_path / "models"


def test_the_page_of_the_repository_is_written_from_the_shipped_runs(
    use_settings: Callable[..., None], shipped: Path
):
    use_settings(models=shipped, tasks=None, experiments=None)
    written = (ROOT / "docs/results.md").read_text(encoding="utf-8")
    assert written == _page(), "run: python -m core results --out docs/results.md"


def test_what_is_shipped_stays_small(shipped: Path):
    sizes = {path: path.stat().st_size for path in shipped.rglob("*") if path.is_file()}
    versions: Counter[str] = Counter()
    for path, n_bytes in sizes.items():
        versions["/".join(path.relative_to(shipped).parts[:2])] += n_bytes
    assert sum(sizes.values()) <= 100 * MEGABYTE
    assert {name: size for name, size in versions.items() if size > 40 * MEGABYTE} == {}


def test_every_row_is_plain_for_json(models: Path):
    rows = [row.to_document() for item in collect_results() for row in item.rows]
    assert json.loads(json.dumps(rows))[0]["honest"]["macro_f1"]["n_groups"] == 12


def test_times_that_cannot_be_read_are_said(models: Path):
    folder = keep_compared(TASK, "small-2")
    (folder / "measured.yaml").write_text("milliseconds: -1\n", encoding="utf-8")
    with pytest.raises(ModelVersionError, match="small-2"):
        collect_results()
