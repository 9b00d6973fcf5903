"""The product's own source, read as syntax trees: what the tests of the boundaries look at."""

from __future__ import annotations

import ast
import functools
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)


@dataclass(frozen=True, slots=True)
class Import:
    """One imported name, dotted in full; ``at_top`` when importing the module runs it."""

    name: str
    line: int
    at_top: bool


@dataclass(frozen=True)
class Source:
    """One source file."""

    path: Path

    @property
    def name(self) -> str:
        """Path below the root, with slashes."""
        return self.path.relative_to(ROOT).as_posix()

    @property
    def module(self) -> str:
        """Dotted name, as an import spells it."""
        parts = self.path.relative_to(ROOT).with_suffix("").parts
        return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)

    @functools.cached_property
    def text(self) -> str:
        """The file's text."""
        return self.path.read_text(encoding="utf-8")

    @functools.cached_property
    def tree(self) -> ast.Module:
        """The file's syntax tree."""
        return ast.parse(self.text)

    @functools.cached_property
    def is_heavy(self) -> bool:
        """Whether the docstring begins with HEAVY."""
        return (ast.get_docstring(self.tree) or "").startswith("HEAVY")

    @functools.cached_property
    def imports(self) -> tuple[Import, ...]:
        """Every import that runs; those for type checkers alone are left out."""
        return tuple(_imports(self.tree, at_top=True))

    @functools.cached_property
    def nodes(self) -> tuple[ast.AST, ...]:
        """Every node of the tree."""
        return tuple(ast.walk(self.tree))

    def calls(self) -> Iterator[ast.Call]:
        """Yield every call."""
        return (node for node in self.nodes if isinstance(node, ast.Call))


def dotted(node: ast.AST) -> str:
    """Return ``a.b.c`` for a name or an attribute of names, else the empty string."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        start = dotted(node.value)
        return f"{start}.{node.attr}" if start else ""
    return ""


def _is_for_type_checkers(node: ast.AST) -> bool:
    return isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test)


def _imports(node: ast.AST, *, at_top: bool) -> Iterator[Import]:
    for child in ast.iter_child_nodes(node):
        if _is_for_type_checkers(child):
            continue
        if isinstance(child, ast.Import):
            yield from (Import(alias.name, child.lineno, at_top) for alias in child.names)
        elif isinstance(child, ast.ImportFrom):
            start = "." * child.level + (child.module or "")
            yield from (
                Import(f"{start}.{alias.name}", child.lineno, at_top) for alias in child.names
            )
        else:
            yield from _imports(child, at_top=at_top and not isinstance(child, FUNCTIONS))


@functools.cache
def sources(*folders: str) -> tuple[Source, ...]:
    """Return every source file below these folders of the repository, and ``streamlit_app.py``."""
    paths = [path for folder in folders for path in sorted((ROOT / folder).rglob("*.py"))]
    if "pages" in folders:
        paths.append(ROOT / "streamlit_app.py")
    return tuple(Source(path) for path in paths)


def functions(source: Source) -> Iterator[tuple[str, int, int]]:
    """Yield (name, first line, lines of code without the docstring) of every function."""
    for node in source.nodes:
        if isinstance(node, FUNCTIONS):
            first = node.body[0]
            is_documented = ast.get_docstring(node, clean=False) is not None
            documentation = (first.end_lineno or 0) - first.lineno + 1 if is_documented else 0
            yield node.name, node.lineno, (node.end_lineno or 0) - node.lineno + 1 - documentation
