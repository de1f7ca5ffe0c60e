"""Fresh column ids for a stored plan (a view, a SQL function's body), so that it can stand in a statement more than once."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import fields, is_dataclass, replace
from typing import TypeVar

from auroraml.ir.expr import ColumnRef, WholeRow
from auroraml.ir.logical import Conflict, Cte, CteItem, Delete, Insert, Output, Query, SetOperation, Target, Update, Values

P = TypeVar("P")


def renumber(plan: P, new_id: Callable[[], int], kept: Collection[int] = ()) -> P:
    """`plan` with every id that it makes, and every reference to one, replaced; those `kept` are made elsewhere."""
    ids: dict[int, int] = {i: i for i in kept}

    def fresh(old: int) -> int:
        if old not in ids:
            ids[old] = new_id()
        return ids[old]

    def change(value: object) -> object:
        if isinstance(value, tuple):
            return tuple(change(item) for item in value)
        if not is_dataclass(value) or isinstance(value, type) or type(value).__module__ in ("auroraml.ir.objects", "auroraml.types.pg_type"):
            return value
        changed: dict[str, object] = {}
        for field in fields(value):
            old = getattr(value, field.name)
            if field.name == "id" and isinstance(value, (Output, Target, Cte, ColumnRef)):
                changed["id"] = fresh(old)
            elif field.name == "cte" and isinstance(value, CteItem):
                changed["cte"] = fresh(old)
            elif field.name in ("ids", "row_ids", "excluded_ids", "distinct_on") and isinstance(
                value, (WholeRow, Insert, Update, Conflict, Query, Delete, SetOperation, Values)
            ):
                changed[field.name] = None if old is None else tuple(fresh(i) for i in old)
            elif field.name not in ("type", "function", "operator", "relation"):
                changed[field.name] = change(old)
        return replace(value, **changed)

    return change(plan)  # type: ignore[return-value] # a plan of the same class
