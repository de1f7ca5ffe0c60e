"""Statistics as ANALYZE leaves them: pages and tuples of relations, distributions of columns."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, kw_only=True, eq=False)
class ColumnStatistics:
    """A row of pg_stats; fractions and correlation are float4 values, lists hold Datums."""

    null_fraction: float = 0.0
    width: int = 0
    distinct: float = 0.0  # negative: a fraction of the rows
    common_values: tuple[object, ...] = ()
    common_frequencies: tuple[float, ...] = ()
    histogram: tuple[object, ...] = ()
    correlation: float | None = None


@dataclass(frozen=True, kw_only=True)
class IndexStatistics:
    """An index's pages and the levels above its leaves; `least` and `greatest` are of its first column, known for pinned statistics."""

    pages: int = 0
    height: int = 0
    least: object = None
    greatest: object = None


@dataclass(frozen=True, kw_only=True)
class RelationStatistics:
    """pg_class's counts at the last VACUUM or ANALYZE (tuples -1: never), the columns by attribute number, the indexes by OID.

    `pinned`: loaded from a file; sizes are taken from here then, not from what is stored.
    """

    pages: int = 0
    tuples: float = -1.0
    all_visible: int = 0
    columns: dict[int, ColumnStatistics] = field(default_factory=dict)
    indexes: dict[int, IndexStatistics] = field(default_factory=dict)
    pinned: bool = False
