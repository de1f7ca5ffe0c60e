"""The console command's start: garbage is not looked for while the program's modules load, nor among them later."""

from __future__ import annotations

import contextlib
import dataclasses
import gc
import importlib
import sys
from collections.abc import Callable, Iterator
from types import ModuleType
from typing import Any

from auroraml import records
from auroraml.lazy import load, swift

SELDOM = {"difflib": ("get_close_matches",), "importlib.metadata": ("entry_points",), "sqlglot.diff": ("diff",)}
"""Modules that sqlglot loads for functions which are hardly ever called: with what they load themselves, a tenth of the start."""


def main() -> None:
    """Load the program and run it."""
    gc.disable()
    with spared(), swift():
        program = load("auroraml_cli.main")
    gc.freeze()
    gc.enable()
    program.main()


@contextlib.contextmanager
def spared() -> Iterator[None]:
    """While it is open, seldom used modules have stand-ins, whose functions load them when they are called, and all dataclasses are made later."""
    standard = dataclasses.dataclass
    dataclasses.dataclass = records.dataclass  # what mypyc may compile names the standard one
    made = {name: ModuleType(name) for name in ("gettext", *SELDOM) if name not in sys.modules}
    sys.modules.update(made)
    for name, module in made.items():
        for function in SELDOM.get(name, ()):
            setattr(module, function, _later(module, function))
        if name == "gettext":  # nobody has click's messages in another language
            module.__dict__.update(gettext=lambda text: text, ngettext=lambda one, many, n: one if n == 1 else many)
    try:
        yield
    finally:
        dataclasses.dataclass = standard
        for name, module in made.items():
            if sys.modules[name] is module:
                del sys.modules[name]


def _later(stand_in: ModuleType, function: str) -> Callable[..., Any]:
    name = stand_in.__name__

    def call(*args: Any, **kwargs: Any) -> Any:
        if sys.modules.get(name) is stand_in:
            del sys.modules[name]
        return getattr(importlib.import_module(name), function)(*args, **kwargs)

    return call
