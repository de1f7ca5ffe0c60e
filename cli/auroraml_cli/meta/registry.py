"""The backslash commands by name, and how one is read and run."""

from __future__ import annotations

import re
from collections.abc import Callable
from enum import Enum
from typing import Protocol, TextIO

from auroraml.lazy import load
from auroraml.records import dataclass
from auroraml_cli.scanner import Scanner
from auroraml_cli.shell import Shell
from auroraml_cli.slash import Arguments, Kind


class Outcome(Enum):
    """What a backslash command asks of the main loop."""

    DONE = "go on"
    SEND = "send the query buffer"
    EDITED = "read the query buffer again"
    QUIT = "end this input"
    ERROR = "it failed"


class Input(Protocol):
    """What commands may ask of the loop that runs them."""

    def include(self, stream: TextIO, name: str | None) -> bool:
        """Run a file; whether it ran to its end."""


@dataclass(kw_only=True)
class Call:
    """One backslash command being run: its name as written, its arguments, and the shell."""

    shell: Shell
    scanner: Scanner
    loop: Input
    name: str = ""
    arguments: Arguments = None  # type: ignore[assignment] # set by handle before any command sees it

    def next(self, kind: Kind = Kind.NORMAL, *, semicolon: bool = False) -> str | None:
        """The next argument."""
        return self.arguments.next(kind, semicolon=semicolon)

    def missing(self) -> Outcome:
        """The outcome of a command that lacks its argument."""
        self.shell.error(f"\\{self.name}: missing required argument")
        return Outcome.ERROR

    @property
    def verbose(self) -> bool:
        """Whether the name has a +."""
        return "+" in self.name

    @property
    def system(self) -> bool:
        """Whether the name has an S."""
        return "S" in self.name

    def use_previous(self) -> None:
        """Put the last query into an empty buffer."""
        if not self.scanner.buffer:
            self.scanner.buffer = self.shell.previous


Handler = Callable[[Call], Outcome]


@dataclass(frozen=True, kw_only=True)
class Entry:
    """A command: its handler, whether it takes the whole line, whether it is one of \\if's family."""

    handler: Handler
    whole_line: bool = False
    branching: bool = False
    suffix: str = ""  # what the name may end in, as a regular expression


FAMILIES = "auroraml_cli.meta.families"
COMMANDS: dict[str, Entry] = {}


def meta(*names: str, whole_line: bool = False, branching: bool = False, suffix: str = "") -> Callable[[Handler], Handler]:
    """Register a handler under `names`."""

    def register(handler: Handler) -> Handler:
        for name in names:
            COMMANDS[name] = Entry(handler=handler, whole_line=whole_line, branching=branching, suffix=suffix)
        return handler

    return register


def commands() -> dict[str, Entry]:
    """All commands by name, loaded with the first question."""
    load(FAMILIES)
    return COMMANDS


def find(name: str) -> Entry | None:
    """The command called `name`, or one whose name it begins with and whose suffix fits the rest."""
    known = commands()
    for end in range(len(name), 0, -1):
        entry = known.get(name[:end])
        if entry is not None and re.fullmatch(entry.suffix, name[end:]):
            return entry
    return None


def handle(call: Call) -> Outcome:
    """Run the command at the scanner's place and eat the rest of its arguments."""
    shell = call.shell
    active = shell.conditions.active
    call.arguments = Arguments(call.scanner, active=active, complain=shell.error)
    call.name = call.arguments.command()
    outcome = _run(call, active)
    quiet = Arguments(call.scanner, active=False, complain=lambda message: None)
    if outcome is Outcome.ERROR:
        quiet.next(Kind.WHOLE_LINE)
    else:
        for argument in quiet.rest():
            if active:
                shell.warning(f'\\{call.name}: extra argument "{argument}" ignored')
    quiet.end()
    return outcome


def _run(call: Call, active: bool) -> Outcome:
    shell = call.shell
    entry = find(call.name)
    if shell.prompting and not active and not (entry and entry.branching):
        shell.warning(f"\\{call.name} command ignored; use \\endif or Ctrl-C to exit current \\if block")
    if entry is None:
        shell.error(f"invalid command \\{call.name}", "Try \\? for help." if shell.prompting else None)
        return Outcome.ERROR
    if not active and not entry.branching:
        if entry.whole_line:
            call.arguments.next(Kind.WHOLE_LINE)
        else:
            call.arguments.rest()
        return Outcome.DONE
    return entry.handler(call)
