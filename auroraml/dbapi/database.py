"""Database: a cluster in this process, with the way to open connections to it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from auroraml.database import Database as Cluster
from auroraml.dbapi.connection import Connection
from auroraml.dbapi.rows import RowFactory, tuple_row


class Database(Cluster):
    """Roles, databases, parameters and services, shared by its connections; safe for any threads."""

    def connect(
        self,
        *,
        dbname: str = "postgres",
        user: str = "postgres",
        instance: str = "writer",
        autocommit: bool = False,
        row_factory: RowFactory = tuple_row,
        owned: bool = False,
    ) -> Connection:
        """A further connection, to the writer or to a reader; `owned`: closing it closes the Database."""
        connection = Connection(self, self.session(dbname=dbname, user=user, instance=instance), autocommit=autocommit, owns_database=owned)
        connection.row_factory = row_factory
        return connection

    def load_statistics(
        self, source: str | Path | Mapping[str, object], *, dbname: str = "postgres", user: str = "rdsadmin", skip_missing: bool = False
    ) -> None:
        """Let all connections to a database plan with a server's statistics (see Connection.load_statistics)."""
        with self.connect(dbname=dbname, user=user, autocommit=True) as connection:
            connection.load_statistics(source, skip_missing=skip_missing)
