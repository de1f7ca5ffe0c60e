"""Modules that are loaded on first use: others do nothing with their names but call them, and their bodies register nothing."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from auroraml.executor.operator import CLASSES
from auroraml.lazy import DEFERRED
from auroraml.types import form

ROOT = Path(__file__).resolve().parents[2]
WITHOUT_EFFECT = ("auroraml.records", "auroraml.dispatch")  # their decorators enter nothing anywhere
Names = dict[str, tuple[str, bool]]  # a name of a module -> the module it comes from, and whether it is that module


def _modules() -> dict[str, Path]:
    found = {}
    for base in (ROOT, ROOT / "cli"):
        for path in [*(base / "auroraml").rglob("*.py"), *(base / "auroraml_cli").rglob("*.py")]:
            found[".".join(path.relative_to(base).with_suffix("").parts).removesuffix(".__init__")] = path
    return found


MODULES = _modules()


class Reading:
    """One module's text: what it imports from the package, and what it does with it."""

    def __init__(self, text: str) -> None:
        self.tree = ast.parse(text)
        self.parents = {child: node for node in ast.walk(self.tree) for child in ast.iter_child_nodes(node)}
        self.names: Names = {}
        for node in self.tree.body:
            if isinstance(node, ast.ImportFrom) and node.module and node.module.split(".")[0] in ("auroraml", "auroraml_cli"):
                for alias in node.names:
                    whole = f"{node.module}.{alias.name}"
                    self.names[alias.asname or alias.name] = (whole, True) if whole in MODULES else (node.module, False)
        annotations = [getattr(node, part, None) for node in ast.walk(self.tree) for part in ("annotation", "returns")]
        for entered in ast.walk(self.tree):  # functools reads the annotations of what is registered by them
            if isinstance(entered, ast.FunctionDef) and any(
                isinstance(part, ast.Attribute) and part.attr == "register" for part in entered.decorator_list
            ):
                read = {argument.annotation for argument in entered.args.args}
                annotations = [part for part in annotations if part not in read]
        self.unread = {inner for node in annotations if node is not None for inner in ast.walk(node)}

    def misused(self, modules: frozenset[str], families: bool = False) -> Iterator[str]:
        """Names from `modules` that are used otherwise than by a call in a function; `families`: this is a list of modules, which may name them."""
        exported = {node.value for part in self.tree.body if _is_exports(part) for node in ast.walk(part) if isinstance(node, ast.Constant)}
        for name, (module, whole) in self.names.items():
            if module in modules and name in exported and not (whole and families):
                yield f"{name} is passed on"
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Name) and self.names.get(node.id, ("",))[0] in modules and node not in self.unread:
                if not (self._in_function(node) and self._called(node)):
                    yield f"line {node.lineno}: {node.id}"
            elif isinstance(node, ast.Import):
                yield from (f"line {node.lineno}: import" for alias in node.names if alias.name in modules)

    def effects(self, body: list[ast.stmt] | None = None) -> Iterator[int]:
        """The lines of the body that may enter something into a table elsewhere."""
        for node in self.tree.body if body is None else body:
            if isinstance(node, ast.FunctionDef | ast.ClassDef):
                roots = [_root(decorator) for decorator in node.decorator_list]
                if any(root in self.names and self.names[root][0] not in WITHOUT_EFFECT for root in roots):
                    yield node.lineno
            elif isinstance(node, ast.Expr):
                if isinstance(node.value, ast.Call):
                    yield node.lineno
            elif isinstance(node, ast.Assign):
                if any(isinstance(target, ast.Subscript | ast.Attribute) and _root(target) in self.names for target in node.targets):
                    yield node.lineno
            elif isinstance(node, ast.For | ast.If | ast.With | ast.Try):
                yield from self.effects(node.body)

    def _in_function(self, node: ast.AST) -> bool:
        child, parent = node, self.parents.get(node)
        while parent is not None:
            if isinstance(parent, ast.FunctionDef | ast.AsyncFunctionDef) and child in parent.body:
                return True
            if isinstance(parent, ast.Lambda) and child is parent.body:
                return True
            child, parent = parent, self.parents.get(parent)
        return False

    def _called(self, node: ast.Name) -> bool:
        parent = self.parents[node]
        if self.names[node.id][1]:
            above = self.parents[parent]
            return isinstance(parent, ast.Attribute) and isinstance(above, ast.Call) and above.func is parent
        return isinstance(parent, ast.Call) and (parent.func is node or _root(parent.func) in ("isinstance", "issubclass"))


def _is_exports(node: ast.stmt) -> bool:
    return isinstance(node, ast.Assign) and any(isinstance(target, ast.Name) and target.id == "__all__" for target in node.targets)


def _root(node: ast.expr) -> str:
    while isinstance(node, ast.Attribute | ast.Call | ast.Subscript):
        node = node.func if isinstance(node, ast.Call) else node.value
    return node.id if isinstance(node, ast.Name) else ""


@pytest.fixture(scope="module")
def readings() -> dict[str, Reading]:
    return {name: Reading(path.read_text(encoding="utf-8")) for name, path in MODULES.items()}


def test_their_names_are_only_called(readings: dict[str, Reading]) -> None:
    found = [f"{name}: {use}" for name, reading in readings.items() for use in reading.misused(DEFERRED, name.endswith(".families"))]
    assert not found, "load these modules at once (auroraml/lazy.py), or only call what comes from them: " + "; ".join(found)


def run_by_name(readings: dict[str, Reading]) -> set[str]:
    """The modules that whoever reads a table loads by name first: families of commands, functions and views, types' text forms, operators."""
    families = {module for name, reading in readings.items() if name.endswith(".families") for module, _ in reading.names.values()}
    forms = {f"auroraml.types.{module}" for module in [*form.OWN_MODULE.values(), *form.REP_MODULE.values()]}
    return families | forms | {f"auroraml.executor.operators.{module}" for module, _ in CLASSES.values()}


def test_their_bodies_enter_nothing_anywhere(readings: dict[str, Reading]) -> None:
    assert not DEFERRED - MODULES.keys()
    assert not [f"{name}:{line}" for name in sorted(DEFERRED - run_by_name(readings)) for line in readings[name].effects()]
    assert not [name for name in DEFERRED if MODULES[name].name == "__init__.py"]


def test_what_counts_as_a_call() -> None:
    reading = Reading(
        "from auroraml.lazy import load, public\nfrom auroraml import lazy\n@load\ndef f(x: load) -> None:\n    load(x)\n    lazy.load(x)\n"
    )
    assert list(reading.misused(frozenset({"auroraml.lazy"}))) == ["line 3: load"]
    assert list(reading.effects()) == [4]
    reading = Reading("from auroraml.lazy import load\n@g.register\ndef f(x: load) -> load: ...\n")
    assert list(reading.misused(frozenset({"auroraml.lazy"}))) == ["line 3: load"]
    reading = Reading("from auroraml import lazy\ndef f():\n    return lazy.PUBLIC\n\n\n__all__ = ['lazy']\nlazy.PUBLIC['x'] = 1\n")
    assert list(reading.misused(frozenset({"auroraml.lazy"}))) == ["lazy is passed on", "line 3: lazy", "line 7: lazy"]
    assert list(reading.effects()) == [7]


WHILE_LOADING = """
import importlib, sys, auroraml
from auroraml import lazy
stand_in, early = lazy._StandIn, []
meant = stand_in.meant
def watched(self):
    frame = sys._getframe(1)
    while frame is not None:
        if frame.f_code.co_name == "<module>" and frame.f_globals.get("__name__") != "__main__":
            early.append((frame.f_globals["__name__"], self.module.__name__, self.name))
        frame = frame.f_back
    return meant(self)
stand_in.meant = watched
for name in sys.stdin.read().split():
    importlib.import_module(name)
for name in lazy.DEFERRED:
    lazy._execute(sys.modules[name])
print(early)
"""


def test_nothing_of_them_is_called_while_modules_load() -> None:
    """Two threads that load modules would otherwise wait for each other."""
    names = "\n".join(name for name in MODULES if not name.startswith(("auroraml.services.boto", "auroraml.services.embedded.containers")))
    found = subprocess.run([sys.executable, "-c", WHILE_LOADING], input=names, capture_output=True, text=True, check=True)
    assert found.stdout == "[]\n", found.stdout
