"""Row marks: what FOR UPDATE and its kin lock, and the row numbers or whole rows carried as hidden targets to look at rows again (preprocess_rowmarks)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from auroraml.ir import expr as e
from auroraml.ir import logical as l
from auroraml.planner.binder.literals import record_of
from auroraml.planner.level.statement import Statement
from auroraml.planner.rules.join_tree import Group, NoTable, leaves
from auroraml.planner.rules.whole_rows import WholeRows
from auroraml.records import replace
from auroraml.types.table import INT8

RowColumn = tuple[l.TableItem, int]  # a table and the column id of its row number
Mark = tuple[int, l.TableItem, str]  # that id again, the table, the wait policy
_POLICIES: Final = ("block", "skip locked", "nowait")


def with_locks(query: l.Query) -> l.Query:
    """The query with its locks on the subqueries in FROM put into these."""
    if not query.locks:
        return query
    return replace(query, from_items=tuple(_locked(item, query.locks) for item in query.from_items))


def _locked(item: l.FromItem, locks: tuple[l.RowLock, ...]) -> l.FromItem:
    if isinstance(item, l.JoinItem):
        return replace(item, left=_locked(item.left, locks), right=_locked(item.right, locks))
    if not isinstance(item, l.SubqueryItem) or not isinstance(item.query, l.Query):
        return item
    mine = tuple(replace(lock, aliases=(), pushed=True) for lock in locks if not lock.aliases or item.alias in lock.aliases)
    return replace(item, query=replace(item.query, locks=(*item.query.locks, *mine))) if mine else item


def locked(query: l.Query) -> dict[int, str]:
    """The FROM items that a query locks, by their first column, and the strictest wait policy asked for."""
    found: dict[int, str] = {}
    for lock in query.locks:
        for item in _lockable(query.from_items):
            if not lock.aliases or item.alias in lock.aliases:
                first = item.outputs[0].id
                found[first] = max(found.get(first, lock.wait), lock.wait, key=_POLICIES.index)
    return found


def _lockable(items: tuple[l.FromItem, ...]) -> Iterator[l.FromItem]:
    for item in items:
        if isinstance(item, l.JoinItem):
            yield from _lockable((item.left, item.right))
        elif item.outputs and isinstance(item, (l.TableItem, l.SubqueryItem)):
            yield item


class RowMarks:
    """The marks of one level, over its prepared join tree.

    With locks, and in an UPDATE or DELETE (`changed` is its table), the rows of all other relations are carried along as well: PostgreSQL looks
    at the same ones again when a row has been changed meanwhile.
    """

    def __init__(
        self, statement: Statement, tree: Group, order: Mapping[int, int], locks: Mapping[int, str], changed: l.TableItem | None, rows: WholeRows
    ) -> None:
        self.columns: list[RowColumn] = []
        self.marks: list[Mark] = []
        self.rows = rows
        self.targets: list[l.Target] = []
        if not locks and changed is None:
            return
        items = [item for item in leaves(tree) if item.outputs and item is not changed and not isinstance(item, NoTable)]
        items.sort(key=lambda item: order.get(item.outputs[0].id, 0))
        ranks = {first: place for place, first in enumerate(locks)}
        items.sort(key=lambda item: ranks.get(item.outputs[0].id, len(ranks)) if isinstance(item, l.TableItem) else len(ranks))
        for item in items:
            expr = self._marked(statement, item, locks.get(item.outputs[0].id))
            if expr is not None:
                self.targets.append(l.Target(id=statement.new_id(), name="ctid", expr=expr, hidden=True))

    def _marked(self, statement: Statement, item: l.FromItem, policy: str | None) -> e.ColumnRef | None:
        """The column that tells a relation's rows apart."""
        if not isinstance(item, l.TableItem):
            args = tuple(e.ColumnRef(type=o.type, typmod=o.typmod, id=o.id, name=o.name) for o in item.outputs)
            type = record_of([(o.name, o.type, o.typmod) for o in item.outputs])
            row = e.RowExpr(type=type, args=args, whole=item.alias)
            return self.rows.of(item, row)
        if item.relation.kind != "r" or item.relation.system is not None:
            return None
        number = statement.new_id()
        self.columns.append((item, number))
        if policy is not None:
            self.marks.append((number, item, policy))
        return e.ColumnRef(type=INT8, id=number, name="ctid")

    def over(self, query: l.Query) -> l.Query:
        """The query with the marks' targets, behind those of a changed row and before what RETURNING reads."""
        place = 1 + max((i for i, t in enumerate(query.targets) if t.name == "ctid" and t.hidden), default=len(query.targets) - 1)
        return replace(query, targets=(*query.targets[:place], *self.targets, *query.targets[place:]))
