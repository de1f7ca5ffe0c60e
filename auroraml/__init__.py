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
    from auroraml.dbapi.type_objects import BINARY as BINARY
    from auroraml.dbapi.type_objects import DATETIME as DATETIME
    from auroraml.dbapi.type_objects import NUMBER as NUMBER
    from auroraml.dbapi.type_objects import ROWID as ROWID
    from auroraml.dbapi.type_objects import STRING as STRING
    from auroraml.dbapi.type_objects import Binary as Binary
    from auroraml.dbapi.type_objects import Date as Date
    from auroraml.dbapi.type_objects import DateFromTicks as DateFromTicks
    from auroraml.dbapi.type_objects import Time as Time
    from auroraml.dbapi.type_objects import TimeFromTicks as TimeFromTicks
    from auroraml.dbapi.type_objects import Timestamp as Timestamp
    from auroraml.dbapi.type_objects import TimestampFromTicks as TimestampFromTicks
    from auroraml.errors import DatabaseError as DatabaseError
    from auroraml.errors import DataError as DataError
    from auroraml.errors import Error as Error
    from auroraml.errors import IntegrityError as IntegrityError
    from auroraml.errors import InterfaceError as InterfaceError
    from auroraml.errors import InternalError as InternalError
    from auroraml.errors import NotSupportedError as NotSupportedError
    from auroraml.errors import OperationalError as OperationalError
    from auroraml.errors import ProgrammingError as ProgrammingError
    from auroraml.errors import Warning as Warning
    from auroraml.notebook.magics import load_ipython_extension as load_ipython_extension
    from auroraml.services import endpoints as endpoints
    from auroraml.types.python_range import Range as Range

lazy.defer()
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
