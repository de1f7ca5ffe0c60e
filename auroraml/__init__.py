"""The public API: connect, Database, errors, version."""

from __future__ import annotations

from typing import TYPE_CHECKING

from auroraml import lazy

if TYPE_CHECKING:
    from auroraml import errors as errors
    from auroraml.dbapi.adapt import Json as Json
    from auroraml.dbapi.adapt import Jsonb as Jsonb
    from auroraml.dbapi.connect import connect as connect
    from auroraml.dbapi.connection import Connection as Connection
    from auroraml.dbapi.cursor import Cursor as Cursor
    from auroraml.dbapi.database import Database as Database
    from auroraml.dbapi.rows import args_row as args_row
    from auroraml.dbapi.rows import class_row as class_row
    from auroraml.dbapi.rows import dict_row as dict_row
    from auroraml.dbapi.rows import kwargs_row as kwargs_row
    from auroraml.dbapi.rows import namedtuple_row as namedtuple_row
    from auroraml.dbapi.rows import scalar_row as scalar_row
    from auroraml.dbapi.rows import tuple_row as tuple_row

__version__ = "0.1.0"
apilevel = "2.0"
threadsafety = 2
paramstyle = "pyformat"


def __getattr__(name: str) -> object:
    value = lazy.public(name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted([*globals(), *lazy.PUBLIC])
