"""The main loop: lines in, statements sent, backslash commands run, until the input ends."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from enum import Enum
from typing import TextIO

from auroraml.lazy import pattern
from auroraml_cli.execution import send
from auroraml_cli.meta.registry import Call, Outcome, handle
from auroraml_cli.scanner import Scanner, Stop
from auroraml_cli.shell import Shell

GREETING = (
    "This is auroraml-sql: SQL as Aurora PostgreSQL has it, in this process.\nType:  \\copyright for the licence\n"
    "       \\h for help with SQL commands\n       \\? for help with backslash commands\n"
    "       \\g or a semicolon to run the statement\n       \\q to quit\n"
)
_WORD = pattern(r"\s*(help|exit|quit)\s*;?\s*\Z", re.I)
Reader = Callable[[str], str | None]  # given the prompt's state: the next line, None at the end; KeyboardInterrupt for Ctrl-C


class Exit(Enum):
    """The program's exit codes."""

    SUCCESS = 0
    FAILURE = 1
    CONNECTION = 2
    SCRIPT = 3


class Loop:
    """One input: a terminal, a file, or the standard input."""

    def __init__(self, shell: Shell, read: Reader) -> None:
        self.shell = shell
        self.read = read
        self.scanner = Scanner(shell.variables.get)
        self.scanner.warn = shell.warning
        self.queue: list[str] = []  # lines that \\e left to be read again
        self.quit = False
        self.ends = 0  # ends of file typed in a row

    def next_line(self) -> str | None:
        """The next line of the input."""
        if self.queue:
            return self.queue.pop(0)
        line = self.read(self.scanner.state)
        if line is not None:
            self.shell.line_number += 1
        return line

    def run(self) -> Exit:
        """Read to the end; SCRIPT when an error ended a script."""
        shell = self.shell
        kept = shell.copy_lines
        shell.copy_lines = self._copy_line
        depth = len(shell.conditions.stack)
        result = Exit.SUCCESS
        try:
            while not self.quit:
                try:
                    line = self.next_line()
                    if line is None:
                        if self._stays():
                            continue
                        break
                    self.ends = 0
                    good = self._line(line)
                except KeyboardInterrupt:
                    if not shell.prompting:
                        raise
                    self._interrupted()
                    continue
                if not shell.prompting and (shell.cancelled or (not good and shell.stop_on_error)):
                    result = Exit.SCRIPT
                    break
            if result is Exit.SUCCESS and not self.quit:
                result = self._finish(depth)
        finally:
            shell.copy_lines = kept
        return result

    def _stays(self) -> bool:
        """IGNOREEOF: whether an end of file typed at the prompt is let pass."""
        self.ends += 1
        if not self.shell.prompting or self.ends > int(self.shell.variables.get("IGNOREEOF") or "0"):
            return False
        self.shell.say(f'Use "\\q" to leave {self.shell.program}.')
        return True

    def _copy_line(self) -> str | None:
        line = self.read("+")
        if line is not None:
            self.shell.line_number += 1
        return line

    def _interrupted(self) -> None:
        shell = self.shell
        shell.standard_out.write("")
        if shell.conditions.stack:
            shell.error("\\if: escaped")
            shell.conditions.pop()
        self.scanner.buffer = ""
        self.scanner.reset()

    def _finish(self, depth: int) -> Exit:
        shell = self.shell
        good = True
        if self.scanner.buffer and not shell.prompting and shell.conditions.active:
            good = self._send()
        if len(shell.conditions.stack) > depth:
            shell.error("reached EOF without finding closing \\endif(s)")
            del shell.conditions.stack[depth:]
            good = False
        return Exit.SCRIPT if not good and shell.stop_on_error and not shell.prompting else Exit.SUCCESS

    def _words(self, line: str) -> bool:
        """help, quit and exit alone on a line, for people; whether the line is dealt with."""
        shell, match = self.shell, _WORD.match(line)
        if not shell.prompting or match is None:
            return False
        if self.scanner.buffer:
            if not self.scanner.open:
                helping = match[1].lower() == "help"
                shell.standard_out.write("Use \\? for help or press control-C to clear the input buffer.\n" if helping else "Use \\q to quit.\n")
            return False
        if match[1].lower() == "help":
            shell.standard_out.write(GREETING)
        else:
            self.quit = True
        return True

    def _line(self, line: str) -> bool:
        shell, scanner = self.shell, self.scanner
        if self._words(line):
            return True
        if shell.variables.get("ECHO") == "all" and not shell.prompting:
            shell.standard_out.write(f"{line}\n")
            shell.standard_out.flush()
        added = 0
        if scanner.buffer:
            scanner.buffer += "\n"
            added = len(scanner.buffer)
        scanner.start(line)
        good = True
        while True:
            stop = scanner.scan()
            single = stop is Stop.INCOMPLETE and shell.variables.on("SINGLELINE") and not scanner.open and scanner.buffer.strip() != ""
            if stop is Stop.SEMICOLON or single:
                good = self._statement()
                added = 0
                if single:
                    break
            elif stop is Stop.BACKSLASH:
                if added and len(scanner.buffer) == added:
                    scanner.buffer = scanner.buffer[:-1]
                added = 0
                good = self._command()
                if self.quit:
                    break
            else:
                break
            if not good and shell.stop_on_error and not shell.prompting:
                return False
        if added and len(scanner.buffer) == added and not scanner.open:
            scanner.buffer = scanner.buffer[:-1]
        return good

    def _statement(self) -> bool:
        if not self.shell.conditions.active:
            if self.shell.prompting:
                self.shell.error("query ignored; use \\endif or Ctrl-C to exit current \\if block")
            self.scanner.buffer = ""
            return True
        return self._send()

    def _send(self) -> bool:
        sql = self.scanner.buffer
        line, at, expanding = self.scanner.line, self.scanner.at, self.scanner.expanding
        self.shell.previous = sql
        self.scanner.buffer = ""
        self.scanner.reset()
        good = send(self.shell, sql)
        self.scanner.line, self.scanner.at, self.scanner.expanding = line, at, expanding
        self.shell.statement_line = 1
        return good

    def _command(self) -> bool:
        call = Call(shell=self.shell, scanner=self.scanner, loop=self)
        outcome = handle(call)
        self.shell.statement_line = 1
        if outcome is Outcome.SEND:
            return self._send()
        if outcome is Outcome.EDITED:
            text, self.scanner.buffer = self.scanner.buffer, ""
            rest = self.scanner.rest
            self.scanner.reset()
            self.queue = [*text.split("\n"), *([rest] if rest.strip() else []), *self.queue]
            self.scanner.start("")
        if outcome is Outcome.QUIT:
            self.quit = True
        return outcome is not Outcome.ERROR

    def include(self, stream: TextIO, name: str | None) -> bool:
        """Run a file as \\i does: its own buffer, the same conditions and variables."""
        return run_file(self.shell, stream, name) is Exit.SUCCESS


def lines_of(stream: TextIO) -> Iterator[str]:
    """The lines of a file without their ends."""
    for line in stream:
        yield line.removesuffix("\n").removesuffix("\r")


def run_file(shell: Shell, stream: TextIO, name: str | None) -> Exit:
    """Run the commands of a file; messages name it and the line."""
    kept = (shell.file, shell.line_number, shell.prompting)
    lines = lines_of(stream)
    first = True

    def read(state: str) -> str | None:
        nonlocal first
        line = next(lines, None)
        if first and line is not None:
            first, line = False, line.removeprefix("\ufeff")
        return line

    shell.file, shell.line_number, shell.prompting = name, 0, False
    try:
        return Loop(shell, read).run()
    finally:
        shell.file, shell.line_number, shell.prompting = kept
