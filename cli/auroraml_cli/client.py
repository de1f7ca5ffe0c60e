"""Client: what the program needs of a connection. The embedded one opens a database in this process."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

import auroraml
from auroraml.errors import DatabaseError


@dataclass(frozen=True, kw_only=True)
class Result:
    """One statement's answer: columns as (name, type name), rows as text, the command tag."""

    columns: Sequence[tuple[str, str]]
    rows: Sequence[Sequence[str | None]]
    tag: str
    has_rows: bool


@dataclass(frozen=True, kw_only=True)
class Progress:
    """How far a running statement is: rows so far, service batches, estimated dollars."""

    rows: int
    batches: int
    dollars: float


class Client(Protocol):
    """A connection as the program sees it."""

    dbname: str
    user: str

    def run(self, sql: str) -> Iterator[Result]:
        """The results of the statements in `sql` in turn; raises the first DatabaseError."""

    def cancel(self) -> None:
        """End the running statement (from another thread or a signal handler)."""

    def copy_in(self, sql: str, data: bytes) -> str:
        """COPY ... FROM STDIN with `data`; the tag."""

    def copy_out(self, sql: str) -> tuple[bytes, str]:
        """COPY ... TO STDOUT: the data and the tag."""

    @property
    def transaction(self) -> str:
        """idle, active or failed: for the prompt."""

    @property
    def superuser(self) -> bool:
        """Whether the prompt ends in #."""

    def notices(self, handler: Callable[[str, str, str | None, str | None], None]) -> None:
        """Call `handler(severity, message, detail, hint)` for each notice."""

    def close(self) -> None:
        """End the session."""


__all__ = ["Client", "DatabaseError", "Progress", "Result", "auroraml"]
