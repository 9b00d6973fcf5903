"""Pages are run through the entry point, with small versions made by hand."""

from __future__ import annotations

import functools
import gc
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from streamlit.components.v2 import manifest_scanner
from streamlit.testing.v1 import AppTest

from core.workflows.kept_figures import FOLDER as FIGURES
from tests.small_version import write_small_version
from tests.source_tree import ROOT

OpenPage = Callable[..., AppTest]


@pytest.fixture(autouse=True, scope="module")
def _own_garbage() -> Iterator[None]:
    """Set aside what other tests brought into the process.

    Streamlit collects garbage after every run of a page, and would look through all of TensorFlow.
    """
    gc.collect()
    gc.freeze()
    yield
    gc.unfreeze()


@pytest.fixture(autouse=True, scope="session")
def _one_scan_of_the_packages() -> Iterator[None]:
    """Look for components in the installed packages once: every AppTest reads them all anew."""
    scan = functools.cache(manifest_scanner.scan_component_manifests)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(manifest_scanner, "scan_component_manifests", scan)
        yield


@pytest.fixture(scope="session")
def small_models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder with a small version of the kidney and of the phantom task; never changed."""
    folder = tmp_path_factory.mktemp("models")
    for task in ("kidney_ct", "phantom_ct"):
        write_small_version(folder, task)
    return folder


@pytest.fixture(scope="session")
def kept_figures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of figures that every home of this session shares: made once for equal runs."""
    return tmp_path_factory.mktemp("figures")


@pytest.fixture
def open_page(
    use_settings: Callable[..., None], small_models: Path, kept_figures: Path, tmp_path: Path
) -> OpenPage:
    """Return a function that opens a page inside the frame: ``open_page("analyse")``."""
    home = tmp_path / "home"
    home.mkdir(exist_ok=True)
    (home / FIGURES).symlink_to(kept_figures)

    def open_it(
        page: str,
        *,
        task: str = "kidney_ct",
        models: Path | None = None,
        data_root: Path | None = None,
    ) -> AppTest:
        # The same words on every machine: also on one where the pictures are attached.
        use_settings(models=models or small_models, home=home, data_root=data_root)
        app = AppTest.from_file(str(ROOT / "streamlit_app.py"), default_timeout=120)
        app.query_params["task"] = task
        app.run()
        app.switch_page(f"pages/{page}.py").run()
        assert not app.exception
        return app

    return open_it
