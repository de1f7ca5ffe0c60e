"""Rows and widths of base relations, and of scans that are given outer rows (set_base_rel_sizes, get_baserel_parampathinfo)."""

from __future__ import annotations

from typing import Final

from auroraml.ir import expr as e
from auroraml.ir import logical as l
from auroraml.planner.cost.numbers import clamp_rows
from auroraml.planner.estimate.estimator import InputColumn
from auroraml.planner.estimate.set_rows import made_rows
from auroraml.planner.estimate.width import type_width
from auroraml.planner.level.classes import join_implied
from auroraml.planner.level.clause import Clause
from auroraml.planner.level.joint import compute_in_join
from auroraml.planner.level.level import Level
from auroraml.planner.level.relation import Parameterization, Relation, Target
from auroraml.planner.rules.join_tree import NoTable
from auroraml.planner.rules.placeholder import PlaceHolder, RowHolder, is_held

ROW_HEADER: Final = 24


def set_size(level: Level, relation: Relation) -> None:
    """Rows, restriction cost and width of a base relation."""
    item = relation.item
    if isinstance(item, l.FunctionItem):
        relation.tuples = max((made_rows(call, level.estimates.estimator) for call in item.calls), default=1.0)
    elif isinstance(item, l.ValuesItem):
        relation.tuples = float(len(item.rows))
    elif isinstance(item, l.CteItem):
        _cte(level, relation, item)
    elif isinstance(item, NoTable):
        relation.tuples = 1.0
    given = level.estimates.inputs[relation.index]
    given.tuples = relation.tuples
    given.rows = relation.tuples
    assert item is not None
    for output in () if isinstance(item, l.TableItem) else item.outputs:
        if output.id not in level.estimates.columns:
            level.estimates.columns[output.id] = InputColumn(input=given)
    share = level.estimates.restrictions(relation.clauses, relation)
    relation.rows = clamp_rows(relation.tuples * share)
    given.rows = relation.rows
    level.estimates.sized()
    relation.base_cost_startup, relation.base_cost_per_tuple = level.estimates.clauses_cost(relation.clauses)
    whole_row_width(level, relation)
    level.estimates.finish(relation.target)
    for expr in relation.target.exprs if relation.parent is not None else ():
        if isinstance(expr, e.ColumnRef) and level.owner.get(expr.id) != relation.index:  # of an outer item: the type's width counts
            relation.target.width += type_width(expr.type, expr.typmod) - level.estimates.width(expr)
    for expr in relation.target.exprs:
        if isinstance(expr, PlaceHolder):
            startup, per_tuple = level.estimates.costs.of(expr.expr)
            relation.target.startup += startup
            relation.target.per_tuple += per_tuple


def whole_row_width(level: Level, relation: Relation) -> None:
    """A whole row is as wide as a tuple's header and the columns whose widths are known."""
    for holder in relation.target.exprs:
        if isinstance(holder, RowHolder) and relation.item is not None:
            read = {x.id for x in relation.target.exprs if isinstance(x, e.ColumnRef)}
            own = [o for o in relation.item.outputs if o.id in read or o.id in relation.widths]
            relation.widths[holder.id] = ROW_HEADER + sum(relation.widths.get(o.id) or type_width(o.type, o.typmod) for o in own)


def _cte(level: Level, relation: Relation, item: l.CteItem) -> None:
    work = level.statement.work_tables.get(item.cte)
    if work is not None:
        relation.tuples = clamp_rows(level.costs.recursive_worktable_factor * work[1])
        return
    relation.tuples = level.statement.ctes[item.cte].rows


def parameterization(level: Level, relation: Relation, outer: int) -> Parameterization | None:
    """What a base relation's scans parameterised by `outer` share (get_baserel_parampathinfo)."""
    outer &= ~relation.bits
    if not outer:
        return None
    found = relation.parameterizations.get(outer)
    if found is not None:
        return found
    joined = relation.bits | outer
    clauses = [c for c in relation.join_clauses if movable_into(c, relation.bits, joined)]
    clauses += [c for c in join_implied(level, joined, outer, relation.bits) if movable_into(c, relation.bits, joined)]
    rows = parameterized_rows(level, relation, clauses)
    found = relation.parameterizations[outer] = Parameterization(outer, rows, clauses)
    return found


def parameterized_rows(level: Level, relation: Relation, clauses: list[Clause]) -> float:
    """Rows with join clauses as restrictions (get_parameterized_baserel_size)."""
    share = level.estimates.restrictions([*clauses, *relation.clauses], relation)
    return min(clamp_rows(relation.tuples * share), relation.rows)


def movable_to(clause: Clause, relation: Relation) -> bool:
    """join_clause_is_movable_to."""
    if not clause.bits & relation.bits:
        return False
    if clause.outer_bits & relation.bits or clause.nullable & relation.bits:
        return False
    return not relation.lateral_referencers & clause.bits


def movable_into(clause: Clause, current: int, joined: int) -> bool:
    """join_clause_is_movable_into."""
    if clause.bits & ~joined or not clause.bits & current:
        return False
    if clause.outer_bits & current:
        return False
    return not clause.nullable & current


def join_target(level: Level, outer: Relation, inner: Relation, bits: int) -> Target:
    """The columns of both sides that are needed above (build_joinrel_tlist)."""
    exprs: list[e.Expr] = []
    width = 0
    for side in (outer, inner):
        for expr in side.target.exprs:
            assert isinstance(expr, e.ColumnRef)
            joint = level.joint.get(expr.id)
            if joint is not None:
                if joint.needed & ~bits:
                    exprs.append(expr)
                    width += joint.width
                continue
            base = level.relation(level.owner[expr.id])
            if base.needed[expr.id] & ~bits:
                exprs.append(expr)
                width += base.widths.get(expr.id, level.estimates.width(expr))
    exprs.sort(key=is_held)  # behind the columns (add_placeholders_to_joinrel)
    target = Target(exprs)
    target.width = width
    compute_in_join(level, target, bits, outer.bits, inner.bits)
    return target
