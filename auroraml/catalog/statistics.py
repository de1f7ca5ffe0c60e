"""Statistics as ANALYZE leaves them: pages and tuples of relations, distributions of columns and expressions, what columns have to do with one another."""

from __future__ import annotations

from dataclasses import field

from auroraml.records import dataclass
from auroraml.types.pg_type import Range


@dataclass(frozen=True, kw_only=True, eq=False)
class ColumnStatistics:
    """A row of pg_stats; fractions and correlation are float4 values, lists hold Datums.

    Of an array column, `element_frequencies` has one frequency for each of `element_values`, then the least and the greatest of them, then how
    many arrays have a NULL element; `element_counts` is the histogram of the numbers of distinct elements, its last entry their average.

    Of a column of ranges, `range_bounds` has the histograms of lower and of upper bounds side by side, `range_lengths` that of their lengths.
    """

    null_fraction: float = 0.0
    width: int = 0
    distinct: float = 0.0  # negative: a fraction of the rows
    common_values: tuple[object, ...] = ()
    common_frequencies: tuple[float, ...] = ()
    histogram: tuple[object, ...] = ()
    correlation: float | None = None
    element_values: tuple[object, ...] = ()
    element_frequencies: tuple[float, ...] = ()
    element_counts: tuple[float, ...] = ()
    range_bounds: tuple[Range, ...] = ()
    range_lengths: tuple[float, ...] = ()
    empty_fraction: float | None = None  # of ranges


@dataclass(frozen=True, kw_only=True)
class IndexStatistics:
    """An index's pages and the levels above its leaves; `least` and `greatest` are of its first column, known for pinned statistics.

    `expressions` has the statistics of the keys that are expressions, by their place among the keys (from 1); `tuples` are its entries when they
    were last counted (-1: never), which only for a partial index differ from the table's.
    """

    pages: int = 0
    height: int = 0
    tuples: float = -1.0
    least: object = None
    greatest: object = None
    expressions: dict[int, ColumnStatistics] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class DistinctCount:
    """How many combinations of values some attributes have together (a part of pg_ndistinct)."""

    attributes: tuple[int, ...]
    count: float


@dataclass(frozen=True, kw_only=True)
class Dependency:
    """How far the attributes `of` determine the attribute `implies`: the fraction of rows that agree (a part of pg_dependencies)."""

    of: tuple[int, ...]
    implies: int
    degree: float


@dataclass(frozen=True, kw_only=True)
class CommonCombination:
    """A combination of values (None: NULL) with its share of the rows, and what that were if the columns were independent (a part of pg_mcv_list)."""

    values: tuple[object, ...]
    frequency: float
    base_frequency: float


@dataclass(frozen=True, kw_only=True, eq=False)
class ExtendedStatistics:
    """A row of pg_statistic_ext_data: what ANALYZE found for one StatisticsObject; None where its kind was not asked for or could not be built.

    Attributes are attribute numbers, or -1, -2, ... for the object's first, second, ... expression; those of a combination in `common` are the
    object's columns and then its expressions. `expressions` has an entry for each expression.
    """

    distinct: tuple[DistinctCount, ...] | None = None
    dependencies: tuple[Dependency, ...] | None = None
    common: tuple[CommonCombination, ...] | None = None
    expressions: tuple[ColumnStatistics | None, ...] | None = None


@dataclass(frozen=True, kw_only=True)
class RelationStatistics:
    """pg_class's counts at the last VACUUM or ANALYZE (tuples -1: never), the columns by attribute number, the indexes and statistics objects by OID.

    `pinned`: loaded from a file; sizes are taken from here then, not from what is stored: the table has `current_pages` then.
    `stored`: the rows are simulated (auroraml.simulate_rows), and this is what was known of the table before.
    """

    pages: int = 0
    current_pages: int = 0
    tuples: float = -1.0
    all_visible: int = 0
    columns: dict[int, ColumnStatistics] = field(default_factory=dict)
    indexes: dict[int, IndexStatistics] = field(default_factory=dict)
    extended: dict[int, ExtendedStatistics] = field(default_factory=dict)
    pinned: bool = False
    stored: RelationStatistics | None = None
