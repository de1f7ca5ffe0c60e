"""lookup: the error class of a SQLSTATE."""

from __future__ import annotations

from auroraml.errors import codes
from auroraml.errors.base import DatabaseError

_BY_SQLSTATE: dict[str, type[DatabaseError]] = {
    cls.sqlstate: cls for cls in vars(codes).values() if isinstance(cls, type) and issubclass(cls, DatabaseError) and cls.sqlstate
}


def lookup(sqlstate: str) -> type[DatabaseError]:
    """The class of a SQLSTATE; KeyError where PostgreSQL has none."""
    return _BY_SQLSTATE[sqlstate]
