"""A stack of 200 slices holds no 200 pictures: measured in a process of its own."""

import subprocess
import sys
import zipfile

from core.config import ROOT
from tests.core.intake.stack_files import ct, drawn

N, SIDE = 200, 192
FLOAT_PICTURES = N * SIDE * SIDE * 4  # bytes, had they been kept decoded
READ = """
import resource, sys
from pathlib import Path
from core.workflows.series import open_series
peak = lambda: resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
(stack,) = open_series([Path(sys.argv[1])])
for index in range(5):
    stack.image(index)
before = peak()
for index in range(len(stack)):
    stack.image(index)
print(len(stack), peak() - before)
"""


def test_two_hundred_slices_are_decoded_without_being_held(tmp_path):
    path = tmp_path / "scan.zip"
    (pixels,) = drawn(1, side=SIDE)
    with zipfile.ZipFile(path, "w") as archive:
        for k in range(N):
            archive.writestr(f"{N - k}.dcm", ct(pixels, at=(0, 0, k), number=k))
    done = subprocess.run(
        [sys.executable, "-c", READ, str(path)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    n, grown = map(int, done.stdout.split())
    assert n == N
    assert grown < FLOAT_PICTURES / 4
