"""%sql and %%sql: SQL in an IPython shell or notebook, on a connection that stays."""

from __future__ import annotations

import html
import sys
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from IPython.core.error import UsageError
from IPython.core.magic import Magics, line_cell_magic, magics_class, no_var_expand
from IPython.display import display
from traitlets import Bool, Int

from auroraml.dbapi.connect import connect
from auroraml.dbapi.connection import Connection
from auroraml.dbapi.database import Database
from auroraml.errors import Diagnostic
from auroraml.errors.report import report
from auroraml.lazy import load
from auroraml.notebook.arguments import HELP, Arguments, BadLine, parse
from auroraml.notebook.parameters import NoVariable, named
from auroraml.notebook.results import LIMIT, ResultSet
from auroraml.notebook.statements import Answer, run_one
from auroraml.sql import split

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell

Listener = Callable[[Answer], None]
RED, YELLOW, PLAIN = "\x1b[31m", "\x1b[33m", "\x1b[0m"


class Message:
    """An error or a notice in psql's words, with its caret; red or yellow where there is colour."""

    def __init__(self, diag: Diagnostic, statement: str) -> None:
        self.text = report(diag, statement).rstrip("\n")
        self.failed = diag.severity in ("ERROR", "FATAL", "PANIC")

    def __repr__(self) -> str:
        return self.text

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:
        printer.text(f"{RED if self.failed else YELLOW}{self.text}{PLAIN}" if sys.stdout.isatty() else self.text)

    def _repr_html_(self) -> str:
        colour = "#c22" if self.failed else "#a70"
        return f'<pre style="color:{colour};background:none;margin:0;font-family:monospace">{html.escape(self.text)}</pre>'


class Failed(Exception):
    """A statement failed, which is said as psql says it, and without a traceback."""

    def _render_traceback_(self) -> list[str]:
        return [f"{RED}{self}{PLAIN}"]


@magics_class
class SqlMagics(Magics):  # type: ignore[misc] # IPython is untyped here
    """The magics, with what they keep: a connection, and who wants to know of each statement."""

    limit = Int(LIMIT, help="The most rows shown of a result.").tag(config=True)
    picture = Bool(True, help="Whether plans are drawn.").tag(config=True)
    tags = Bool(True, help="Whether the command tags of statements without rows are shown.").tag(config=True)

    def __init__(self, shell: InteractiveShell) -> None:
        super().__init__(shell)
        self.connection: Connection | None = None
        self.listeners: list[Listener] = []

    @no_var_expand  # type: ignore[untyped-decorator] # as above
    @line_cell_magic("sql")  # type: ignore[untyped-decorator] # as above
    def sql(self, line: str = "", cell: str | None = None) -> object:
        """Run SQL; `%sql --help` says how."""
        try:
            asked = parse(line)
            if asked.helping:
                print(HELP, end="")
                return None
            connection = self._connected(asked)
        except BadLine as error:
            raise UsageError(str(error)) from None
        text = f"{asked.sql}\n{cell}" if cell is not None else asked.sql
        statements = tuple(pieces(text))
        if not statements:
            return None if asked.close or asked.connects or cell is not None else connection
        return self._run(connection, statements, asked)

    def _run(self, connection: Connection | None, statements: tuple[str, ...], asked: Arguments) -> object:
        assert connection is not None
        last: ResultSet | None = None
        for statement in statements:
            if last is not None and not asked.quiet:
                display(last)
            if statement.startswith("\\"):
                last = None
                self._describe(connection, statement)
                continue
            try:
                text, params = named(statement, self.shell.user_ns)
            except NoVariable as error:
                raise UsageError(str(error)) from None
            last = self._shown(run_one(connection, text, params), asked)
        if asked.name is not None:
            self.shell.user_ns[asked.name] = last
            return None
        return None if asked.quiet else last

    def _describe(self, connection: Connection, line: str) -> None:
        """A backslash command's answer is printed."""
        describing = load("auroraml_cli.describing")  # the program's, which stands above: its commands are loaded for those who type one
        try:
            print(describing.described(connection, line))
        except describing.Undescribed as error:
            raise Failed(str(error)) from None

    def _shown(self, answer: Answer, asked: Arguments) -> ResultSet | None:
        """Notices, the error or the tag are shown at once; rows are given back."""
        for listener in self.listeners:
            listener(answer)
        for notice in answer.notices:
            display(Message(notice, answer.statement))
        if answer.error is not None:
            raise Failed(report(answer.error.diag, answer.statement).rstrip("\n")) from None
        if answer.columns is not None:
            return ResultSet(answer, self.limit if asked.limit is None else asked.limit, picture=self.picture and not asked.plain)
        if self.tags and not asked.quiet and answer.tag:
            print(answer.tag)
        return None

    def _connected(self, asked: Arguments) -> Connection | None:
        """The connection that is asked for, which stays; without one asked for the one in use, or a new cluster's."""
        if asked.close:
            if self.connection is not None:
                self.connection.close()
            self.connection = None
            return None
        if asked.config is not None:
            try:
                self.connection = Database(config=asked.config).connect(autocommit=True, owned=True)
            except (OSError, ValueError) as error:
                raise BadLine(str(error)) from None
        elif asked.connection is not None:
            self.use(self._variable(asked.connection))
        elif self.connection is None or self.connection.closed:
            self.connection = connect(autocommit=True)
        assert self.connection is not None
        if asked.database is not None or asked.user is not None:
            self.connection = self._elsewhere(self.connection, asked.database, asked.user)
        return self.connection

    def _variable(self, name: str) -> Connection | Database:
        found = self.shell.user_ns.get(name)
        if not isinstance(found, Connection | Database):
            raise BadLine(f"there is no connection or database in a variable {name!r}")
        return found

    def use(self, target: Connection | Database) -> None:
        """Run on this connection, or on one to this cluster, from now on."""
        self.connection = target if isinstance(target, Connection) else target.connect(autocommit=True)

    def _elsewhere(self, connection: Connection, dbname: str | None, user: str | None) -> Connection:
        database = connection.database
        name, role = dbname or connection.info.dbname, user or connection.info.user
        if name not in database.hubs:
            database.create_database(name, role)
        return database.connect(dbname=name, user=role, autocommit=True)


def pieces(text: str) -> Iterator[str]:
    """Statements, and backslash commands, which end with their line."""
    for statement in split(text):
        if not statement.startswith("\\"):
            yield statement
            continue
        line, _, rest = statement.partition("\n")
        yield line.rstrip()
        yield from pieces(rest)


def magics_of(shell: InteractiveShell) -> SqlMagics:
    """The shell's magics, registered if they are not yet."""
    found = shell.magics_manager.registry.get("SqlMagics")
    if found is None:
        found = SqlMagics(shell)
        shell.register_magics(found)
    assert isinstance(found, SqlMagics)
    return found


def load_ipython_extension(shell: InteractiveShell) -> None:
    """What %load_ext calls."""
    magics_of(shell)
