"""Collations: the ones that order by code points, as everything does here; others are refused."""

from __future__ import annotations

import re

from auroraml.catalog.system_data import COLLATIONS
from auroraml.errors import FeatureNotSupported, UndefinedObject
from auroraml.types.pg_type import PgType

DEFAULT_COLLATION, C_COLLATION = 100, 950
_LOCALE = re.compile(r"[a-z]{2,3}_[A-Z]{2}(\.utf8|\.UTF-8)?(@\w+)?|C\.(utf8|UTF-8)|.+-x-icu")  # what initdb takes from the system and from ICU
_NAMES: dict[int, str] = {row[0]: row[1] for row in COLLATIONS}
_OIDS = {name: oid for oid, name in _NAMES.items()}


def collation(type: PgType) -> int:
    """The collation of a type: C for name, the database's for other strings."""
    if type.name in ("name", "_name"):
        return C_COLLATION
    strings = ("text", "varchar", "bpchar", "unknown")
    return DEFAULT_COLLATION if type.name in strings or (type.is_array and type.name[1:] in strings) else 0


def collation_oid(name: str, schema: str | None = None, at: int | None = None) -> int:
    """The collation called `name`: 42704 where PostgreSQL has none, 0A000 where it would order by a locale."""
    shown = name if schema is None else f"{schema}.{name}"
    if schema in (None, "pg_catalog"):
        if name in _OIDS:
            return _OIDS[name]
        if _LOCALE.fullmatch(name):
            raise FeatureNotSupported(f'collation "{shown}" is not supported', at=at)
    raise UndefinedObject(f'collation "{shown}" for encoding "UTF8" does not exist', at=at)


def collation_name(oid: int) -> str:
    """The name of a collation; "" for none."""
    return _NAMES.get(oid, "")
