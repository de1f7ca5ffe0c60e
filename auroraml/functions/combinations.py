"""pg_mcv_list_items, and the form in which a pg_mcv_list is written here: hexadecimal digits of a JSON list of [values, frequency, base frequency]."""

from __future__ import annotations

import json
from collections.abc import Sequence

from auroraml.functions.signature import rows
from auroraml.types.pg_type import PgArray

Item = tuple[Sequence[str | None], float, float]


def combinations_text(items: Sequence[Item]) -> str:
    """A pg_mcv_list as text."""
    return "\\x" + json.dumps(items).encode().hex()


@rows("pg_mcv_list_items(pg_mcv_list)")
def pg_mcv_list_items(text: str) -> list[tuple[object, ...]]:
    """The combinations of a pg_mcv_list: number, values, which are NULL, frequency, base frequency."""
    items: list[Item] = json.loads(bytes.fromhex(text.removeprefix("\\x")))
    return [
        (number, PgArray.of(tuple(values)), PgArray.of(tuple(value is None for value in values)), frequency, base)
        for number, (values, frequency, base) in enumerate(items)
    ]
