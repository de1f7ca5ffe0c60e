"""Relations that cannot have a row: contradictory restrictions, or restrictions that constraints refute (relation_excluded_by_constraints)."""

from __future__ import annotations

from auroraml.ir import expr as e
from auroraml.ir import logical as l
from auroraml.planner.level.implication import refuted
from auroraml.planner.level.level import Level
from auroraml.planner.level.questions import conjuncts, mutable, rewrite
from auroraml.planner.level.relation import Relation
from auroraml.planner.rules.fold_constants import canonical
from auroraml.settings.planner import CONSTRAINT_EXCLUSION
from auroraml.types.table import BOOL


def excluded(level: Level, relation: Relation) -> bool:
    """Whether no row of a base relation can satisfy its restrictions."""
    clauses = [clause.expr for clause in relation.clauses]
    if len(clauses) == 1 and isinstance(clauses[0], e.Const) and not clauses[0].value:
        return True
    mode = level.statement.settings[CONSTRAINT_EXCLUSION]
    if mode == "off" or (mode == "partition" and relation.parent is None) or not clauses:
        return False
    safe = [expr for expr in clauses if not mutable(expr)]
    if refuted(safe, safe, level.fold, weak=True):
        return True
    constraints = [expr for expr in _constraints(level, relation) if not mutable(expr)]
    return refuted(constraints, clauses, level.fold)


def _constraints(level: Level, relation: Relation) -> list[e.Expr]:
    """What CHECK and NOT NULL say of a table's rows (get_relation_constraints)."""
    item = relation.item
    if not isinstance(item, l.TableItem):
        return []
    columns = {
        number: e.ColumnRef(type=output.type, typmod=output.typmod, id=output.id, name=output.name)
        for output, number in zip(item.outputs, item.numbers, strict=True)
    }
    found: list[e.Expr] = []
    for constraint in sorted(item.relation.constraints, key=lambda c: c.name):
        if constraint.check is not None and constraint.valid:
            own = rewrite(constraint.check, lambda node: columns[node.id] if isinstance(node, e.ColumnRef) else None)
            found += conjuncts(canonical(level.fold(level.statement.inlined(own)), check=True))
    for column in item.relation.columns:
        if column.not_null and column.number in columns:
            found.append(e.NullTest(type=BOOL, arg=columns[column.number], negated=True))
    return found
