"""Relation, Target and Parameterization: what path search knows of a base, join or upper relation (RelOptInfo, PathTarget, ParamPathInfo)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from auroraml.ir import expr as e
from auroraml.ir import logical as l
from auroraml.planner.level.ledger import WATCHED, Ledger

if TYPE_CHECKING:
    from auroraml.ir.objects import Index
    from auroraml.planner.estimate.relation import RelationFacts
    from auroraml.planner.level.clause import Clause
    from auroraml.planner.level.level import Level
    from auroraml.planner.level.pathkeys import Keys
    from auroraml.planner.paths.path import Path


class Target:
    """The expressions a path makes, with their evaluation cost and width; `refs` are sort/group references (0: none)."""

    __slots__ = ("exprs", "per_tuple", "refs", "startup", "width")

    def __init__(self, exprs: list[e.Expr], refs: list[int] | None = None) -> None:
        self.exprs = exprs
        self.refs = refs if refs is not None else [0] * len(exprs)
        self.startup = 0.0
        self.per_tuple = 0.0
        self.width = 0


class Parameterization:
    """Outer relations a path reads, with the clauses they bring and the rows that leaves."""

    __slots__ = ("clauses", "outer", "rows")

    def __init__(self, outer: int, rows: float, clauses: list[Clause]) -> None:
        self.outer = outer
        self.rows = rows
        self.clauses = clauses


class Relation:
    """A set of base relations (`bits`), their rows and the paths found for them."""

    __slots__ = (
        "alias", "all_visible", "attribute_numbers", "base_cost_per_tuple", "base_cost_startup", "bits", "cheapest_parameterized",
        "cheapest_startup", "cheapest_total", "cheapest_unique", "children", "class_mask", "clauses", "columns", "consider_parallel",
        "consider_param_startup", "consider_startup", "direct_lateral", "excluded", "facts", "has_class_joins", "index", "indexes", "item", "join_clauses",
        "kind", "lateral", "lateral_referencers", "lateral_vars", "ledger", "memoizable", "needed", "not_null", "not_unique_for", "pages",
        "parameterizations", "parent", "partial_paths", "paths", "rows", "serial", "sub", "sub_params", "target", "tuples", "unique_for",
        "useful_keys", "values", "wanted_workers", "widths",
    )  # fmt: skip

    def __init__(self, bits: int, kind: str) -> None:
        self.bits = bits
        self.kind = kind  # base, join, upper
        self.index = 0
        self.serial = 0
        self.item: l.FromItem | None = None
        self.alias = ""
        self.facts: RelationFacts | None = None
        self.columns: list[e.Expr] | None = None  # references to the item's columns, once made
        self.attribute_numbers: dict[int, int] = {}  # column id to attribute number
        self.needed: dict[int, int] = {}  # column id to the relation sets that need it (bit 0: the select list)
        self.widths: dict[int, int] = {}
        self.rows = 0.0
        self.tuples = 0.0
        self.pages = 0.0
        self.all_visible = 0.0
        self.target = Target([])
        self.paths: list[Path] = []
        self.partial_paths: list[Path] = []
        self.cheapest_startup: Path | None = None
        self.cheapest_total: Path | None = None
        self.cheapest_unique: Path | None = None
        self.cheapest_parameterized: list[Path] = []
        self.consider_startup = False
        self.consider_param_startup = False
        self.consider_parallel = False
        self.wanted_workers = -1  # the storage parameter parallel_workers
        self.excluded = False  # no row can satisfy the restrictions
        self.children: list[Relation] = []  # of an append relation: its members
        self.parent: Relation | None = None  # of a member: the append relation
        self.values: dict[int, e.Expr] = {}  # of a member: the append relation's columns over its own
        self.lateral = 0
        self.direct_lateral = 0
        self.lateral_vars: list[e.Expr] = []
        self.lateral_referencers = 0
        self.clauses: list[Clause] = []
        self.base_cost_startup = 0.0
        self.base_cost_per_tuple = 0.0
        self.join_clauses: list[Clause] = []
        self.has_class_joins = False
        self.class_mask = 0
        self.indexes: list[IndexChoice] = []
        self.sub: Level | None = None
        self.sub_params: list[tuple[int, e.ColumnRef]] = []
        self.unique_for: list[int] = []
        self.not_unique_for: list[int] = []
        self.parameterizations: dict[int, Parameterization] = {}
        self.memoizable: bool | None = None  # whether Memoize may keep its rows, once asked
        self.useful_keys: dict[Keys, Keys] = {}  # orders of joins, each with as much of it as is worth keeping
        self.not_null: frozenset[int] = frozenset()
        self.ledger: Ledger | None = WATCHED.get()

    def dismantle(self) -> None:
        """Let go of all that refers back to it."""
        self.paths, self.partial_paths, self.cheapest_parameterized, self.indexes = [], [], [], []
        self.cheapest_startup = self.cheapest_total = self.cheapest_unique = None
        self.sub = None
        self.children, self.parent = [], None


class IndexChoice:
    """An index as path search sees it: its keys as expressions over the level's columns, its size, what its predicate implies."""

    __slots__ = (
        "columns", "covering", "families", "height", "included", "index", "pages", "predicate", "predicate_holds", "relation", "restrictions", "tuples",
        "unique", "useful_keys",
    )  # fmt: skip

    def __init__(self, index: Index, relation: Relation, columns: list[e.Expr], pages: float, tuples: float, height: int, unique: bool) -> None:
        self.index = index
        self.relation = relation
        self.columns = columns
        self.families: list[int] = []  # of each key: see operators.key_family
        self.included: list[e.ColumnRef] = []
        self.predicate: list[e.Expr] = []
        self.predicate_holds = False  # of a partial index: the query has only rows that it covers
        self.restrictions: list[Clause] = relation.clauses  # those that the predicate does not imply
        self.pages = pages
        self.tuples = tuples
        self.height = height
        self.unique = unique
        self.covering: bool | None = None  # whether it holds all columns that are read, once asked
        self.useful_keys: tuple[Keys, Keys] | None = None  # its order and the opposite one as far as they are of use, once asked

    @property
    def ordered(self) -> bool:
        """Whether it is a B-tree."""
        return self.index.method == "btree"

    @property
    def usable(self) -> bool:
        """Whether it has all rows that the query may see."""
        return not self.predicate or self.predicate_holds
