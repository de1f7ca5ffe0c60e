"""Statements about procedural code: CREATE, ALTER and DROP TRIGGER, and DO."""

from __future__ import annotations

from auroraml.records import dataclass
from auroraml.sql.statements import Name, Statement, Tree


@dataclass(frozen=True, kw_only=True)
class CreateTrigger(Statement):
    """CREATE [OR REPLACE] TRIGGER; `columns` are UPDATE OF's, `condition` is WHEN's."""

    name: str
    table: Name
    function: Name
    replace: bool = False
    before: bool = False
    row: bool = False
    events: tuple[str, ...] = ()  # lower case, in the order written
    columns: tuple[Name, ...] = ()
    condition: Tree | None = None
    arguments: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class DropTrigger(Statement):
    """DROP TRIGGER [IF EXISTS] name ON table."""

    name: str
    table: Name
    if_exists: bool = False
    cascade: bool = False


@dataclass(frozen=True, kw_only=True)
class RenameTrigger(Statement):
    """ALTER TRIGGER name ON table RENAME TO new_name."""

    name: str
    table: Name
    new_name: str


@dataclass(frozen=True, kw_only=True)
class Do(Statement):
    """DO: a body without a function; it begins at `body_at`."""

    body: str
    body_at: int = 0
    language: str = "plpgsql"
