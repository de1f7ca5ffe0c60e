"""\\copy: COPY with files and programs of the client's side."""

from __future__ import annotations

import contextlib
import io
import os
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from auroraml.lazy import subprocess
from auroraml.records import dataclass
from auroraml_cli.client import DatabaseError
from auroraml_cli.shell import Shell
from auroraml_cli.slash import unescaped

_TOKEN = re.compile(r"""\s+|'(?:[^'\\]|\\.|'')*'|"(?:[^"]|"")*"|(?:[A-Za-z_]|[^\x00-\x7f])[\w$]*|\d+|.""", re.S)


@dataclass(frozen=True, kw_only=True)
class Request:
    """A parsed \\copy: the statement with STDIN or STDOUT in the file's place, and the file (None: the program's own streams)."""

    sql: str
    incoming: bool
    file: str | None = None
    program: str | None = None
    own: bool = False  # pstdin and pstdout: the process's streams, whatever is being read


class _ParseError(Exception):
    """The token that does not fit, "" at the end of the line."""


class _Tokens:
    """The tokens of a \\copy, blanks skipped."""

    def __init__(self, text: str) -> None:
        self.left: list[str] = _TOKEN.findall(text)

    def next(self) -> str:
        """The next token; at the end of the line a parse error."""
        while self.left and self.left[0].isspace():
            self.left.pop(0)
        if not self.left:
            raise _ParseError("")
        return self.left.pop(0)

    def rest(self) -> str:
        """What is left as it stands."""
        return "".join(self.left).strip()

    def enclosed(self) -> str:
        """The text up to the parenthesis that closes the one just read."""
        depth, text = 1, ""
        while self.left:
            token = self.left.pop(0)
            depth += (token == "(") - (token == ")")
            if depth == 0:
                return text.strip()
            text += token
        raise _ParseError("")


def _source(tokens: _Tokens) -> tuple[str, str]:
    """The table with its columns, or the query, in psql's spacing; and the word after it."""
    token = tokens.next()
    if token == "(":
        return f"( {tokens.enclosed()} )", tokens.next()
    before = token
    word = tokens.next()
    while word == ".":
        before += "." + tokens.next()
        word = tokens.next()
    if word == "(":
        before += f" ( {tokens.enclosed()} )"
        word = tokens.next()
    return before, word


def parse(text: str) -> Request:
    """Read what follows \\copy."""
    tokens = _Tokens(text)
    before, word = _source(tokens)
    if word.lower() not in ("from", "to"):
        raise _ParseError(word)
    incoming = word.lower() == "from"
    place = tokens.next()
    file = program = None
    kind = place.lower()
    if kind == "program":
        quoted = tokens.next()
        if not quoted.startswith("'"):
            raise _ParseError(quoted)
        program = unescaped(quoted[1:-1])
    elif kind not in ("stdin", "stdout", "pstdin", "pstdout"):
        while tokens.left and not tokens.left[0].isspace() and not place.startswith("'"):
            place += tokens.left.pop(0)
        file = os.path.expanduser(unescaped(place[1:-1]) if place.startswith("'") else place)
    after = tokens.rest().removesuffix(";")
    sql = f"COPY  {before} {'FROM STDIN' if incoming else 'TO STDOUT'} {after}".rstrip()
    return Request(sql=sql, incoming=incoming, file=file, program=program, own=kind in ("pstdin", "pstdout"))


class _Lines(io.RawIOBase):
    """The lines of the input being read, up to a backslash and a period."""

    def __init__(self, shell: Shell) -> None:
        super().__init__()
        self.shell = shell

    def read(self, size: int = -1) -> bytes:
        """All of them."""
        lines = []
        while (line := self.shell.copy_lines()) is not None and line != "\\.":
            lines.append(line + "\n")
        return "".join(lines).encode()


@contextlib.contextmanager
def _streams(shell: Shell, request: Request) -> Iterator[tuple[BinaryIO | None, io.BytesIO]]:
    """Where data come from, and where they are gathered."""
    gathered = io.BytesIO()
    if not request.incoming:
        yield None, gathered
    elif request.program is not None:
        done = subprocess.run(request.program, shell=True, stdout=subprocess.PIPE, check=False)
        yield io.BytesIO(done.stdout), gathered
    elif request.file is not None:
        with Path(request.file).open("rb") as file:
            yield file, gathered
    elif request.own:
        yield sys.stdin.buffer, gathered
    else:
        yield _Lines(shell), gathered  # type: ignore[misc] # COPY uses read alone


def _deliver(shell: Shell, request: Request, data: bytes) -> None:
    if request.incoming:
        return
    if request.program is not None:
        shell.filter(request.program, data)
    elif request.file is not None:
        Path(request.file).write_bytes(data)
    elif request.own:
        shell.standard_out.write(data.decode())
    else:
        shell.write(data.decode())


def copy(shell: Shell, text: str | None) -> bool:
    """Run \\copy; False when it failed."""
    if not text:
        shell.error("\\copy: arguments required")
        return False
    try:
        request = parse(text)
    except _ParseError as error:
        shell.error(f'\\copy: parse error at "{error}"' if str(error) else "\\copy: parse error at end of line")
        return False
    if request.file is not None and Path(request.file).is_dir():
        shell.error(f"{request.file}: cannot copy from/to a directory")
        return False
    shell.running = True
    try:
        if request.file is not None and not request.incoming:
            Path(request.file).open("wb").close()  # fail before the statement runs
        with _streams(shell, request) as (source, target):
            tag = ""
            for result in shell.client.run(request.sql, source, target):
                tag = result.tag
        if request.incoming or request.file is not None or request.program is not None:
            shell.say(tag)  # before a program's output, which psql waits for last
        _deliver(shell, request, target.getvalue())
    except OSError as error:
        shell.error(f"{request.file}: {error.strerror}")
        return False
    except DatabaseError as error:
        shell.failed(error, request.sql)
        return False
    finally:
        shell.running = False
    return True
