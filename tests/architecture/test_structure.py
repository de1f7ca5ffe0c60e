"""The shape of the code: imports at the top, files and functions within bounds, ARCHITECTURE.md's module lines true."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
FOLDERS = ("auroraml", "cli/auroraml_cli")
TABLES = {"data.py", "system_data.py", "codes.py", "keywords.py"}  # tables of data: generated or pure literals
LONG_FUNCTIONS = ("planner/paths", "planner/cost")  # they follow PostgreSQL's functions
MODULES = sorted(path for folder in FOLDERS for path in (ROOT / folder).rglob("*.py"))


def functions(tree: ast.Module) -> list[ast.FunctionDef | ast.AsyncFunctionDef]:
    """All functions and methods in a module."""
    return [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]


def parse(path: Path) -> ast.Module:
    """The module's syntax tree."""
    return ast.parse(path.read_text(encoding="utf-8"))


@pytest.mark.parametrize("path", MODULES, ids=[str(p.relative_to(ROOT)) for p in MODULES])
def test_module(path: Path) -> None:
    tree = parse(path)
    place = path.relative_to(ROOT)
    if path.name not in TABLES:
        lines = path.read_text(encoding="utf-8").count("\n")
        assert lines <= 700, f"{place} has {lines} lines"
    limit = 90 if any(part in str(place) for part in LONG_FUNCTIONS) else 70
    for function in functions(tree):
        length = (function.end_lineno or 0) - function.lineno + 1
        assert length <= limit, f"{place}:{function.lineno} {function.name} has {length} lines"
        if path.name == "lazy.py":
            continue
        for node in (n for n in ast.walk(function) if isinstance(n, ast.Import | ast.ImportFrom)):
            names = [node.module or ""] if isinstance(node, ast.ImportFrom) else [a.name for a in node.names] if isinstance(node, ast.Import) else []
            assert not any(name.split(".")[0] in ("auroraml", "auroraml_cli") for name in names), (
                f"{place}:{node.lineno}: a first-party import in a function"
            )
    if tree.body:
        assert ast.get_docstring(tree), f"{place} has no docstring"
