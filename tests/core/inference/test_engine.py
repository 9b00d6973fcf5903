"""The engine against the bare graph: same numbers, from any number of threads (faults 35, 66)."""

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import openvino as ov
import pytest

from core.config import ROOT
from core.errors import ModelVersionError
from core.inference.engine import Engine
from core.inference.package import read_version
from core.inference.writer import write_version
from core.tasks import load_task
from tests.small_version import (
    build_graph,
    run_graph,
    slices,
    small_card,
    version_files,
    weights_of,
    write_small_version,
)

TASK = load_task("kidney_ct")
SIZE = (224, 224)


@pytest.fixture(scope="module")
def version(tmp_path_factory):
    return write_small_version(tmp_path_factory.mktemp("models"))


@pytest.fixture(scope="module")
def engine(version):
    return Engine(version)


def batch_of(n, *, seed=21):
    return slices(n, SIZE, seed=seed).astype(np.float32)


def test_the_engine_answers_as_the_graph_does(engine):
    batch = batch_of(3)
    bare, ours = run_graph(build_graph(TASK, weights_of(TASK)), batch), engine.run(batch)
    for name in ("logits", "feature_map", "gate_features"):
        assert np.abs(getattr(bare, name) - getattr(ours, name)).max() < 1e-4


def test_the_bare_twin_gives_the_same_logits(engine):
    batch = batch_of(2)
    assert np.abs(engine.run(batch).logits - engine.run_logits_only(batch)).max() < 1e-5


def test_eight_threads_with_twenty_pictures_each_answer_as_one_does(engine):
    pictures = [batch_of(1, seed=seed) for seed in range(160)]
    serial = [engine.run(picture) for picture in pictures]
    with ThreadPoolExecutor(8) as pool:
        threaded = list(pool.map(engine.run, pictures))
    for name in ("logits", "feature_map", "gate_features"):
        pairs = zip(serial, threaded, strict=True)
        assert max(np.abs(getattr(a, name) - getattr(b, name)).max() for a, b in pairs) <= 1e-5


def test_an_answer_is_not_changed_by_the_next_picture(engine):
    first = engine.run(batch_of(1))
    kept = first.feature_map.copy()
    engine.run(batch_of(1, seed=99))
    assert np.array_equal(first.feature_map, kept)


def test_execution_is_float32_whatever_the_processor_prefers(engine):
    compiled = engine._requests._compiled
    assert compiled.get_property("INFERENCE_PRECISION_HINT") == ov.Type.f32
    assert compiled.get_property("PERFORMANCE_HINT") == "LATENCY"


@pytest.mark.parametrize(
    "shape", [(1, 224, 223, 3), (1, 224, 224, 1), (224, 224, 3), (0, 224, 224, 3)]
)
def test_a_batch_of_another_shape_is_refused(engine, shape):
    with pytest.raises(ModelVersionError, match="takes pictures of shape"):
        engine.run(np.zeros(shape, np.float32))


def changed_version(folder, **changes):
    files = version_files(TASK, **changes)
    return read_version(write_version(folder / "kidney_ct", "small-1", files=files))


def test_a_graph_with_fewer_outputs_than_classes_is_refused(tmp_path):
    weights = weights_of(TASK)
    fewer = weights | {"head": weights["head"][:, :3], "bias": weights["bias"][:3]}
    version = changed_version(tmp_path, graph=build_graph(TASK, fewer))
    with pytest.raises(ModelVersionError, match="has 3 outputs for 4 classes"):
        Engine(version)


def test_a_graph_without_logits_is_refused(tmp_path):
    graph = build_graph(TASK, weights_of(TASK), outputs=("feature_map", "gate_features"))
    with pytest.raises(ModelVersionError, match="lacks the output logits"):
        Engine(changed_version(tmp_path, graph=graph))


def test_a_graph_without_a_feature_map_still_gives_logits(tmp_path):
    graph = build_graph(TASK, weights_of(TASK), outputs=("logits", "gate_features"))
    engine = Engine(changed_version(tmp_path, graph=graph))
    output = engine.run(batch_of(2))
    assert not engine.has_feature_map
    assert output.feature_map.shape == (2, 0, 0, 0)
    assert output.logits.shape == (2, 4)


def test_a_file_that_is_no_graph_is_refused(tmp_path):
    files = version_files(TASK) | {"engine.xml": b"<net/>"}
    folder = write_version(tmp_path / "kidney_ct", "small-1", files=files)
    with pytest.raises(ModelVersionError, match="cannot read the graph"):
        Engine(read_version(folder))


def test_another_input_size_than_the_card_says_is_refused(tmp_path):
    card = small_card(TASK, input_size=(160, 160))
    files = version_files(TASK) | {"card.yaml": card.to_yaml()}
    folder = write_version(tmp_path / "kidney_ct", "small-1", files=files)
    with pytest.raises(ModelVersionError, match="does not take pictures of 160 x 160"):
        Engine(read_version(folder))


IN_A_PROCESS = """
import socket, sys
from pathlib import Path
def refuse(event, args):
    if event in ("socket.connect", "socket.getaddrinfo"):
        raise RuntimeError(f"network: {event} {args}")
sys.addaudithook(refuse)
import numpy as np
from core.inference.engine import Engine
from core.inference.package import read_version
engine = Engine(read_version(Path(sys.argv[1])))
print(engine.device, *engine.run(np.load(sys.argv[2])).logits[0].tolist())
"""


def test_without_a_gpu_and_without_a_network_the_answer_is_the_same(engine, version, tmp_path):
    batch = batch_of(1)
    np.save(tmp_path / "batch.npy", batch)
    hidden = os.environ | {"CUDA_VISIBLE_DEVICES": ""}
    command = [sys.executable, "-c", IN_A_PROCESS, str(version.path), str(tmp_path / "batch.npy")]
    done = subprocess.run(
        command, cwd=ROOT, env=hidden, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    device, *logits = done.stdout.split()
    assert device == "CPU"
    assert np.abs(np.array(logits, float) - engine.run(batch).logits[0]).max() < 1e-3
