"""The join tree into relations, clauses and special joins (deconstruct_jointree, distribute_qual_to_rels)."""

from __future__ import annotations

from auroraml.ir import expr as e
from auroraml.ir import logical as l
from auroraml.planner.level.classes import process_equivalence
from auroraml.planner.level.clause import Clause, SpecialJoin
from auroraml.planner.level.level import Level
from auroraml.planner.level.operators import hashable, type_family
from auroraml.planner.level.pathkeys import merge_classes
from auroraml.planner.level.questions import conjuncts, nonnullable_ids, volatile
from auroraml.planner.rules.join_tree import Group
from auroraml.planner.rules.placeholder import is_held

JoinList = list["int | JoinList"]


class Deconstructor:
    """Walks one level's join tree."""

    def __init__(self, level: Level) -> None:
        self.level = level
        self.number = {id(r.item): r.index for r in level.relations if r is not None}
        self.postponed: list[tuple[e.Expr, int]] = []

    def tree(self, item: l.FromItem, below: bool) -> tuple[int, int, JoinList]:
        """Relations under `item`, those joined by inner joins only, and the join list."""
        if isinstance(item, Group):
            return self._group(item, below)
        if isinstance(item, l.JoinItem):
            return self._join(item, below)
        index = self.number[id(item)]
        return 1 << index, 0, [index]

    def _group(self, group: Group, below: bool) -> tuple[int, int, JoinList]:
        scope = inner = 0
        joins: JoinList = []
        remaining = len(group.items)
        waiting, self.postponed = self.postponed, []
        for item in group.items:
            bits, inner, sub = self.tree(item, below)
            scope |= bits
            remaining -= 1
            if len(sub) <= 1 or len(joins) + len(sub) + remaining <= self.level.statement.from_limit:
                joins += sub
            else:
                joins.append(sub)
        if len(group.items) > 1:
            inner = scope
        self._ready(scope, below, "inner", scope, 0, 0, waiting)
        for condition in group.where:
            self.qual(condition, below, "inner", scope, 0, 0)
        self.postponed = waiting + self.postponed
        return scope, inner, joins

    def _ready(self, scope: int, below: bool, kind: str, qual_scope: int, oj_scope: int, nonnullable: int, waiting: list[tuple[e.Expr, int]]) -> None:
        """Conditions of LATERAL items whose columns have come into scope."""
        pending, self.postponed = self.postponed, []
        for condition, bits in pending:
            if bits & ~scope:
                waiting.append((condition, bits))
            else:
                self.qual(condition, below, kind, qual_scope, oj_scope, nonnullable)

    def _join(self, join: l.JoinItem, below: bool) -> tuple[int, int, JoinList]:
        kind = "inner" if join.kind == "cross" else join.kind
        level = self.level
        waiting, self.postponed = self.postponed, []
        left, left_inner, left_joins = self.tree(join.left, below or kind == "full")
        right, right_inner, right_joins = self.tree(join.right, below or kind in ("left", "anti", "full"))
        scope = left | right
        inner = scope if kind == "inner" else left_inner | right_inner
        nonnullable = left if kind in ("left", "anti") else scope if kind == "full" else 0
        waiting += [item for item in self.postponed if item[1] & ~scope]
        conditions = [*(condition for condition, bits in self.postponed if not bits & ~scope), *conjuncts(join.on)]
        self.postponed = []
        special = None
        oj_scope = 0
        if kind != "inner":
            special = self._special(left, right, inner, kind, conditions)
            oj_scope = 0 if kind == "semi" else special.min_left | special.min_right
        for condition in conditions:
            self.qual(condition, below, kind, scope, oj_scope, nonnullable)
        if special is not None:
            level.special_joins.append(special)
            for joint in level.joint.values():
                joint.widen(level.special_joins)
        self.postponed = waiting + self.postponed
        limit = level.statement.join_limit
        if kind == "full":
            return scope, inner, [[*self._part(left_joins), *self._part(right_joins)]]
        if len(left_joins) + len(right_joins) <= limit:
            return scope, inner, left_joins + right_joins
        return scope, inner, [*self._part(left_joins), *self._part(right_joins)]

    @staticmethod
    def _part(joins: JoinList) -> JoinList:
        return joins if len(joins) == 1 else [joins]

    def _special(self, left: int, right: int, inner: int, kind: str, conditions: list[e.Expr]) -> SpecialJoin:
        level = self.level
        made = SpecialJoin(kind, left, right, left, right)
        self._semi(made, conditions)
        if kind == "full":
            return made
        bits = 0
        for condition in conditions:
            bits |= level.bits_of(condition)
        strict = sum(1 << number for number in nonnullable_ids(conditions, owners=level.owner))
        made.lhs_strict = bool(strict & left)
        min_left = bits & left
        min_right = (bits | inner) & right
        for other in level.special_joins:
            both = other.syn_left | other.syn_right
            if other.kind == "full":
                if left & both:
                    min_left |= both
                if right & both:
                    min_right |= both
                continue
            if left & other.syn_right and bits & other.syn_right and (kind in ("semi", "anti") or not strict & other.min_right):
                min_left |= both
            if right & other.syn_right and (
                bits & other.syn_right or not bits & other.min_left or kind in ("semi", "anti") or other.kind in ("semi", "anti")
                or not other.lhs_strict or other.delay_upper_joins
            ):  # fmt: skip
                min_right |= both
        for holder in level.placeholders.values():
            if is_held(holder):
                joint = level.joint.get(holder.id)
                at = level.bits_of(holder)
                if not (at if joint is None else joint.within) & ~right:
                    min_right |= at  # it is computed before its side may become NULL
        made.min_left = min_left or left
        made.min_right = min_right or right
        return made

    def _semi(self, special: SpecialJoin, conditions: list[e.Expr]) -> None:
        """Whether the inner side could be made unique (compute_semijoin_info)."""
        if special.kind != "semi":
            return
        level = self.level
        can_btree = can_hash = True
        operators: list[e.OpCall] = []
        exprs: list[e.Expr] = []
        for condition in conditions:
            bits = level.bits_of(condition)
            if not bits & special.syn_right or not bits & ~special.syn_right:  # it reads one side only
                if volatile(condition):
                    return
                continue
            if not (isinstance(condition, e.OpCall) and len(condition.args) == 2):
                return
            left, right = level.bits_of(condition.args[0]), level.bits_of(condition.args[1])
            if right and not right & ~special.syn_right and not left & special.syn_right:
                expr = condition.args[1]
            elif left and not left & ~special.syn_right and not right & special.syn_right:
                expr = condition.args[0]
            else:
                return
            if not condition.operator.can_merge or not type_family(expr.type):
                can_btree = False
            if not hashable(condition.operator):
                can_hash = False
            if not (can_btree or can_hash) or volatile(expr):
                return
            operators.append(condition)
            exprs.append(expr)
        special.semi_operators, special.semi_exprs = operators, exprs
        special.semi_can_btree = bool(operators) and can_btree
        special.semi_can_hash = bool(operators) and can_hash

    # Conditions

    def qual(self, condition: e.Expr, below: bool, kind: str, scope: int, oj_scope: int, nonnullable: int) -> None:
        """One condition (distribute_qual_to_rels)."""
        level = self.level
        bits = level.bits_of(condition)
        if bits & ~scope:
            self.postponed.append((condition, bits))
            return
        pseudoconstant = False
        if not bits:
            if oj_scope:
                bits = oj_scope
            elif volatile(condition):
                bits = scope
            else:
                bits = scope if below else level.all_bits
                scope = bits
                pseudoconstant = True
                level.has_pseudoconstants = True
        equivalence = outer = False
        nullable = 0
        delayed = False
        if bits & nonnullable:
            pushed_down = False
            outer = True
            bits, nullable, delayed = self._delay(bits, False)
            bits = oj_scope
        else:
            pushed_down = True
            bits, nullable, delayed = self._delay(bits, True)
            if delayed:
                if self._redundant_null_test(condition):
                    return
            else:
                equivalence = True
                below = below or bool(nonnullable)
        clause = level.clause(
            condition, bits, pushed_down=pushed_down, nullable=nullable, outer_bits=nonnullable, delayed=delayed, pseudoconstant=pseudoconstant
        )
        if bits & (bits - 1):
            level.need(condition, bits)
        if clause.family:
            if equivalence:
                if self._prompt(clause) and process_equivalence(level, clause, below):
                    return
                if clause.family:
                    merge_classes(level, clause)
            elif outer and clause.can_join:
                merge_classes(level, clause)
                if not clause.left_bits & ~nonnullable and not clause.right_bits & nonnullable:
                    level.left_join_clauses.append(clause)
                    return
                if not clause.right_bits & ~nonnullable and not clause.left_bits & nonnullable:
                    level.right_join_clauses.append(clause)
                    return
                if kind == "full":
                    level.full_join_clauses.append(clause)
                    return
            else:
                merge_classes(level, clause)
        level.distribute(clause)

    def _delay(self, bits: int, pushed_down: bool) -> tuple[int, int, bool]:
        """Relations that lower outer joins add to a condition's (check_outerjoin_delay)."""
        nullable = 0
        delayed = False
        found = True
        original = bits
        while found:
            found = False
            for special in self.level.special_joins:
                if bits & special.min_right or (special.kind == "full" and bits & special.min_left):
                    if (special.min_left | special.min_right) & ~bits:
                        bits |= special.min_left | special.min_right
                        delayed = True
                        found = True
                    nullable |= special.min_right
                    if special.kind == "full":
                        nullable |= special.min_left
                    if pushed_down and special.kind != "full" and bits & special.min_left:
                        special.delay_upper_joins = True
        return bits, nullable & original, delayed

    def _prompt(self, clause: Clause) -> bool:
        """Whether each side has its value before any outer join makes it NULL (check_equivalence_delay)."""
        return not self.level.special_joins or not (self._delay(clause.left_bits, True)[2] or self._delay(clause.right_bits, True)[2])

    def _redundant_null_test(self, condition: e.Expr) -> bool:
        """An IS NULL that an anti join already ensures (check_redundant_nullability_qual)."""
        if not (isinstance(condition, e.NullTest) and not condition.negated and isinstance(condition.arg, e.ColumnRef)):
            return False
        bits = self.level.bits_of(condition.arg)
        return any(special.kind == "anti" and bits & special.min_right for special in self.level.special_joins)


def check_clause(clause: Clause) -> bool:
    """Whether a clause can serve a hash or merge join."""
    return clause.hashable or bool(clause.family)
