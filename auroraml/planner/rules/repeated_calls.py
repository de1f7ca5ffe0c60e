"""Batch functions that a select list calls more than once a row with the same arguments, as (f(x)).* does: each call is paid for."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from auroraml.ir import expr as e
from auroraml.ir import logical as l
from auroraml.ir.tree import children, same, walk
from auroraml.planner.rules.eligibility import blocking


@dataclass(frozen=True, kw_only=True)
class RepeatedCall:
    """A function, how often its value is asked for in a row, and the columns it is asked for by."""

    function: str
    times: int
    columns: tuple[str, ...]


def repeated_calls(plan: l.LogicalPlan) -> list[RepeatedCall]:
    """Those of every level, in the order of the plan."""
    changed = {id(x.query): _assigned(x) for x in walk(plan) if isinstance(x, l.Update)}
    found: list[RepeatedCall] = []
    for level in walk(plan):
        if isinstance(level, l.Query):
            names = changed.get(id(level)) or [t.name for t in level.targets]
            found += _of_level(level, names)
    return found


def _assigned(update: l.Update) -> list[str]:
    """The columns of an UPDATE, in the order of its new values."""
    names = {number: column.name for number, column in enumerate(update.relation.columns, 1)}
    return [names[number] for number in update.assigned]


def _of_level(query: l.Query, names: Sequence[str]) -> Iterator[RepeatedCall]:
    groups: list[tuple[e.Call, list[str]]] = []
    for target, name in zip(query.targets, names, strict=False):
        for call in () if target.hidden else _calls(target.expr, query.group_by):
            known = next((columns for other, columns in groups if same(other, call)), None)
            if known is None:
                groups.append((call, [name]))
            else:
                known.append(name)
    for call, columns in groups:
        if len(columns) > 1:
            yield RepeatedCall(function=call.function.name, times=len(columns), columns=tuple(dict.fromkeys(columns)))


def _calls(node: object, keys: Sequence[e.Expr]) -> Iterator[e.Call]:
    """The calls that are made for every row: outside conditional parts, subqueries, and group keys, which are computed once."""
    if isinstance(node, l.LogicalPlan) or (isinstance(node, e.Expr) and any(same(node, key) for key in keys)):
        return
    if blocking(node) is not None and not isinstance(node, e.Aggregate):
        return
    if isinstance(node, e.Call) and node.function.batch:
        yield node
    for child in children(node):
        yield from _calls(child, keys)
