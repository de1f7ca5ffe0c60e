"""Level: one query level with its relations, clauses, classes and special joins (PlannerInfo)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from auroraml.ir import expr as e
from auroraml.ir import logical as l
from auroraml.planner.level.classes import EquivalenceClass
from auroraml.planner.level.clause import Clause, SpecialJoin
from auroraml.planner.level.estimates import Estimates
from auroraml.planner.level.foreign_keys import ForeignKey
from auroraml.planner.level.joint import Joint
from auroraml.planner.level.operators import family_of
from auroraml.planner.level.pathkeys import PathKey, SortClause
from auroraml.planner.level.questions import columns_in, contains, ids_in, volatile, walk
from auroraml.planner.level.relation import Relation, Target
from auroraml.planner.level.rollups import Rollup
from auroraml.planner.level.statement import Outer, Statement
from auroraml.planner.rules.fold_constants import Folder
from auroraml.planner.rules.placeholder import PlaceHolder

if TYPE_CHECKING:
    from auroraml.ir.physical import PhysicalPlan
    from auroraml.planner.paths.path import Path


class Level:
    """One SELECT level on its way to paths. Relation sets are bit masks; bit 0 stands for the select list."""

    __deletable__ = ("estimates",)  # mypyc's word: they refer back

    def __init__(self, statement: Statement, outer: Outer | None) -> None:
        statement.levels.append(self)
        self.statement = statement
        self.costs = statement.costs
        self.fold = Folder(statement.runtime)
        self.estimates = Estimates(self)
        self.outer = outer
        self.ids: frozenset[int] = frozenset()
        self.query: l.Query = l.Query()
        self.owner: dict[int, int] = {}  # column id to relation number
        self.relations: list[Relation | None] = [None]
        self.joins: dict[int, Relation] = {}
        self.uppers: list[Relation] = []
        self.genetic = False  # whether joins are planned again and again
        self.all_bits = 0
        self.classes: list[EquivalenceClass] = []
        self.placed: list[EquivalenceClass] = []
        self.classes_merged = False
        self.pathkeys: dict[int, list[PathKey]] = {}
        self.special_joins: list[SpecialJoin] = []
        self.foreign_keys: list[ForeignKey] = []
        self.left_join_clauses: list[Clause] = []
        self.right_join_clauses: list[Clause] = []
        self.full_join_clauses: list[Clause] = []
        self.has_lateral = False
        self.has_pseudoconstants = False
        self.bare = False  # a single row without tables, and nothing joined to it: conditions are those of the whole level
        self.init_plans: list[e.SubPlan] = []
        self.multis: dict[int, e.SubPlan] = {}  # rows assigned to several columns, by their subqueries' numbers
        self.placeholders: dict[int, PlaceHolder] = {}
        self.joint: dict[int, Joint] = {}  # those that joins compute, by id
        self.init_cost = 0.0
        self.targets: list[l.Target] = []
        self.group_clauses: list[SortClause] = []
        self.group_refs: list[int] = []  # the targets of the query's group expressions, one for one
        self.has_having = False  # as it was written
        self.rollups: list[Rollup] = []
        self.sort_clauses: list[SortClause] = []
        self.distinct_clauses: list[SortClause] = []
        self.window_clauses: list[tuple[list[SortClause], list[SortClause]]] = []  # partition and order of each window
        self.active_windows: list[int] = []
        self.query_keys: tuple[PathKey, ...] = ()
        self.group_keys: tuple[PathKey, ...] = ()
        self.window_keys: tuple[PathKey, ...] = ()
        self.distinct_keys: tuple[PathKey, ...] = ()
        self.sort_keys: tuple[PathKey, ...] = ()
        self.tuple_fraction = 0.0
        self.wanted_fraction = 0.0
        self.limit_tuples = -1.0
        self.total_table_pages = 0.0
        self.final: Relation | None = None
        self.row_of: l.TableItem | None = None  # the table that an UPDATE or DELETE changes
        self.row_columns: list[tuple[l.TableItem, int]] = []  # tables whose row numbers are wanted, under which column id
        self.read: dict[int, e.Expr] = {}  # columns that RETURNING reads, as they are here
        self.hoisted = False  # init plans belong to the ModifyTable above
        self.locks = False  # whether rows are locked
        self.marks: list[tuple[int, l.TableItem, str]] = []
        self.entries: list[int] = []  # serials of this level's range table, in order
        self.range_order: dict[int, int] = {}  # place of a relation in the range table, by its first column
        self.children: list[Level] = []  # levels of subquery scans, as they are emitted
        self.processed: list[e.Expr] = []
        self.plan: PhysicalPlan | None = None
        self.plan_safe = False  # whether a worker could run the plan
        self.best: Path | None = None
        self.outer_bits = 0
        self.nest_params: list[tuple[int, e.ColumnRef, int]] = []
        self.work_table = 0
        self.outputs: tuple[l.Output, ...] = ()
        self.is_set_operation = False

    # Relations

    def upper(self, bits: int, kind: str = "upper") -> Relation:
        """A relation above the joins."""
        made = Relation(bits, kind)
        self.uppers.append(made)
        return made

    def dismantle(self) -> None:
        """Planning is over: what refers to each other lets go, so that all goes at once and no garbage is left to be found."""
        for relations in (self.relations, self.joins.values(), self.uppers):
            for relation in relations:
                if relation is not None:
                    relation.dismantle()
        for classes in (self.classes, self.placed):
            for cls in classes:
                cls.sources, cls.derived = [], []
        self.children, self.outer = [], None
        self.estimates.dismantle()
        del self.estimates

    def row_id_of(self, item: object) -> int | None:
        """The column id of a table's row number, where it is wanted."""
        return next((id for table, id in self.row_columns if table is item), None)

    def relation(self, index: int) -> Relation:
        """Base relation `index`."""
        found = self.relations[index]
        assert found is not None
        return found

    def parents_of(self, bits: int) -> int:
        """The append relations around a base relation (find_childrel_parents)."""
        found = 0
        parent = self.relation(bits.bit_length() - 1).parent
        while parent is not None:
            found |= parent.bits
            parent = parent.parent
        return found

    def relations_in(self, bits: int) -> Iterator[Relation]:
        """The base relations of a set, in order."""
        bits &= ~1
        while bits:
            low = bits & -bits
            bits ^= low
            yield self.relation(low.bit_length() - 1)

    def bits_of(self, node: object) -> int:
        """The relations an expression reads (pull_varnos)."""
        bits = 0
        owner = self.owner
        if isinstance(node, e.ColumnRef):
            number = owner.get(node.id)
            return self._joint_bits(node.id) if number is None else 1 << number
        for id in ids_in(node):
            number = owner.get(id)
            bits |= self._joint_bits(id) if number is None else 1 << number
        return bits

    def _joint_bits(self, id: int) -> int:
        joint = self.joint.get(id)
        return 0 if joint is None else joint.at

    def bits_of_ids(self, ids: frozenset[int]) -> int:
        """The relations that make some columns."""
        bits = 0
        for id in ids:
            number = self.owner.get(id)
            if number is not None:
                bits |= 1 << number
        return bits

    def need(self, node: object, bits: int) -> None:
        """Columns of `node` must reach the joins of `bits` (add_vars_to_targetlist)."""
        for column in columns_in(node):
            number = self.owner.get(column.id)
            if number is None:
                joint = self.joint.get(column.id)
                if joint is not None:
                    joint.needed |= bits
                continue
            relation = self.relation(number)
            if not bits & ~relation.bits:
                continue  # only its own scan reads it
            if column.id not in relation.needed:
                relation.target.exprs.append(plain(column))
                relation.target.refs.append(0)
                relation.needed[column.id] = bits
            else:
                relation.needed[column.id] |= bits
        for part in walk(node) if contains(node, e.WholeRow) else ():
            if isinstance(part, e.WholeRow):
                for id, attribute in zip(part.ids, part.type.attributes, strict=False):
                    self.need(e.ColumnRef(type=attribute.type, typmod=attribute.typmod, id=id, name=attribute.name), bits)

    # Classes

    def place_class(self, cls: EquivalenceClass) -> None:
        """Give a class its position in the relations' masks."""
        cls.position = len(self.placed)
        self.placed.append(cls)
        for relation in self.relations_in(cls.bits):
            relation.class_mask |= 1 << cls.position

    def mask_of(self, bits: int) -> int:
        """The classes that have members in a set of relations."""
        known = self.joins.get(bits)
        if known is not None:
            return known.class_mask
        mask = 0
        for relation in self.relations_in(bits):
            mask |= relation.class_mask
        return mask

    # Clauses

    def clause(
        self, expr: e.Expr, required: int, *, pushed_down: bool = True, nullable: int = 0, outer_bits: int = 0, delayed: bool = False,
        pseudoconstant: bool = False,
    ) -> Clause:  # fmt: skip
        """A clause (make_restrictinfo), with what decides its use in joins."""
        made = Clause(expr, self.bits_of(expr))
        made.required = required or made.bits
        made.pushed_down = pushed_down
        made.nullable = nullable
        made.outer_bits = outer_bits
        made.delayed = delayed
        made.pseudoconstant = pseudoconstant
        if isinstance(expr, e.OpCall) and len(expr.args) == 2:
            made.left_bits = self.bits_of(expr.args[0])
            made.right_bits = self.bits_of(expr.args[1])
            made.can_join = bool(made.left_bits and made.right_bits and not made.left_bits & made.right_bits)
            if not pseudoconstant and (expr.operator.can_merge or expr.operator.can_hash) and not volatile(expr):
                found = family_of(expr.operator)
                if expr.operator.can_merge and found is not None and found[1] == 3:
                    made.family = found[0]
                made.hashable = expr.operator.can_hash and made.can_join
        made.has_volatile = volatile(expr)
        if isinstance(expr, e.Or):
            made.or_arms = [
                [self.clause(part, 0, pushed_down=pushed_down) for part in (arm.args if isinstance(arm, e.And) else (arm,))] for arm in expr.args
            ]
        return made

    def implied(self, expr: e.Expr, bits: int, nullable: int, scope: int) -> Clause | None:
        """A clause that a class implies (process_implied_equality); None where it is always true. `scope`: where one without columns is tested."""
        if not bits:
            value = self.fold(expr)
            if isinstance(value, e.Const):
                if value.value:
                    return None
                expr = value
            self.has_pseudoconstants = True
            return self.clause(expr, scope, pseudoconstant=True)
        return self.clause(expr, bits, nullable=nullable)

    def distribute(self, clause: Clause) -> None:
        """Hand a clause to the relation it restricts, or to those it joins (distribute_restrictinfo_to_rels)."""
        required = clause.required & ~1
        if not required & (required - 1):
            self.relation(required.bit_length() - 1).clauses.append(clause)
            return
        for relation in self.relations_in(required):
            relation.join_clauses.append(clause)

    def find(self, bits: int) -> Relation | None:
        """The base or join relation of a set, if it was made."""
        bits &= ~1
        if bits & (bits - 1):
            return self.joins.get(bits)
        return self.relation(bits.bit_length() - 1) if bits else None


def plain(column: e.ColumnRef) -> e.ColumnRef:
    """The column itself, without a moved call's original."""
    if isinstance(column, e.MigratedRef):
        return e.ColumnRef(type=column.type, typmod=column.typmod, id=column.id, name=column.name)
    return column


__all__ = ["Level", "Target", "plain"]
