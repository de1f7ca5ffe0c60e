"""INSERT, UPDATE and DELETE: the level that finds rows under a ModifyTable."""

from __future__ import annotations

from collections.abc import Sequence

from auroraml.ir import expr as e
from auroraml.ir import logical as l
from auroraml.ir import physical as p
from auroraml.ir.objects import Column, Relation
from auroraml.planner.level.level import Level
from auroraml.planner.level.questions import columns_in, equal, rewrite
from auroraml.planner.level.statement import Outer, Statement
from auroraml.planner.paths.dominance import cheapest_fractional
from auroraml.planner.prepare import ROW_ID, prepare_expr
from auroraml.planner.query import plan_level, values_query
from auroraml.records import replace
from auroraml.types.table import INT8


def live(relation: Relation) -> list[Column]:
    """The columns that were not dropped."""
    return [c for c in relation.columns if not c.dropped]


def _cost(source: p.PhysicalPlan, sub: Level, level: Level, returning: Sequence[l.Target]) -> p.Cost:
    """The cost of the rows' path: a subquery scan that did nothing and left the plan is charged still; then init plans."""
    assert sub.final is not None
    best = cheapest_fractional(sub.final, 0.0)
    init = level.init_cost + (sub.init_cost if sub.hoisted else 0.0)
    rows = source.cost.rows if returning else 0.0
    width = source.cost.width if returning else 0
    return p.Cost(startup=best.startup + init, total=best.total + init, rows=rows, width=width)


def plan_insert(statement: Statement, plan: l.Insert, outer: Outer | None) -> Level:
    """INSERT."""
    serial = statement.new_serial()
    query = values_query(statement, plan.source) if isinstance(plan.source, l.Values) else plan.source
    if isinstance(query, l.Query) and not query.ctes:
        sub = plan_level(statement, query, outer, 0.0, hoisted=True)
    else:
        sub = statement.plan_query(query, outer, 0.0)
    source = statement.emit(sub)
    level = _holder(statement, plan, outer, serial, [sub])
    width = len(live(plan.relation))
    if len(source.targets) > width:  # ORDER BY's hidden columns
        targets = tuple(e.InputRef(type=t.type, typmod=t.typmod, index=i) for i, t in enumerate(source.targets[:width]))
        source = p.Result(source=source, targets=targets, cost=source.cost)
    new = {id: _row_column(c, i, 1) for i, (id, c) in enumerate(zip(plan.row_ids, live(plan.relation), strict=True))}
    level.plan = p.ModifyTable(
        operation="Insert", relation=plan.relation, alias=plan.alias or plan.relation.name, source=source, conflict=_conflict(level, plan, new),
        targets=_over(level, [t.expr for t in plan.returning], new), cost=_cost(source, sub, level, plan.returning), range_index=serial,
        init_plans=(*(sub.init_plans if sub.hoisted else ()), *level.init_plans),
    )  # fmt: skip
    return level


def _row_column(column: Column, index: int, side: int) -> e.Expr:
    return e.InputRef(type=column.type, typmod=column.typmod, index=index, side=side, name=column.name)


def _holder(statement: Statement, plan: l.LogicalPlan, outer: Outer | None, serial: int, children: list[Level]) -> Level:
    """A level that only holds a finished plan."""
    level = Level(statement, outer)
    level.outputs = plan.outputs
    level.entries = [serial]
    level.children = children
    return level


def _over(level: Level, exprs: Sequence[e.Expr], known: dict[int, e.Expr]) -> tuple[e.Expr, ...]:
    """RETURNING and ON CONFLICT expressions over given columns; subqueries in them are planned."""
    level.ids = frozenset(known)

    def place(part: object) -> object | None:
        if isinstance(part, e.ColumnRef):
            return known.get(part.id)
        if isinstance(part, e.WholeRow):
            return e.RowExpr(type=part.type, args=tuple(known[i] for i in part.ids))
        return None

    return tuple(rewrite(prepare_expr(level, x), place) for x in exprs)


def _conflict(level: Level, plan: l.Insert, new: dict[int, e.Expr]) -> p.ConflictAction | None:
    conflict = plan.conflict
    if conflict is None:
        return None
    wanted = set(conflict.columns)
    arbiters = tuple(i for i in plan.relation.indexes if i.unique and (not wanted or set(i.columns) == wanted))
    known: dict[int, e.Expr] = {id: replace(ref, side=0) for id, ref in new.items()}
    for i, (id, c) in enumerate(zip(conflict.excluded_ids, live(plan.relation), strict=False)):
        known[id] = _row_column(c, i, 1)
    values = _over(level, [value for _, value in conflict.assignments], known)
    assignments = tuple((number, value) for (number, _), value in zip(conflict.assignments, values, strict=True))
    return p.ConflictAction(
        arbiters=arbiters, inferred=bool(conflict.columns), update=conflict.update, assignments=assignments, where=_over(level, conflict.where, known)
    )


def plan_change(statement: Statement, plan: l.Update | l.Delete, outer: Outer | None) -> Level:
    """UPDATE and DELETE: the rows' numbers and new values from the level below, then what RETURNING reads of other tables."""
    own = set(plan.row_ids if isinstance(plan, l.Update) else (o.id for o in plan.target.outputs))
    wholes: dict[int, e.Expr] = {}
    returning = [_with_wholes(statement, plan.query, t.expr, own, wholes) for t in plan.returning]
    others = [c for expr in returning for c in columns_in(expr) if c.id not in own]
    read = {c.id: wholes.get(c.id, c) for c in others if c.id in wholes or _made_by(plan.query, c.id)}
    targets, assigned = plan.query.targets if isinstance(plan, l.Update) else (), plan.assigned if isinstance(plan, l.Update) else ()
    order = sorted(range(len(assigned)), key=assigned.__getitem__)  # new values come in the table's order
    targets, assigned = (*(targets[i] for i in order), *targets[len(order) :]), tuple(assigned[i] for i in order)
    row = l.Target(id=statement.new_id(), name="ctid", expr=e.ColumnRef(type=INT8, id=ROW_ID, name="ctid"), hidden=True)
    query = replace(plan.query, targets=(*targets, row), outputs=())
    sub = plan_level(statement, query, outer, 0.0, plan.target, read, hoisted=True)
    source = statement.emit(sub)
    level = _holder(statement, plan, outer, 0, [sub])
    known: dict[int, e.Expr] = {}
    for i, target in enumerate(sub.targets):
        if isinstance(target.expr, e.ColumnRef):
            known.setdefault(target.expr.id, e.InputRef(type=target.expr.type, typmod=target.expr.typmod, index=i, name=target.expr.name))
    carried = dict(known)
    for id, expr in sub.read.items():
        known[id] = rewrite(expr, lambda part: carried.get(part.id) if isinstance(part, e.ColumnRef) else None)
    ids = plan.row_ids if isinstance(plan, l.Update) else tuple(o.id for o in plan.target.columns)
    for i, (id, c) in enumerate(zip(ids, live(plan.relation), strict=True)):
        known[id] = _row_column(c, i, 1)
    serial = next(r.serial for r in sub.relations if r is not None and r.item is sub.row_of) if sub.row_of is not None else 0
    level.plan = p.ModifyTable(
        operation="Update" if isinstance(plan, l.Update) else "Delete", relation=plan.relation, alias=plan.alias or plan.relation.name, source=source,
        assigned=assigned, row_id=len(targets), targets=_over(level, returning, known),
        cost=_cost(source, sub, level, plan.returning), range_index=serial, init_plans=(*(sub.init_plans if sub.hoisted else ()), *level.init_plans),
    )  # fmt: skip
    return level


def _with_wholes(statement: Statement, query: l.Query, expr: e.Expr, own: set[int], found: dict[int, e.Expr]) -> e.Expr:
    """An expression of RETURNING with one column in place of each whole row of another table; those are `found`."""

    def change(part: object) -> object | None:
        if isinstance(part, e.FieldSelect) and isinstance(part.arg, e.RowExpr) and part.arg.whole:
            return part.arg.args[part.index]
        if not isinstance(part, e.RowExpr) or not part.whole:
            return None
        ids = [arg.id for arg in part.args if isinstance(arg, e.ColumnRef)]
        if len(ids) < len(part.args) or not ids or ids[0] in own or not _made_by(query, ids[0]):
            return None
        known = next((id for id, row in found.items() if equal(row, part)), None)
        id = statement.new_id() if known is None else known
        found[id] = part
        return e.ColumnRef(type=part.type, typmod=part.typmod, id=id, name=part.whole)

    return rewrite(expr, change)


def _made_by(query: l.Query, id: int) -> bool:
    return any(o.id == id for item in query.from_items for o in item.outputs)
