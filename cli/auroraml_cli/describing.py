"""Describing: backslash commands that only show something, run on a connection and answered as text, for notebooks and lessons."""

from __future__ import annotations

import io
import re
from typing import TextIO

from auroraml.dbapi.connection import Connection
from auroraml_cli.client import Embedded
from auroraml_cli.meta.registry import Call, Outcome, handle
from auroraml_cli.scanner import Scanner
from auroraml_cli.shell import Shell

SHOWING = re.compile(r"\\(?:d\w*[+]?|l[+]?|z|sf[+]?|sv[+]?|h|help|conninfo)(?=[\s;]|$)")


class Undescribed(Exception):
    """What is wrong with the command, or what it failed of."""


class _NoFiles:
    """A loop that reads no files: none of the commands asks for one."""

    def include(self, stream: TextIO, name: str | None) -> bool:
        """Refuse."""
        return False


def described(connection: Connection, line: str) -> str:
    """What the command prints; Undescribed where it fails, or would do more than show something."""
    if SHOWING.match(line) is None:
        raise Undescribed(f"{line.split()[0]} is for auroraml-sql; here \\d and its kin, \\l, \\z, \\sf, \\sv and \\h work")
    session, out, err = connection.session, io.StringIO(), io.StringIO()
    kept = session.on_notice
    try:
        shell = Shell(Embedded(connection.database, session), out=out, err=err)
        scanner = Scanner(shell.variables.get)
        scanner.start(line.rstrip("; "))
        scanner.at = 1  # behind the backslash
        with connection.running():
            outcome = handle(Call(shell=shell, scanner=scanner, loop=_NoFiles()))
    finally:
        session.on_notice = kept
    if outcome is Outcome.ERROR or not out.getvalue():
        raise Undescribed(err.getvalue().rstrip("\n"))
    return out.getvalue().rstrip("\n")
