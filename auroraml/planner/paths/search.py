"""Join search: which relations to join, level by level (joinrels.c, standard_join_search)."""

from __future__ import annotations

from collections.abc import Sequence

from auroraml.errors import FeatureNotSupported
from auroraml.ir import expr as e
from auroraml.planner.level.classes import join_implied
from auroraml.planner.level.clause import Clause, SpecialJoin
from auroraml.planner.level.deconstruct import JoinList
from auroraml.planner.level.level import Level
from auroraml.planner.level.parallel_safety import is_safe
from auroraml.planner.level.relation import Relation
from auroraml.planner.paths.dominance import set_cheapest
from auroraml.planner.paths.joins import add_join_paths
from auroraml.planner.paths.parallel import useful_gathers
from auroraml.planner.paths.scans import is_dummy, make_dummy
from auroraml.planner.paths.sizes import join_target
from auroraml.planner.paths.uniqueness import pushed_down, unique_path


def join_all(level: Level, joins: JoinList) -> Relation:
    """The relation of everything in a join list (make_rel_from_joinlist)."""
    initial = [level.relation(item) if isinstance(item, int) else join_all(level, item) for item in joins]
    if len(initial) == 1:
        return initial[0]
    return Search(level, initial).run()


class Search:
    """One search over a list of relations."""

    def __init__(self, level: Level, initial: list[Relation]) -> None:
        self.level = level
        self.initial = initial
        self.levels: list[list[Relation]] = [[], initial]

    def run(self) -> Relation:
        """Dynamic programming by number of relations."""
        for n in range(2, len(self.initial) + 1):
            self.levels.append([])
            self._one_level(n)
            for relation in self.levels[n]:
                if relation.partial_paths and relation.bits != self.level.all_bits:
                    useful_gathers(self.level, relation)
                set_cheapest(relation)
        found = self.levels[-1]
        if not found:
            raise AssertionError("failed to build any joins")
        return found[0]

    def _one_level(self, n: int) -> None:
        levels = self.levels
        for i, old in enumerate(levels[n - 1]):
            if old.join_clauses or old.has_class_joins or self._restricted(old):
                for other in levels[1][i + 1 :] if n == 2 else levels[1]:
                    if not old.bits & other.bits and (self.relevant(old, other) or self._ordered(old, other)):
                        self._join(old, other)
            else:
                self._clauseless(old)
        for k in range(2, n):
            other_level = n - k
            if k > other_level:
                break
            for i, old in enumerate(levels[k]):
                if not (old.join_clauses or old.has_class_joins or self._restricted(old)):
                    continue
                for other in levels[k][i + 1 :] if k == other_level else levels[other_level]:
                    if not old.bits & other.bits and (self.relevant(old, other) or self._ordered(old, other)):
                        self._join(old, other)
        if not levels[n]:
            for old in levels[n - 1]:
                self._clauseless(old)

    def _clauseless(self, old: Relation) -> None:
        for other in self.levels[1]:
            if not other.bits & old.bits:
                self._join(old, other)

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

    def _restricted(self, relation: Relation) -> bool:
        """has_join_restriction."""
        if relation.lateral or relation.lateral_referencers:
            return True
        for special in self.level.special_joins:
            if special.kind == "full":
                continue
            if not (special.min_left | special.min_right) & ~relation.bits:
                continue
            if (special.min_left | special.min_right) & relation.bits:
                return True
        return False

    def _ordered(self, one: Relation, two: Relation) -> bool:
        """have_join_order_restriction."""
        if one.bits & two.direct_lateral or two.bits & one.direct_lateral:
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

    def _join(self, one: Relation, two: Relation) -> None:
        """make_join_rel."""
        verdict = self._legal(one, two)
        if verdict is None:
            return
        special, reversed_ = verdict
        if reversed_:
            one, two = two, one
        if special is None:
            special = SpecialJoin("inner", one.bits, two.bits, one.bits, two.bits)
        relation, clauses = self._relation(one, two, special)
        if is_dummy(relation):
            return
        self._paths(relation, one, two, special, clauses)

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
        made.direct_lateral = (one.direct_lateral | two.direct_lateral) & ~bits
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
        level.joins[bits] = made
        self.levels[-1].append(made)
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
