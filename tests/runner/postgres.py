"""The oracle: PostgreSQL 15 as an Engine, through libpq so that text, OIDs and error fields arrive untouched."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Callable

from psycopg import pq

from tests.runner.cluster import binaries
from tests.runner.outcome import Failure, Outcome

READER = "reader"
_counter = iter(range(1, 1_000_000))


def _text(value: bytes | None) -> str | None:
    return None if value is None else value.decode()


class Postgres:
    """An Engine over a database made for it on the server at `conninfo`."""

    def __init__(self, conninfo: str, setup: str = "", standby: Callable[[], str] | None = None) -> None:
        """`standby` makes a hot standby, which the session called `reader` connects to."""
        self.conninfo = conninfo
        self.standby = standby
        self.admin = self._connect("postgres")
        self.database = f"golden_{next(_counter)}"
        self.admin.exec_(f"DROP DATABASE IF EXISTS {self.database} WITH (FORCE)".encode())
        self.admin.exec_(f"CREATE DATABASE {self.database}".encode())
        self.sessions: dict[str, pq.abc.PGconn] = {}
        self.watcher: pq.abc.PGconn
        self.notices: list[str] = []
        self.types: dict[int, str] = {}
        if setup:
            outcome = self.run(setup)
            assert outcome.failure is None, outcome.failure

    def _connect(self, database: str, conninfo: str | None = None) -> pq.abc.PGconn:
        connection = pq.PGconn.connect(f"{conninfo or self.conninfo} dbname={database}".encode())
        assert connection.status == pq.ConnStatus.OK, connection.error_message
        return connection

    def _notice(self, result: pq.abc.PGresult) -> None:
        severity, message = result.error_field(pq.DiagnosticField.SEVERITY), result.error_field(pq.DiagnosticField.MESSAGE_PRIMARY)
        self.notices.append(f"{_text(severity)}:  {_text(message)}")

    def _session(self, name: str) -> pq.abc.PGconn:
        if name not in self.sessions:
            self.sessions[name] = self._connect(self.database) if name != READER else self._reader()
            self.sessions[name].notice_handler = self._notice
        if name == READER:
            self._follow()
        return self.sessions[name]

    def _reader(self) -> pq.abc.PGconn:
        assert self.standby is not None, "this run has no standby"
        conninfo = self.standby()
        self.watcher = self._connect("postgres", conninfo)
        self._follow()
        return self._connect(self.database, conninfo)

    def _follow(self) -> None:
        """Wait until the standby has replayed all that the server has written."""
        written = _text(self.admin.exec_(b"SELECT pg_current_wal_flush_lsn()").get_value(0, 0))
        for _ in range(200):
            if self.watcher.exec_(f"SELECT pg_last_wal_replay_lsn() >= '{written}'".encode()).get_value(0, 0) == b"t":
                return
            time.sleep(0.05)
        raise TimeoutError("the standby does not follow")

    def _type(self, oid: int) -> str:
        if oid not in self.types:
            result = self._session(" types").exec_(f"SELECT typname FROM pg_type WHERE oid = {oid}".encode())
            self.types[oid] = _text(result.get_value(0, 0)) or str(oid) if result.ntuples else str(oid)
        return self.types[oid]

    def run(self, sql: str, session: str = "") -> Outcome:
        """The outcome of the last statement in `sql`."""
        self.notices = []
        result = self._session(session).exec_(sql.encode())
        notices = tuple(self.notices)
        if result.status == pq.ExecStatus.FATAL_ERROR:
            return Outcome(failure=self._failure(result), notices=notices)
        rows = tuple(tuple(_text(result.get_value(r, c)) for c in range(result.nfields)) for r in range(result.ntuples))
        oids = [(_text(result.fname(c)) or "", result.ftype(c)) for c in range(result.nfields)]
        tag = _text(result.command_status) or ""
        return Outcome(columns=tuple((name, self._type(oid)) for name, oid in oids), rows=rows, tag=tag, notices=notices)

    @staticmethod
    def _failure(result: pq.abc.PGresult) -> Failure:
        def get(field: pq.DiagnosticField) -> str | None:
            return _text(result.error_field(field))

        position = get(pq.DiagnosticField.STATEMENT_POSITION)
        return Failure(
            sqlstate=get(pq.DiagnosticField.SQLSTATE) or "", message=get(pq.DiagnosticField.MESSAGE_PRIMARY) or "",
            detail=get(pq.DiagnosticField.MESSAGE_DETAIL), hint=get(pq.DiagnosticField.MESSAGE_HINT),
            context=get(pq.DiagnosticField.CONTEXT), position=int(position) if position else None,
        )  # fmt: skip

    def requests(self) -> tuple[str, ...]:
        """None: PostgreSQL calls no services."""
        return ()

    def screen(self, script: str) -> str:
        """What psql -X shows."""
        folder = binaries()
        assert folder is not None
        environment = {"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8", "TZ": "UTC", "HOME": "/"}
        done = subprocess.run(
            [folder / "psql", "-X", f"{self.conninfo} dbname={self.database}"], input=f"{script}\n".encode(), stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, env=environment, check=False,
        )  # fmt: skip
        return done.stdout.decode()

    def close(self) -> None:
        """End the sessions and drop the database."""
        for connection in self.sessions.values():
            connection.finish()
        if READER in self.sessions:
            self.watcher.finish()
        for _ in range(20):
            if self.admin.exec_(f"DROP DATABASE {self.database} WITH (FORCE)".encode()).status == pq.ExecStatus.COMMAND_OK:
                break
            time.sleep(0.05)
        self.admin.finish()
