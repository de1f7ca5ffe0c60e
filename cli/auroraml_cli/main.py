"""auroraml-sql's entry: connects, runs the start-up file, -c and -f in order or the standard input, and ends with psql's exit codes."""

from __future__ import annotations

import contextlib
import io
import os
import signal
import sys
import threading
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from types import FrameType
from typing import TextIO

import click

import auroraml
from auroraml.lazy import load
from auroraml_cli.client import DatabaseError
from auroraml_cli.connection import Unconnected, connect
from auroraml_cli.execution import send
from auroraml_cli.invocation import Invocation, parse_arguments
from auroraml_cli.mainloop import Exit, Loop, run_file
from auroraml_cli.meta.registry import Call, Outcome, handle
from auroraml_cli.output import Format
from auroraml_cli.printing import set_option
from auroraml_cli.reference import COMMANDS, OPTIONS, VARIABLES
from auroraml_cli.scanner import Scanner
from auroraml_cli.shell import Shell
from auroraml_cli.subcommands import subcommand

PROGRAM = "auroraml-sql"
INTERRUPTED = 130  # the exit code shells give to a program that Ctrl-C ended
DELAY = 1.0  # seconds before progress is shown


def run(arguments: Sequence[str]) -> int:
    """The whole program; its exit code."""
    if (work := subcommand(arguments)) is not None:
        return work()
    try:
        asked = parse_arguments(arguments, PROGRAM)
    except click.UsageError as error:
        print(f'{PROGRAM}: {error.format_message()}\nTry "{PROGRAM} --help" for more information.', file=sys.stderr)
        return Exit.FAILURE.value
    if asked.help_topic is not None:
        sys.stdout.write({"commands": COMMANDS, "variables": VARIABLES}.get(asked.help_topic, OPTIONS))
        return Exit.SUCCESS.value
    if asked.version:
        print(f"{PROGRAM} {auroraml.__version__}")
        return Exit.SUCCESS.value
    words = list(asked.words)
    dbname = asked.dbname or (words.pop(0) if words else None)
    user = asked.username or (words.pop(0) if words else None)
    for word in words:
        print(f'{PROGRAM}: warning: extra command-line argument "{word}" ignored', file=sys.stderr)
    try:
        shell = _open(replace(asked, dbname=dbname, username=user))
    except Unconnected as error:
        print(f"{PROGRAM}: error: {error}", file=sys.stderr)
        return Exit.CONNECTION.value
    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGINT, _Interrupts(shell))
    try:
        return _work(shell, asked).value
    finally:
        _finish(shell)


class _Interrupts:
    """Ctrl-C: cancels the running statement; at the prompt it clears what was typed, and otherwise ends the program."""

    def __init__(self, shell: Shell) -> None:
        self.shell = shell

    def __call__(self, number: int, frame: FrameType | None) -> None:
        if self.shell.running:
            self.shell.cancelled = True
            self.shell.client.cancel()
            self.shell.err.write("Cancel request sent\n")
            return
        raise KeyboardInterrupt


def _open(asked: Invocation) -> Shell:
    client = connect(asked)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(encoding="utf-8", newline="\n")
    terminal = not asked.actions and sys.stdin.isatty() and sys.stdout.isatty()
    return Shell(client, out=sys.stdout, err=sys.stderr, program=PROGRAM, interactive=terminal)


def _work(shell: Shell, asked: Invocation) -> Exit:
    if not _prepare(shell, asked):
        return Exit.FAILURE
    if asked.list_databases:
        return Exit.SUCCESS if _command(shell, "\\l") else Exit.FAILURE
    if not asked.no_psqlrc:
        _start_up_file(shell)
    if asked.actions:
        return _actions(shell, asked)
    return _read_input(shell, asked)


def _formats(shell: Shell, asked: Invocation) -> None:
    options = shell.options
    wanted = ((asked.csv, Format.CSV), (asked.json, Format.JSON), (asked.html, Format.HTML), (asked.no_align, Format.UNALIGNED))
    options.format = next((format for on, format in wanted if on), Format.ALIGNED)
    options.tuples_only = asked.tuples_only
    options.expanded = "on" if asked.expanded else "off"
    options.table_attributes = asked.table_attr
    options.field_separator = (
        "\0" if asked.field_separator_zero else options.field_separator if asked.field_separator is None else asked.field_separator
    )
    options.record_separator = (
        "\0" if asked.record_separator_zero else options.record_separator if asked.record_separator is None else asked.record_separator
    )


def _prepare(shell: Shell, asked: Invocation) -> bool:
    """Turn options into variables and output options; False with a message when one is not accepted."""
    flags = (("QUIET", asked.quiet), ("SINGLESTEP", asked.single_step), ("SINGLELINE", asked.single_line), ("ECHO_HIDDEN", asked.echo_hidden))
    for name, on in flags:
        if on:
            shell.variables.set(name, "on")
    for value, on in (("all", asked.echo_all), ("errors", asked.echo_errors), ("queries", asked.echo_queries)):
        if on:
            shell.variables.set("ECHO", value)
    _formats(shell, asked)
    shell.terse = False
    for pair in asked.psets:
        name, equals, text = pair.partition("=")
        if not set_option(shell, shell.options, name, text if equals else None, quiet=True):
            shell.error(f'could not set printing parameter "{name}"')
            return False
    for pair in asked.assignments:
        name, equals, text = pair.partition("=")
        if not shell.set(name, text if equals else None):
            return False
    if asked.log_file:
        shell.log = _opened(shell, asked.log_file, "a")
        if shell.log is None:
            return False
    if asked.output and not shell.redirect(asked.output):
        return False
    shell.terse = True
    if asked.progress or (sys.stderr.isatty() and not shell.quiet):
        shell.watching = lambda sql: _watched(shell, sql)
    return True


@contextlib.contextmanager
def _watched(shell: Shell, sql: str) -> Iterator[None]:
    """Show progress once a statement has run for a second; rich is loaded only then."""
    ended = threading.Event()

    def wait() -> None:
        if not ended.wait(DELAY):
            load("auroraml_cli.progress").show(shell.client.progress, ended)

    thread = threading.Thread(target=wait, daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


def _opened(shell: Shell, name: str, mode: str) -> TextIO | None:
    path = os.path.expanduser(name)
    try:
        return Path(path).open(mode, encoding="utf-8", newline="")  # type: ignore[return-value] # a text mode
    except OSError as error:
        shell.error(f"{path}: {error.strerror}")
        return None


def _start_up_file(shell: Shell) -> None:
    path = Path(os.environ.get("AURORAMLRC") or Path.home() / ".auroramlrc")
    if path.is_file():
        with path.open(encoding="utf-8", newline="") as stream:
            run_file(shell, stream, str(path))


def _command(shell: Shell, text: str) -> bool:
    """One -c: a backslash command, or SQL sent as it stands."""
    if not text.startswith("\\"):
        return send(shell, text)
    scanner = Scanner(shell.variables.get)
    scanner.start(text)
    scanner.scan()
    return handle(Call(shell=shell, scanner=scanner, loop=Loop(shell, lambda state: None))) is not Outcome.ERROR


def _actions(shell: Shell, asked: Invocation) -> Exit:
    """-c and -f in order; the last one's code, or the first failure's where ON_ERROR_STOP is on."""
    result = Exit.SUCCESS
    if asked.single_transaction and not _transaction(shell, "BEGIN"):
        return Exit.FAILURE
    shell.terse = False
    for kind, text in asked.actions:
        if kind == "command":
            shell.terse = True
            if shell.variables.get("ECHO") == "all":
                print(text, flush=True)
            result = Exit.SUCCESS if _command(shell, text) else Exit.FAILURE
        else:
            result = _file(shell, text)
        if not shell.connected:
            return Exit.CONNECTION
        if shell.cancelled or (result is not Exit.SUCCESS and shell.stop_on_error):
            break
    if asked.single_transaction:
        _transaction(shell, "COMMIT" if result is Exit.SUCCESS else "ROLLBACK")
    return result


def _transaction(shell: Shell, sql: str) -> bool:
    try:
        for _ in shell.client.run(sql):
            pass
    except DatabaseError as error:
        shell.failed(error, sql)
        return False
    return True


def _file(shell: Shell, name: str) -> Exit:
    if name == "-":
        return run_file(shell, sys.stdin, "<stdin>")
    stream = _opened(shell, name, "r")
    if stream is None:
        return Exit.FAILURE
    with stream:
        return run_file(shell, stream, os.path.expanduser(name))


def _read_input(shell: Shell, asked: Invocation) -> Exit:
    if shell.interactive:
        terminal = load("auroraml_cli.terminal")
        return terminal.converse(shell, plain=asked.no_readline)  # type: ignore[no-any-return] # loaded only on a terminal
    return run_file(shell, sys.stdin, None)


def _finish(shell: Shell) -> None:
    shell.redirect(None)
    if shell.log is not None:
        shell.log.close()
    shell.standard_out.flush()
    if shell.connected:
        shell.client.close()


def main() -> None:
    """The console command."""
    try:
        code = run(sys.argv[1:])
        sys.stdout.flush()
    except BrokenPipeError:  # whoever read our output has gone
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = Exit.FAILURE.value
    except KeyboardInterrupt:
        code = INTERRUPTED
    # Nothing is left to be done, and taking the interpreter down takes as long as the first statement did; where names for completion are still
    # being read, or an abandoned call runs, it must not be taken down under their native code.
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)
