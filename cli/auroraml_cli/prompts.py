"""Prompts: PROMPT1, PROMPT2 and PROMPT3 with psql's % escapes."""

from __future__ import annotations

import os
import re

from auroraml.lazy import subprocess
from auroraml_cli.shell import Shell

_ESCAPE = re.compile(r"%([0-7]{1,3}|:[^:]*:|`[^`]*`|.)|%", re.S)


def prompt(shell: Shell, state: str, last: str = "") -> str:
    """The prompt for `state`: = for a new statement, + for COPY's data, and for a statement that goes on - ' " $ * or (. `last` is the prompt before."""
    name = "PROMPT1" if state == "=" else "PROMPT3" if state == "+" else "PROMPT2"

    def expand(match: re.Match[str]) -> str:
        return _expand(match[1] or "", shell, state, last)

    return _ESCAPE.sub(expand, shell.variables.get(name) or "")


def _expand(code: str, shell: Shell, state: str, last: str) -> str:
    client = shell.client
    if code.isdigit():
        return chr(int(code, 8) & 0xFF)
    if code.startswith(":"):
        return shell.variables.get(code[1:-1]) or ""
    if code.startswith("`"):
        printed: str = subprocess.run(code[1:-1], shell=True, stdout=subprocess.PIPE, text=True, check=False).stdout
        return printed.rstrip("\n")
    if code == "R":
        return _ready(shell, state)
    if code == "w":
        return " " * len(last)
    in_block = {"I": "", "T": "*", "E": "!"}[client.transaction]
    plain = {
        "/": client.dbname, "~": "~" if client.dbname in (client.user, os.environ.get("PGDATABASE")) else client.dbname, "n": client.user,
        "x": in_block, "#": "#" if client.superuser else ">", "M": "[local]", "m": "[local]", ">": "", "p": str(os.getpid()),
        "l": str(shell.statement_line), "%": "%", "[": "\x01", "]": "\x02",
    }  # fmt: skip
    return plain.get(code, code)


def _ready(shell: Shell, state: str) -> str:
    if state != "=":
        return "" if state == "+" else state
    if shell.conditions.stack and not shell.conditions.active:
        return "@"
    return "^" if shell.variables.on("SINGLELINE") else "="
