"""connect: a connection to a new database, or to one of a Database's."""

from __future__ import annotations

from collections.abc import Mapping

from auroraml.database import Database
from auroraml.dbapi.connection import Connection
from auroraml.dbapi.rows import RowFactory, tuple_row


def connect(
    *,
    database: Database | None = None,
    dbname: str = "postgres",
    user: str = "postgres",
    autocommit: bool = False,
    row_factory: RowFactory = tuple_row,
    endpoints: Mapping[str, object] | None = None,
    services: object = "embedded",
    parameters: Mapping[str, object] | None = None,
    **options: object,
) -> Connection:
    """A connection; without `database` to a new, empty Database that is closed with it."""
    own = database is None
    server = database or Database(endpoints=endpoints, services=services, parameters=parameters, **options)
    connection = Connection(server, server.session(dbname=dbname, user=user), autocommit=autocommit, owns_database=own)
    connection.row_factory = row_factory
    return connection
