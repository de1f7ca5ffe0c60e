"""Decisions of the planner as records: which calls of batch functions were moved to FROM, by which rule, and which stayed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field

from auroraml.ir.expr import Call
from auroraml.records import dataclass


@dataclass(frozen=True, kw_only=True)
class MigrationRule:
    """Why calls are moved, or stay: `name` is stable, `guide` the heading of AWS's guide that decides ("" where the choice is ours)."""

    name: str
    reason: str
    guide: str = ""
    moves: bool = False


@dataclass(frozen=True, kw_only=True, eq=False)
class MigrationDecision:
    """One call as the statement has it, where it stands, and the rule that decided about it."""

    call: Call
    place: str
    rule: MigrationRule


@dataclass(frozen=True, kw_only=True)
class Migrations:
    """The decisions about one statement, in the order of its text; `columns` has the table and name of each column id."""

    decisions: tuple[MigrationDecision, ...] = ()
    columns: Mapping[int, tuple[str, str]] = field(default_factory=dict)
    prefix: bool = False  # columns are printed with their tables
