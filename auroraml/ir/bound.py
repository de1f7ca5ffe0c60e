"""BoundStatement: the envelope around a logical plan with all that Describe and the privilege check need."""

from __future__ import annotations

from auroraml.ir.logical import LogicalPlan, Output
from auroraml.records import dataclass
from auroraml.types.pg_type import PgType


@dataclass(frozen=True, kw_only=True)
class Need:
    """A privilege the statement requires: `kind` relation, function, schema; `privilege` as in aclitems (r, a, w, d, X, U).

    `columns`: attribute numbers on which the privilege suffices (None: find those the plan reads); `role`: whose privilege counts
    (0: the current role's; inside a view its owner's).
    """

    kind: str
    oid: int
    name: str
    privilege: str
    at: int | None = None
    columns: tuple[int, ...] | None = None
    role: int = 0


@dataclass(frozen=True, kw_only=True)
class BoundStatement:
    """A bound query or DML statement; `columns` are the result's (empty for DML without RETURNING).

    `parallel`: whether its plan may use parallel workers at all (not under a cursor or in a function). `cursor`: planned for the first rows, as
    cursor_tuple_fraction says; `scroll`: and to be read backward as well.
    """

    plan: LogicalPlan
    columns: tuple[Output, ...]
    parameters: tuple[PgType, ...] = ()
    needs: tuple[Need, ...] = ()
    tag: str = "SELECT"  # SELECT, INSERT, UPDATE, DELETE
    command: str = "SELECT"  # the command as refusals name it: the tag, or SELECT FOR UPDATE and its kin
    read_only: bool = True
    parallel: bool = True
    cursor: bool = False
    scroll: bool = False
