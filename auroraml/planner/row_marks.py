"""Row marks: FOR UPDATE and its kin carry the row numbers of the tables they lock, as hidden targets (preprocess_rowmarks)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from auroraml.ir import expr as e
from auroraml.ir import logical as l
from auroraml.planner.level.statement import Statement
from auroraml.types.table import INT8

RowColumn = tuple[l.TableItem, int]  # a table and the column id of its row number
Mark = tuple[int, l.TableItem, str]  # that id again, the table, the wait policy


def marked(statement: Statement, query: l.Query, changed: l.TableItem | None) -> tuple[l.Query, list[RowColumn], list[Mark]]:
    """The query with the row numbers of its locked tables among its targets; the strictest wait policy of several clauses holds.

    An UPDATE or DELETE (`changed` is its table) carries those of the other tables, as PostgreSQL does to look at the same rows again.
    """
    policies: dict[int, tuple[l.TableItem, str]] = {}
    if changed is not None:
        policies = {id(item): (item, "") for item in _tables(query.from_items) if item is not changed}
    for lock in query.locks:
        for item in _tables(query.from_items):
            if not lock.aliases or item.alias in lock.aliases:
                known = policies.get(id(item), (item, lock.wait))[1]
                policies[id(item)] = (item, max(known, lock.wait, key=_POLICIES.index))
    columns: list[RowColumn] = []
    marks: list[Mark] = []
    targets: list[l.Target] = []
    for item, policy in policies.values():
        number = statement.new_id()
        columns.append((item, number))
        if policy:
            marks.append((number, item, policy))
        targets.append(l.Target(id=statement.new_id(), name="ctid", expr=e.ColumnRef(type=INT8, id=number, name="ctid"), hidden=True))
    place = 1 + max(
        (i for i, t in enumerate(query.targets) if t.name == "ctid" and t.hidden), default=len(query.targets) - 1
    )  # RETURNING's come last
    return replace(query, targets=(*query.targets[:place], *targets, *query.targets[place:])), columns, marks


_POLICIES = ("block", "skip locked", "nowait")


def _tables(items: tuple[l.FromItem, ...]) -> Iterator[l.TableItem]:
    for item in items:
        if isinstance(item, l.TableItem):
            if item.relation.kind == "r" and item.relation.system is None:
                yield item
        elif isinstance(item, l.JoinItem):
            yield from _tables((item.left, item.right))
