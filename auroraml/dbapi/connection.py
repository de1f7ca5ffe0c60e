"""Connection: one session of a Database, as PEP 249 and psycopg have it."""

from __future__ import annotations

import contextlib
import json
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, NoReturn

from auroraml import errors
from auroraml.dbapi.cursor import Cursor
from auroraml.dbapi.explained import Explanation
from auroraml.dbapi.info import ConnectionInfo
from auroraml.dbapi.placeholders import Params
from auroraml.dbapi.prepared import PreparedNames
from auroraml.dbapi.register import columns_of
from auroraml.dbapi.rows import RowFactory, tuple_row
from auroraml.errors import Diagnostic
from auroraml.pipeline.result import ResultStream

if TYPE_CHECKING:
    from auroraml.dbapi.database import Database
    from auroraml.services.log import CallRecord
    from auroraml.services.meter import BillLine
    from auroraml.session.notifications import Notification
    from auroraml.session.session import Session

NoticeHandler = Callable[[Diagnostic], None]
NotifyHandler = Callable[["Notification"], None]
SLICE = 1.0  # seconds between looks at whether the connection is still open


class Turn:
    """A statement's hold of its connection; a class, as each statement has one and a generator takes three times as long."""

    __slots__ = ("connection",)

    def __init__(self, connection: Connection) -> None:
        self.connection = connection

    def __enter__(self) -> None:
        self.connection.take_turn()

    def __exit__(self, *_: object) -> None:
        self.connection.end_turn()


class Connection:
    """A session. Statements are serialised; `cancel` may come from any thread. In `with`: commits or rolls back, then closes."""

    Warning: ClassVar = errors.Warning
    Error: ClassVar = errors.Error
    InterfaceError: ClassVar = errors.InterfaceError
    DatabaseError: ClassVar = errors.DatabaseError
    DataError: ClassVar = errors.DataError
    OperationalError: ClassVar = errors.OperationalError
    IntegrityError: ClassVar = errors.IntegrityError
    InternalError: ClassVar = errors.InternalError
    ProgrammingError: ClassVar = errors.ProgrammingError
    NotSupportedError: ClassVar = errors.NotSupportedError

    def __init__(self, database: Database, session: Session, *, autocommit: bool = False, owns_database: bool = False) -> None:
        self.database = database
        self.session = session
        self.row_factory: RowFactory = tuple_row
        self.closed = False
        self.broken = False
        self.open_stream: ResultStream | None = None
        self.prepared = PreparedNames()
        self._autocommit = autocommit
        self._owns_database = owns_database
        self._lock = threading.RLock()
        self._handlers: list[NoticeHandler] = []
        self._notify_handlers: list[NotifyHandler] = []
        session.on_notice = self._notice
        self.notices: list[str] = []

    def _notice(self, notice: Diagnostic) -> None:
        self.notices.append(f"{notice.severity}:  {notice.message_primary}")
        for handler in self._handlers:
            handler(notice)

    def add_notice_handler(self, handler: NoticeHandler) -> None:
        """Call `handler` with each notice's fields."""
        self._handlers.append(handler)

    def remove_notice_handler(self, handler: NoticeHandler) -> None:
        """Undo add_notice_handler."""
        self._handlers.remove(handler)

    def add_notify_handler(self, handler: NotifyHandler) -> None:
        """Call `handler` with what NOTIFY tells this connection: after its own statements, and in `notifies`."""
        self._notify_handlers.append(handler)

    def remove_notify_handler(self, handler: NotifyHandler) -> None:
        """Undo add_notify_handler."""
        self._notify_handlers.remove(handler)

    def notifies(self, *, timeout: float | None = None, stop_after: int | None = None) -> Iterator[Notification]:
        """What NOTIFY tells this connection, as it comes: until nothing has come for `timeout` seconds, or `stop_after` of them have."""
        count, end = 0, None if timeout is None else time.monotonic() + timeout
        while stop_after is None or count < stop_after:
            self.check_open()
            left = SLICE if end is None else max(0.0, end - time.monotonic())
            found = self._heard(self.session.notifications(min(left, SLICE)))
            yield from found
            count += len(found)
            if not found and end is not None and time.monotonic() >= end:
                return

    def _heard(self, found: list[Notification]) -> list[Notification]:
        for notification in found:
            for handler in self._notify_handlers:
                handler(notification)
        return found

    @property
    def autocommit(self) -> bool:
        """Whether each statement is a transaction of its own."""
        return self._autocommit

    @autocommit.setter
    def autocommit(self, value: bool) -> None:
        if self.session.status != "I":
            raise errors.ProgrammingError("can't change 'autocommit' now: connection in transaction status INTRANS")
        self._autocommit = value

    @property
    def prepare_threshold(self) -> int | None:
        """How often a statement with parameters is executed before it is prepared; None: never."""
        return self.prepared.threshold

    @prepare_threshold.setter
    def prepare_threshold(self, value: int | None) -> None:
        self.prepared.threshold = value

    def set_autocommit(self, value: bool) -> None:
        """The same as setting the attribute."""
        self.autocommit = value

    def running(self) -> Turn:
        """Hold the connection for one statement: ends an open stream, and begins a transaction unless autocommit."""
        self.check_open()
        return Turn(self)

    def take_turn(self) -> None:
        """Take the lock, and make ready for a statement."""
        self._lock.acquire()
        try:
            if self.open_stream is not None:
                self._end_stream()
            if not self._autocommit and self.session.status == "I":
                self.session.begin()
        except BaseException:
            self._lock.release()
            raise

    def end_turn(self) -> None:
        """Let go of the lock."""
        self._lock.release()
        if self._notify_handlers and self.session.arrived:
            self._heard(self.session.notifications())

    def _end_stream(self) -> None:
        stream, self.open_stream = self.open_stream, None
        if stream is not None and not stream.ended:
            stream.close()

    @contextlib.contextmanager
    def streaming(self, stream: ResultStream | None) -> Iterator[None]:
        """Hold the connection while rows are pulled from `stream`; InterfaceError when a later statement ended it."""
        self.check_open()
        with self._lock:
            if self.open_stream is not stream:
                raise errors.InterfaceError("the stream was ended by a later statement on this connection")
            yield

    @contextlib.contextmanager
    def together(self) -> Iterator[None]:
        """Several statements that in autocommit succeed or fail as one."""
        alone = self.session.status == "I"
        if alone:
            self.session.begin()
        try:
            yield
        except BaseException:
            if alone:
                self._command("ROLLBACK")
            raise
        if alone:
            self._command("COMMIT")

    def check_open(self) -> None:
        """OperationalError when the connection is closed; 57P01 the first time after the database ended it."""
        if not self.closed and self.session.closed:
            self.closed = self.broken = True
            raise errors.AdminShutdown("terminating connection due to administrator command")
        if self.closed:
            raise errors.OperationalError("the connection is closed")

    @property
    def info(self) -> ConnectionInfo:
        """The state and the parameters of the connection."""
        return ConnectionInfo(self)

    def cursor(self, row_factory: RowFactory | None = None) -> Cursor:
        """A new cursor."""
        self.check_open()
        return Cursor(self, row_factory)

    def execute(self, sql: str, params: Params | None = None, *, prepare: bool | None = None, binary: bool | None = None) -> Cursor:
        """Run `sql` on a new cursor and return it."""
        return self.cursor().execute(sql, params, prepare=prepare, binary=binary)

    def executemany(self, sql: str, rows: Iterable[Params]) -> Cursor:
        """Run `sql` for each of `rows` on a new cursor and return it."""
        cursor = self.cursor()
        cursor.executemany(sql, rows)
        return cursor

    def explain(self, sql: str, params: Params | None = None, **options: bool | str) -> Explanation:
        """The plan of `sql` (see Cursor.explain)."""
        return self.cursor().explain(sql, params, **options)

    def commit(self) -> None:
        """Commit the transaction, if one is open (a failed one is rolled back)."""
        self._end("COMMIT")

    def rollback(self) -> None:
        """Roll back the transaction, if one is open."""
        self._end("ROLLBACK")

    def _end(self, command: str) -> None:
        self.check_open()
        with self._lock:
            self._end_stream()
            if self.session.status != "I":
                for stream in self.session.execute(command, ()):
                    stream.drain()

    @contextlib.contextmanager
    def transaction(self) -> Iterator[None]:
        """A block that commits at its end or rolls back on an exception; nested, a savepoint."""
        self.check_open()
        nested = self.session.status != "I"
        name = f'"_auroraml_{id(object())}"'
        with self._lock:
            self._end_stream()
            self._command(f"SAVEPOINT {name}" if nested else "BEGIN")
            try:
                yield
            except BaseException:
                self._command(f"ROLLBACK TO SAVEPOINT {name}" if nested else "ROLLBACK")
                raise
            self._command(f"RELEASE SAVEPOINT {name}" if nested else "COMMIT")

    def _command(self, sql: str) -> None:
        for stream in self.session.execute(sql, ()):
            stream.drain()

    def bill(self) -> tuple[BillLine, ...]:
        """What this connection's service calls cost (those of all connections: `database.bill()`)."""
        lines: tuple[BillLine, ...] = self.session.services.account.total().listed()
        return lines

    def calls(self) -> tuple[CallRecord, ...]:
        """The service calls of this connection's last statement: the time line of each in its `timeline`."""
        made: tuple[CallRecord, ...] = self.session.services.made()
        return made

    def register(self, name: str, data: object) -> None:
        """Make a table called `name` of `data`: Arrow, pandas, Polars, a Parquet or CSV path, anything with `__arrow_c_stream__`."""
        columns, batch = columns_of(data)
        with self.running():
            self.session.load(name, columns, batch)

    def load_statistics(self, source: str | Path | Mapping[str, object], *, skip_missing: bool = False) -> None:
        """Plan with a server's statistics: a JSON file (`auroraml.statistics_query` makes it on the server), or the document itself.

        What the document has and this database has not is an error, or left out with `skip_missing`. ANALYZE ends it, table by table.
        """
        document = json.loads(Path(source).read_text(encoding="utf-8")) if isinstance(source, str | Path) else source
        with self.running():
            self.session.load_statistics(document, skip_missing=skip_missing)

    def cancel(self) -> None:
        """Ask the running statement to stop (57014); may be called from any thread."""
        self.session.cancel()

    cancel_safe = cancel

    def _two_phases(self, *_: object) -> NoReturn:
        """Two-phase commit is not supported."""
        raise errors.NotSupportedError("two-phase commit is not supported")

    xid = tpc_begin = tpc_prepare = tpc_commit = tpc_rollback = tpc_recover = _two_phases

    def close(self) -> None:
        """Roll back what is open and end the session."""
        if self.closed:
            return
        self.closed = True
        if not self.session.closed:
            with self._lock:
                self._end_stream()
                self.session.close()
        if self._owns_database:
            self.database.close()

    def __enter__(self) -> Connection:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        try:
            if self.closed:
                return
            if kind is None:
                self.commit()
            else:
                self.rollback()
        finally:
            self.close()
