"""Joiner: which two relations may be joined, and the join relation with its paths (make_join_rel, join_is_legal)."""

from __future__ import annotations

from collections.abc import Sequence

from auroraml.errors import FeatureNotSupported
from auroraml.ir import expr as e
from auroraml.planner.level.classes import join_implied
from auroraml.planner.level.clause import Clause, SpecialJoin
from auroraml.planner.level.level import Level
from auroraml.planner.level.parallel_safety import is_safe
from auroraml.planner.level.relation import Relation
from auroraml.planner.paths.joins import add_join_paths
from auroraml.planner.paths.scans import is_dummy, make_dummy
from auroraml.planner.paths.sizes import join_target
from auroraml.planner.paths.uniqueness import pushed_down, unique_path


class Joiner:
    """Joins of one join problem, in whatever order a search asks for them."""

    def __init__(self, level: Level, initial: list[Relation]) -> None:
        self.level = level
        self.initial = initial
        self.fresh: list[Relation] = []  # join relations in the order they were made, as far as the search keeps them

    def relevant(self, one: Relation, two: Relation) -> bool:
        """have_relevant_joinclause."""
        if len(one.join_clauses) <= len(two.join_clauses):
            clauses, bits = one.join_clauses, two.bits
        else:
            clauses, bits = two.join_clauses, one.bits
        if any(c.required & bits for c in clauses):
            return True
        if one.has_class_joins and two.has_class_joins:
            mask = one.class_mask & two.class_mask
            while mask:
                low = mask & -mask
                mask ^= low
                if len(self.level.placed[low.bit_length() - 1].members) > 1:
                    return True
        return False

    def restricted(self, relation: Relation) -> bool:
        """has_join_restriction."""
        if relation.lateral or relation.lateral_referencers:
            return True
        if any(not relation.bits & ~joint.at and relation.bits != joint.at for joint in self.level.joint.values()):
            return True
        for special in self.level.special_joins:
            if special.kind == "full":
                continue
            if not (special.min_left | special.min_right) & ~relation.bits:
                continue
            if (special.min_left | special.min_right) & relation.bits:
                return True
        return False

    def ordered(self, one: Relation, two: Relation) -> bool:
        """have_join_order_restriction."""
        if one.bits & two.direct_lateral or two.bits & one.direct_lateral:
            return True
        if any(not (one.bits | two.bits) & ~joint.at for joint in self.level.joint.values()):
            return True
        result = False
        for special in self.level.special_joins:
            if special.kind == "full":
                continue
            left, right = special.min_left, special.min_right
            if (not left & ~one.bits and not right & ~two.bits) or (not left & ~two.bits and not right & ~one.bits):
                result = True
                break
            if (right & one.bits and right & two.bits) or (left & one.bits and left & two.bits):
                result = True
                break
        if result and (self._legal_clause(one) or self._legal_clause(two)):
            return False
        return result

    def _legal_clause(self, relation: Relation) -> bool:
        for other in self.initial:
            if other.bits & relation.bits or not self.relevant(relation, other):
                continue
            if self._legal(relation, other) is not None:
                return True
        return False

    def _legal(self, one: Relation, two: Relation) -> tuple[SpecialJoin | None, bool] | None:
        """Whether the two may be joined, by which special join, and whether the other way round (join_is_legal)."""
        bits = one.bits | two.bits
        match: SpecialJoin | None = None
        reversed_ = unique = must_be_left = False
        for special in self.level.special_joins:
            left, right = special.min_left, special.min_right
            if not right & bits or not bits & ~right:
                continue
            both = left | right
            if not both & ~one.bits or not both & ~two.bits:
                continue
            if special.kind == "semi":
                if not special.syn_right & ~one.bits and special.syn_right != one.bits:
                    continue
                if not special.syn_right & ~two.bits and special.syn_right != two.bits:
                    continue
            if not left & ~one.bits and not right & ~two.bits:
                if match is not None:
                    return None
                match, reversed_ = special, False
            elif not left & ~two.bits and not right & ~one.bits:
                if match is not None:
                    return None
                match, reversed_ = special, True
            elif special.kind == "semi" and special.syn_right == two.bits and unique_path(self.level, two, two.cheapest_total, special) is not None:
                if match is not None:
                    return None
                match, reversed_, unique = special, False, True
            elif special.kind == "semi" and special.syn_right == one.bits and unique_path(self.level, one, one.cheapest_total, special) is not None:
                if match is not None:
                    return None
                match, reversed_, unique = special, True, True
            else:
                if one.bits & right and two.bits & right:
                    continue
                if special.kind != "left" or bits & left:
                    return None
                must_be_left = True
        if must_be_left and (match is None or match.kind != "left" or not match.lhs_strict):
            return None
        if self.level.has_lateral and not self._lateral_legal(one, two, match, reversed_, unique):
            return None
        return match, reversed_

    def _lateral_legal(self, one: Relation, two: Relation, match: SpecialJoin | None, reversed_: bool, unique: bool) -> bool:
        forward, backward = bool(one.bits & two.lateral), bool(two.bits & one.lateral)
        if forward and backward:
            return False
        if forward:
            if match is not None and (reversed_ or unique or match.kind == "full"):
                return False
            if not one.bits & two.direct_lateral:
                return False
        elif backward:
            if match is not None and (not reversed_ or unique or match.kind == "full"):
                return False
            if not two.bits & one.direct_lateral:
                return False
        bits = one.bits | two.bits
        outer = (one.lateral | two.lateral) & ~bits
        if outer:
            more = True
            while more:
                more = False
                for special in self.level.special_joins:
                    if special.kind != "full" and special.min_left & bits and special.min_right & ~bits:
                        bits |= special.min_right
                        more = True
            if bits & outer:
                return False
        return True

    def join(self, one: Relation, two: Relation) -> Relation | None:
        """The join of two relations with this pair's paths among its own; None where the order is not legal (make_join_rel)."""
        verdict = self._legal(one, two)
        if verdict is None:
            return None
        special, reversed_ = verdict
        if reversed_:
            one, two = two, one
        if special is None:
            special = SpecialJoin("inner", one.bits, two.bits, one.bits, two.bits)
        relation, clauses = self._relation(one, two, special)
        if not is_dummy(relation):
            self._paths(relation, one, two, special, clauses)
        return relation

    def _relation(self, one: Relation, two: Relation, special: SpecialJoin) -> tuple[Relation, list[Clause]]:
        """The join relation, made with its first pair, and this pair's clauses (build_join_rel)."""
        level = self.level
        bits = one.bits | two.bits
        clauses: list[Clause] = []
        for side in (one, two):
            for clause in side.join_clauses:
                if not clause.required & ~bits and not any(clause is c for c in clauses):
                    clauses.append(clause)
        clauses += join_implied(level, bits, one.bits, two.bits)
        found = level.joins.get(bits)
        if found is not None:
            return found, clauses
        made = Relation(bits, "join")
        made.consider_startup = level.tuple_fraction > 0
        made.direct_lateral = one.direct_lateral | two.direct_lateral
        for joint in level.joint.values():
            if not joint.at & ~bits:
                made.direct_lateral |= joint.lateral
        made.direct_lateral &= ~bits
        made.lateral = (one.lateral | two.lateral) & ~bits
        for side in (one, two):
            for clause in side.join_clauses:
                if clause.required & ~bits and not any(clause is c for c in made.join_clauses):
                    made.join_clauses.append(clause)
        mask = made.class_mask = one.class_mask | two.class_mask
        for cls in level.placed:
            if mask >> cls.position & 1 and cls.merged is None and len(cls.members) > 1 and cls.bits & ~bits:
                made.has_class_joins = True
                break
        made.target = join_target(level, one, two, bits)
        made.rows = level.estimates.join_rows(one, two, (one.rows, two.rows), special, clauses)
        if one.consider_parallel and two.consider_parallel:
            made.consider_parallel = is_safe(level, [c.expr for c in clauses]) and is_safe(level, made.target.exprs)
        for joint in level.joint.values():
            if joint.at == bits:
                joint.input.rows = made.rows
        level.joins[bits] = made
        self.fresh.append(made)
        return made, clauses

    def _paths(self, relation: Relation, one: Relation, two: Relation, special: SpecialJoin, clauses: list[Clause]) -> None:
        """populate_joinrel_with_paths."""
        level = self.level
        kind = special.kind
        if kind == "inner":
            if is_dummy(one) or is_dummy(two) or _never(clauses, relation, False):
                make_dummy(relation)
                return
            add_join_paths(level, relation, one, two, "inner", special, clauses)
            add_join_paths(level, relation, two, one, "inner", special, clauses)
        elif kind == "left":
            if is_dummy(one) or _never(clauses, relation, True):
                make_dummy(relation)
                return
            if _never(clauses, relation, False) and not two.bits & ~special.syn_right:
                make_dummy(two)
            add_join_paths(level, relation, one, two, "left", special, clauses)
            add_join_paths(level, relation, two, one, "right", special, clauses)
        elif kind == "full":
            if (is_dummy(one) and is_dummy(two)) or _never(clauses, relation, True):
                make_dummy(relation)
                return
            add_join_paths(level, relation, one, two, "full", special, clauses)
            add_join_paths(level, relation, two, one, "full", special, clauses)
            if not relation.paths:
                raise FeatureNotSupported("FULL JOIN is only supported with merge-joinable or hash-joinable join conditions")
        elif kind == "semi":
            if not special.min_left & ~one.bits and not special.min_right & ~two.bits:
                if is_dummy(one) or is_dummy(two) or _never(clauses, relation, False):
                    make_dummy(relation)
                    return
                add_join_paths(level, relation, one, two, "semi", special, clauses)
            if special.syn_right == two.bits and unique_path(level, two, two.cheapest_total, special) is not None:
                if is_dummy(one) or is_dummy(two) or _never(clauses, relation, False):
                    make_dummy(relation)
                    return
                add_join_paths(level, relation, one, two, "unique inner", special, clauses)
                add_join_paths(level, relation, two, one, "unique outer", special, clauses)
        else:
            if is_dummy(one) or _never(clauses, relation, True):
                make_dummy(relation)
                return
            if _never(clauses, relation, False) and not two.bits & ~special.syn_right:
                make_dummy(two)
            add_join_paths(level, relation, one, two, "anti", special, clauses)


def _never(clauses: Sequence[Clause], relation: Relation, only_pushed: bool) -> bool:
    """restriction_is_constant_false."""
    for clause in clauses:
        if only_pushed and not pushed_down(clause, relation.bits):
            continue
        if isinstance(clause.expr, e.Const) and not clause.expr.value:
            return True
    return False
