"""Append relations: the members of a UNION ALL as relations of their level, conditions and classes carried over to them (appendinfo.c)."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from auroraml.ir import expr as e
from auroraml.ir import logical as l
from auroraml.planner.estimate.estimator import InputColumn
from auroraml.planner.estimate.width import type_width
from auroraml.planner.level.classes import Member
from auroraml.planner.level.clause import Clause
from auroraml.planner.level.level import Level
from auroraml.planner.level.questions import conjuncts, ids_in, rewrite, volatile
from auroraml.planner.level.relation import Relation, Target
from auroraml.planner.rules.join_tree import AppendItem
from auroraml.planner.rules.placeholder import PlaceHolder
from auroraml.records import replace
from auroraml.types.table import BOOL

N = TypeVar("N")


def expand(level: Level, add: Callable[[Level, l.FromItem], Relation]) -> None:
    """Relations for the members of every UNION ALL (add_other_rels_to_query)."""
    parents = [r for r in level.relations_in(level.all_bits) if isinstance(r.item, AppendItem)]
    if not parents:
        return
    for parent in parents:
        _children(level, parent, add)
    order = level.range_order
    known = [r for r in level.relations[1:] if r is not None and (r.bits & level.all_bits or r.parent is not None)]
    known.sort(key=lambda r: order.get(r.item.outputs[0].id, 0) if r.item is not None and r.item.outputs else 0)
    level.entries = [r.serial for r in known]


def _children(level: Level, parent: Relation, add: Callable[[Level, l.FromItem], Relation]) -> None:
    assert isinstance(parent.item, AppendItem)
    for member in parent.item.members:
        child = add(level, member.item)
        child.parent = parent
        child.values = {output.id: value for output, value in zip(parent.item.outputs, member.values, strict=True)}
        child.lateral, child.direct_lateral, child.lateral_referencers = parent.lateral, parent.direct_lateral, parent.lateral_referencers
        child.class_mask = parent.class_mask
        parent.children.append(child)
        for holder in level.placeholders.values():
            if level.owner.get(holder.home) == child.index:
                level.owner[holder.id] = child.index
                child.widths[holder.id] = type_width(holder.type, holder.typmod)
                level.estimates.columns[holder.id] = InputColumn(input=level.estimates.inputs[child.index])
        _restrict(level, parent, child)
        if isinstance(member.item, AppendItem):
            _children(level, child, add)


def translated(child: Relation, node: N) -> N:
    """Something over the append relation's columns, over the member's (adjust_appendrel_attrs)."""

    def change(part: object) -> object | None:
        if isinstance(part, PlaceHolder) and part.home in child.values:
            made = rewrite(part.expr, change)
            return replace(made, whole="") if isinstance(made, e.RowExpr) else made
        return child.values.get(part.id) if isinstance(part, e.ColumnRef) else None

    return rewrite(node, change)


def _restrict(level: Level, parent: Relation, child: Relation) -> None:
    """The member under the append relation's conditions (apply_child_basequals)."""
    for clause in parent.clauses:
        for part in conjuncts(level.fold(translated(child, clause.expr))):
            if isinstance(part, e.Const):
                if not part.value:
                    child.clauses = [level.clause(e.Const(type=BOOL, value=False), child.bits)]
                    return
                continue
            constant = not level.bits_of(part) and not volatile(part)
            level.has_pseudoconstants |= constant
            child.clauses.append(level.clause(part, child.bits, pushed_down=clause.pushed_down, delayed=clause.delayed, pseudoconstant=constant))


def carry_over(level: Level, parent: Relation, child: Relation, ordered: bool) -> None:
    """What else the append relation has: columns, join clauses and, where joins or orders may use them, members of classes."""
    child.target = Target([translated(child, x) for x in parent.target.exprs])
    for column, expr in zip(parent.target.exprs, child.target.exprs, strict=True):
        needed = parent.needed.get(column.id, 1) if isinstance(column, e.ColumnRef) else 1
        for id in ids_in(expr):
            child.needed[id] = child.needed.get(id, 0) | needed
    child.join_clauses = [_clause(level, parent, child, clause) for clause in parent.join_clauses]
    child.has_class_joins = parent.has_class_joins
    if parent.has_class_joins or ordered:
        _class_members(level, parent, child)


def _clause(level: Level, parent: Relation, child: Relation, clause: Clause) -> Clause:
    made = level.clause(
        translated(child, clause.expr), _moved(clause.required, parent, child), pushed_down=clause.pushed_down,
        nullable=_moved(clause.nullable, parent, child), outer_bits=_moved(clause.outer_bits, parent, child), delayed=clause.delayed,
        pseudoconstant=clause.pseudoconstant,
    )  # fmt: skip
    made.bits = _moved(clause.bits, parent, child)  # also where a member has a constant or another relation's column in the column's place
    made.left_bits, made.right_bits = _moved(clause.left_bits, parent, child), _moved(clause.right_bits, parent, child)
    made.can_join = clause.can_join
    made.left_class, made.right_class = clause.left_class, clause.right_class
    made.left_member, made.right_member = clause.left_member, clause.right_member
    made.from_class = clause.from_class
    return made


def _moved(bits: int, parent: Relation, child: Relation) -> int:
    return bits & ~parent.bits | child.bits if bits & parent.bits else bits


def _class_members(level: Level, parent: Relation, child: Relation) -> None:
    """The append relation's expressions in classes, over the member (add_child_rel_equivalences)."""
    top = parent
    while top.parent is not None:
        top = top.parent
    for cls in level.classes:
        if cls.has_volatile or not cls.bits & top.bits:
            continue
        for member in list(cls.all_members):
            if not member.is_const and member.bits & parent.bits:
                made = Member(translated(child, member.expr), _moved(member.bits, parent, child), _moved(member.nullable, parent, child), False)
                cls.child_members.append(made)
