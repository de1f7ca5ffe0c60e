"""Joins that change nothing: left joins to unique inner sides nobody reads, semi joins that are plain joins (analyzejoins.c)."""

from __future__ import annotations

from auroraml.planner.level.classes import join_implied
from auroraml.planner.level.clause import Clause, SpecialJoin
from auroraml.planner.level.deconstruct import JoinList
from auroraml.planner.level.level import Level
from auroraml.planner.paths.uniqueness import distinct_for, inner_unique, pushed_down, sides_match, supports_distinctness


def remove_useless_joins(level: Level, joins: JoinList) -> JoinList:
    """The join list without left joins that neither filter nor multiply nor are read (remove_useless_joins)."""
    again = True
    while again:
        again = False
        for special in level.special_joins:
            if not _removable(level, special):
                continue
            number = special.min_right.bit_length() - 1
            _remove(level, number, special)
            joins = _without(joins, number)
            again = True
            break
    return joins


def _removable(level: Level, special: SpecialJoin) -> bool:
    """join_is_removable."""
    right = special.min_right
    if special.kind != "left" or special.delay_upper_joins or right & (right - 1):
        return False
    inner = level.relation(right.bit_length() - 1)
    if inner.index == 0 or not supports_distinctness(inner):
        return False
    joined = special.min_left | right
    if any(needed & ~joined for needed in inner.needed.values()):
        return False
    if any(other.lateral & right for other in level.relations_in(level.all_bits)):
        return False
    for joint in level.joint.values():
        if joint.lateral & right or (
            joint.needed & ~joined and joint.at & right and (not joint.at & ~right or level.bits_of(joint.holder.expr) & right)
        ):
            return False
    usable = []
    for clause in inner.join_clauses:
        if pushed_down(clause, joined):
            if clause.bits & right:
                return False
            continue
        if not clause.can_join or not clause.family or not sides_match(clause, special.min_left, right):
            continue
        usable.append(clause)
    return distinct_for(inner, usable)


def _remove(level: Level, number: int, special: SpecialJoin) -> None:
    """remove_rel_from_query."""
    bit = 1 << number
    level.special_joins = [s for s in level.special_joins if s is not special]
    level.all_bits &= ~bit
    for other in level.special_joins:
        other.min_left &= ~bit
        other.min_right &= ~bit
        other.syn_left &= ~bit
        other.syn_right &= ~bit
    for joint in level.joint.values():
        joint.at &= ~bit
        joint.within &= ~bit
        joint.needed &= ~bit
    level.joint = {id: joint for id, joint in level.joint.items() if joint.at}
    dead = level.relation(number)
    joined = special.min_left | special.min_right
    above = [c for c in dead.join_clauses if pushed_down(c, joined)]
    for relation in level.relations_in(level.all_bits):
        relation.join_clauses = [c for c in relation.join_clauses if not any(c is d for d in dead.join_clauses)]
        for id in relation.needed:
            relation.needed[id] &= ~bit
        kept = [(x, r) for x, r in zip(relation.target.exprs, relation.target.refs, strict=True) if relation.needed[x.id]]  # type: ignore[attr-defined] # columns
        relation.target.exprs = [x for x, _ in kept]
        relation.target.refs = [r for _, r in kept]
    for cls in level.placed:
        if cls.bits & bit:
            cls.bits &= ~bit
            cls.members = [m for m in cls.members if not m.bits & bit]
            cls.sources = [c for c in cls.sources if not c.bits & bit]
            cls.derived = [c for c in cls.derived if not c.bits & bit]
    for clause in above:  # they only stood above the join, and may now be tested earlier
        clause.required &= ~bit
        level.distribute(clause)


def _without(joins: JoinList, number: int) -> JoinList:
    found: JoinList = []
    for item in joins:
        if isinstance(item, int):
            if item != number:
                found.append(item)
        else:
            inner = _without(item, number)
            if inner:
                found.append(inner[0] if len(inner) == 1 else inner)
    return found


def unique_semi_joins(level: Level) -> None:
    """A semi join whose inner side has at most one match is an inner join (reduce_unique_semijoins)."""
    kept = []
    for special in level.special_joins:
        right = special.min_right
        if special.kind == "semi" and not right & (right - 1):
            inner = level.relation(right.bit_length() - 1)
            joined = special.min_left | right
            if supports_distinctness(inner):
                clauses = _clauses(level, joined, special.min_left, inner.bits)
                if inner_unique(level, joined, special.min_left, inner, "semi", clauses):
                    continue
        kept.append(special)
    level.special_joins = kept


def _clauses(level: Level, joined: int, outer: int, inner: int) -> list[Clause]:
    return join_implied(level, joined, outer, inner) + level.relation(inner.bit_length() - 1).join_clauses
