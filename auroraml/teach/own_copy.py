"""A package's modules loaded once more from their source, apart from those that run, with other names given to some of what they import."""

from __future__ import annotations

import builtins
import importlib
import sys
from collections.abc import Callable, Mapping, Sequence
from importlib.machinery import SourceFileLoader
from pathlib import Path
from types import ModuleType, SimpleNamespace


class OwnCopy:
    """The modules of `package`, made when they are first asked for; what they import from outside of it is what everybody has.

    The running modules may be compiled: then they compute with the machine's floats, and nothing can be given to them that remembers more. The copy
    is Python in any case. `instead` has what is imported in place of a module outside; `names` what is found in place of a builtin in modules whose
    name begins so; `shared` modules are the running ones; `made` is told each module when it was run.
    """

    def __init__(
        self, package: str, instead: Mapping[str, Mapping[str, object]], names: Mapping[str, Mapping[str, object]], shared: frozenset[str],
        made: Callable[[ModuleType], None],
    ) -> None:  # fmt: skip
        self.package = package
        self.modules: dict[str, ModuleType] = {}
        self._instead = {name: SimpleNamespace(**{**vars(importlib.import_module(name)), **values}) for name, values in instead.items()}
        self._names = names
        self._shared = shared
        self._made = made

    def module(self, name: str) -> ModuleType:
        """The copy of a module of the package."""
        found = self.modules.get(name)
        if found is not None:
            return found
        if name != self.package:
            self.module(name.rpartition(".")[0])
            if name in self.modules:  # the package above has asked for it
                return self.modules[name]
        importlib.import_module(name)  # the running one: what is made of classes looks for their module by its name
        path = self._path(name)
        code = SourceFileLoader(name, str(path)).get_code(name)
        assert code is not None
        module = ModuleType(name)
        module.__file__ = str(path)
        if path.name == "__init__.py":
            module.__path__ = [str(path.parent)]
        given = {**vars(builtins), "__import__": self._import}
        for prefix, names in self._names.items():
            if name.startswith(prefix):
                given |= names
        module.__dict__["__builtins__"] = given
        self.modules[name] = module
        try:
            exec(code, module.__dict__)
        except BaseException:
            del self.modules[name]
            raise
        parent, _, own = name.rpartition(".")
        if parent in self.modules:
            setattr(self.modules[parent], own, module)
        self._made(module)
        return module

    def _path(self, name: str) -> Path:
        top, _, _ = self.package.rpartition(".")
        folder = Path(next(iter(sys.modules[top].__path__)))
        stem = folder.joinpath(*name.removeprefix(f"{top}.").split("."))
        return stem / "__init__.py" if stem.is_dir() else stem.with_suffix(".py")

    def _ours(self, name: str) -> bool:
        return (name == self.package or name.startswith(f"{self.package}.")) and name not in self._shared

    def _import(
        self, name: str, globals: Mapping[str, object] | None = None, locals: Mapping[str, object] | None = None, fromlist: Sequence[str] = (), level: int = 0
    ) -> object:  # fmt: skip
        if name in self._instead:
            return self._instead[name]
        if not self._ours(name):
            return builtins.__import__(name, globals, locals, fromlist, level)
        module = self.module(name)
        if not fromlist:
            raise ImportError(f"{name} is imported whole")
        for wanted in fromlist:
            if not hasattr(module, wanted) and self._path(f"{name}.{wanted}").exists():
                self.module(f"{name}.{wanted}")
        return module
