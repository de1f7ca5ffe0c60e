"""Shell: a session's state (connection, variables, output options, where output goes) and its messages."""

from __future__ import annotations

import contextlib
import io
import os
import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import field
from typing import TYPE_CHECKING, TextIO

from auroraml.errors.report import report
from auroraml.records import dataclass
from auroraml_cli.client import Client, DatabaseError, Diagnostic, Result
from auroraml_cli.conditions import Conditions
from auroraml_cli.output import NUMERIC, Options, Table, render
from auroraml_cli.variables import VariableError, Variables, parse_bool

if TYPE_CHECKING:
    import shutil
    import subprocess
else:
    from auroraml.lazy import shutil, subprocess


@dataclass(kw_only=True)
class Delivery:
    """What \\g and its kin asked for the next result: a file or pipe, a prefix for \\gset, and so on."""

    target: str | None = None
    expanded: str | None = None
    options: list[tuple[str, str | None]] = field(default_factory=list)
    gset: str | None = None
    gexec: bool = False
    gdesc: bool = False
    crosstab: Sequence[str | None] | None = None


class _Piped(io.StringIO):
    """Text for a program whose output goes to a stream in memory, once all of it is there."""

    def __init__(self, command: str, target: TextIO) -> None:
        super().__init__()
        self.command = command
        self.target = target

    def close(self) -> None:
        """Run the program."""
        if not self.closed:
            done = subprocess.run(self.command, shell=True, input=self.getvalue(), stdout=subprocess.PIPE, text=True, check=False)
            self.target.write(done.stdout)
        super().close()


class Shell:
    """The state that backslash commands read and change; `out` takes results, `err` messages."""

    def __init__(self, client: Client, *, out: TextIO, err: TextIO, program: str = "auroraml-sql", interactive: bool = False) -> None:
        self.out: TextIO = out
        self.standard_out = out
        self.err = err
        self.program = program
        self.interactive = interactive  # a terminal at both ends
        self.prompting = interactive  # lines come from the terminal now, not from a file
        self.terse = True  # whether messages of ours go without "error:"
        self.variables = Variables()
        self.variables.put("LAST_ERROR_MESSAGE", "")
        self.variables.put("LAST_ERROR_SQLSTATE", "00000")
        self.options = Options()
        self.conditions = Conditions()
        self.delivery = Delivery()
        self.timing = False
        self.file: str | None = None  # the file being read
        self.line_number = 0
        self.statement_line = 1
        self.previous = ""  # the last query sent
        self.last_error: Diagnostic | None = None
        self.last_query = ""
        self.log: TextIO | None = None
        self.pipe: subprocess.Popen[str] | None = None
        self.read_line: Callable[[str], str | None] = lambda prompt: None  # asks the user for a line
        self.copy_lines: Callable[[], str | None] = lambda: None  # the next line of the input being read, for COPY
        self.running = False
        self.cancelled = False
        self.connected = True
        self.paint_message: Callable[[str], str] = str  # colours on a terminal
        self.paint_plan: Callable[[str], str] = str
        self.history: Callable[[], list[str]] = list
        self.watching: Callable[[str], contextlib.AbstractContextManager[None]] = lambda sql: contextlib.nullcontext()  # shows progress
        self.use(client)

    def use(self, client: Client) -> None:
        """Take a connection: its notices come here, its names become variables."""
        self.client = client
        self.connected = True
        client.on_notice(self._notice)
        self.variables.put("ENCODING", "UTF8")
        self.variables.put("DBNAME", client.dbname)
        self.variables.put("USER", client.user)
        for name, setting in (("SERVER_VERSION_NAME", "server_version"), ("SERVER_VERSION_NUM", "server_version_num")):
            self.variables.put(name, client.show(setting))
        self.variables.put("VERSION", f"{self.program} (PostgreSQL {self.variables.get('SERVER_VERSION_NAME')})")
        self.variables.put("VERSION_NAME", self.variables.get("SERVER_VERSION_NAME") or "")
        self.variables.put("VERSION_NUM", self.variables.get("SERVER_VERSION_NUM") or "")

    # messages

    def _locus(self) -> str:
        if self.file is not None and not self.prompting:
            return f"{self.program}:{self.file}:{self.line_number}: "
        return "" if self.terse else f"{self.program}: "

    def _log(self, kind: str, message: str) -> None:
        self.standard_out.flush()
        label = "" if self.terse else kind
        self.err.write(self.paint_message(f"{self._locus()}{label}{message}\n"))
        self.err.flush()

    def error(self, message: str, hint: str | None = None) -> None:
        """A message of ours about something that failed."""
        self._log("error: ", message)
        if hint is not None:
            self._log("hint: ", hint)

    def warning(self, message: str) -> None:
        """A message of ours about something doubtful."""
        self._log("warning: ", message)

    def info(self, message: str) -> None:
        """A message without a label."""
        self._log("", message)

    def _report(self, diag: Diagnostic, query: str) -> str:
        verbosity = self.variables.get("VERBOSITY") or "default"
        return report(diag, query, verbosity, self.variables.get("SHOW_CONTEXT") or "errors").removesuffix("\n")

    def _notice(self, notice: Diagnostic) -> None:
        self.info(self._report(notice, ""))

    def failed(self, error: DatabaseError, query: str) -> None:
        """Report a server's error and remember it."""
        self.last_error, self.last_query = error.diag, query
        self.info(self._report(error.diag, query))

    # variables

    def set(self, name: str, value: str | None) -> bool:
        """Set a variable; a refusal is reported."""
        try:
            self.variables.set(name, value)
        except VariableError as error:
            message, _, hint = str(error).partition("\n")
            self.error(message)
            if hint:
                self.info(hint)
            return False
        return True

    @property
    def quiet(self) -> bool:
        """Whether the program keeps to results."""
        return self.variables.on("QUIET")

    @property
    def stop_on_error(self) -> bool:
        """Whether a script ends at its first error."""
        return self.variables.on("ON_ERROR_STOP")

    # output

    def write(self, text: str) -> None:
        """Write to where results go."""
        self.out.write(text)
        if self.log is not None:
            self.log.write(text)

    def say(self, text: str) -> None:
        """A line to the standard output, unless quiet."""
        if not self.quiet:
            self.standard_out.write(f"{text}\n")

    def print_table(self, table: Table, options: Options | None = None) -> None:
        """A result, in the current format, through the pager where it is long."""
        chosen = self.options if options is None else options
        on_terminal = self.interactive and self.out is self.standard_out
        size = shutil.get_terminal_size() if on_terminal else os.terminal_size((0, 0))
        text = render(table, chosen, size.columns)
        if on_terminal and list(table.columns) == ["QUERY PLAN"]:
            text = self.paint_plan(text)
        if on_terminal and chosen.pager and (chosen.pager > 1 or text.count("\n") >= max(size.lines, chosen.pager_min_lines)):
            self.page(text)
        else:
            self.write(text)
            self.out.flush()

    def page(self, text: str) -> None:
        """Show text through the pager."""
        command = os.environ.get("PSQL_PAGER") or os.environ.get("PAGER") or ("less" if shutil.which("less") else "more")
        if not self.interactive or not sys.stdout.isatty() or not command.strip():
            self.write(text)
            return
        environment = {**os.environ, "LESS": os.environ.get("LESS", "-FRSX")}
        kept = signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the pager's while it runs
        try:
            subprocess.run(command, shell=True, input=text, text=True, check=False, env=environment)
        finally:
            signal.signal(signal.SIGINT, kept)

    def redirect(self, target: str | None) -> bool:
        """\\o: send results to a file, a pipe, or (None) back to the standard output."""
        self._close_target()
        if not target:
            return True
        opened = self.open_target(target)
        if opened is None:
            return False
        self.out = opened
        return True

    def open_target(self, target: str) -> TextIO | None:
        """A file or pipe to write to; None, with a message, where it cannot be opened."""
        if target.startswith("|"):
            self.standard_out.flush()
            if not self._has_file():
                return _Piped(target[1:], self.standard_out)
            self.pipe = subprocess.Popen(target[1:], shell=True, stdin=subprocess.PIPE, text=True)
            assert self.pipe.stdin is not None
            return self.pipe.stdin  # type: ignore[return-value] # a text pipe is a TextIO
        try:
            return open(os.path.expanduser(target), "w", encoding="utf-8", newline="")  # closed by _close_target
        except OSError as error:
            self.error(f"{target}: {error.strerror}")
            return None

    def _has_file(self) -> bool:
        """Whether the standard output is a file that programs can share; not so where it is gathered in memory."""
        try:
            self.standard_out.fileno()
        except OSError:
            return False
        return True

    def run_program(self, command: str) -> int:
        """Run a command of the system with this program's streams; its exit code."""
        if not self._has_file():
            done = subprocess.run(command, shell=True, stdout=subprocess.PIPE, text=True, check=False)
            self.standard_out.write(done.stdout)
            return done.returncode
        return subprocess.run(command, shell=True, check=False).returncode

    def filter(self, command: str, data: bytes) -> None:
        """Feed a program, whose output is this program's."""
        self.standard_out.flush()
        done = subprocess.run(command, shell=True, input=data, stdout=None if self._has_file() else subprocess.PIPE, check=False)
        if done.stdout:
            self.standard_out.write(done.stdout.decode())

    def _close_target(self) -> None:
        if self.out is not self.standard_out:
            self.close_target(self.out)
            self.out = self.standard_out

    def close_target(self, target: TextIO) -> None:
        """Close a file or pipe, waiting for the pipe's program."""
        with contextlib.suppress(BrokenPipeError):
            target.close()
        if self.pipe is not None:
            self.pipe.wait()
            self.pipe = None

    @contextlib.contextmanager
    def delivering(self, target: str | None) -> Iterator[bool]:
        """Send results to `target` for a while; False where it cannot be opened."""
        if target is None:
            yield True
            return
        opened = self.open_target(target)
        if opened is None:
            yield False
            return
        kept, self.out = self.out, opened
        try:
            yield True
        finally:
            self.close_target(opened)
            self.out = kept

    # queries of our own

    def fetch(self, sql: str) -> Result | None:
        """A backslash command's query: its result, or None with the error reported."""
        hidden = self.variables.get("ECHO_HIDDEN") or "off"
        if hidden != "off" and (hidden == "noexec" or parse_bool(hidden)):
            text = f"********* QUERY **********\n{sql}\n**************************\n\n"
            self.standard_out.write(text)
            self.standard_out.flush()
            if self.log is not None:
                self.log.write(text)
            if hidden == "noexec":
                return None
        result: Result | None = None
        try:
            self.running = True
            for last in self.client.run(sql):
                result = last
        except DatabaseError as error:
            self.failed(error, sql)
            return None
        finally:
            self.running = False
        return result


def table_of(result: Result, *, title: str = "", footers: Sequence[str] | None = None) -> Table:
    """A result as a table to print."""
    columns = result.columns or ()
    return Table(
        columns=[column.name for column in columns], numeric=[column.type in NUMERIC for column in columns], rows=result.rows, title=title,
        footers=footers, kinds=[column.type for column in columns],
    )  # fmt: skip
