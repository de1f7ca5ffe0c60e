"""Reading a backslash command: its name, then its arguments, each in the way the command wants it."""

from __future__ import annotations

import re
from collections.abc import Callable
from enum import Enum

from auroraml.lazy import pattern, subprocess
from auroraml_cli.scanner import VARIABLE, Scanner
from auroraml_cli.variables import quoted_identifier, quoted_literal

_SPACES = " \t\r\n\f\v"
_ESCAPE = pattern(r"\\(?:([0-7]{1,3})|x([0-9A-Fa-f]{1,2})|(.))", re.S)
_LETTERS = {"n": "\n", "t": "\t", "b": "\b", "r": "\r", "f": "\f"}


class Kind(Enum):
    """How an argument is read."""

    NORMAL = "quotes, escapes, variables and backquotes are resolved"
    NAME = "a SQL name: folded to lower case outside double quotes"
    NAME_OR_TEXT = "a SQL name when it starts with a double quote"
    FILE_OR_PIPE = "the whole line when it starts with |"
    WHOLE_LINE = "all that is left of the line, as it stands"


class Arguments:
    """The arguments of one backslash command, read one after the other from the scanner's line."""

    def __init__(self, scanner: Scanner, *, active: bool = True, complain: Callable[[str], None] = lambda message: None) -> None:
        self.scanner = scanner
        self.active = active
        self.complain = complain
        self.failed = False  # an unterminated quote: the rest of the line is gone
        self.quoted = False  # whether the last argument had a quote

    def command(self) -> str:
        """The command's name."""
        line, at = self.scanner.line, self.scanner.at
        end = at
        while end < len(line) and line[end] not in _SPACES and line[end] != "\\":
            end += 1
        self.scanner.at = end
        return line[at:end]

    def next(self, kind: Kind = Kind.NORMAL, *, semicolon: bool = False) -> str | None:
        """The next argument, None when there is none; `semicolon` strips unquoted ones from its end."""
        if kind is Kind.WHOLE_LINE:
            return self._whole(semicolon)
        line = self.scanner.line
        while self.scanner.at < len(line) and line[self.scanner.at] in _SPACES:
            self.scanner.at += 1
        if self.scanner.at >= len(line) or line[self.scanner.at] == "\\":
            return None
        if kind is Kind.FILE_OR_PIPE and line[self.scanner.at] == "|":
            return self._whole(semicolon)
        text, bare = self._argument()
        if self.failed:
            return None
        if semicolon:
            while bare and text.endswith(";"):
                text, bare = text[:-1], bare - 1
            if not text and not self.quoted:
                return None
        if kind is Kind.NAME or (kind is Kind.NAME_OR_TEXT and text.startswith('"')):
            text = dequote(text, fold=kind is Kind.NAME)
        return text

    def rest(self) -> list[str]:
        """All arguments that are left."""
        found = []
        while (argument := self.next()) is not None:
            found.append(argument)
        return found

    def end(self) -> None:
        """Skip to the end of the command: a double backslash, another command, or the end of the line."""
        line = self.scanner.line
        while self.scanner.at < len(line) and line[self.scanner.at] in _SPACES:
            self.scanner.at += 1
        if line.startswith("\\\\", self.scanner.at):
            self.scanner.at += 2

    def _whole(self, semicolon: bool) -> str | None:
        text = self.scanner.rest.lstrip(_SPACES)
        self.scanner.at = len(self.scanner.line)
        if semicolon:
            text = text.rstrip(";" + _SPACES)
        return text or None

    def _argument(self) -> tuple[str, int]:
        """The argument's text, and how many characters at its end stood outside quotes."""
        line = self.scanner.line
        out, bare = "", 0
        self.quoted = False
        while self.scanner.at < len(line):
            char = line[self.scanner.at]
            if char in _SPACES or char == "\\":
                break
            if char in "'\"`":
                self.quoted = True
                out, bare = out + self._quoted(char), 0
                if self.failed:
                    break
            elif char == ":" and (match := VARIABLE.match(line, self.scanner.at)):
                out += self._variable(match)
                bare = 0
                self.scanner.at = match.end()
            else:
                out, bare = out + char, bare + 1
                self.scanner.at += 1
        return out, bare

    def _quoted(self, quote: str) -> str:
        line, start = self.scanner.line, self.scanner.at + 1
        end = start
        while end < len(line):
            if quote == "'" and line[end] == "\\":
                end += 2
                continue
            if line[end] == quote:
                if quote == "'" and line.startswith("''", end):
                    end += 2
                    continue
                break
            end += 1
        if end >= len(line):
            self.scanner.at = len(line)
            self.failed = True
            self.complain("unterminated quoted string")
            return ""
        body = line[start:end]
        self.scanner.at = end + 1
        if quote == '"':
            return f'"{body}"'
        return unescaped(body) if quote == "'" else self._shell(body)

    def _shell(self, command: str) -> str:
        if not self.active:
            return ""
        done = subprocess.run(command, shell=True, stdout=subprocess.PIPE, text=True, check=False)
        return done.stdout.removesuffix("\n") if done.returncode == 0 else ""

    def _variable(self, match: re.Match[str]) -> str:
        bare, literal, identifier, asked = match.groups()
        value = self.scanner.lookup(bare or literal or identifier or asked) if self.active else None
        if asked:
            return match[0] if not self.active else "FALSE" if value is None else "TRUE"
        if value is None:
            return match[0]
        return value if bare else quoted_literal(value) if literal else quoted_identifier(value)


def unescaped(body: str) -> str:
    """A single-quoted argument's text: doubled quotes, and C's escapes."""

    def replace(match: re.Match[str]) -> str:
        octal, hexadecimal, char = match.groups()
        if octal or hexadecimal:
            return chr(int(octal, 8) & 0xFF if octal else int(hexadecimal, 16))
        return _LETTERS.get(char, char)

    return _ESCAPE.sub(replace, body.replace("''", "'"))


def dequote(text: str, *, fold: bool) -> str:
    """A SQL name's text: quotes taken off, the rest in lower case."""
    out, inside, i = [], False, 0
    while i < len(text):
        char = text[i]
        if char == '"':
            if inside and text[i + 1 : i + 2] == '"':
                out.append('"')
                i += 1
            else:
                inside = not inside
        else:
            out.append(char if inside or not fold else char.lower())
        i += 1
    return "".join(out)
