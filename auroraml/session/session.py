"""Session: one statement from text to ResultStream, inside its transaction."""

from __future__ import annotations

import contextlib
import time
from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import count
from typing import TYPE_CHECKING, BinaryIO

from auroraml import sql
from auroraml.batch import Batch
from auroraml.catalog.changes import Remove
from auroraml.commands.autoanalyze import autoanalyze
from auroraml.commands.context import Bound, Server, handler_of
from auroraml.commands.cursors import Cursor, end_cursors
from auroraml.commands.plan_source import PlanSource
from auroraml.commands.prepare import Prepared, run_named
from auroraml.commands.read_only import kept_from_standbys, written
from auroraml.commands.register import load_table
from auroraml.errors import (
    ActiveSqlTransaction,
    DatabaseError,
    Diagnostic,
    FeatureNotSupported,
    InsufficientPrivilege,
    InternalError_,
    InvalidParameterValue,
    ReadOnlySqlTransaction,
    SyntaxError,
)
from auroraml.executor.shortcuts import shortcut_of
from auroraml.ir.logical import Output
from auroraml.ir.objects import Function, Role
from auroraml.lazy import load
from auroraml.pipeline.parameters import fit, given
from auroraml.pipeline.result import ResultStream
from auroraml.session.alike import AlikeTexts
from auroraml.session.block import Block, State
from auroraml.session.context import Interrupt
from auroraml.session.execution import Overtaken, micros_now
from auroraml.session.function_statistics import Counters
from auroraml.session.hosting import Hosting
from auroraml.session.plan_cache import MOST, PlanCache
from auroraml.session.transaction import Hub, Transaction
from auroraml.settings import Settings
from auroraml.settings.autovacuum import AURORAML_AUTOANALYZE
from auroraml.settings.core import CLIENT_MIN_MESSAGES, DEFAULT_TRANSACTION_READ_ONLY, STATEMENT_TIMEOUT, TRANSACTION_READ_ONLY
from auroraml.settings.identity import ROLE, SESSION_AUTHORIZATION
from auroraml.sql import statements as st
from auroraml.storage.store import POLL

if TYPE_CHECKING:
    from auroraml.catalog.catalog import Catalog
    from auroraml.catalog.changes import Change
    from auroraml.session.notifications import Notification

LEVELS = ("debug5", "debug4", "debug3", "debug2", "debug1", "log", "notice", "warning", "error")
_pids = count(1001)
LONGEST_KEPT = 10_000  # characters of a text whose statements are kept
WITHOUT_SNAPSHOT: tuple[type, ...] = (  # what a transaction may run before its access mode is settled
    st.Begin, st.Commit, st.Rollback, st.Savepoint, st.Release, st.RollbackTo, st.SetTransaction, st.SetSetting, st.SetRole, st.SetSessionAuthorization,
    st.Reset, st.Show, st.Lock, st.Fetch, st.Detached,
)  # fmt: skip
END_BLOCK: tuple[type, ...] = (st.Commit, st.Rollback, st.RollbackTo)  # what a failed block accepts


class Session(Hosting):
    """One user's conversation with one database; not to be used by two threads at once, `cancel` apart."""

    def __init__(self, *, server: Server, hub: Hub, dbname: str, user: str, settings: Settings, instance: str = "writer") -> None:
        self.server = server
        self.instance = instance
        self.reader = instance == "reader"
        self.analyzing = False  # in the transaction of an autoanalyze
        self.hub = hub
        self.dbname = dbname
        self.settings = settings
        self.login_user = user
        self.block = Block()
        self.closed = False
        self.running: Transaction | None = None
        self.interrupt = Interrupt()
        self.copy_input: BinaryIO | None = None
        self.copy_output: BinaryIO | None = None
        self.on_notice: Callable[[Diagnostic], None] = lambda notice: None
        self.on_close: Callable[[Session], None] = lambda session: None
        self.settings.checks[TRANSACTION_READ_ONLY] = self._check_access_mode
        self.statistics = hub.function_statistics(instance)
        self.uncounted: dict[int, Counters] = {}
        self.prepared: dict[str, Prepared] = {}
        self.plan_cache = PlanCache()
        self.alike = AlikeTexts(self)
        self._parsed: OrderedDict[str, tuple[st.Statement, ...]] = OrderedDict()
        self.cursors: dict[str, Cursor] = {}
        self.sequence_values: dict[int, int] = {}
        self.last_sequence = 0
        self.pid = next(_pids)
        self.all_services = self.services = server.service_clients.charged_to(settings, self.pid)
        self.connected = micros_now()
        self.active = False
        self.activity: tuple[str, int | None, int | None] = ("", None, None)  # the last query, when it began, when the state changed
        self._notices: list[Diagnostic] = []
        self.arrived: list[Notification] = []  # what the session heard, oldest first

    @property
    def status(self) -> str:
        """I (idle), T (in a transaction block), E (in a failed one)."""
        return self.block.status

    @property
    def transaction(self) -> Transaction:
        """The running transaction, begun if there is none."""
        if self.running is None:
            self.running = Transaction(self.hub)
            self.settings.push()
            if self.reader or self.settings[DEFAULT_TRANSACTION_READ_ONLY]:
                self.settings.put(TRANSACTION_READ_ONLY, True, local=True)
        return self.running

    def _check_access_mode(self, read_only: object) -> None:
        """A read-only transaction may become read-write before its first query only, outside savepoints, and on a standby never."""
        if read_only or not self.settings[TRANSACTION_READ_ONLY]:
            return
        if self.block.savepoints:
            raise ActiveSqlTransaction("cannot set transaction read-write mode inside a read-only transaction")
        if self.transaction.queried:
            raise ActiveSqlTransaction("transaction read-write mode must be set before any query")
        if self.reader:
            raise FeatureNotSupported("cannot set transaction read-write mode during recovery")

    @property
    def catalog(self) -> Catalog:
        """The catalog as the running statement sees it."""
        return self.hub.catalog if self.running is None else self.running.catalog

    @property
    def role(self) -> Role:
        """The current role."""
        return self.catalog.role(self.current_role)

    @property
    def is_superuser(self) -> bool:
        """Whether the current role is a superuser."""
        return self.role.superuser

    def set_role(self, name: str | None, *, local: bool = False) -> None:
        """SET ROLE; the session user's memberships decide, not the current role's."""
        if name is None:
            self.settings.put(ROLE, "none", local=local)
            return
        wanted = self.catalog.find_role(name)
        if wanted is None:
            raise InvalidParameterValue(f'role "{name}" does not exist')
        if not self.catalog.is_member(self.catalog.role(self.session_user), wanted):
            raise InsufficientPrivilege(f'permission denied to set role "{name}"')
        self.settings.put(ROLE, name, local=local)

    def set_session_user(self, name: str | None, *, local: bool = False) -> None:
        """SET SESSION AUTHORIZATION; only a superuser may become another."""
        user = self.login_user if name is None else name
        if self.catalog.find_role(user) is None:
            raise InvalidParameterValue(f'role "{user}" does not exist')
        if user != self.session_user and not self.catalog.role(self.login_user).superuser:
            raise InsufficientPrivilege("permission denied to set session authorization")
        self.settings.put(SESSION_AUTHORIZATION, user, local=local)
        self.settings.put(ROLE, "none", local=local)

    @property
    def session_user(self) -> str:
        """The session user's name."""
        return self.settings[SESSION_AUTHORIZATION] or self.login_user

    @property
    def current_role(self) -> str:
        """The current role's name."""
        role = self.settings[ROLE]
        return self.session_user if role == "none" else role

    def forget_all(self) -> None:
        """Drop prepared statements and cursors, and let go of advisory locks."""
        self.prepared.clear()
        for cursor in self.cursors.values():
            cursor.stream.close()
        self.cursors.clear()
        self._let_go()

    def _let_go(self) -> None:
        """Give back the advisory locks that the session keeps, and listen to nothing."""
        if self.hub.store.named is not None:
            self.hub.store.named.leave_all(self)
        if self.hub.heard is not None:
            with self.hub.store.lock:
                self.hub.heard.leave(self)

    def forget_statements(self) -> None:
        """Drop what is kept of texts run before: the next statement is read, bound and planned anew."""
        self._parsed.clear()
        self.alike.clear()
        self.plan_cache.clear()

    def change(self, *changes: Change) -> None:
        """Apply DDL within the transaction."""
        self.transaction.change(*changes)

    def notice(
        self, message: str, *, severity: str = "NOTICE", sqlstate: str | None = "00000", detail: str | None = None, hint: str | None = None
    ) -> None:
        """Send a notice, if client_min_messages lets it through."""
        level = severity.lower()
        if level == "info" or LEVELS.index({"debug": "debug1"}.get(level, level)) >= LEVELS.index(self.settings[CLIENT_MIN_MESSAGES]):
            self.tell(Diagnostic(severity=severity, sqlstate=sqlstate, message_primary=message, message_detail=detail, message_hint=hint))

    def tell(self, notice: Diagnostic | None) -> None:
        """Pass a notice on."""
        if notice is not None:
            self._notices.append(notice)
            self.on_notice(notice)

    def notifications(self, wait: float = 0.0) -> list[Notification]:
        """What the session has heard since it was last asked, once its transaction has ended; after at most `wait` seconds."""
        store, end = self.hub.store, time.monotonic() + wait
        with store.ended:
            while not self.arrived and self.status == "I" and not self.closed and (left := end - time.monotonic()) > 0:
                store.ended.wait(min(left, POLL))
            if self.status != "I":
                return []
            found, self.arrived = self.arrived, []
            return found

    def execute(self, text: str, params: tuple[Bound, ...] = (), name: str = "") -> Iterator[ResultStream]:
        """Run each statement of `text` in turn; a result that is not consumed is drained before the next statement runs.

        `name`: of the prepared statement that a query with parameters becomes, and is run as.
        """
        if not params and text not in self._parsed and self.block.state is not State.FAILED and (alike := self.alike.find(text)) is not None:
            query, source, params = alike
            stream = self._start(query, params, source)
            yield stream
            stream.drain()
            return
        statements = self._parse(text)
        if params and len(statements) > 1:
            raise self.failed(SyntaxError("cannot insert multiple commands into a prepared statement"))
        for statement in statements:
            if len(statements) > 1 and self.block.state is State.IDLE:
                self.block.state = State.IMPLICIT
            stream = self._start(statement, params, name)
            yield stream
            stream.drain()
        if self.block.state is State.IMPLICIT:
            self.commit()

    def _parse(self, text: str) -> tuple[st.Statement, ...]:
        found = self._parsed.get(text)
        if found is None:
            try:
                found = sql.parse(text)
            except DatabaseError as error:
                raise self.failed(error) from None
            if len(text) < LONGEST_KEPT:
                self._parsed[text] = found
                if len(self._parsed) > MOST:
                    self._parsed.popitem(last=False)
        return found

    def _start(self, statement: st.Statement, params: tuple[Bound, ...], name: str | PlanSource) -> ResultStream:
        self._notices = []
        text = statement.text[statement.start : statement.end] or statement.text
        self.services = self.all_services.begin(text)
        self._turned(True, text)
        try:
            if not isinstance(statement, END_BLOCK):
                self.block.refuse_when_failed()
            self.interrupt.begin(self.settings[STATEMENT_TIMEOUT])
            self.transaction.statement()
            stream = self.execute_statement(statement, params, name)
        except BaseException as error:
            translated = self.failed(error)
            if translated is error:
                raise
            raise translated from error
        stream.notices = self._notices
        stream.on_end.append(self._ended)
        stream.on_error = self.failed
        return stream

    def execute_statement(self, statement: st.Statement, params: tuple[Bound, ...] = (), name: str | PlanSource = "") -> ResultStream:
        """Run one statement inside the running transaction; `name`: of a prepared statement, or where the plan of a query comes from."""
        if self.reader and (tag := kept_from_standbys(statement)) is not None:
            raise ReadOnlySqlTransaction(f"cannot execute {tag} during recovery")
        if self.settings[TRANSACTION_READ_ONLY] and (tag := written(statement)) is not None:
            raise ReadOnlySqlTransaction(f"cannot execute {tag} in a read-only transaction")
        if isinstance(statement, st.Query):
            self.transaction.queried = True
            self.entered = False
            try:
                return self._run(statement, params, name)
            except Overtaken:
                return self._run(statement, params, name)
        if not isinstance(statement, WITHOUT_SNAPSHOT):
            self.transaction.queried = True
        handler = handler_of(type(statement))
        if handler is None:
            raise FeatureNotSupported(f"{type(statement).__name__} is not supported")
        return handler(statement, self, params)

    def execute_inside(self, statement: st.Statement) -> ResultStream:
        """Run a utility statement of a function."""
        before, self.block.inside = self.block.inside, True
        try:
            return self.execute_statement(statement)
        finally:
            self.block.inside = before

    def _run(self, query: st.Query, params: tuple[Bound, ...], name: str | PlanSource) -> ResultStream:
        if isinstance(name, PlanSource):
            return self.run_alike(query, name, params)
        return run_named(name, query, params, self) if name else self.run_query(query, params)

    def run_alike(self, query: st.Query, source: PlanSource, literals: tuple[Bound, ...]) -> ResultStream:
        """Run a query by the plan of those that differ in literals alone; one with a literal that is no value of its type is read itself."""
        try:
            values = given(source.types, literals, self.style)
        except DatabaseError:
            found = self._parse(query.text)[0]
            assert isinstance(found, st.Query)
            return self.run_query(found)
        chosen = source.generic(self)
        return self.answer(chosen.plan, chosen.bound, values)

    def repeater(self, name: str) -> Callable[[tuple[Bound, ...]], None] | None:
        """What runs a prepared INSERT of one row again and again within the open block; None where it has to be executed as others are."""
        prepared = self.prepared.get(name)
        if prepared is None or not prepared.source.short or not prepared.source.generic_plans or self.block.state is not State.OPEN:
            return None
        source = prepared.source
        chosen = source.generic(self)
        short, style, timeout = shortcut_of(chosen.plan), self.style, self.settings[STATEMENT_TIMEOUT]
        if short is None or chosen.bound.tag != "INSERT" or self.settings[TRANSACTION_READ_ONLY] or not self.server.observer.shortcuts:
            return None

        def once(params: tuple[Bound, ...]) -> None:
            try:
                self.interrupt.begin(timeout)
                self.transaction.statement()
                values = params if fit(source.types, params) else given(source.types, params, style)
                source.generic_plans += 1
                self._enter(chosen.bound)
                short.run(values, self)
                self.interrupt.end()
            except BaseException as error:
                translated = self.failed(error)
                if translated is error:
                    raise
                raise translated from error

        return once

    def describe(self, text: str) -> tuple[Output, ...]:
        """The columns that the one statement in `text` would return, without running it (the protocol's Describe); none for utility statements."""
        statements = self._parse(text)
        try:
            if len(statements) > 1:
                raise SyntaxError("cannot insert multiple commands into a prepared statement")
            self.block.refuse_when_failed()
            self.transaction.statement()
            queries = [statement for statement in statements if isinstance(statement, st.Query)]
            columns = self.bind(queries[0], ()).columns if queries else ()
        except BaseException as error:
            raise self.failed(error) from None
        self._ended()
        return columns

    def _turned(self, active: bool, query: str | None = None) -> None:
        """The session begins or ends work: what pg_stat_activity shows."""
        now = micros_now()
        self.active = active
        self.activity = (self.activity[0], self.activity[1], now) if query is None else (query, now, now)

    def _ended(self) -> None:
        self._turned(False)
        self.interrupt.end()
        if self.block.state is State.IDLE:
            self.commit()

    def failed(self, error: BaseException) -> BaseException:
        """A statement failed: roll back, or mark the block; the error to raise (a defect of ours becomes XX000)."""
        self.interrupt.end()
        self._turned(False)
        if self.block.fail():
            self.rollback()
        if isinstance(error, DatabaseError) or not isinstance(error, Exception):
            return error
        return InternalError_(f"{type(error).__name__}: {error}")

    def begin(self) -> None:
        """BEGIN without text."""
        self.tell(self.block.begin())

    def commit(self) -> None:
        """End the transaction and keep its work."""
        if self.cursors:
            end_cursors(self.cursors, True)
        if self.running is not None:
            try:
                if self.running.stored.deferred is not None:
                    self.transaction.statement()
                    self.deferred.check(self.context())
                self.end_temporary()
            except BaseException:
                self.rollback()
                raise
        transaction, self.running = self.running, None
        self.block.end()
        if transaction is not None:
            try:
                transaction.commit()
            except BaseException:
                transaction.rollback()
                self.settings.rollback()
                raise
            finally:
                if self.uncounted:
                    self.statistics.take(self.uncounted)
            self.settings.commit()
            if transaction.sayings:
                load("auroraml.session.notifications").publish(self, transaction.sayings)
            if transaction.changes:
                self._forget_dropped(transaction.changes)
            if self.settings[AURORAML_AUTOANALYZE] and not self.analyzing and transaction.stored.changed:
                self._autoanalyze(transaction.stored.changed)

    def _forget_dropped(self, changes: Iterable[Change]) -> None:
        dropped = [change.row.oid for change in changes if isinstance(change, Remove) and isinstance(change.row, Function)]
        for statistics in self.hub.statistics.values() if dropped else ():
            statistics.forget(dropped)

    def _autoanalyze(self, tables: Iterable[int]) -> None:
        """Analyze what the commit made due, in a transaction of its own; one that fails is given up, as autovacuum's workers do."""
        self.analyzing = True
        try:
            self.transaction.statement()
            autoanalyze(tables, self)
            self.commit()
        except DatabaseError:
            self.rollback()
        finally:
            self.analyzing = False

    def rollback(self) -> None:
        """End the transaction and undo its work."""
        if self.cursors:
            end_cursors(self.cursors, False)
        transaction, self.running = self.running, None
        self.block.end()
        if transaction is not None:
            transaction.rollback()
            self.settings.rollback()
            self.statistics.take(self.uncounted)

    def load(self, name: str, columns: tuple[Output, ...], batch: Batch) -> None:
        """Make a table of data already in memory, in place of one registered before under that name."""
        self.transaction.statement()
        try:
            if self.settings[TRANSACTION_READ_ONLY]:
                raise ReadOnlySqlTransaction("cannot execute COPY FROM in a read-only transaction")
            load_table(self, name, columns, batch)
        except BaseException as error:
            raise self.failed(error) from None
        self._ended()

    def load_statistics(self, document: Mapping[str, object], *, skip_missing: bool = False) -> None:
        """Pin the statistics in a document, in place of what ANALYZE found."""
        self.transaction.statement()
        try:
            self.pin_statistics(document, skip_missing=skip_missing)
        except BaseException as error:
            raise self.failed(error) from None
        self._ended()

    def cancel(self) -> None:
        """Ask the running statement to stop; from any thread."""
        self.interrupt.cancel()

    @contextlib.contextmanager
    def copying(self, source: BinaryIO, target: BinaryIO) -> Iterator[None]:
        """Give COPY FROM STDIN and COPY TO STDOUT their streams."""
        self.copy_input, self.copy_output = source, target
        try:
            yield
        finally:
            self.copy_input = self.copy_output = None

    def close(self) -> None:
        """Roll back what is open and leave the database."""
        self.closed = True
        if self.running is not None:
            self.rollback()
        schema = self.catalog.find_schema(self.temporary)
        if schema is not None:
            self.drop_temporary()
            self.remove(schema)
            self.commit()
        self._let_go()
        self.on_close(self)
