"""Alternatives as records: for each relation of a statement the paths that the planner considered, and why each lost."""

from __future__ import annotations

from auroraml.records import dataclass


@dataclass(frozen=True, kw_only=True)
class ConsideredPath:
    """One path. `outcome` is chosen, kept, dominated or prechecked; `by` is the path that beat it, `grounds` by what, `disabled` the setting."""

    path: str
    startup: float
    total: float
    rows: float
    keys: tuple[str, ...] = ()
    required: tuple[str, ...] = ()  # relations whose rows it needs
    workers: int = 0  # of a partial path: how many share it
    safe: bool = False
    outcome: str = "chosen"
    by: str = ""
    grounds: str = ""
    disabled: str = ""


@dataclass(frozen=True, kw_only=True)
class ConsideredRelation:
    """A base relation, a join, or a step above them, of query level `level` (1: the whole statement, then in the order they are planned)."""

    level: int
    kind: str
    name: str
    rows: float
    paths: tuple[ConsideredPath, ...] = ()
