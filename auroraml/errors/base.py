"""PgError, its fields and PEP 249's branches: what every error of the engine is."""

from __future__ import annotations

from typing import ClassVar

from auroraml.records import dataclass


class Warning(Exception):
    """PEP 249's Warning."""


@dataclass(kw_only=True)
class Diagnostic:
    """The fields PostgreSQL sends with an error (protocol chapter 55.8); `statement_position` counts characters from 1."""

    severity: str = "ERROR"
    sqlstate: str | None = "XX000"
    message_primary: str = ""
    message_detail: str | None = None
    message_hint: str | None = None
    statement_position: int | None = None
    internal_position: int | None = None
    internal_query: str | None = None
    context: str | None = None
    schema_name: str | None = None
    table_name: str | None = None
    column_name: str | None = None
    datatype_name: str | None = None
    constraint_name: str | None = None


class Error(Exception):
    """PEP 249's root: every exception of this package descends from it. Those of the Python interface have no SQLSTATE."""

    sqlstate: ClassVar[str | None] = None

    def __init__(self, *args: object) -> None:
        super().__init__(*args)
        self.diag = Diagnostic(sqlstate=None, message_primary=str(args[0]) if args else "")


class InterfaceError(Error):
    """A misuse of the Python interface rather than of the database (a closed cursor, say)."""


class DatabaseError(Error):
    """An error of a statement. Subclasses with a SQLSTATE fix `sqlstate` and may give a default `text`.

    `at` is the character offset from 0 in the statement's text (as tokens and nodes carry it), or None.
    """

    text: ClassVar[str] = ""

    def __init_subclass__(cls, *, sqlstate: str | None = None, text: str | None = None) -> None:
        if sqlstate is not None:
            cls.sqlstate = sqlstate
        if text is not None:
            cls.text = text

    def __init__(
        self,
        message: str | None = None,
        *,
        detail: str | None = None,
        hint: str | None = None,
        at: int | None = None,
        context: str | None = None,
        schema: str | None = None,
        table: str | None = None,
        column: str | None = None,
        datatype: str | None = None,
        constraint: str | None = None,
    ) -> None:
        super().__init__(self.text if message is None else message)
        self.diag = Diagnostic(
            sqlstate=self.sqlstate,
            message_primary=self.text if message is None else message,
            message_detail=detail,
            message_hint=hint,
            statement_position=None if at is None else at + 1,
            context=context,
            schema_name=schema,
            table_name=table,
            column_name=column,
            datatype_name=datatype,
            constraint_name=constraint,
        )

    def __str__(self) -> str:
        parts = [self.diag.message_primary]
        if self.diag.message_detail:
            parts.append(f"DETAIL:  {self.diag.message_detail}")
        if self.diag.message_hint:
            parts.append(f"HINT:  {self.diag.message_hint}")
        if self.diag.context:
            parts.append(f"CONTEXT:  {self.diag.context}")
        return "\n".join(parts)


PgError = DatabaseError


class DataError(DatabaseError):
    """PEP 249's DataError."""


class OperationalError(DatabaseError):
    """PEP 249's OperationalError."""


class IntegrityError(DatabaseError):
    """PEP 249's IntegrityError."""


class InternalError(DatabaseError):
    """PEP 249's InternalError."""


class ProgrammingError(DatabaseError):
    """PEP 249's ProgrammingError."""


class NotSupportedError(DatabaseError):
    """PEP 249's NotSupportedError."""
