"""PgError and its fields; one class per SQLSTATE, generated from PostgreSQL's table."""

from auroraml.errors.base import (
    DatabaseError,
    DataError,
    Diagnostic,
    Error,
    IntegrityError,
    InterfaceError,
    InternalError,
    NotSupportedError,
    OperationalError,
    PgError,
    ProgrammingError,
    Warning,
)
from auroraml.errors.codes import *  # noqa: F403 - the generated classes are this package's namespace
