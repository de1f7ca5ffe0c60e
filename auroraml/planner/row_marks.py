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


def marked(statement: Statement, query: l.Query) -> tuple[l.Query, list[RowColumn], list[Mark]]:
    """The query with the row numbers of its locked tables among its targets; the strictest wait policy of several clauses holds."""
    policies: dict[int, tuple[l.TableItem, str]] = {}
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
        marks.append((number, item, policy))
        targets.append(l.Target(id=statement.new_id(), name="ctid", expr=e.ColumnRef(type=INT8, id=number, name="ctid"), hidden=True))
    return (replace(query, targets=(*query.targets, *targets)) if targets else query), columns, marks


_POLICIES = ("block", "skip locked", "nowait")


def _tables(items: tuple[l.FromItem, ...]) -> Iterator[l.TableItem]:
    for item in items:
        if isinstance(item, l.TableItem):
            if item.relation.kind == "r" and item.relation.system is None:
                yield item
        elif isinstance(item, l.JoinItem):
            yield from _tables((item.left, item.right))
