"""Sending a statement and showing what comes back: results, status, timing, variables, \\gset, \\gexec, \\gdesc, COPY."""

from __future__ import annotations

import contextlib
import io
import re
import time
from collections.abc import Callable, Iterator
from copy import copy
from typing import BinaryIO, TextIO

from auroraml.lazy import pattern
from auroraml_cli.client import DatabaseError, Result
from auroraml_cli.crosstab import crosstab
from auroraml_cli.output import Format, Options, Table
from auroraml_cli.printing import set_option
from auroraml_cli.shell import Delivery, Shell, table_of
from auroraml_cli.variables import HOOKS, parse_bool

SAVEPOINT = "pg_psql_temporary_savepoint"
_COMMENT = pattern(r"(?:\s+|--[^\n]*(?:\n|\Z)|/\*.*?\*/)*", re.S)
_NO_BEGIN = pattern(
    r"(?:abort|begin|start|commit|end|rollback|prepare\s+transaction|vacuum|cluster\s*(?:;|\Z)|create\s+(?:database|tablespace|(?:unique\s+)?index\s+concurrently)"
    r"|drop\s+(?:database|system|tablespace|index\s+concurrently)|alter\s+system|reindex\s+(?:database|system|(?:index|table|schema)\s+concurrently)"
    r"|discard\s+all)\b",
    re.I,
)


class _CopyInput(io.RawIOBase):
    """What COPY FROM STDIN reads: the lines of the current input up to a backslash and a period, asked for when it starts to read."""

    def __init__(self, shell: Shell) -> None:
        super().__init__()
        self.shell = shell
        self.begun = False
        self.ended = False

    def read(self, size: int = -1) -> bytes:
        """All the data."""
        if self.ended:
            return b""
        if not self.begun and self.shell.prompting and not self.shell.quiet:
            self.shell.standard_out.write(
                "Enter data to be copied followed by a newline.\nEnd with a backslash and a period on a line by itself, or an EOF signal.\n"
            )
        self.begun, self.ended = True, True
        lines: list[str] = []
        while (line := self.shell.copy_lines()) is not None and line != "\\.":
            lines.append(line)
        return "".join(f"{line}\n" for line in lines).encode()


class _CopyOutput(io.RawIOBase):
    """Where COPY TO STDOUT writes: the place of results."""

    def __init__(self, write: Callable[[str], None]) -> None:
        super().__init__()
        self.send = write
        self.used = False

    def write(self, data: object) -> int:
        """Pass the data on."""
        chunk = bytes(data)  # type: ignore[call-overload] # COPY writes bytes
        self.used = True
        self.send(chunk.decode())
        return len(chunk)


def send(shell: Shell, sql: str) -> bool:
    """Run the statements of `sql` as psql's SendQuery does; False when one failed."""
    delivery, shell.delivery = shell.delivery, Delivery()
    if not shell.connected:
        shell.error("You are currently not connected to a database.")
        return False
    if shell.variables.on("SINGLESTEP") and not _confirmed(shell, sql):
        return False
    if shell.variables.get("ECHO") == "queries":
        shell.standard_out.write(f"{sql}\n")
        shell.standard_out.flush()
    if shell.log is not None:
        shell.log.write(f"********* QUERY **********\n{sql}\n**************************\n\n")
    if not shell.variables.on("AUTOCOMMIT") and shell.client.transaction == "I" and not _NO_BEGIN.match(sql, _start(sql)):
        _command(shell, "BEGIN")
    guarded = _guard(shell)
    started = time.monotonic()
    if delivery.gdesc:
        done = _describe(shell, sql)
    else:
        outer = shell.out
        with shell.delivering(delivery.target) as opened:
            done = opened and _run(shell, sql, delivery, outer)
    elapsed = (time.monotonic() - started) * 1000
    if not done and shell.variables.get("ECHO") == "errors":
        shell.info(f"STATEMENT:  {sql}")
    if guarded:
        _unguard(shell, done)
    if shell.timing:
        shell.standard_out.write(f"{duration(elapsed)}\n")
    for heard in shell.client.notifications():
        payload = f' with payload "{heard.payload}"' if heard.payload else ""
        shell.standard_out.write(f'Asynchronous notification "{heard.channel}"{payload} received from server process with PID {heard.pid}.\n')
    _renamed(shell)
    return done


def _start(sql: str) -> int:
    match = _COMMENT.match(sql)
    return match.end() if match else 0


def _command(shell: Shell, sql: str) -> None:
    for _ in shell.client.run(sql):
        pass


def _guard(shell: Shell) -> bool:
    """ON_ERROR_ROLLBACK: a savepoint before a statement inside a transaction block."""
    wish = shell.variables.get("ON_ERROR_ROLLBACK") or "off"
    wanted = shell.prompting if wish == "interactive" else parse_bool(wish) is True
    if not wanted or shell.client.transaction != "T":
        return False
    _command(shell, f"SAVEPOINT {SAVEPOINT}")
    return True


def _unguard(shell: Shell, done: bool) -> None:
    if shell.client.transaction == "E":
        _command(shell, f"ROLLBACK TO {SAVEPOINT}")
    elif shell.client.transaction == "T" and done:
        with contextlib.suppress(DatabaseError):  # the statement itself may have released it
            _command(shell, f"RELEASE {SAVEPOINT}")


def _renamed(shell: Shell) -> None:
    if shell.variables.get("DBNAME") != shell.client.dbname:
        shell.variables.put("DBNAME", shell.client.dbname)


def _confirmed(shell: Shell, sql: str) -> bool:
    shell.standard_out.write(
        "***(Single step mode: verify command)*******************************************\n"
        f"{sql}\n***(press return to proceed or enter x and return to cancel)********************\n"
    )
    shell.standard_out.flush()
    answer = shell.read_line("")
    return answer is None or not answer.startswith("x")


def duration(milliseconds: float) -> str:
    """The line \\timing prints."""
    if milliseconds < 1000:
        return f"Time: {milliseconds:.3f} ms"
    seconds = milliseconds / 1000
    minutes, seconds = divmod(seconds, 60)
    if not minutes:
        return f"Time: {milliseconds:.3f} ms (00:{seconds:06.3f})"
    hours, minutes = divmod(int(minutes), 60)
    if not hours:
        return f"Time: {milliseconds:.3f} ms ({minutes:02d}:{seconds:06.3f})"
    days, hours = divmod(hours, 24)
    clock = f"{hours:02d}:{minutes:02d}:{seconds:06.3f}"
    return f"Time: {milliseconds:.3f} ms ({days:.0f} d {clock})" if days else f"Time: {milliseconds:.3f} ms ({clock})"


def _run(shell: Shell, sql: str, delivery: Delivery, outer: TextIO) -> bool:
    """Run the statements and show each result; `outer` is where results go without the delivery."""
    source = _CopyInput(shell)
    target = _CopyOutput(shell.write)
    shell.running, shell.cancelled = True, False
    held: Result | None = None
    good = True
    try:
        results = shell.client.run(sql, _stream(source), _stream(target))
        while (result := _next(shell, sql, results)) is not None:
            _succeeded(shell, result)
            if target.used and delivery.target is not None and not shell.quiet:
                outer.write(f"{result.tag}\n")  # COPY's data went elsewhere: its status is shown
            if shell.variables.on("SHOW_ALL_RESULTS"):
                good = _show(shell, result, delivery, copied=target.used) and good
            else:
                held = result
            target.used = False
        if held is not None:
            good = _show(shell, held, delivery, copied=target.used)
    except DatabaseError as error:
        if source.begun and not source.ended:
            source.read()
        _failed(shell, error, sql)
        return False
    finally:
        shell.running = False
        shell.out.flush()
    return good


def _next(shell: Shell, sql: str, results: Iterator[Result]) -> Result | None:
    """The next statement's result; progress is shown meanwhile, and gone before the result is."""
    with shell.watching(sql):
        return next(results, None)


def _stream(raw: io.RawIOBase) -> BinaryIO:
    return raw  # type: ignore[return-value] # COPY uses read and write alone


def _succeeded(shell: Shell, result: Result) -> None:
    count = result.tag.split()[-1] if result.tag and result.tag.split()[-1].isdigit() else "0"
    for name, value in (("ERROR", "false"), ("SQLSTATE", "00000"), ("ROW_COUNT", count)):
        shell.variables.put(name, value)


def _failed(shell: Shell, error: DatabaseError, sql: str) -> None:
    state, message = error.diag.sqlstate or "", error.diag.message_primary
    for name, value in (("ERROR", "true"), ("SQLSTATE", state), ("ROW_COUNT", "0"), ("LAST_ERROR_SQLSTATE", state), ("LAST_ERROR_MESSAGE", message)):
        shell.variables.put(name, value)
    shell.failed(error, sql)


def _show(shell: Shell, result: Result, delivery: Delivery, *, copied: bool) -> bool:
    """One result on the screen, into variables, or run as statements."""
    if result.columns is not None:
        if delivery.gset is not None:
            return _store(shell, result, delivery.gset)
        if delivery.gexec:
            return _execute_cells(shell, result)
        if delivery.crosstab is not None:
            return _crosstab(shell, result, delivery.crosstab)
        shell.print_table(table_of(result), _options(shell, delivery))
        if result.tag.split()[0] in ("INSERT", "UPDATE", "DELETE"):
            _status(shell, result.tag)
        return True
    if not copied:
        _status(shell, result.tag)
    return True


def _options(shell: Shell, delivery: Delivery) -> Options:
    options = copy(shell.options)
    if delivery.expanded is not None:
        options.expanded = delivery.expanded
    for name, value in delivery.options:
        set_option(shell, options, name, value, quiet=True)
    return options


def _status(shell: Shell, tag: str) -> None:
    if shell.quiet:
        return
    shell.write(f"<p>{tag}</p>\n" if shell.options.format is Format.HTML else f"{tag}\n")


def _store(shell: Shell, result: Result, prefix: str) -> bool:
    """\\gset: each column of the only row into a variable; NULL unsets."""
    if len(result.rows) != 1:
        shell.error("no rows returned for \\gset" if not result.rows else "more than one row returned for \\gset")
        return False
    good = True
    for column, value in zip(result.columns or (), result.rows[0], strict=True):
        name = prefix + column.name
        if name in HOOKS:
            shell.warning(f'attempt to \\gset into specially treated variable "{name}" ignored')
        elif not shell.set(name, value):
            good = False
            break
    return good


def _execute_cells(shell: Shell, result: Result) -> bool:
    """\\gexec: each cell is a statement."""
    good = True
    for row in result.rows:
        for cell in row:
            if cell is None:
                continue
            if shell.variables.get("ECHO") == "all" and not shell.variables.on("SINGLESTEP"):
                shell.standard_out.write(f"{cell}\n")
                shell.standard_out.flush()
            if not send(shell, cell):
                good = False
                if shell.stop_on_error:
                    return False
    return good


def _crosstab(shell: Shell, result: Result, arguments: object) -> bool:
    table = crosstab(table_of(result), list(arguments), shell.options.null, shell.error)  # type: ignore[call-overload] # a sequence of texts
    if table is None:
        return False
    shell.print_table(table)
    return True


def _describe(shell: Shell, sql: str) -> bool:
    """\\gdesc: the columns' names and types, without running the statement."""
    try:
        columns = shell.client.describe(sql)
    except DatabaseError as error:
        _failed(shell, error, sql)
        return False
    if not columns:
        shell.write("The command has no result, or the result has no columns.\n")
        return True
    pairs = ", ".join(f"({i}, {column.oid}::oid, {column.typmod})" for i, column in enumerate(columns))
    result = shell.fetch(f"SELECT pg_catalog.format_type(t, m) FROM (VALUES {pairs}) v(i, t, m) ORDER BY i")
    if result is None:
        return False
    rows = [(column.name, row[0]) for column, row in zip(columns, result.rows, strict=True)]
    shell.print_table(Table(columns=["Column", "Type"], numeric=[False, False], rows=rows))
    return True
