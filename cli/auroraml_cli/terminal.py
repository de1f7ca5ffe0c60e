"""The interactive program: line editing, history, completion and colour with prompt_toolkit; Ctrl-C cancels, Ctrl-D quits."""

from __future__ import annotations

import os
import re
import sys
import threading
from collections.abc import Iterable
from pathlib import Path

from prompt_toolkit import PromptSession
from prompt_toolkit.auto_suggest import AutoSuggestFromHistory
from prompt_toolkit.completion import CompleteEvent, Completer, Completion, ThreadedCompleter
from prompt_toolkit.document import Document
from prompt_toolkit.filters import Condition
from prompt_toolkit.formatted_text import ANSI
from prompt_toolkit.history import FileHistory, History, InMemoryHistory
from prompt_toolkit.lexers import PygmentsLexer
from prompt_toolkit.output import ColorDepth
from prompt_toolkit.styles import Style
from pygments import highlight
from pygments.formatters import TerminalFormatter
from pygments.lexers.sql import PostgresExplainLexer, PostgresLexer

from auroraml_cli.completion import Place, complete
from auroraml_cli.mainloop import Exit, Loop
from auroraml_cli.names import Names, read_names
from auroraml_cli.prompts import prompt
from auroraml_cli.shell import Shell

STYLE = Style.from_dict({
    "pygments.keyword": "ansiblue bold", "pygments.keyword.constant": "ansimagenta", "pygments.literal.string": "ansigreen",
    "pygments.name.builtin": "ansicyan", "pygments.literal.number": "ansimagenta", "pygments.comment": "ansibrightblack",
})  # fmt: skip
SEVERITIES = {"ERROR": "\x1b[1;31m", "FATAL": "\x1b[1;31m", "WARNING": "\x1b[1;33m", "NOTICE": "\x1b[36m", "INFO": "\x1b[36m", "HINT": "\x1b[2m",
              "DETAIL": "\x1b[2m"}  # fmt: skip
_LABEL = re.compile(r"^(ERROR|FATAL|WARNING|NOTICE|INFO|HINT|DETAIL):", re.M)
_CARET = re.compile(r"^( *)\^$", re.M)


class _Statements(History):
    """A history of whole statements: what prompt_toolkit appends line by line is not kept."""

    def append_string(self, string: str) -> None:
        """Nothing: `remember` decides."""

    def remember(self, string: str) -> None:
        """Append an entry."""
        super().append_string(string)


class _InFile(_Statements, FileHistory):
    """Statements kept in a file."""


class _InMemory(_Statements, InMemoryHistory):
    """Statements kept while the program runs."""


class _Remembering:
    """Whether and when lines go into the history: a statement is one entry, however many lines it took."""

    def __init__(self, shell: Shell, history: _Statements) -> None:
        self.shell = shell
        self.history = history
        self.lines: list[str] = []

    def typed(self, text: str) -> None:
        """Lines of the statement under way."""
        self.lines.append(text)

    def finished(self) -> None:
        """The statement has been sent: remember it, as HISTCONTROL allows."""
        text, self.lines = "\n".join(self.lines), []
        control = self.shell.variables.get("HISTCONTROL") or "none"
        strings = self.history.get_strings()
        if not text.strip() or (control in ("ignorespace", "ignoreboth") and text.startswith(" ")):
            return
        if control in ("ignoredups", "ignoreboth") and strings and strings[-1] == text:
            return
        self.history.remember(text)


class _Catalog:
    """The names for completion, read in a thread and on a connection of their own."""

    def __init__(self, shell: Shell) -> None:
        self.shell = shell
        self.names = Names()
        self.read = -1  # the count of changes that the names include
        self.changes = 0
        self.lock = threading.Lock()

    def refresh(self) -> None:
        """Read the names if something may have changed."""
        with self.lock:
            if self.read == self.changes:
                return
            changes = self.changes
            client = self.shell.client.connect(self.shell.client.dbname, self.shell.client.user)
            try:
                self.names = read_names(client)
            finally:
                client.close()
            self.read = changes

    def begin(self) -> None:
        """Start reading while the user types."""
        self.changes += 1
        threading.Thread(target=self.refresh, daemon=True).start()


class _Completer(Completer):
    """completion.complete for prompt_toolkit."""

    def __init__(self, shell: Shell, catalog: _Catalog) -> None:
        self.shell = shell
        self.catalog = catalog
        self.buffer = ""  # the lines of the statement before this one

    def get_completions(self, document: Document, complete_event: CompleteEvent) -> Iterable[Completion]:
        """While typing, what can be said from names already read, after two letters; on Tab everything."""
        line = document.text_before_cursor
        if complete_event.completion_requested:
            self.catalog.refresh()
        elif not re.search(r"[\w$]{2}\Z|\.\Z|\\\w\Z", line):
            return
        before, _, last = f"{self.buffer}{line}".rpartition("\n")
        place = Place(
            before=before + "\n" if before else "", line=last, after=document.text_after_cursor, variables=[name for name, _ in self.shell.variables],
            keyword_case=self.shell.variables.get("COMP_KEYWORD_CASE") or "preserve-upper",
        )  # fmt: skip
        for candidate in complete(place, self.catalog.names):
            yield Completion(candidate.text, start_position=-candidate.length, display_meta=candidate.kind)


class _Colours:
    """Colours for messages and plans, unless NO_COLOR says otherwise."""

    def message(self, text: str) -> str:
        """A message with its label coloured."""
        coloured = _LABEL.sub(lambda match: f"{SEVERITIES[match[1]]}{match[1]}:\x1b[0m", text)
        return _CARET.sub("\\1\x1b[1;31m^\x1b[0m", coloured)

    def plan(self, text: str) -> str:
        """A plan's lines coloured, between the rule and the footer."""
        lines = text.split("\n")
        start = next((i + 1 for i, line in enumerate(lines) if line.startswith("--")), len(lines))
        end = next((i for i in range(len(lines) - 1, start, -1) if lines[i].startswith("(")), len(lines))
        body = highlight("\n".join(lines[start:end]), PostgresExplainLexer(stripnl=False, stripall=False), TerminalFormatter()).rstrip("\n")
        return "\n".join([*lines[:start], body, *lines[end:]]) if start < end else text


def history_of(shell: Shell) -> _Statements:
    """The history's file: HISTFILE, or ~/.auroraml_history; in memory where it cannot be written."""
    name = shell.variables.get("HISTFILE") or os.environ.get("AURORAML_HISTORY") or str(Path.home() / ".auroraml_history")
    path = Path(os.path.expanduser(name))
    return _InFile(str(path)) if os.access(path if path.exists() else path.parent, os.W_OK) else _InMemory()


def converse(shell: Shell, *, plain: bool = False) -> Exit:
    """Talk until Ctrl-D or \\q."""
    shell.read_line = input
    if not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb":
        colours = _Colours()
        shell.paint_message, shell.paint_plan = colours.message, colours.plan
    if not shell.quiet:
        shell.standard_out.write(f"{shell.program}: SQL as Aurora PostgreSQL {shell.variables.get('SERVER_VERSION_NAME')} has it, in this process\n")
        shell.standard_out.write('Type "help" for help.\n\n')
    return Loop(shell, _Plain(shell) if plain else _Editor(shell)).run()


class _Plain:
    """Lines without editing (-n)."""

    def __init__(self, shell: Shell) -> None:
        self.shell = shell

    def __call__(self, state: str) -> str | None:
        try:
            return input(prompt(self.shell, state))
        except EOFError:
            print()
            return None


class _Editor:
    """Lines from prompt_toolkit."""

    def __init__(self, shell: Shell) -> None:
        self.shell = shell
        self.catalog = _Catalog(shell)
        self.completer = _Completer(shell, self.catalog)
        history = history_of(shell)
        self.remembering = _Remembering(shell, history)
        shell.history = history.get_strings
        shell.variables.put("COMPLETION", "typing")
        colour = not os.environ.get("NO_COLOR")
        typing = Condition(lambda: shell.variables.get("COMPLETION") == "typing")
        self.session: PromptSession[str] = PromptSession(
            history=history, completer=ThreadedCompleter(self.completer), complete_while_typing=typing, enable_history_search=False,
            lexer=PygmentsLexer(PostgresLexer) if colour else None, style=STYLE, auto_suggest=AutoSuggestFromHistory() if colour else None,
            color_depth=None if colour else ColorDepth.DEPTH_1_BIT, reserve_space_for_menu=6,
        )  # fmt: skip
        self.shown = ""
        self.waiting: list[str] = []

    def __call__(self, state: str) -> str | None:
        if self.waiting:
            return self.waiting.pop(0)
        if state == "+":  # COPY's data: a tab is a tab
            return _Plain(self.shell)(state)
        if state == "=":
            self.remembering.finished()
            self.catalog.begin()
            self.completer.buffer = ""
        sys.stdout.flush()
        text = prompt(self.shell, state, self.shown)
        self.shown = re.sub("\x01.*?\x02", "", text)
        try:
            line = self.session.prompt(ANSI(text.replace("\x01", "").replace("\x02", "")))
        except EOFError:
            return None
        except KeyboardInterrupt:
            self.remembering.lines = []
            self.completer.buffer = ""
            raise
        self.remembering.typed(line)
        self.completer.buffer += f"{line}\n"
        first, *self.waiting = line.split("\n")
        return first
