"""connect: a connection to a new database, or to one of a Database's."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from auroraml.dbapi.connection import Connection
from auroraml.dbapi.database import Database
from auroraml.dbapi.rows import RowFactory, tuple_row


def connect(
    *,
    database: Database | None = None,
    dbname: str = "postgres",
    user: str = "postgres",
    instance: str = "writer",
    autocommit: bool = False,
    row_factory: RowFactory = tuple_row,
    endpoints: Mapping[str, object] | str | Path | None = None,
    services: object = None,
    parameters: Mapping[str, object] | None = None,
    config: str | Path | None = None,
    **options: Any,
) -> Connection:
    """A connection; without `database` to a new, empty Database that is closed with it.

    `instance` is "writer", or "reader" for an Aurora Replica: it reads the same storage, and refuses what changes it.
    `endpoints`, `services`, `parameters`, `config` and `options` are Database's.
    """
    made = database or Database(endpoints=endpoints, services=services, parameters=parameters, config=config, **options)
    return made.connect(dbname=dbname, user=user, instance=instance, autocommit=autocommit, row_factory=row_factory, owned=database is None)
