"""Time script runs of the Performance page and of a page of the frame alone, without a browser.

``python -m pages._timing.visit ROUNDS RUN ANSWER.json``, from the repository's root.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from streamlit.testing.v1 import AppTest

from pages._shared import state

TIMEOUT_S = 300


@contextmanager
def beside_the_product() -> Iterator[Path]:
    """Lay the empty entry point beside the product's own: links to pages are relative to it."""
    path = Path(f".empty_page_{os.getpid()}.py")
    shutil.copyfile(Path(__file__).with_name("empty.py"), path)
    try:
        yield path
    finally:
        path.unlink()


def turn(app: AppTest) -> float:
    """Return the seconds of one script run; a page with a fault ends the process."""
    start = time.perf_counter()
    app.run()
    if app.exception:
        raise SystemExit(str(app.exception[0].message))
    return time.perf_counter() - start


def opened(path: Path, run: str, page: str | None = None) -> AppTest:
    """Return an app whose Performance page shows the stored run of that name."""
    app = AppTest.from_file(path, default_timeout=TIMEOUT_S)
    app.query_params["task"] = "kidney_ct"
    app.session_state[state.RUN] = run
    return app.switch_page(page) if page else app


def main(rounds: int, run: str, answer: Path) -> None:
    """Write ``empty_s``, ``first_s``, ``again_s`` and whether scikit-learn was imported."""
    with beside_the_product() as path:
        empty = opened(path.resolve(), run)
        turn(empty)
        empty_s = [turn(empty) for _ in range(rounds)]
    page = opened(Path("streamlit_app.py").resolve(), run, "pages/performance.py")
    first_s = [turn(page)]
    again_s = [turn(page) for _ in range(rounds)]
    found = {"empty_s": empty_s, "first_s": first_s, "again_s": again_s}
    imported = {"scikit_learn_imported": "sklearn" in sys.modules}
    answer.write_text(json.dumps(found | imported), encoding="utf-8")


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2], Path(sys.argv[3]))
