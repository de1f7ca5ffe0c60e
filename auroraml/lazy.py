"""Lazy: the literal tables of what is loaded on first use, the one exception to imports at the top."""

from __future__ import annotations

import contextlib
import gc
import importlib
import marshal
import os
import re
import sys
import threading
from collections.abc import Iterator, Sequence
from importlib.machinery import EXTENSION_SUFFIXES, ModuleSpec, PathFinder, SourceFileLoader
from types import CodeType, ModuleType
from typing import Any, cast

PUBLIC: dict[str, tuple[str, str]] = {  # names of the package -> (module, attribute); "" is the module itself
    "Connection": ("auroraml.dbapi.connection", "Connection"),
    "Cursor": ("auroraml.dbapi.cursor", "Cursor"),
    "Database": ("auroraml.dbapi.database", "Database"),
    "connect": ("auroraml.dbapi.connect", "connect"),
    "Json": ("auroraml.dbapi.adapt", "Json"),
    "Jsonb": ("auroraml.dbapi.adapt", "Jsonb"),
    "Range": ("auroraml.types.python_range", "Range"),
    "args_row": ("auroraml.dbapi.rows", "args_row"),
    "kwargs_row": ("auroraml.dbapi.rows", "kwargs_row"),
    "class_row": ("auroraml.dbapi.rows", "class_row"),
    "dict_row": ("auroraml.dbapi.rows", "dict_row"),
    "namedtuple_row": ("auroraml.dbapi.rows", "namedtuple_row"),
    "scalar_row": ("auroraml.dbapi.rows", "scalar_row"),
    "tuple_row": ("auroraml.dbapi.rows", "tuple_row"),
    "endpoints": ("auroraml.services.endpoints", ""),
    "errors": ("auroraml.errors", ""),
    "load_ipython_extension": ("auroraml.notebook.magics", "load_ipython_extension"),  # what %load_ext auroraml calls
}
PEP_249 = {
    **{name: ("auroraml.errors", name) for name in (
        "Warning", "Error", "InterfaceError", "DatabaseError", "DataError", "OperationalError", "IntegrityError", "InternalError",
        "ProgrammingError", "NotSupportedError",
    )},
    **{name: ("auroraml.dbapi.type_objects", name) for name in (
        "STRING", "BINARY", "NUMBER", "DATETIME", "ROWID", "Date", "Time", "Timestamp", "Binary", "DateFromTicks", "TimeFromTicks",
        "TimestampFromTicks",
    )},
}  # fmt: skip
PUBLIC.update(PEP_249)

OURS = ("auroraml", "auroraml_cli")
# Threads load one at a time: where each holds a module that the other waits for, importlib would give one of them a module half made.
LOADING = threading.RLock()
DEFERRED: frozenset[str] = frozenset((
    "auroraml.catalog.collations", "auroraml.catalog.depends", "auroraml.catalog.pinned", "auroraml.catalog.printing", "auroraml.catalog.simulated",
    "auroraml.catalog.system_tables", "auroraml.catalog.trigger_text", "auroraml.commands.autoanalyze", "auroraml.commands.collations", "auroraml.commands.cursors",
    "auroraml.commands.functions", "auroraml.commands.naming", "auroraml.commands.options", "auroraml.commands.prepare",
    "auroraml.commands.read_only", "auroraml.commands.register", "auroraml.commands.simulated_rows", "auroraml.commands.statistics_objects",
    "auroraml.commands.tables", "auroraml.commands.validation", "auroraml.errors.lookup", "auroraml.errors.report",
    "auroraml.evaluate.array_comparison", "auroraml.evaluate.choosing", "auroraml.evaluate.values", "auroraml.evaluate.variadic",
    "auroraml.evaluate.zoned", "auroraml.executor.exchange", "auroraml.executor.fired_changes", "auroraml.executor.index_keys", "auroraml.executor.indexes",
    "auroraml.executor.operators.fired",
    "auroraml.executor.operators.modify",
    "auroraml.executor.reference_actions",
    "auroraml.executor.references", "auroraml.executor.subplans", "auroraml.executor.triggers", "auroraml.executor.unique", "auroraml.explain.alternatives",
    "auroraml.explain.charges", "auroraml.explain.hashes", "auroraml.explain.migrations", "auroraml.explain.participants",
    "auroraml.explain.properties", "auroraml.extensions.aws_ml.mistakes", "auroraml.extensions.versions", "auroraml.functions.ordering",
    "auroraml.ir.alternatives", "auroraml.ir.range_table", "auroraml.ir.renumber", "auroraml.ir.sql_syntax", "auroraml.pipeline.bodies", "auroraml.pipeline.dependencies",
    "auroraml.planner.binder.sampling", "auroraml.planner.binder.stored", "auroraml.planner.binder.triggers", "auroraml.planner.cost.scans", "auroraml.planner.cost.sorts",
    "auroraml.planner.cost.workers", "auroraml.planner.estimate.any_all", "auroraml.planner.estimate.buckets", "auroraml.planner.estimate.extended",
    "auroraml.planner.estimate.groups", "auroraml.planner.estimate.joins", "auroraml.planner.estimate.objects", "auroraml.planner.estimate.ranges",
    "auroraml.planner.estimate.relation", "auroraml.planner.estimate.scalars", "auroraml.planner.estimate.set_rows",
    "auroraml.planner.estimate.support", "auroraml.planner.level.exclusion", "auroraml.planner.level.implication", "auroraml.planner.level.operators",
    "auroraml.planner.level.rollups", "auroraml.planner.minmax", "auroraml.planner.modify", "auroraml.planner.paths.append",
    "auroraml.planner.paths.distinct", "auroraml.planner.paths.geqo.genetic_search", "auroraml.planner.paths.grouping",
    "auroraml.planner.paths.index_costs", "auroraml.planner.paths.indexes", "auroraml.planner.paths.joins", "auroraml.planner.paths.pattern_match",
    "auroraml.planner.paths.reparameterize", "auroraml.planner.paths.subqueries", "auroraml.planner.paths.tids", "auroraml.planner.paths.uniqueness",
    "auroraml.planner.paths.windows", "auroraml.planner.row_marks", "auroraml.planner.rules.inline_functions",
    "auroraml.planner.rules.migrate_functions", "auroraml.planner.rules.pull_up_sublinks", "auroraml.planner.rules.pull_up_subqueries",
    "auroraml.planner.rules.repeated_calls", "auroraml.planner.rules.whole_rows", "auroraml.planner.set_operations", "auroraml.planner.subplans",
    "auroraml.plpgsql.calls", "auroraml.plpgsql.function", "auroraml.plpgsql.triggers",
    "auroraml.services.batch_rows", "auroraml.services.document_calls",
    "auroraml.services.embedded.setup", "auroraml.services.endpoint_calls", "auroraml.services.iam",
    "auroraml.services.response", "auroraml.settings.unknown", "auroraml.sql.constraints", "auroraml.sql.grammar", "auroraml.sql.into",
    "auroraml.storage.index", "auroraml.storage.pages", "auroraml.storage.table", "auroraml.system_views.extensions", "auroraml.types.arrow",
    "auroraml.types.bounds", "auroraml.types.datetime_forms", "auroraml.types.names", "auroraml.types.zones", "auroraml_cli.crosstab",
    "auroraml_cli.output.expanded",
))  # fmt: skip
"""Modules of which others only call functions (or make instances), and that a simple statement does not need: a test holds them to that."""


def load(name: str) -> ModuleType:
    """The module called `name`, imported now if it was not, its body and those of the modules it names run."""
    with LOADING:
        module = importlib.import_module(name)
        for part in (module, *tuple(module.__dict__.values())):
            if part.__class__ is _Deferred:
                _execute(part)
    return module


def public(name: str) -> object:
    """A public name of the package; AttributeError when there is none."""
    if name not in PUBLIC:
        raise AttributeError(f"module 'auroraml' has no attribute {name!r}")
    module, attribute = PUBLIC[name]
    collecting = gc.isenabled()
    gc.disable()  # what modules make stays: looking for garbage among it would take a quarter of the time
    try:
        with swift():
            found = load(module)
    finally:
        if collecting:
            gc.enable()
    return getattr(found, attribute) if attribute else found


class Later(ModuleType):
    """A module of another distribution, loaded when something of it is asked for."""

    def __getattr__(self, name: str) -> Any:
        with LOADING:
            if sys.modules.get(self.__name__) is self:  # it stands there for those that import it (auroraml_cli.start)
                del sys.modules[self.__name__]
            found = importlib.import_module(self.__name__)
            self.__dict__.update(found.__dict__)
            self.__class__ = ModuleType  # type: ignore[assignment] # as importlib does it
        return getattr(found, name)


compute: Any = Later("pyarrow.compute")
difflib: Any = Later("difflib")
random: Any = Later("random")
shutil: Any = Later("shutil")
subprocess: Any = Later("subprocess")
tomllib: Any = Later("tomllib")
zoneinfo: Any = Later("zoneinfo")


class _Pattern:
    """A regular expression, compiled when it is first used: it then is what is looked up in it."""

    def __init__(self, text: str, flags: int) -> None:
        self._of = text, flags

    def __getattr__(self, name: str) -> Any:
        compiled = re.compile(*self._of)
        self.__dict__.update({one: getattr(compiled, one) for one in ("match", "fullmatch", "search", "sub", "finditer", "findall", "split")})
        return getattr(compiled, name)


def pattern(text: str, flags: int = 0) -> re.Pattern[str]:
    """A regular expression for a module's body, where compiling all of them at each start would take long."""
    return cast("re.Pattern[str]", _Pattern(text, flags))


class _Deferred(ModuleType):
    """One of our modules before anything of it is called: our others take stand-ins for its functions from it, anybody else the things themselves."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(f"module {self.__name__!r} has no attribute {name!r} yet")
        asking = sys._getframe(1).f_globals
        if str(asking.get("__name__")).partition(".")[0] not in OURS:
            _execute(self)
            return getattr(self, name)
        found = _STAND_INS.setdefault((self.__name__, name), _StandIn(self, name))
        found.holders.append(asking)
        return found

    def __setattr__(self, name: str, value: object) -> None:
        if not name.startswith("__"):
            _execute(self)  # what is set from outside must not be overwritten by the body
        ModuleType.__setattr__(self, name, value)


class _StandIn:
    """Loads its module when called, and takes itself out of the modules that imported it."""

    __slots__ = ("holders", "module", "name")

    def __init__(self, module: _Deferred, name: str) -> None:
        self.module = module
        self.name = name
        self.holders: list[dict[str, Any]] = []

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return self.meant()(*args, **kwargs)

    def __instancecheck__(self, instance: object) -> bool:
        return isinstance(instance, self.meant())

    def meant(self) -> Any:
        """What it stands for."""
        _execute(self.module)
        meant = self.module.__dict__[self.name]
        for holder in self.holders:
            for name, value in list(holder.items()):
                if value is self:
                    holder[name] = meant
        return meant


_STAND_INS: dict[tuple[str, str], _StandIn] = {}


def _execute(module: ModuleType) -> None:
    """Run the body of a deferred module, unless that was done."""
    with LOADING:
        if module.__class__ is _Deferred:
            loader = module.__dict__["__loader__"]
            loader.source.exec_module(module)
            module.__loader__ = loader.source
            module.__class__ = ModuleType  # type: ignore[assignment] # as importlib does it


class _Loader:
    """Makes a deferred module and leaves its body for later."""

    def __init__(self, source: SourceFileLoader) -> None:
        self.source = source

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        return _Deferred(spec.name)

    def exec_module(self, module: ModuleType) -> None:
        pass


class _Finder:
    """Finds the deferred modules; compiled ones are left alone, they know each other without names."""

    @staticmethod
    def find_spec(name: str, path: Sequence[str] | None = None, target: ModuleType | None = None) -> ModuleSpec | None:
        if name not in DEFERRED:
            return None
        spec = _found(name, path) or PathFinder.find_spec(name, path, target)
        if spec is not None and isinstance(spec.loader, SourceFileLoader):
            spec.loader = _Loader(spec.loader)  # type: ignore[assignment] # a loader by what it does
        return spec


class _Bytecode(SourceFileLoader):
    """Reads a module's bytecode in the few steps it takes where there is nothing unusual about it; all else is left to importlib."""

    def __init__(self, name: str, path: str, cached: str, head: bytes) -> None:
        super().__init__(name, path)
        self.cached = cached
        self.head = head

    def get_code(self, fullname: str) -> CodeType | None:
        """The module's code."""
        try:
            source = os.stat(self.path)
            file = os.open(self.cached, os.O_RDONLY | getattr(os, "O_BINARY", 0))
            try:
                data = os.read(file, _MOST)
            finally:
                os.close(file)
        except OSError:
            return super().get_code(fullname)
        known = int.from_bytes(data[8:12], "little"), int.from_bytes(data[12:16], "little")
        if data[:8] != self.head or known != (int(source.st_mtime) & 0xFFFFFFFF, source.st_size & 0xFFFFFFFF) or len(data) == _MOST:
            return super().get_code(fullname)
        return cast("CodeType", marshal.loads(memoryview(data)[16:]))


_MOST = 1 << 16  # bytes; a larger buffer is new memory at each call


class _Folders:
    """Finds modules of packages that are folders, from one look at each folder: less than half of what importlib's own way takes."""

    def __init__(self) -> None:
        self.names: dict[str, frozenset[str]] = {}
        self.head = importlib.import_module("importlib.util").MAGIC_NUMBER + bytes(4)  # of bytecode that is good for a source's time and size

    def find_spec(self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None) -> ModuleSpec | None:
        """Of a module that is a file of Python, in a package that is one folder; None for others."""
        if not path or len(path) != 1:
            return None
        folder, module = path[0], name.rpartition(".")[2]
        names = self.names.get(folder)
        if names is None:
            names = self.names[folder] = _names(folder)
        if f"{module}.py" not in names or module in names or any(module + suffix in names for suffix in EXTENSION_SUFFIXES):
            return None
        file, cached = f"{folder}/{module}.py", f"{folder}/__pycache__/{module}.{sys.implementation.cache_tag}.pyc"
        spec = ModuleSpec(name, _Bytecode(name, file, cached, self.head), origin=file)
        spec.has_location = True
        spec.cached = cached
        return spec


def _names(folder: str) -> frozenset[str]:
    try:
        return frozenset(os.listdir(folder))
    except OSError:  # an archive, say
        return frozenset()


def _found(name: str, path: Sequence[str] | None) -> ModuleSpec | None:
    return next((finder.find_spec(name, path) for finder in sys.meta_path if isinstance(finder, _Folders)), None)


@contextlib.contextmanager
def swift() -> Iterator[None]:
    """While it is open, many modules of folders that do not change are found and read with fewer steps."""
    if sys.flags.optimize or sys.pycache_prefix is not None or os.sep != "/" or sys.implementation.name != "cpython":
        yield
        return
    finder = _Folders()
    sys.meta_path.insert(sys.meta_path.index(_Finder) + 1 if _Finder in sys.meta_path else 0, finder)
    try:
        yield
    finally:
        sys.meta_path.remove(finder)


def defer() -> None:
    """Have the modules of the table loaded on first use from now on."""
    if _Finder not in sys.meta_path:
        sys.meta_path.insert(0, _Finder)
