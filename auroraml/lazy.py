"""Lazy: the literal table of what is loaded on first use, the one exception to imports at the top."""

from __future__ import annotations

import gc
import importlib
from types import ModuleType

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


def load(name: str) -> ModuleType:
    """The module called `name`, imported now if it was not."""
    return importlib.import_module(name)


def public(name: str) -> object:
    """A public name of the package; AttributeError when there is none."""
    if name not in PUBLIC:
        raise AttributeError(f"module 'auroraml' has no attribute {name!r}")
    module, attribute = PUBLIC[name]
    collecting = gc.isenabled()
    gc.disable()  # what modules make stays: looking for garbage among it would take a quarter of the time
    try:
        found = load(module)
    finally:
        if collecting:
            gc.enable()
    return getattr(found, attribute) if attribute else found
