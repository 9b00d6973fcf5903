"""Signals end a process in which graphs were compiled, and do not crash it."""

import subprocess
import sys

from core.inference.openvino_core import openvino_core
from tests.source_tree import ROOT

# Graphs come and go in another order than a stack of them would; then the process is asked to end.
SCRIPT = """
import gc, os, signal, time
from core.inference.graph import compile_graph
from core.tasks import load_task
from core.workflows.run_guards import ending_on_request
from tests.small_version import build_graph, weights_of

task = load_task("phantom_ct")
kept = [compile_graph(build_graph(task, weights_of(task))) for _ in range(3)]
while kept:
    del kept[0]
    gc.collect()
try:
    with ending_on_request():
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(5)
except KeyboardInterrupt:
    print("heard")
"""


def test_a_request_to_end_is_heard_after_graphs_have_come_and_gone():
    ended = subprocess.run(
        [sys.executable, "-c", SCRIPT], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert (ended.returncode, ended.stdout) == (0, "heard\n"), ended.stderr


def test_a_process_has_one_core():
    assert openvino_core() is openvino_core()
    makers = [
        path.relative_to(ROOT).as_posix()
        for folder in ("core", "pages")
        for path in sorted((ROOT / folder).rglob("*.py"))
        if "ov.Core()" in path.read_text(encoding="utf-8")
    ]
    assert makers == ["core/inference/openvino_core.py"]
