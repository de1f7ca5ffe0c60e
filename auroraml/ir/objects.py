"""Frozen catalog rows that expressions and plans refer to: relations, functions, operators, roles."""

from __future__ import annotations

from typing import TYPE_CHECKING

from auroraml.records import dataclass
from auroraml.types.pg_type import PgType

if TYPE_CHECKING:
    from auroraml.ir.expr import Expr
    from auroraml.ir.logical import LogicalPlan

AclItem = tuple[int, str, int]  # grantee role OID (0: PUBLIC), privilege letters ("arwdDxtXUC", '*' after one: grant option), grantor


@dataclass(frozen=True, kw_only=True, eq=False)
class Column:
    """A row of pg_attribute; `number` counts from 1 and survives drops."""

    name: str
    type: PgType
    typmod: int = -1
    number: int
    not_null: bool = False
    default: Expr | None = None  # bound; ColumnRefs never occur
    generated: Expr | None = None  # GENERATED ALWAYS AS (...) STORED, over ColumnRef(id=attribute number)
    dropped: bool = False
    identity: str = ""  # GENERATED ALWAYS ("a") or BY DEFAULT ("d") AS IDENTITY
    acl: tuple[AclItem, ...] | None = None  # privileges on this column alone
    statistics_target: int = -1  # -1: default_statistics_target
    options: tuple[tuple[str, str], ...] = ()  # attoptions: ("n_distinct", "-0.5")
    collation: int = 0  # written with COLLATE; 0: the type's own


@dataclass(frozen=True, kw_only=True, eq=False)
class Constraint:
    """A row of pg_constraint: kind p (primary key), u (unique), c (check), f (foreign key)."""

    oid: int
    name: str
    kind: str
    columns: tuple[int, ...] = ()  # attribute numbers
    check: Expr | None = None  # over ColumnRef(id=attribute number)
    index: int = 0  # OID of the index behind p and u
    foreign: int = 0  # referenced relation
    foreign_columns: tuple[int, ...] = ()
    no_inherit: bool = False
    on_delete: str = "a"  # of a foreign key: a (no action), r (restrict), c (cascade), n (set null), d (set default)
    on_update: str = "a"
    columns_set: tuple[int, ...] = ()  # those that ON DELETE SET NULL or DEFAULT sets, where it is not all
    deferrable: bool = False  # of a foreign key: SET CONSTRAINTS may have it checked at the end of the transaction
    deferred: bool = False  # where it is, unless it is told otherwise
    valid: bool = True  # whether all rows have been looked at (NOT VALID: only new ones)


@dataclass(frozen=True, kw_only=True, eq=False)
class Index:
    """A row of pg_index with its pg_class name. `columns` are attribute numbers, 0 where the key is the next of `expressions`.

    `directions` has (descending, nulls first) for each key; empty: all ascending, NULLs last.
    """

    oid: int
    name: str
    schema: str
    relation: int
    columns: tuple[int, ...]
    unique: bool
    primary: bool
    method: str = "btree"
    expressions: tuple[Expr, ...] = ()  # over ColumnRef(id=attribute number)
    predicate: Expr | None = None  # likewise
    directions: tuple[tuple[bool, bool], ...] = ()
    included: tuple[int, ...] = ()  # INCLUDE's attribute numbers
    opclasses: tuple[str, ...] = ()  # by key, "" for its type's default; empty: all default
    statistics_targets: tuple[tuple[int, int], ...] = ()  # (place of a key from 1, its statistics target)
    options: tuple[tuple[str, str], ...] = ()  # reloptions


@dataclass(frozen=True, kw_only=True, eq=False)
class StatisticsObject:
    """A row of pg_statistic_ext: statistics over several columns and expressions of a table. It goes with the table, but has a name and owner.

    `kinds` are d (ndistinct), f (dependencies), m (mcv) and e (of the expressions themselves), in that order.
    """

    oid: int
    name: str
    schema: str
    relation: int
    kinds: str
    columns: tuple[int, ...] = ()  # attribute numbers, ascending
    expressions: tuple[Expr, ...] = ()  # over ColumnRef(id=attribute number)
    target: int = -1  # -1: the greatest of the columns' targets
    owner: int = 10


OLD = 100_000  # in a trigger's condition, OLD's columns are ColumnRef(id=OLD + attribute number), NEW's the number itself
ROW, BEFORE, ON_INSERT, ON_DELETE, ON_UPDATE, ON_TRUNCATE = 1, 2, 4, 8, 16, 32  # bits of tgtype
EVENTS = {"insert": ON_INSERT, "delete": ON_DELETE, "update": ON_UPDATE, "truncate": ON_TRUNCATE}


@dataclass(frozen=True, kw_only=True, eq=False)
class Trigger:
    """A row of pg_trigger; it goes with its table. `kind` is tgtype; `enabled` O (origin), D (disabled), R (replica) or A (always)."""

    oid: int
    name: str
    relation: int
    function: int
    kind: int
    columns: tuple[int, ...] = ()  # of UPDATE OF
    condition: Expr | None = None
    arguments: tuple[str, ...] = ()
    enabled: str = "O"

    @property
    def row(self) -> bool:
        """Whether it is called for each row."""
        return bool(self.kind & ROW)

    @property
    def before(self) -> bool:
        """Whether it is called before the change."""
        return bool(self.kind & BEFORE)


@dataclass(frozen=True, kw_only=True, eq=False)
class SequenceDefinition:
    """A row of pg_sequence; `owner` is the (relation, attribute number) it goes away with, `internal` for an identity column's."""

    type: PgType
    start: int
    increment: int
    minimum: int
    maximum: int
    cache: int = 1
    cycle: bool = False
    owner: tuple[int, int] | None = None
    internal: bool = False


@dataclass(frozen=True, kw_only=True, eq=False)
class Relation:
    """A row of pg_class with its columns: kind r (table), v (view), c (composite type), m (materialized view), S (sequence)."""

    oid: int
    name: str
    schema: str
    kind: str = "r"
    columns: tuple[Column, ...] = ()
    constraints: tuple[Constraint, ...] = ()
    indexes: tuple[Index, ...] = ()
    statistics: tuple[StatisticsObject, ...] = ()  # in order of creation
    triggers: tuple[Trigger, ...] = ()  # in order of their names
    view: LogicalPlan | None = None  # the bound query of a view
    owner: int = 10
    acl: tuple[AclItem, ...] | None = None  # None: the default of the owner
    options: tuple[tuple[str, str], ...] = ()  # reloptions: ("parallel_workers", "4")
    row_type: int = 0  # pg_type OID of the row type
    persistence: str = "p"
    on_commit: str = ""  # of a temporary table: drop, delete (its rows), preserve
    system: str | None = None  # name of the system view that computes its rows
    sequence: SequenceDefinition | None = None
    populated: bool = True  # a materialized view WITH NO DATA is not

    @property
    def fillfactor(self) -> int:
        """How full INSERT makes heap pages, in percent."""
        return next((int(value) for name, value in self.options if name == "fillfactor"), 100)


@dataclass(frozen=True, kw_only=True, eq=False)
class Parameter:
    """A parameter of a function: mode i (in), o (out), b (inout), v (variadic), t (table)."""

    name: str  # "" when unnamed
    type: PgType
    mode: str = "i"
    default: Expr | None = None  # bound


@dataclass(frozen=True, kw_only=True, eq=False)
class Function:
    """A row of pg_proc. `batch` marks a function whose calls may be collected into batches (see decisions on batch mode)."""

    oid: int
    name: str
    schema: str = "pg_catalog"
    kind: str = "f"  # f, a (aggregate), w (window), p (procedure)
    parameters: tuple[Parameter, ...] = ()
    result: PgType
    returns_set: bool = False
    volatility: str = "v"  # i, s, v
    strict: bool = False
    parallel: str = "u"  # s, r, u
    cost: float = 1.0
    rows: float = 0.0
    language: str = "internal"  # internal, c, sql
    source: str = ""  # prosrc
    before: tuple[LogicalPlan, ...] = ()  # LANGUAGE sql: the statements before the last, bound likewise
    body: LogicalPlan | None = None  # LANGUAGE sql: the last statement, bound; parameters are ParamRef(number from 1)
    batch: bool = False
    batch_rows: int | None = None  # position of the argument max_rows_per_batch, where the function has one
    batch_setting: str = ""  # the setting that says how many rows a batch has whose caller names no maximum
    batch_request: int | None = None  # the most rows one request of its service takes
    security_definer: bool = False
    variadic: int = 0  # element type OID of the VARIADIC parameter (2276 for "any")
    support: int = 0
    owner: int = 10
    acl: tuple[AclItem, ...] | None = None
    settings: tuple[tuple[str, str], ...] = ()
    description: str = ""
    leakproof: bool = False

    @property
    def inputs(self) -> tuple[Parameter, ...]:
        """The parameters a caller passes."""
        return tuple(p for p in self.parameters if p.mode in "ibv")

    @property
    def outputs(self) -> tuple[Parameter, ...]:
        """The parameters that make up the result (OUT, INOUT, TABLE)."""
        return tuple(p for p in self.parameters if p.mode in "obt")


@dataclass(frozen=True, kw_only=True, eq=False)
class Operator:
    """A row of pg_operator; `left` is None for a prefix operator."""

    oid: int
    name: str
    left: PgType | None
    right: PgType
    result: PgType
    function: int  # oprcode
    commutator: int = 0
    negator: int = 0
    restrict: str = "-"
    join: str = "-"
    can_merge: bool = False
    can_hash: bool = False


@dataclass(frozen=True, kw_only=True, eq=False)
class Role:
    """A row of pg_authid; `member_of` are role OIDs."""

    oid: int
    name: str
    superuser: bool = False
    inherit: bool = True
    create_role: bool = False
    create_db: bool = False
    can_login: bool = False
    password: str | None = None
    member_of: tuple[int, ...] = ()
    admin_of: tuple[int, ...] = ()  # those of member_of it may grant on
    replication: bool = False
    bypass_rls: bool = False
    connection_limit: int = -1
    valid_until: int | None = None  # microseconds from 2000-01-01 UTC


@dataclass(frozen=True, kw_only=True, eq=False)
class Database:
    """A row of pg_database."""

    oid: int
    name: str
    owner: int = 10
    acl: tuple[AclItem, ...] | None = None
    template: bool = False
    connectable: bool = True
    connection_limit: int = -1


@dataclass(frozen=True, kw_only=True, eq=False)
class Schema:
    """A row of pg_namespace."""

    oid: int
    name: str
    owner: int = 10
    acl: tuple[AclItem, ...] | None = None


@dataclass(frozen=True, kw_only=True, eq=False)
class Extension:
    """A row of pg_extension."""

    oid: int
    name: str
    version: str
    schema: str
    requires: tuple[str, ...] = ()
    members: tuple[int, ...] = ()  # OIDs of the objects it owns
    owner: int = 10
