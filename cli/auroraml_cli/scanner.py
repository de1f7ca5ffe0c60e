"""Splits input into statements and backslash commands as psql does, substituting variables."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

_DOLLAR = re.compile(r"\$([A-Za-z_\x80-\uffff][\w\x80-\uffff]*)?\$")
_VARIABLE = re.compile(r":(\w+|'\w+'|\"\w+\"|\{\?\w+\})")


@dataclass(frozen=True, kw_only=True)
class Statement:
    """A complete statement without its semicolon; `terminated` says whether one was there."""

    sql: str
    terminated: bool = True


@dataclass(frozen=True, kw_only=True)
class Command:
    """A backslash command: its name, and the raw rest of its line."""

    name: str
    rest: str


class Scanner:
    """Feeds on lines and gives out what is complete. `state` is what psql's continuation prompt shows: = - ' \" $ * (."""

    def __init__(self, variables: Mapping[str, str]) -> None:
        self.variables = variables
        self.buffer = ""
        self.depth = 0
        self.open = ""  # the quote, dollar tag or "/*" that is open
        self.comment_depth = 0

    @property
    def state(self) -> str:
        """The character of the continuation prompt."""
        if self.open == "/*":
            return "*"
        if self.open.startswith("$"):
            return "$"
        return self.open or ("(" if self.depth else "-" if self.buffer.strip() else "=")

    def reset(self) -> None:
        """Forget what was typed (\\r, Ctrl-C)."""
        self.buffer, self.depth, self.open, self.comment_depth = "", 0, "", 0

    def feed(self, line: str) -> list[Statement | Command]:
        """What `line` (without its line break) completes."""
        found: list[Statement | Command] = []
        i = 0
        while i < len(line):
            i = self._quoted(line, i) if self.open else self._plain(line, i, found)
        if self.buffer.strip() or self.open:
            self.buffer += "\n"
        else:
            self.buffer = ""
        return found

    def finish(self) -> list[Statement | Command]:
        """What is left at the end of the input."""
        sql = self.buffer.strip()
        self.reset()
        return [Statement(sql=sql, terminated=False)] if sql else []

    def _quoted(self, line: str, i: int) -> int:
        if self.open == "/*":
            if line.startswith("/*", i):
                self.comment_depth += 1
                return self._take(line, i, 2)
            if line.startswith("*/", i):
                self.comment_depth -= 1
                if self.comment_depth == 0:
                    self.open = ""
                return self._take(line, i, 2)
            return self._take(line, i, 1)
        if line.startswith(self.open, i):
            width = len(self.open)
            self.open = ""
            return self._take(line, i, width)
        return self._take(line, i, 1)

    def _take(self, line: str, i: int, width: int) -> int:
        self.buffer += line[i : i + width]
        return i + width

    def _plain(self, line: str, i: int, found: list[Statement | Command]) -> int:
        char = line[i]
        if char in "'\"":
            self.open = char
            return self._take(line, i, 1)
        if line.startswith("--", i):
            self.buffer += line[i:] if self.buffer.strip() else ""
            return len(line)
        if line.startswith("/*", i):
            self.open, self.comment_depth = "/*", 1
            return self._take(line, i, 2)
        if char == "$" and (tag := _DOLLAR.match(line, i)) and not (self.buffer[-1:].isalnum() or self.buffer[-1:] == "_"):
            self.open = tag[0]
            return self._take(line, i, len(tag[0]))
        if char == ":" and line[i + 1 : i + 2] != ":" and self.buffer[-1:] != ":" and (name := _VARIABLE.match(line, i)):
            return self._variable(line, i, name[1])
        if char == "\\":
            return self._command(line, i, found)
        if char == ";" and self.depth == 0:
            if self.buffer.strip():
                found.append(Statement(sql=self.buffer.strip()))
            self.buffer = ""
            return i + 1
        self.depth = max(0, self.depth + (char == "(") - (char == ")"))
        return self._take(line, i, 1)

    def _variable(self, line: str, i: int, name: str) -> int:
        value = substitute(name, self.variables)
        self.buffer += f":{name}" if value is None else value
        return i + 1 + len(name)

    def _command(self, line: str, i: int, found: list[Statement | Command]) -> int:
        match = re.compile(r"\\(\\|[?!]|[A-Za-z_]+[+S]*|)").match(line, i)
        assert match is not None
        name, start = match[1], match.end()
        if name == "\\":
            return start
        if name in ("g", "gx", "gset", "gexec", "gdesc", "watch", "crosstabview") and self.buffer.strip():
            sql = self.buffer.strip()
            self.buffer, self.depth = "", 0
            found.append(Statement(sql=sql, terminated=False))
        stop = len(line)
        cut = re.compile(r"\s\\[\\a-zA-Z?]").search(line, start)
        if cut and name not in ("copy", "!", "ef", "sf", "ev", "sv"):
            stop = cut.start()
        found.append(Command(name=name, rest=line[start:stop].strip()))
        return stop


def substitute(name: str, variables: Mapping[str, str]) -> str | None:
    """The text that :name, :'name', :"name" or :{?name} stands for; None where psql leaves it alone."""
    if name.startswith("{"):
        return "TRUE" if name[2:-1] in variables else "FALSE"
    bare = name.strip("'\"")
    if bare not in variables:
        return None
    value = variables[bare]
    if name[0] == "'":
        quoted = value.replace("'", "''")
        return f" E'{quoted.replace(chr(92), chr(92) * 2)}'" if "\\" in value else f"'{quoted}'"
    return '"' + value.replace('"', '""') + '"' if name[0] == '"' else value


def arguments(rest: str, variables: Mapping[str, str]) -> list[str]:
    """A backslash command's arguments: blanks separate, single quotes group (with C escapes), double quotes are kept, variables substituted."""
    out: list[str] = []
    for match in re.finditer(r"""'((?:[^'\\]|\\.|'')*)'|:('\w+'|"\w+"|\w+)(?=\s|$)|("[^"]*"|[^\s'"])+""", rest):
        if match[1] is not None:
            out.append(match[1].replace("''", "'").replace("\\n", "\n").replace("\\t", "\t").replace("\\'", "'").replace("\\\\", "\\"))
        elif match[2] is not None:
            value = substitute(match[2], variables)
            out.append(match[0] if value is None else value)
        else:
            out.append(match[0])
    return out
