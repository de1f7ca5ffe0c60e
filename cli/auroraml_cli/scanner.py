"""Splits input into statements as psql does, line by line: quotes, comments, parentheses, variables, where a backslash command begins."""

from __future__ import annotations

import re
from collections.abc import Callable
from enum import Enum

from auroraml_cli.variables import quoted_identifier, quoted_literal

_HIGH = r"[^\x00-\x7f]"  # PostgreSQL takes every character beyond ASCII for a letter
IDENTIFIER = re.compile(rf"(?:[A-Za-z_]|{_HIGH})(?:[A-Za-z0-9_$]|{_HIGH})*")
_DOLLAR = re.compile(rf"\$(?:(?:[A-Za-z_]|{_HIGH})(?:[A-Za-z0-9_]|{_HIGH})*)?\$")
_NUMBER = re.compile(rf"(?:\$\d+|(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?)(?:{IDENTIFIER.pattern})?")  # with the letters that make it junk
_NAME = rf"(?:[A-Za-z0-9_]|{_HIGH})+"
VARIABLE = re.compile(rf":(?:({_NAME})|'({_NAME})'|\"({_NAME})\"|\{{\?({_NAME})\}})")
_SPACE = re.compile(r"(?:[ \t\r\f\n]+|--[^\n]*)+")
_PREFIXED = re.compile(r"[eEbBxXnN]'|[uU]&['\"]")


class Stop(Enum):
    """Why the scanner stopped."""

    SEMICOLON = "a statement is complete"
    BACKSLASH = "a backslash command begins"
    INCOMPLETE = "the line ended inside a statement"
    END = "the line ended with nothing begun"


class Scanner:
    """Scans one line after the other; what it read of a statement is in `buffer`.

    `lookup` gives a variable's value; None leaves the reference as it stands.
    """

    def __init__(self, lookup: Callable[[str], str | None]) -> None:
        self.lookup = lookup
        self.warn: Callable[[str], None] = lambda message: None
        self.buffer = ""
        self.line = ""
        self.at = 0
        self.reset()

    def reset(self) -> None:
        """Forget open quotes, comments, parentheses and bodies."""
        self.open = ""  # the closing quote awaited: ' " $tag$ or */
        self.escapes = False
        self.depth = 0
        self.comment_depth = 0
        self.words = 0  # identifiers read of the statement
        self.create_word = [""] * 4
        self.begin_depth = 0
        self.expanding: list[tuple[str, str, int]] = []  # variables being read in place of their names, with the line and place to go back to

    def start(self, line: str) -> None:
        """Take the next line."""
        self.line, self.at = line, 0
        self.expanding = []

    @property
    def rest(self) -> str:
        """What of the line has not been read."""
        return self.line[self.at :]

    @property
    def state(self) -> str:
        """What the prompt shows: = - ' " $ * or (."""
        if self.open:
            return "*" if self.open == "*/" else self.open[0]
        if self.depth:
            return "("
        return "-" if self.buffer or self.begin_depth else "="

    def scan(self) -> Stop:
        """Read on to the end of a statement, a backslash command, or the line."""
        while self.at < len(self.line) or self.expanding:
            if self.at >= len(self.line):
                _, self.line, self.at = self.expanding.pop()
                continue
            if self.open:
                self._quoted()
                continue
            stop = self._plain()
            if stop is not None:
                return stop
        if self.open or self.depth or self.begin_depth or self.buffer:
            return Stop.INCOMPLETE
        return Stop.END

    def _emit(self, width: int) -> None:
        self.buffer += self.line[self.at : self.at + width]
        self.at += width

    def _quoted(self) -> None:
        if self.open == "*/":
            found = re.compile(r"/\*|\*/").search(self.line, self.at)
            if found is None:
                self._emit(len(self.line) - self.at)
                return
            self._emit(found.end() - self.at)
            self.comment_depth += 1 if found[0] == "/*" else -1
            if self.comment_depth == 0:
                self.open = ""
            return
        end = self.at
        while end < len(self.line):
            if self.escapes and self.line[end] == "\\":
                end += 2
                continue
            if self.line.startswith(self.open, end):
                end += len(self.open)
                self.open = ""
                break
            end += 1
        self._emit(min(end, len(self.line)) - self.at)

    def _enter(self, width: int, closing: str, escapes: bool = False) -> None:
        self._emit(width)
        self.open, self.escapes = closing, escapes

    def _plain(self) -> Stop | None:
        line, at = self.line, self.at
        char = line[at]
        if match := _SPACE.match(line, at):
            if self.buffer:
                self.buffer += match[0]
            self.at = match.end()
        elif char == "'" or char == '"':
            self._enter(1, char)
        elif match := _PREFIXED.match(line, at):
            self._enter(len(match[0]), match[0][-1], match[0][0] in "eE")
        elif match := IDENTIFIER.match(line, at):
            self._word(match[0])
        elif line.startswith("/*", at):
            self.comment_depth = 1
            self._enter(2, "*/")
        elif match := _DOLLAR.match(line, at):
            self._enter(len(match[0]), match[0])
        elif char == ":":
            self._colon()
        elif char == "\\":
            if line[at + 1 : at + 2] in (";", ":") and at + 1 < len(line):
                self.buffer += line[at + 1]
                self.at += 2
                self.words = 0 if line[at + 1] == ";" else self.words
            else:
                self.at += 1
                self._join()
                return Stop.BACKSLASH
        elif char == ";":
            self._emit(1)
            if self.depth == 0 and self.begin_depth == 0:
                self.words = 0
                return Stop.SEMICOLON
        elif match := _NUMBER.match(line, at):
            self._emit(len(match[0]))
        else:
            self.depth = max(0, self.depth + (char == "(") - (char == ")"))
            self._emit(1)
        return None

    def _word(self, word: str) -> None:
        """Count BEGIN, CASE and END inside CREATE FUNCTION or PROCEDURE, whose body's semicolons do not end the statement."""
        lower = word.lower()
        if self.words == 0:
            self.create_word = [""] * 4
        if self.words < 4:
            self.create_word[self.words] = lower
        self.words += 1
        created = self.create_word
        routine = ("function", "procedure")
        if created[0] == "create" and (created[1] in routine or (created[1:3] == ["or", "replace"] and created[3] in routine)) and self.depth == 0:
            if lower == "begin" or (lower == "case" and self.begin_depth):
                self.begin_depth += 1
            elif lower == "end" and self.begin_depth:
                self.begin_depth -= 1
        self._emit(len(word))

    def _colon(self) -> None:
        line, at = self.line, self.at
        if line.startswith("::", at) or line.startswith(":=", at):
            self._emit(2)
            return
        match = VARIABLE.match(line, at)
        if match is None:
            self._emit(1)
            return
        bare, literal, identifier, asked = match.groups()
        name = bare or literal or identifier or asked
        value = self.lookup(name)
        if asked:
            self.buffer += "FALSE" if value is None else "TRUE"
            self.at = match.end()
        elif value is None:
            self._emit(len(match[0]))
        elif literal:
            self.buffer += quoted_literal(value)
            self.at = match.end()
        elif identifier:
            self.buffer += quoted_identifier(value)
            self.at = match.end()
        else:
            self._expand(name, value, match.end())

    def _expand(self, name: str, value: str, end: int) -> None:
        """Read a variable's value next; no word reaches from it into what follows."""
        if any(entry[0] == name for entry in self.expanding):
            self.warn(f'skipping recursive expansion of variable "{name}"')
            self._emit(end - self.at)
            return
        self.expanding.append((name, self.line, end))
        self.line, self.at = value, 0

    def _join(self) -> None:
        """Put what is left of variables and line together, for a backslash command to read."""
        text = self.rest
        while self.expanding:
            _, line, at = self.expanding.pop()
            text += line[at:]
        self.line, self.at = text, 0
