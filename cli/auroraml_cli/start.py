"""The console command's start: garbage is not looked for while the program's modules load, nor among them later."""

from __future__ import annotations

import contextlib
import dataclasses
import gc
import importlib
import os
import sys
from collections.abc import Callable, Iterator
from types import ModuleType
from typing import Any

from auroraml import records
from auroraml.lazy import Later, load, swift

SELDOM = {"difflib": ("get_close_matches",), "importlib.metadata": ("entry_points",), "sqlglot.diff": ("diff",)}
"""Modules that sqlglot loads for functions which are hardly ever called: with what they load themselves, a tenth of the start."""
_THREADS = "OPENBLAS_NUM_THREADS"  # read once, as the library is loaded


def main() -> None:
    """Load the program and run it."""
    gc.disable()
    with spared(), swift(), one_thread():
        program = load("auroraml_cli.main")
    gc.freeze()
    gc.enable()
    program.main()


@contextlib.contextmanager
def one_thread() -> Iterator[None]:
    """What is loaded while it is open does linear algebra in one thread, unless the environment says otherwise.

    NumPy's library starts a thread for each further core, which spins for a tenth of a second before it sleeps; queries have threads of their own.
    """
    if _THREADS in os.environ:
        yield
        return
    os.environ[_THREADS] = "1"
    try:
        yield
    finally:
        del os.environ[_THREADS]  # programs that are started from here decide for themselves


@contextlib.contextmanager
def spared() -> Iterator[None]:
    """While it is open, seldom used modules have stand-ins, whose functions load them when they are called, and all dataclasses are made later.

    So has pyarrow, which is a sixth of the start and nothing that few whole numbers need: what is imported loads it with the first use.
    """
    standard = dataclasses.dataclass
    dataclasses.dataclass = records.dataclass  # what mypyc may compile names the standard one
    made: dict[str, ModuleType] = {name: ModuleType(name) for name in ("gettext", *SELDOM) if name not in sys.modules}
    if "pyarrow" not in sys.modules:
        made["pyarrow"] = Later("pyarrow")
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
