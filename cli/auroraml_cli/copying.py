"""\\copy: COPY with files and programs of the client's side."""

from __future__ import annotations

import contextlib
import io
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

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


def parse(text: str) -> Request:
    """Read what follows \\copy."""
    tokens = list(_TOKEN.findall(text))
    depth, i = 0, 0
    while i < len(tokens):
        token = tokens[i]
        depth += (token == "(") - (token == ")")
        if depth == 0 and token.lower() in ("from", "to") and "".join(tokens[:i]).strip():
            break
        i += 1
    else:
        raise _ParseError("")
    before, incoming = "".join(tokens[:i]).strip(), tokens[i].lower() == "from"
    rest = tokens[i + 1 :]
    while rest and rest[0].isspace():
        rest.pop(0)
    if not rest:
        raise _ParseError("")
    place = rest.pop(0)
    stream = f"{'FROM STDIN' if incoming else 'TO STDOUT'}"
    if place.lower() == "program":
        while rest and rest[0].isspace():
            rest.pop(0)
        if not rest or not rest[0].startswith("'"):
            raise _ParseError(rest[0] if rest else "")
        program = unescaped(rest.pop(0)[1:-1])
        return Request(sql=_sql(before, stream, rest), incoming=incoming, program=program)
    if place.lower() in ("stdin", "stdout"):
        return Request(sql=_sql(before, stream, rest), incoming=incoming)
    if place.lower() in ("pstdin", "pstdout"):
        return Request(sql=_sql(before, stream, rest), incoming=incoming, own=True)
    while rest and not rest[0].isspace() and not place.startswith("'"):
        place += rest.pop(0)
    name = unescaped(place[1:-1]) if place.startswith("'") else place
    return Request(sql=_sql(before, stream, rest), incoming=incoming, file=os.path.expanduser(name))


def _sql(before: str, stream: str, after: list[str]) -> str:
    options = "".join(after).strip().removesuffix(";")
    return f"COPY {before} {stream} {options}".rstrip()


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
        subprocess.run(request.program, shell=True, input=data, check=False)
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
        _deliver(shell, request, target.getvalue())
    except OSError as error:
        shell.error(f"{request.file}: {error.strerror}")
        return False
    except DatabaseError as error:
        shell.failed(error, request.sql)
        return False
    finally:
        shell.running = False
    if request.incoming or request.file is not None or request.program is not None:
        shell.say(tag)
    return True
