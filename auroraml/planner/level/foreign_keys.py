"""Foreign keys all of whose columns a level joins, and what they tell of a join's size (match_foreign_keys_to_quals)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Final

from auroraml.ir import expr as e
from auroraml.planner.level.clause import Clause, SpecialJoin
from auroraml.planner.level.operators import family_of, family_operator
from auroraml.planner.level.questions import strip

if TYPE_CHECKING:
    from auroraml.planner.level.classes import EquivalenceClass, Member
    from auroraml.planner.level.level import Level
    from auroraml.planner.level.relation import Relation

ONE_SIDED: Final = ("semi", "anti")
EQUALITY: Final = 3  # B-tree strategy


class ForeignKey:
    """A foreign key between two relations of a level; for each column the class or the plain clauses that join it."""

    __slots__ = ("classes", "clauses", "columns", "members", "referenced", "referenced_columns", "referencing")

    def __init__(self, referencing: Relation, referenced: Relation, columns: Sequence[int], referenced_columns: Sequence[int]) -> None:
        self.referencing = referencing
        self.referenced = referenced
        self.columns = columns  # ids of columns, 0 where the query does not read it
        self.referenced_columns = referenced_columns
        self.classes: list[EquivalenceClass | None] = []
        self.members: list[Member | None] = []  # of the referenced column in its class
        self.clauses: list[list[Clause]] = []

    def match(self, level: Level) -> bool:
        """Find what joins each column; whether something does."""
        for mine, other in zip(self.columns, self.referenced_columns, strict=True):
            cls, member = _class_of(level, mine, other)
            self.classes.append(cls)
            self.members.append(member)
            self.clauses.append([] if cls is not None else [c for c in self.referencing.join_clauses if _equates(c, mine, other)])
            if cls is None and not self.clauses[-1]:
                return False
        return True

    def covers(self, clause: Clause) -> bool:
        """Whether a join clause is one of those that join the key's columns."""
        if clause.from_class is not None:
            return any(cls is clause.from_class.canonical() for cls in self.classes)
        return any(one is clause for found in self.clauses for one in found)

    @property
    def expected(self) -> int:
        """How many join clauses it should find."""
        by_class = sum(cls is not None and not cls.has_const for cls in self.classes)
        return by_class + sum(len(found) for found in self.clauses)


def _class_of(level: Level, mine: int, other: int) -> tuple[EquivalenceClass | None, Member | None]:
    """The class that holds both columns, with the second one's member (match_eclasses_to_foreign_key_col)."""
    for cls in level.classes:
        if cls.has_volatile:
            continue
        first = second = None
        for member in cls.members:
            column = strip(member.expr)
            if not isinstance(column, e.ColumnRef):
                continue
            if column.id == mine:
                first = member
            elif column.id == other:
                second = member
            if first is not None and second is not None:
                operator = family_operator(second.type, first.type, EQUALITY)
                family = None if operator is None else family_of(operator)
                if family is not None and family[0] == cls.family:
                    return cls, second
                break
    return None, None


def _equates(clause: Clause, mine: int, other: int) -> bool:
    """Whether a clause is a plain equality of the two columns, which no class took."""
    if not isinstance(clause.expr, e.OpCall) or len(clause.expr.args) != 2:
        return False
    family = family_of(clause.expr.operator)
    if family is None or family[1] != EQUALITY:
        return False
    left, right = (strip(arg) for arg in clause.expr.args)
    return isinstance(left, e.ColumnRef) and isinstance(right, e.ColumnRef) and {left.id, right.id} == {mine, other}


def find_foreign_keys(level: Level) -> list[ForeignKey]:
    """The keys that matter at a level: by table, then by name, then by referenced table."""
    return [key for key in _candidates(level) if key.match(level)]


def _candidates(level: Level) -> Iterator[ForeignKey]:
    tables = [relation for relation in level.relations_in(level.all_bits) if relation.facts is not None]
    if len(tables) < 2:
        return
    for relation in tables:
        assert relation.facts is not None
        keys = [constraint for constraint in relation.facts.relation.constraints if constraint.kind == "f"]
        for constraint in sorted(keys, key=lambda one: one.name):
            for other in tables:
                assert other.facts is not None
                if other is not relation and other.facts.relation.oid == constraint.foreign:
                    yield ForeignKey(relation, other, _ids(relation, constraint.columns), _ids(other, constraint.foreign_columns))


def _ids(relation: Relation, numbers: Sequence[int]) -> list[int]:
    """The columns' ids, by their attribute numbers."""
    by_number = {number: id for id, number in relation.attribute_numbers.items()}
    return [by_number.get(number, 0) for number in numbers]


def key_selectivity(
    level: Level, outer_bits: int, inner_bits: int, special: SpecialJoin, clauses: Sequence[Clause]
) -> tuple[float, Sequence[Clause]]:
    """The selectivity that keys give a join, and the clauses they leave (get_foreign_key_join_selectivity)."""
    share = 1.0
    left = list(clauses)
    one_sided = special.kind in ONE_SIDED
    for key in level.foreign_keys:
        mine, other = key.referencing.bits, key.referenced.bits
        if mine & outer_bits and other & inner_bits:
            if one_sided and inner_bits & (inner_bits - 1):
                continue
        elif not (other & outer_bits and mine & inner_bits) or one_sided:
            continue
        covered = [clause for clause in left if key.covers(clause)]
        if not covered or len(covered) != key.expected:
            continue
        left = [clause for clause in left if not any(clause is one for one in covered)]
        tuples = max(key.referenced.tuples, 1.0)
        share *= key.referenced.rows / tuples if one_sided else 1.0 / tuples
        for cls, member in zip(key.classes, key.members, strict=True):
            if cls is not None and cls.has_const:
                known = next((clause for clause in cls.derived if clause.left_member is member), None)
                alone = 0.0 if known is None else level.estimates.join_clause(known, special.kind, special)
                if alone > 0:
                    share /= alone
    return min(max(share, 0.0), 1.0), left
