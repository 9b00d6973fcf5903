"""``bench evaluation``: a million cases, a moved threshold and the Performance page, measured here.

Ours and theirs run in child processes of their own, so that the peak of memory is that of the work
and scikit-learn is in no process of ours. A child writes its answer into a file.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from core.config import ROOT
from core.errors import EvaluationError
from core.evaluation.runs import EvaluationRun, RunFacts

N_CASES, N_GROUPS, N_PAGE_CASES = 1_000_000, 5_000, 11_000
CLASSES = ("cyst", "normal", "stone", "tumor")
N_RESAMPLES = 1000
BLOCKS, IN_A_BLOCK = 10, 10  # a tenth of the loop over scikit-learn, timed in ten parts
FASTER_TARGET, MEMORY_TARGET_GB, THRESHOLD_TARGET, PAGE_TARGET = 30.0, 2.0, 0.1, 1.5
CHARTS_S = 0.3  # what charts may add to the page
SEED = 4

Row = dict[str, Any]
Progress = Callable[[str], None]


def run_evaluation_bench(
    *, n_cases: int = N_CASES, rounds: int = 3, progress: Progress | None = None
) -> dict[str, Row]:
    """Return the speed figures of the evaluation, with raw samples.

    Parameters
    ----------
    n_cases : int
        Cases of the large run; the promise is for a million.
    rounds : int
        Turns of our own figures; the page takes ten times as many.
    progress : callable or None
        Told what is measured next.

    Returns
    -------
    dict of name to {ratio, target, met, ours_s, theirs_s, ...}
        ``figures_over_scikit_learn`` (theirs over ours), ``peak_memory_gb`` (of the process that
        makes ours), ``threshold_over_confusion_matrix`` and ``page_over_empty_page`` (ours over
        theirs; the page less 300 ms for its charts), ``first_page_over_empty_page`` (no target: the
        first run in a process, libraries and charts included; ``making_s`` is the one run ever in
        which figures, intervals and curves are made).

    Raises
    ------
    EvaluationError
        If a measured process fails.
    """
    tell = progress or (lambda _: None)
    tell(f"every figure of {n_cases:,} cases with {N_RESAMPLES:,} resamples, {rounds} times")
    ours = _child("figures", n_cases, rounds)
    tell("the same resamples over scikit-learn: a tenth of them, some minutes")
    theirs = _child("loop", n_cases, BLOCKS)
    tell("moving the threshold against one confusion matrix")
    moved = _child("threshold", n_cases, 10 * rounds)
    tell("the Performance page against an empty page")
    paged = _child("page", N_PAGE_CASES, 10 * rounds)
    return {
        "figures_over_scikit_learn": _faster(ours, theirs, n_cases),
        "peak_memory_gb": _memory(ours, n_cases),
        "threshold_over_confusion_matrix": _slower(moved, THRESHOLD_TARGET),
        "page_over_empty_page": _page(paged["again_s"], paged, PAGE_TARGET),
        "first_page_over_empty_page": _page(paged["first_s"], paged, None),
    }


def _faster(ours: Row, theirs: Row, n_cases: int) -> Row:
    whole = N_RESAMPLES / IN_A_BLOCK
    theirs_s = [seconds * whole for seconds in theirs["seconds"]]
    ratio = statistics.median(theirs_s) / statistics.median(ours["seconds"])
    return {
        "ratio": ratio,
        "target": FASTER_TARGET,
        "met": ratio >= FASTER_TARGET,
        "ours_s": ours["seconds"],
        "theirs_s": theirs_s,
        "n_cases": n_cases,
        "n_resamples": N_RESAMPLES,
        "scaled": f"{BLOCKS * IN_A_BLOCK} of {N_RESAMPLES} resamples were timed over scikit-learn, "
        f"in blocks of {IN_A_BLOCK}; each sample is a block times {whole:g}. Ours holds the "
        "intervals as if independent too, which theirs does not.",
    }


def _memory(ours: Row, n_cases: int) -> Row:
    gigabytes = ours["peak_bytes"] / 1e9
    return {
        "ratio": gigabytes,
        "target": MEMORY_TARGET_GB,
        "met": gigabytes < MEMORY_TARGET_GB,
        "ours_s": ours["seconds"],
        "theirs_s": [],
        "n_cases": n_cases,
    }


def _slower(samples: Row, target: float) -> Row:
    ratio = statistics.median(samples["ours_s"]) / statistics.median(samples["theirs_s"])
    return {"ratio": ratio, "target": target, "met": ratio <= target, **samples}


def _page(ours_s: list[float], paged: Row, target: float | None) -> Row:
    empty = statistics.median(paged["empty_s"])
    ratio = max(0.0, statistics.median(ours_s) - CHARTS_S) / empty
    return {
        "ratio": ratio,
        "target": target,
        "met": None if target is None else ratio <= target,
        "ours_s": ours_s,
        "theirs_s": paged["empty_s"],
        "n_cases": N_PAGE_CASES,
        "charts_s": CHARTS_S,
        "making_s": paged["making_s"],
        "scikit_learn_imported": paged["scikit_learn_imported"],
    }


def _child(part: str, n_cases: int, rounds: int) -> Row:
    """Run one part in a process of its own and return what it wrote."""
    with tempfile.TemporaryDirectory() as folder:
        answer = Path(folder) / "answer.json"
        command = [sys.executable, "-W", "ignore", "-m", __name__]
        command += [part, str(n_cases), str(rounds), str(answer)]
        environment = os.environ | {"PYTHONPATH": str(ROOT), "SECOND_LOOK_HOME": folder}
        done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, check=False)
        if done.returncode or not answer.is_file():
            last = done.stderr.decode("utf-8", "replace").strip().splitlines()[-1:]
            raise EvaluationError(
                f"The measured process {part!r} failed: {' '.join(last)[:300]}",
                remedy="Close other work, or measure again with --rounds 1.",
            )
        content: Row = json.loads(answer.read_text(encoding="utf-8"))
        return content


def drawn_cases(n_cases: int) -> EvaluationRun:
    """Return a run of four classes, its cases in groups that share part of their error."""
    rng = np.random.default_rng(SEED)
    n_groups = min(N_GROUPS, max(2, n_cases // 65))
    y_true = rng.choice(4, n_cases, p=[0.3, 0.41, 0.11, 0.18])
    codes = rng.integers(0, n_groups, n_cases)
    logits = rng.normal(size=(n_cases, 4)) + 0.7 * rng.normal(size=(n_groups, 4))[codes]
    logits[np.arange(n_cases), y_true] += 2.0
    y_prob = np.exp(logits)
    y_prob /= y_prob.sum(axis=1, keepdims=True)
    return EvaluationRun(
        class_names=CLASSES,
        file=np.arange(n_cases).astype(str).astype(object),
        y_true=y_true.astype(np.int64),
        y_prob=y_prob,
        group=np.char.add("g", codes.astype(str)).astype(object),
        refused=np.zeros(n_cases, dtype=bool),
        facts=RunFacts(
            task="kidney_ct",
            data="drawn",
            group_source="column",
            group_name="series",
            created_at="2026-01-01T00:00:00Z",
        ),
    )


def _timed(call: Callable[[], object]) -> float:
    start = time.perf_counter()
    call()
    return time.perf_counter() - start


def _measure_figures(n_cases: int, rounds: int) -> Row:
    import resource

    from core.evaluation.figures import run_figures

    run = drawn_cases(n_cases)
    seconds = [_timed(lambda: run_figures(run)) for _ in range(rounds)]
    unit = 1 if sys.platform == "darwin" else 1024
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit
    return {"seconds": seconds, "peak_bytes": peak}


def _measure_loop(n_cases: int, blocks: int) -> Row:
    """Time blocks of resamples of whole groups, every figure of each class by scikit-learn."""
    from sklearn import metrics

    run = drawn_cases(n_cases)
    codes = np.unique(run.group.astype(str), return_inverse=True)[1]  # type: ignore[union-attr]
    order = np.argsort(codes, kind="stable")
    members = np.split(order, np.cumsum(np.bincount(codes))[:-1])
    rng = np.random.default_rng(SEED)

    def resampled() -> list[object]:
        drawn = rng.integers(0, len(members), len(members))
        cases = np.concatenate([members[group] for group in drawn])
        y_true, y_prob = run.y_true[cases], run.y_prob[cases]
        called = y_prob.argmax(axis=1)
        made: list[object] = [
            metrics.multilabel_confusion_matrix(y_true, called),
            metrics.f1_score(y_true, called, average=None),
        ]
        for index in range(len(run.class_names)):
            is_positive, scores = y_true == index, y_prob[:, index]
            made.append(metrics.roc_auc_score(is_positive, scores))
            made.append(metrics.average_precision_score(is_positive, scores))
        return made

    def block() -> None:
        for _ in range(IN_A_BLOCK):
            resampled()

    return {"seconds": [_timed(block) for _ in range(blocks)]}


def _measure_threshold(n_cases: int, rounds: int) -> Row:
    from sklearn.metrics import confusion_matrix

    from core.evaluation.operating_points import threshold_mover
    from core.workflows.benchmarking import take_turns

    run = drawn_cases(n_cases)
    move, places = threshold_mover(run, "stone"), np.random.default_rng(SEED).random(10_000)
    is_positive, scores, at = run.y_true == 2, run.y_prob[:, 2], iter(places.tolist())
    ours_s, theirs_s = take_turns(
        lambda: move(next(at)),
        lambda: confusion_matrix(is_positive, scores >= next(at)),
        rounds=min(rounds, 1000),
    )
    return {"ours_s": ours_s, "theirs_s": theirs_s}


def _measure_page(n_cases: int, rounds: int) -> Row:
    """Time script runs without a browser: the page of a stored run, and a page of the frame alone.

    ``first_s`` is the first run of the page in a process whose frame is warm; ``again_s`` are
    reruns. Both are of a second process: in the first one all figures, intervals and curves were
    made and kept (``making_s`` is its first run).
    """
    from core.evaluation.runs import write_run
    from core.workflows.stored_runs import runs_folder

    with tempfile.TemporaryDirectory() as folder:
        stored = write_run(drawn_cases(n_cases), runs_folder("kidney_ct", None) / "drawn")
        answer = Path(folder) / "visit.json"
        command = [sys.executable, "-W", "ignore", "-m", "pages._timing.visit"]
        command += [str(rounds), stored.name, str(answer)]
        visits: list[Row] = []
        for _ in range(2):
            subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
            visits.append(json.loads(answer.read_text(encoding="utf-8")))
        return {**visits[1], "making_s": visits[0]["first_s"]}


_PARTS: dict[str, Callable[[int, int], Row]] = {
    "figures": _measure_figures,
    "loop": _measure_loop,
    "threshold": _measure_threshold,
    "page": _measure_page,
}

if __name__ == "__main__":
    name, cases, turns, written = sys.argv[1:]
    Path(written).write_text(json.dumps(_PARTS[name](int(cases), int(turns))), encoding="utf-8")
