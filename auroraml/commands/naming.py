"""Names PostgreSQL makes up for constraints, indexes and sequences (makeObjectName, ChooseRelationName)."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from auroraml.errors import InsufficientPrivilege
from auroraml.sql import statements as st

LIMIT = 63


def made_name(first: str, second: str, label: str) -> str:
    """first_second_label, cut to 63 bytes by shortening the longer of the first two."""
    overhead = (len(label.encode()) + 1 if label else 0) + (1 if second else 0)
    room = LIMIT - overhead
    one, two = len(first.encode()), len(second.encode())
    while one + two > room:
        if one > two:
            one -= 1
        else:
            two -= 1
    parts = [_cut(first, one)]
    if second:
        parts.append(_cut(second, two))
    if label:
        parts.append(label)
    return "_".join(parts)


def _cut(text: str, size: int) -> str:
    return text.encode()[:size].decode(errors="ignore")


def free_name(first: str, second: str, label: str, taken: Callable[[str], bool]) -> str:
    """The first of first_second_label, ..._label1, ..._label2 that is not taken."""
    name = made_name(first, second, label)
    n = 0
    while taken(name):
        n += 1
        name = made_name(first, second, f"{label}{n}")
    return name


def columns_part(names: Sequence[str]) -> str:
    """The middle of an index's name: its columns joined, cut to 63 bytes (ChooseIndexNameAddition)."""
    joined = ""
    for name in names:
        joined = f"{joined}_{name}" if joined else name
        if len(joined.encode()) >= LIMIT:
            break
    return joined


def refuse_catalog(name: st.Name, schema: str) -> None:
    """42501 for a new relation in pg_catalog, asked when all else is known of it (heap_create)."""
    if schema == "pg_catalog":
        raise InsufficientPrivilege(f'permission denied to create "pg_catalog.{name.name}"',
                                    detail="System catalog modifications are currently disallowed.")  # fmt: skip
