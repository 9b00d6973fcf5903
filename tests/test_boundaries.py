"""The rules of docs/architecture.md, held against the source itself."""

from __future__ import annotations

import ast
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterable

from tests.source_tree import ROOT, Import, Source, dotted, functions, sources

CORE = sources("core")
PAGES = sources("pages")
PRODUCT = sources("core", "pages")
EVERYTHING = sources("core", "pages", "tests")

HEAVY = {"tensorflow", "keras", "tf_keras_vis", "mlflow"}
BASE_ORDER: dict[str, set[str]] = {  # part of the base -> what it may import of the rest
    "errors": set(),
    "config": {"errors"},
    "domain": {"errors"},
    "wording": set(),
    "logs": {"errors", "config"},
    "tasks": {"errors", "config"},
}
BASE = set(BASE_ORDER)
AREAS = {
    "intake",
    "preprocessing",
    "datasets",
    "features",
    "phantoms",
    "architectures",
    "inference",
    "saliency",
    "evaluation",
    "training",
    "persistence",
    "reporting",
    "jobs",
}
# What a part of core may import beside itself and the base; any other part: nothing more.
MAY_IMPORT = {
    "datasets": {"preprocessing"},
    "training": {"datasets", "features", "preprocessing", "architectures"}
    | {"inference", "evaluation"},
    "saliency": {"inference"},
    "workflows": AREAS,
    "charts": set(),
    "commands": {"workflows"},
    "cli": {"commands"},
    "__main__": {"cli"},
}
# Where a library may be imported at all.
PLACES = {
    "streamlit": ("pages/", "streamlit_app.py"),
    "plotly": ("core/charts",),
    "pydicom": ("core/intake/", "core/reporting/"),
    "pylibjpeg": ("core/intake/",),
    "highdicom": ("core/reporting/",),
    "sqlalchemy": ("core/persistence/",),
    "sqlite3": ("core/persistence/",),
    "alembic": ("core/persistence/",),
    "openvino": ("core/inference/", "core/training/"),
    "tf_keras_vis": ("core/saliency/",),
    "mlflow": ("core/training/",),
    "matplotlib": ("core/training/",),
    "sklearn": ("core/datasets/", "core/training/", "core/workflows/benchmarking_evaluation.py"),
    "pickle": (),
    "joblib": (),
}


def top(item: Import) -> str:
    """Return the library that an import names."""
    return item.name.split(".")[0]


def part_of(item: Import) -> str | None:
    """Return the part of core that an import names; None outside core.

    The package itself (``core``, ``core.__version__``) belongs to no part.
    """
    words = item.name.split(".")
    is_part = len(words) > 1 and words[0] == "core" and words[1] != "__version__"
    return words[1] if is_part else None


def own_part(source: Source) -> str | None:
    return part_of(Import(source.module, 0, True))


def strays(among: Iterable[Source], is_stray: Callable[[Source, Import], bool]) -> list[str]:
    """Return every import that breaks a rule, as file, line and name."""
    return [
        f"{source.name}:{item.line} imports {item.name}"
        for source in among
        for item in source.imports
        if is_stray(source, item)
    ]


def test_imports_are_written_from_the_root():
    assert strays(PRODUCT, lambda source, item: item.name.startswith(".")) == []


def test_a_part_of_core_imports_only_what_lies_below_it():
    def is_stray(source: Source, item: Import) -> bool:
        own = own_part(source)
        return part_of(item) not in {own, None} | BASE | MAY_IMPORT.get(own or "", set())

    assert strays(CORE, is_stray) == []


def test_the_base_imports_nothing_above_it():
    def is_stray(source: Source, item: Import) -> bool:
        own = own_part(source)
        return own in BASE and part_of(item) not in {own, None} | BASE_ORDER[own]

    assert strays(CORE, is_stray) == []


def test_core_never_imports_a_page():
    assert strays(CORE, lambda source, item: top(item) in {"pages", "tests"}) == []


def test_pages_import_workflows_and_nothing_deeper():
    allowed = {None, "workflows", "charts"} | BASE
    assert strays(PAGES, lambda source, item: part_of(item) not in allowed) == []


def test_a_page_imports_no_other_page():
    def is_stray(source: Source, item: Import) -> bool:
        return top(item) == "pages" and not item.name.startswith("pages._shared")

    assert strays(PAGES, is_stray) == []


def test_every_library_stays_in_its_place():
    def is_stray(source: Source, item: Import) -> bool:
        return top(item) in PLACES and not source.name.startswith(PLACES[top(item)])

    assert strays(PRODUCT, is_stray) == []


def test_only_modules_marked_heavy_import_heavy_libraries():
    assert strays(PRODUCT, lambda source, item: not source.is_heavy and top(item) in HEAVY) == []


HEAVY_MODULES = tuple(source.module for source in CORE if source.is_heavy)


def reaches_heavy(item: Import) -> bool:
    return f"{item.name}.".startswith(tuple(f"{name}." for name in HEAVY_MODULES))


def test_a_light_module_reaches_a_heavy_one_only_through_a_deferred_import_in_a_workflow():
    def is_stray(source: Source, item: Import) -> bool:
        may_defer = source.name.startswith(("core/workflows/", "core/jobs/"))
        is_deferred = may_defer and not item.at_top
        return not source.is_heavy and reaches_heavy(item) and not is_deferred

    assert strays(PRODUCT, is_stray) == []


def test_a_module_marked_heavy_is_heavy():
    marked = [source for source in CORE if source.is_heavy]
    light = [
        source.name
        for source in marked
        if not any(top(item) in HEAVY or reaches_heavy(item) for item in source.imports)
    ]
    assert light == []


def test_html_is_written_in_one_module_only():
    writers = {
        source.name
        for source in PRODUCT
        for call in source.calls()
        if any(word.arg == "unsafe_allow_html" for word in call.keywords)
        or dotted(call.func) == "st.html"
    }
    assert len(writers) <= 1, writers


def test_caches_of_streamlit_stand_in_one_module_only():
    cached = {
        source.name
        for source in PRODUCT
        for node in source.nodes
        if isinstance(node, ast.Attribute) and node.attr in {"cache_data", "cache_resource"}
    }
    assert cached <= {"pages/_shared/resources.py"}


def spelt_session_keys(source: Source) -> list[str]:
    """Return the session keys that a file spells itself instead of taking them from state.py."""
    spelt = []
    for node in source.nodes:
        if isinstance(node, ast.Subscript) and dotted(node.value) == "st.session_state":
            key: ast.expr = node.slice
        elif isinstance(node, ast.Call) and dotted(node.func).startswith("st.session_state."):
            key = node.args[0] if node.args else node.func
        else:
            continue
        if isinstance(key, ast.Constant | ast.JoinedStr):
            spelt.append(f"{source.name}:{node.lineno} {ast.unparse(key)}")
    return spelt


def test_session_keys_are_spelt_in_state_only():
    others = [source for source in PAGES if source.name != "pages/_shared/state.py"]
    assert [key for source in others for key in spelt_session_keys(source)] == []


def test_no_module_is_longer_than_400_lines():
    lengths = {source.name: len(source.text.splitlines()) for source in EVERYTHING}
    assert {name: n for name, n in lengths.items() if n > 400} == {}


def test_no_function_is_longer_than_60_lines():
    long = [
        f"{source.name}:{line} {name}: {n} lines"
        for source in EVERYTHING
        for name, line, n in functions(source)
        if n > 60
    ]
    assert long == []


def test_no_assertion_checks_input():
    found = [
        f"{source.name}:{node.lineno}"
        for source in PRODUCT
        for node in source.nodes
        if isinstance(node, ast.Assert)
    ]
    assert found == []


def test_no_handler_swallows_everything():
    found = [
        f"{source.name}:{node.lineno}"
        for source in PRODUCT
        for node in source.nodes
        if isinstance(node, ast.ExceptHandler)
        and (node.type is None or dotted(node.type) in {"Exception", "BaseException"})
        and not isinstance(node.body[-1], ast.Raise)  # tidying up and raising again is fine
    ]
    assert found == []


def calls_of(among: Iterable[Source], *names: str) -> list[str]:
    return [
        f"{source.name}:{call.lineno} {dotted(call.func)}"
        for source in among
        for call in source.calls()
        if dotted(call.func) in names
    ]


def test_no_code_is_evaluated_from_text_and_yaml_is_read_safely():
    assert calls_of(PRODUCT, "eval", "exec", "yaml.load", "yaml.unsafe_load") == []


def test_core_prints_to_standard_error_only():
    found = [
        f"{source.name}:{call.lineno}"
        for source in CORE
        for call in source.calls()
        if dotted(call.func) == "print"
        and not any(
            word.arg == "file" and dotted(word.value) == "sys.stderr" for word in call.keywords
        )
    ]
    assert found == []


def test_nothing_is_left_unfinished_or_skipped():
    words = ["TO" + "DO", "FIX" + "ME", "pytest.mark." + "skip", "x" + "fail", "pytest." + "skip("]
    found = [(source.name, word) for source in EVERYTHING for word in words if word in source.text]
    assert found == []


def test_the_reader_of_imports_tells_deferred_ones_and_leaves_out_those_for_type_checkers(tmp_path):
    module = tmp_path / "module.py"
    module.write_text(
        "from typing import TYPE_CHECKING\n"
        "if TYPE_CHECKING:\n    import keras\n"
        "try:\n    from core import cli\nexcept ImportError:\n    pass\n"
        "def work():\n    import mlflow\n"
    )
    assert [(item.name, item.at_top) for item in Source(module).imports] == [
        ("typing.TYPE_CHECKING", True),
        ("core.cli", True),
        ("mlflow", False),
    ]


VISITED = (
    "analyse",
    "performance",
    "operating_point",
    "missed_findings",
    "compare",
    "slices",
    "models",
    "explanations",
    "filters",
    "series",
    "worklist",
    "case",
    "readers",
    "data",
    "training",
)
VISIT = """
import json, sys
from streamlit.testing.v1 import AppTest
app, found = AppTest.from_file("streamlit_app.py", default_timeout=120), {}
app.query_params["task"] = "phantom_ct"
app.run()
for page in sys.argv[1:]:
    app.switch_page(f"pages/{page}.py").run()
    case = [button for button in app.button if str(button.key).startswith("case.")]
    if case and page == "explanations":
        case[0].click().run()
        assert app.get("bidi_component")
    heavy = {"tensorflow", "keras", "mlflow", "sklearn"} & set(sys.modules)
    found[page] = {"heavy": sorted(heavy), "exceptions": [item.message for item in app.exception]}
print(json.dumps(found))
"""


def test_pages_work_without_tensorflow_keras_mlflow_and_scikit_learn():
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", VISIT, *VISITED],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    clean = {"heavy": [], "exceptions": []}
    found = json.loads(done.stdout.splitlines()[-1])  # Streamlit prints exceptions above it
    assert found == dict.fromkeys(VISITED, clean)
