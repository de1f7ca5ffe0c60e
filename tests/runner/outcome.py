"""Outcome: what an engine answers to one statement, and how golden files write it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Protocol

from tests.runner.blocks import Block


@dataclass(frozen=True, kw_only=True)
class Failure:
    """An error as PostgreSQL's protocol carries it; `position` counts characters from 1."""

    sqlstate: str
    message: str
    detail: str | None = None
    hint: str | None = None
    context: str | None = None
    position: int | None = None


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """Columns as (name, type name), rows in text form (None: NULL), command tag, notices and perhaps an error."""

    columns: tuple[tuple[str, str], ...] = ()
    rows: tuple[tuple[str | None, ...], ...] = ()
    tag: str = ""
    notices: tuple[str, ...] = ()
    failure: Failure | None = None


class Engine(Protocol):
    """Something that runs SQL in a database of its own: PostgreSQL or auroraml."""

    def run(self, sql: str, session: str = "") -> Outcome:
        """The outcome of the last statement in `sql`, run in the session named."""

    def requests(self) -> tuple[str, ...]:
        """The service requests of the last statement, equal ones in a row on one line."""

    def screen(self, script: str) -> str:
        """What psql (ours or PostgreSQL's) shows, output and messages in their order, when it reads `script` in a new session."""

    def close(self) -> None:
        """End all sessions and drop the database."""


def _escape(value: str | None) -> str:
    if value is None:
        return "\\N"
    return value.replace("\\", "\\\\").replace("\t", "\\t").replace("\n", "\\n").replace("\r", "\\r")


def _place(sql: str, position: int) -> str:
    before = sql[: position - 1]
    return f"{before.count(chr(10)) + 1}:{position - (before.rfind(chr(10)) + 1)}"


MASKS = (
    (re.compile(r"actual time=[\d.]+\.\.[\d.]+ "), ""),
    (re.compile(r"((?:Planning|Execution) Time): [\d.]+ ms"), r"\1: T ms"),
    (re.compile(r"avg/min/max batch call time=[\d./]+"), "avg/min/max batch call time=T/T/T"),
    (re.compile(r"Memory: \d+kB"), "Memory: MkB"),
    (re.compile(r"Memory Usage: \d+kB"), "Memory Usage: MkB"),
)


def mask(line: str) -> str:
    """A line of EXPLAIN ANALYZE with what varies between runs taken out."""
    for pattern, replacement in MASKS:
        line = pattern.sub(replacement, line)
    return line


SCREEN_MASKS = (
    (re.compile(r"golden_\d+|rdsadmin"), "postgres"),  # database and superuser: names of the same length, so that tables keep their shape
    (re.compile(r"^Time: [\d.]+ ms.*", re.M), "Time: T ms"),
    (re.compile(r"^(?:HOST|PORT|(?:SERVER_)?VERSION\w*) = .*\n", re.M), ""),
    (re.compile(r"^LOCATION: .*\n", re.M), ""),
    (re.compile(r"\w{3} \w{3} [ \d]\d \d\d:\d\d:\d\d \d{4} \(every"), "WHEN (every"),
)


def shown(block: Block, screen: str) -> Block:
    """The `psql` block with this screen, what varies between runs taken out."""
    for pattern, replacement in SCREEN_MASKS:
        screen = pattern.sub(replacement, screen)
    lines = screen.removesuffix("\n").split("\n")
    return block.expecting("psql", block.header, tuple(lines) if screen else ())


def describe(block: Block, outcome: Outcome) -> Block:
    """`block` as it reads when `outcome` is right. "?" becomes the directive that fits."""
    failure = outcome.failure
    if failure is not None:
        at = f" at {_place(block.body, failure.position)}" if failure.position and block.directive != "plan" else ""
        lines = [failure.message]
        lines += [f"DETAIL:  {failure.detail}"] if failure.detail else []
        lines += [f"HINT:  {failure.hint}"] if failure.hint else []
        lines += [f"CONTEXT:  {failure.context}"] if failure.context else []
        return block.expecting("error", failure.sqlstate + at, tuple("\n".join(lines).split("\n")))
    if block.directive == "do":
        return block
    if block.directive == "plan":
        return block.expecting("plan", block.header, tuple(mask(row[0] or "") for row in outcome.rows))
    if outcome.columns and block.directive in ("query", "?", "error"):
        names = " ".join(f"{name.replace(' ', '_')}:{type}" for name, type in outcome.columns)
        sorted_rows = block.header.endswith("rowsort")
        rows = ["\t".join(map(_escape, row)) for row in outcome.rows]
        return block.expecting("query", names + (" rowsort" if sorted_rows else ""), tuple(sorted(rows) if sorted_rows else rows))
    return block.expecting("tag", "", (*outcome.notices, outcome.tag))


def statement(block: Block) -> str:
    """The SQL that the block sends."""
    if block.directive != "plan":
        return block.body
    return f"EXPLAIN ({block.header or 'COSTS off'}) {block.body}"
