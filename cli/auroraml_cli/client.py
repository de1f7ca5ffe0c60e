"""Client: what the program needs of a connection. The embedded one opens a database in this process."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, BinaryIO, Protocol

from auroraml.batch import concat_batches
from auroraml.database import Database
from auroraml.errors import DatabaseError, Diagnostic
from auroraml.pipeline.result import ResultStream
from auroraml.records import dataclass
from auroraml.services.log import CallRecord
from auroraml.session.session import Session
from auroraml.types.text import texts

if TYPE_CHECKING:
    from auroraml.session.notifications import Notification

__all__ = ["Client", "Column", "DatabaseError", "Diagnostic", "Embedded", "Result"]


@dataclass(frozen=True, kw_only=True)
class Column:
    """A result column: its name, its type's name, OID and modifier."""

    name: str
    type: str
    oid: int
    typmod: int


@dataclass(frozen=True, kw_only=True)
class Result:
    """One statement's answer: its columns (None where it returns no rows), rows as text, and command tag."""

    columns: Sequence[Column] | None
    rows: Sequence[Sequence[str | None]]
    tag: str


@dataclass(frozen=True, kw_only=True)
class Progress:
    """How far the running statement is: rows that its busiest plan node passed on, service batches, service calls and their estimated price."""

    rows: int = 0
    batches: int = 0
    calls: int = 0
    dollars: float = 0.0


class Client(Protocol):
    """A connection as the program sees it."""

    dbname: str
    user: str
    in_use: str  # how \\conninfo names the place

    def run(self, sql: str, source: BinaryIO | None = None, target: BinaryIO | None = None) -> Iterator[Result]:
        """The results of the statements in `sql` in turn; raises the first DatabaseError. COPY reads `source` and writes `target`."""

    def describe(self, sql: str) -> Sequence[Column]:
        """The columns that a statement would return, without running it."""

    def cancel(self) -> None:
        """End the running statement (from another thread or a signal handler)."""

    def progress(self) -> Progress:
        """How far the running statement is (from another thread)."""

    def calls(self) -> Sequence[CallRecord]:
        """The service calls of the last statement."""

    def notifications(self) -> Sequence[Notification]:
        """What NOTIFY has told this session since it was last asked."""

    @property
    def transaction(self) -> str:
        """I (idle), T (in a transaction block) or E (in a failed one)."""

    @property
    def superuser(self) -> bool:
        """Whether the prompt ends in #."""

    def on_notice(self, handler: Callable[[Diagnostic], None]) -> None:
        """Call `handler` with each notice."""

    def show(self, setting: str) -> str:
        """A setting's value."""

    def connect(self, dbname: str, user: str) -> Client:
        """Another connection to the same place."""

    def close(self) -> None:
        """End the session."""


class Embedded:
    """A Client over a session of a Database in this process."""

    def __init__(self, database: Database, session: Session) -> None:
        self.database = database
        self.session = session
        self.dbname = session.dbname
        self.user = session.login_user
        self.in_use = "in this process"
        self._calls, self._dollars = self._metered()  # before the running statement

    def run(self, sql: str, source: BinaryIO | None = None, target: BinaryIO | None = None) -> Iterator[Result]:
        """The results in turn."""
        self.session.copy_input, self.session.copy_output = source, target
        self._calls, self._dollars = self._metered()
        try:
            for stream in self.session.execute(sql):
                yield self._result(stream)
        finally:
            self.session.copy_input = self.session.copy_output = None

    def _result(self, stream: ResultStream) -> Result:
        style = self.session.style
        batches = list(stream.batches())
        if stream.columns is None:
            return Result(columns=None, rows=(), tag=stream.tag)
        columns = tuple(Column(name=o.name, type=o.type.name, oid=o.type.oid, typmod=o.typmod) for o in stream.columns)
        rows: list[tuple[str | None, ...]] = []
        if batches:
            batch = concat_batches(batches)
            written = [texts(output.type, batch.vector(i), style) for i, output in enumerate(stream.columns)]
            rows = list(zip(*written, strict=True)) if written else [()] * batch.n
        return Result(columns=columns, rows=rows, tag=stream.tag)

    def describe(self, sql: str) -> Sequence[Column]:
        """The columns, by binding the statement."""
        return tuple(Column(name=o.name, type=o.type.name, oid=o.type.oid, typmod=o.typmod) for o in self.session.describe(sql))

    def progress(self) -> Progress:
        """Read from the running plan's metrics and the services' meter, whatever moment they are in."""
        running = self.session.latest
        nodes = [] if running is None else list(running.metrics.nodes.values())
        calls, dollars = self._metered()
        return Progress(
            rows=max((node.rows for node in nodes), default=0), batches=sum(len(node.batches.sizes) for node in nodes if node.batches is not None),
            calls=calls - self._calls, dollars=dollars - self._dollars,
        )  # fmt: skip

    def _metered(self) -> tuple[int, float]:
        total = self.session.services.account.total().total
        return total.calls, float(total.price or 0)

    def calls(self) -> Sequence[CallRecord]:
        """As the services' log has kept them."""
        made: Sequence[CallRecord] = self.session.services.made()
        return made

    def cancel(self) -> None:
        """Ask the running statement to stop."""
        self.session.cancel()

    def notifications(self) -> Sequence[Notification]:
        """What the session has heard."""
        return self.session.notifications() if self.session.arrived else ()

    @property
    def transaction(self) -> str:
        """I, T or E."""
        return self.session.status

    @property
    def superuser(self) -> bool:
        """Whether the current role is a superuser."""
        return self.session.is_superuser

    def on_notice(self, handler: Callable[[Diagnostic], None]) -> None:
        """Pass notices on."""
        self.session.on_notice = handler

    def show(self, setting: str) -> str:
        """A setting's value."""
        return str(self.session.settings.show(setting))

    def connect(self, dbname: str, user: str) -> Embedded:
        """Another session of the same Database."""
        return Embedded(self.database, self.database.session(dbname=dbname, user=user, instance=self.session.instance))

    def close(self) -> None:
        """End the session."""
        self.session.close()


def open_embedded(dbname: str, user: str, options: Mapping[str, object], instance: str = "writer") -> Embedded:
    """A new, empty Database in this process, with a database of the name asked for; the session is on the instance named."""
    database = Database(**options)  # type: ignore[arg-type] # the program passes endpoints= and services= only
    if dbname not in database.hubs:
        database.create_database(dbname, user)
    return Embedded(database, database.session(dbname=dbname, user=user, instance=instance))
