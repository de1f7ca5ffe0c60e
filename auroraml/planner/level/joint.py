"""Joint: a place holder of a subquery over several relations, computed where those it needs are joined (PlaceHolderInfo)."""

from __future__ import annotations

from collections.abc import Sequence
from math import inf
from typing import TYPE_CHECKING

from auroraml.ir import expr as e
from auroraml.planner.estimate.estimator import Input, InputColumn
from auroraml.planner.estimate.width import type_width
from auroraml.planner.level.questions import columns_in
from auroraml.planner.rules.placeholder import PlaceHolder, is_held

if TYPE_CHECKING:
    from auroraml.planner.level.clause import SpecialJoin
    from auroraml.planner.level.level import Level
    from auroraml.planner.level.relation import Relation, Target


class Joint:
    """Where a place holder may be computed, and who reads it."""

    __slots__ = ("at", "holder", "input", "lateral", "needed", "width", "within")

    def __init__(self, holder: PlaceHolder, within: int, read: int) -> None:
        self.holder = holder
        self.within = within  # the relations of its subquery
        self.at = read & within or within  # those that must be joined to compute it
        self.lateral = read & ~within
        self.needed = 0
        self.input = Input(rows=inf)  # nothing is known of the join it varies with, until that is made
        self.width = type_width(holder.type, holder.typmod)

    def widen(self, specials: Sequence[SpecialJoin]) -> None:
        """Outer joins of its subquery come first, where they may make NULL what it reads (update_placeholder_eval_levels)."""
        again = True
        while again:
            again = False
            for special in specials:
                if (special.syn_left | special.syn_right) & ~self.within:
                    continue
                both = special.min_left | special.min_right
                nulled = both if special.kind == "full" else special.min_right
                if self.at & nulled and both & ~self.at:
                    self.at |= both
                    again = True


def need_inputs(level: Level) -> None:
    """What place holders are computed from must reach them (fix_placeholder_input_needed_levels)."""
    for joint in level.joint.values():
        for column in columns_in(joint.holder.expr):
            level.need(column, joint.at)


def settle(level: Level) -> None:
    """Those that one relation can compute go to its scans (add_placeholders_to_base_rels); LATERAL references of all are noted."""
    for relation in level.relations_in(level.all_bits):
        for column in relation.lateral_vars:
            joint = level.joint.get(column.id) if isinstance(column, e.ColumnRef) else None
            if joint is not None:
                relation.direct_lateral |= joint.at
                relation.lateral |= joint.at
                level.has_lateral = True
    for joint in list(level.joint.values()):
        level.has_lateral |= bool(joint.lateral)
        alone = not joint.at & (joint.at - 1)
        for relation in level.relations_in(joint.at):
            relation.lateral |= joint.lateral
            if alone:
                relation.direct_lateral |= joint.lateral
                _compute_in(level, relation, joint)


def _compute_in(level: Level, relation: Relation, joint: Joint) -> None:
    holder = joint.holder
    del level.joint[holder.id]
    level.owner[holder.id] = relation.index
    relation.widths[holder.id] = joint.width
    level.estimates.columns[holder.id] = InputColumn(input=level.estimates.inputs[relation.index])
    if joint.needed & ~relation.bits:
        relation.needed[holder.id] = joint.needed
        relation.target.exprs.append(holder)
        relation.target.refs.append(0)
        relation.target.exprs.sort(key=is_held)


def compute_in_join(level: Level, target: Target, bits: int, outer: int, inner: int) -> None:
    """A join's target with what can be computed there and in neither side, if it is needed above (add_placeholders_to_joinrel)."""
    for joint in level.joint.values():
        if not joint.at & ~bits and joint.needed & ~bits and joint.at & ~outer and joint.at & ~inner:
            target.exprs.append(joint.holder)
            target.refs.append(0)
            target.width += joint.width
            startup, per_tuple = level.estimates.costs.of(joint.holder.expr)
            target.startup += startup
            target.per_tuple += per_tuple
