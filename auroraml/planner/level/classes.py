"""Equivalence classes: expressions known to be equal, the clauses that follow from them (equivclass.c)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from auroraml.catalog.builtins import builtin_function
from auroraml.ir import expr as e
from auroraml.planner.level.clause import Clause
from auroraml.planner.level.operators import family_operator, type_family
from auroraml.planner.level.questions import contains, equal, nonstrict, returns_set, strip, volatile
from auroraml.planner.rules.placeholder import is_held
from auroraml.types.pg_type import PgType
from auroraml.types.table import BOOL

if TYPE_CHECKING:
    from auroraml.planner.level.level import Level


TEXT_LIKE: Final = frozenset((25, 1043))


class Member:
    """A member of a class: an expression, the relations it reads, whether it is constant."""

    __slots__ = ("bits", "expr", "is_const", "nullable", "type")

    def __init__(self, expr: e.Expr, bits: int, nullable: int, is_const: bool) -> None:
        self.expr = expr
        self.bits = bits
        self.nullable = nullable
        self.is_const = is_const
        self.type = expr.type


class EquivalenceClass:
    """Ordered members, the clauses it came from, and those made from it."""

    __slots__ = (
        "below_outer_join",
        "bits",
        "child_members",
        "derived",
        "family",
        "has_const",
        "has_volatile",
        "members",
        "merged",
        "position",
        "sort_ref",
        "sources",
    )

    def __init__(self, family: int) -> None:
        self.family = family
        self.members: list[Member] = []
        self.child_members: list[Member] = []  # the same of members of UNION ALLs (em_is_child)
        self.sources: list[Clause] = []
        self.derived: list[Clause] = []
        self.bits = 0
        self.has_const = False
        self.has_volatile = False
        self.below_outer_join = False
        self.merged: EquivalenceClass | None = None
        self.sort_ref = 0
        self.position = -1

    def add(self, expr: e.Expr, bits: int, nullable: int = 0) -> Member:
        """A new member."""
        constant = bits == 0 and not self.has_volatile
        member = Member(expr, bits, nullable, constant)
        if constant:
            self.has_const = True
        else:
            self.bits |= bits
        self.members.append(member)
        return member

    @property
    def all_members(self) -> list[Member]:
        """Its own members, then those of append relations' members."""
        return [*self.members, *self.child_members] if self.child_members else self.members

    def members_for(self, bits: int) -> list[Member]:
        """Its own members, and those of append relations' members that are among the relations `bits`."""
        return [*self.members, *(m for m in self.child_members if not m.bits & ~bits)] if self.child_members else self.members

    def canonical(self) -> EquivalenceClass:
        """The class this one was merged into, at the end."""
        found = self
        while found.merged is not None:
            found = found.merged
        return found


def equality(family: int, left: e.Expr, right: e.Expr) -> e.OpCall | None:
    """`left = right` by the family's operator, None where it has none for these types (select_equality_operator)."""
    operator = family_operator(left.type, right.type, 3)
    if operator is None:
        return None
    function = builtin_function(operator.function)
    assert function is not None
    return e.OpCall(type=BOOL, operator=operator, function=function, args=(relabeled(left, operator.left), relabeled(right, operator.right)))


def relabeled(expr: e.Expr, wanted: PgType | None) -> e.Expr:
    """`expr` as the operator's input type takes it: varchar is relabelled text."""
    if wanted is None or expr.type.oid == wanted.oid or expr.type.oid not in (1043, 25) or wanted.oid != 25:
        return expr
    if isinstance(expr, e.Relabel) and expr.arg.type.oid == wanted.oid:
        return expr.arg
    return e.Relabel(type=wanted, arg=expr)


def process_equivalence(level: Level, clause: Clause, below_outer_join: bool) -> bool:
    """Take an equality into the classes; False where it must stay a plain clause."""
    left, right = clause.args
    if equal(left, right):
        if isinstance(clause.expr, e.OpCall) and clause.expr.function.strict:
            clause.expr = e.NullTest(type=BOOL, arg=left, negated=True)
            clause.family = 0
            clause.can_join = False
        return False
    if below_outer_join:
        for side, bits in ((left, clause.left_bits), (right, clause.right_bits)):
            if bits and nonstrict(side):
                return False
    family = clause.family
    found: list[tuple[EquivalenceClass, Member] | None] = [None, None]
    for cls in level.classes:
        if cls.has_volatile or cls.family != family:
            continue
        for member in cls.members:
            if member.is_const and (below_outer_join or cls.below_outer_join):
                continue
            for place, expr in enumerate((left, right)):
                if found[place] is None and equal(expr, member.expr):
                    found[place] = (cls, member)
        if found[0] and found[1]:
            break
    left_nullable, right_nullable = clause.left_bits & clause.nullable, clause.right_bits & clause.nullable
    one, two = found
    if one is not None and two is not None:
        cls = one[0]
        cls.sources.append(clause)
        if two[0] is not cls:
            _merge(level, cls, two[0])
        cls.below_outer_join |= below_outer_join
        clause.left_member, clause.right_member = one[1], two[1]
    elif one is not None:
        cls = one[0]
        clause.left_member, clause.right_member = one[1], cls.add(right, clause.right_bits, right_nullable)
        cls.sources.append(clause)
        cls.below_outer_join |= below_outer_join
    elif two is not None:
        cls = two[0]
        clause.left_member, clause.right_member = cls.add(left, clause.left_bits, left_nullable), two[1]
        cls.sources.append(clause)
        cls.below_outer_join |= below_outer_join
    else:
        cls = EquivalenceClass(family)
        cls.below_outer_join = below_outer_join
        clause.left_member = cls.add(left, clause.left_bits, left_nullable)
        clause.right_member = cls.add(right, clause.right_bits, right_nullable)
        cls.sources.append(clause)
        level.classes.append(cls)
    clause.left_class = clause.right_class = cls
    return True


def _merge(level: Level, cls: EquivalenceClass, other: EquivalenceClass) -> None:
    """The second class's members follow the first's; the second leaves the list."""
    cls.members += other.members
    cls.sources += other.sources
    cls.derived += other.derived
    cls.bits |= other.bits
    cls.has_const |= other.has_const
    cls.below_outer_join |= other.below_outer_join
    other.merged = cls
    level.classes = [c for c in level.classes if c is not other]


def sort_class(level: Level, expr: e.Expr, ref: int, create: bool, bits: int = 0) -> EquivalenceClass | None:
    """The class of a sort expression (get_eclass_for_sort_expr); made anew where there is none and `create`."""
    family = type_family(expr.type)
    if not family:
        return None
    for cls in level.classes:
        if cls.has_volatile and (ref == 0 or ref != cls.sort_ref):
            continue
        if cls.family != family:
            continue
        for member in cls.members:
            if cls.below_outer_join and member.is_const:
                continue
            if _same_key(expr, member.expr):
                return cls
        if any(member.bits == bits and equal(expr, member.expr) for member in cls.child_members):
            return cls
    if not create:
        return None
    made = EquivalenceClass(family)
    made.has_volatile = volatile(expr)
    made.sort_ref = ref
    member_bits = level.bits_of(expr)
    if made.has_volatile or member_bits:
        made.add(expr, member_bits)
    else:
        made.add(expr, 0)
        if contains(expr, e.Aggregate, e.WindowCall) or returns_set(expr):
            made.has_const = False
            made.members[-1].is_const = False
    level.classes.append(made)
    if level.classes_merged:
        level.place_class(made)
    return made


def _same_key(a: e.Expr, b: e.Expr) -> bool:
    """Whether two expressions are one sort key: a varchar is compared as the text it is (canonicalize_ec_expression)."""
    if equal(a, b):
        return True
    return {a.type.oid, b.type.oid} <= TEXT_LIKE and equal(strip(a), strip(b))


def base_implied(level: Level) -> None:
    """Restrictions that follow for single relations (generate_base_implied_equalities)."""
    for cls in list(level.classes):
        level.place_class(cls)
        if len(cls.members) <= 1:
            continue
        if cls.has_const:
            _implied_by_constant(level, cls)
        else:
            _implied_within_relations(level, cls)
        if cls.bits & (cls.bits - 1):
            for relation in level.relations_in(cls.bits):
                relation.has_class_joins = True
    level.classes_merged = True


def _implied_by_constant(level: Level, cls: EquivalenceClass) -> None:
    if len(cls.members) == 2 and len(cls.sources) == 1:
        level.distribute(cls.sources[0])
        return
    constants = [m for m in cls.members if m.is_const]
    chosen = next((m for m in constants if isinstance(m.expr, e.Const)), constants[0])
    for member in cls.members:
        if member is chosen:
            continue
        made = equality(cls.family, member.expr, chosen.expr)
        if made is None:
            continue
        clause = level.implied(
            made, member.bits | chosen.bits, member.nullable | chosen.nullable, cls.bits if cls.below_outer_join else level.all_bits
        )
        if clause is None:
            continue
        if clause.family:
            clause.left_class = clause.right_class = cls
            clause.left_member, clause.right_member = member, chosen
        cls.derived.append(clause)
        level.distribute(clause)


def _implied_within_relations(level: Level, cls: EquivalenceClass) -> None:
    before: dict[int, Member] = {}
    for member in cls.members:
        if not member.bits or member.bits & (member.bits - 1):
            continue
        previous = before.get(member.bits)
        if previous is not None:
            made = equality(cls.family, previous.expr, member.expr)
            if made is not None:
                clause = level.implied(made, member.bits, member.nullable | previous.nullable, cls.bits)
                if clause is not None:
                    clause.left_class = clause.right_class = cls
                    clause.left_member, clause.right_member = previous, member
                    cls.derived.append(clause)
                    level.distribute(clause)
        before[member.bits] = member
    for member in cls.members:
        level.need(member.expr, cls.bits)


def join_implied(level: Level, join_bits: int, outer_bits: int, inner_bits: int) -> list[Clause]:
    """The join clauses classes give when `outer_bits` meets `inner_bits` (generate_join_implied_equalities)."""
    found: list[Clause] = []
    mask = level.mask_of(outer_bits) & level.mask_of(inner_bits)
    while mask:
        low = mask & -mask
        mask ^= low
        cls = level.placed[low.bit_length() - 1]
        if cls.merged is not None or cls.has_const or len(cls.members) <= 1 or cls.has_volatile:
            continue
        found += _between(level, cls, join_bits, outer_bits, inner_bits)
    return found


def implied_by(level: Level, classes: Sequence[EquivalenceClass], join_bits: int, outer_bits: int, inner_bits: int) -> list[Clause]:
    """Those of some classes (generate_join_implied_equalities_for_ecs)."""
    found: list[Clause] = []
    for cls in classes:
        if not cls.has_const and len(cls.members) > 1 and cls.bits & join_bits:
            found += _between(level, cls, join_bits, outer_bits, inner_bits)
    return found


def _between(level: Level, cls: EquivalenceClass, join_bits: int, outer_bits: int, inner_bits: int) -> list[Clause]:
    outer: list[Member] = []
    inner: list[Member] = []
    new: list[Member] = []
    for member in cls.all_members:
        if member.bits & ~join_bits or not member.bits:
            continue
        if not member.bits & ~outer_bits:
            outer.append(member)
        elif not member.bits & ~inner_bits:
            inner.append(member)
        else:
            new.append(member)
    found: list[Clause] = []
    if outer and inner:
        best: tuple[Member, Member] | None = None
        score = -1
        for a in outer:
            for b in inner:
                operator = family_operator(a.type, b.type, 3)
                if operator is None:
                    continue
                points = _is_column(a.expr) + _is_column(b.expr) + operator.can_hash
                if points > score:
                    best, score = (a, b), points
                    if points == 3:
                        break
            if score == 3:
                break
        if best is not None:
            found.append(join_clause(level, cls, best[0], best[1], cls))
    if new:
        if outer or inner:
            new.append((outer + inner)[0])
        previous: Member | None = None
        for member in new:
            if previous is not None and family_operator(previous.type, member.type, 3) is not None:
                found.append(join_clause(level, cls, previous, member, None))
            previous = member
    return found


def _is_column(expr: e.Expr) -> bool:
    bare = strip(expr)
    return bare.__class__ is e.ColumnRef or (isinstance(bare, e.ColumnRef) and not is_held(bare))


def join_clause(level: Level, cls: EquivalenceClass, left: Member, right: Member, parent: EquivalenceClass | None) -> Clause:
    """The clause `left = right` of a class, made once for each ordered pair (create_join_clause)."""
    for known in (cls.sources, cls.derived):
        for clause in known:
            if clause.left_member is left and clause.right_member is right and clause.from_class is parent:
                return clause
    made = equality(cls.family, left.expr, right.expr)
    assert made is not None
    clause = level.clause(made, left.bits | right.bits, pushed_down=True, nullable=left.nullable | right.nullable)
    clause.bits |= left.bits | right.bits  # a UNION ALL's member may have a constant for a column
    clause.from_class = parent
    clause.left_class = clause.right_class = cls
    clause.left_member, clause.right_member = left, right
    cls.derived.append(clause)
    return clause


def column_implied(level: Level, column: e.Expr, bits: int, prohibited: int) -> list[Clause]:
    """Clauses `column = member` with other relations, for parameterised index scans (generate_implied_equalities_for_column)."""
    column = strip(column)
    found: list[Clause] = []
    parents = level.parents_of(bits)
    for cls in level.classes:
        if cls.has_const or len(cls.members) <= 1 or cls.has_volatile or not cls.bits & (parents or bits):
            continue
        mine = next((m for m in cls.all_members if m.bits == bits and equal(strip(m.expr), column)), None)
        if mine is None:
            continue
        for other in cls.members:
            if other is mine or other.bits & (bits | parents | prohibited) or not other.bits:
                continue
            if family_operator(mine.type, other.type, 3) is None:
                continue
            found.append(join_clause(level, cls, mine, other, cls))
        if found:
            break
    return found


def reconsider_outer_joins(level: Level) -> None:
    """A constant equal to an outer join's outer column restricts the inner one too (reconsider_outer_join_clauses)."""
    pending = [
        *((clause, "left") for clause in level.left_join_clauses),
        *((clause, "right") for clause in level.right_join_clauses),
        *((clause, "full") for clause in level.full_join_clauses),
    ]
    again = True
    while again:
        again = False
        for item in list(pending):
            clause, kind = item
            if _constant_for_both(level, clause) if kind == "full" else _constant_for_inner(level, clause, kind == "left"):
                pending.remove(item)
                clause.inner_selectivity = 2.0
                clause.outer_selectivity = 1.0
                level.distribute(clause)
                again = True
    for clause, _ in pending:
        level.distribute(clause)


def _constant_for_inner(level: Level, clause: Clause, outer_on_left: bool) -> bool:
    left, right = clause.args
    outer, inner = (left, right) if outer_on_left else (right, left)
    inner_bits = clause.right_bits if outer_on_left else clause.left_bits
    matched = False
    for cls in list(level.classes):
        if not cls.has_const or cls.has_volatile or cls.family != clause.family or cls.merged is not None:
            continue
        if not any(equal(outer, m.expr) for m in cls.members):
            continue
        for member in list(cls.members):
            if not member.is_const:
                continue
            made = equality(cls.family, inner, member.expr)
            if made is None:
                continue
            implied = level.clause(made, inner_bits, pushed_down=True, nullable=inner_bits & clause.nullable)
            if process_equivalence(level, implied, True):
                matched = True
        break
    return matched


def _constant_for_both(level: Level, clause: Clause) -> bool:
    """A constant equal to what a FULL JOIN with USING makes of its two columns restricts both (reconsider_full_join_clause)."""
    if clause.delayed:
        return False
    left, right = clause.args
    for cls in level.classes:
        if not cls.has_const or cls.has_volatile or cls.family != clause.family:
            continue
        joined = next((m for m in cls.members if isinstance(m.expr, e.Coalesce) and _both(m.expr.args, left, right)), None)
        if joined is None:
            continue
        matched = [False, False]
        for member in [m for m in cls.members if m.is_const]:
            for place, (expr, bits) in enumerate(((left, clause.left_bits), (right, clause.right_bits))):
                made = equality(cls.family, expr, member.expr)
                if made is not None:
                    implied = level.clause(made, bits, pushed_down=True, nullable=bits & clause.nullable)
                    matched[place] |= process_equivalence(level, implied, True)
        if all(matched):
            cls.members = [m for m in cls.members if m is not joined]
        return all(matched)
    return False


def _both(args: Sequence[e.Expr], left: e.Expr, right: e.Expr) -> bool:
    return len(args) == 2 and equal(args[0], left) and equal(args[1], right)
