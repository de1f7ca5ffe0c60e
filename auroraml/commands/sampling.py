"""Sample: the rows of a table that ANALYZE looks at, and what it finds in them of columns, index expressions and statistics objects."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from auroraml.batch import Index, Vector
from auroraml.catalog.statistics import ColumnStatistics, ExtendedStatistics, IndexStatistics
from auroraml.commands.context import Host
from auroraml.commands.distribution import column_statistics, dense_codes, too_wide
from auroraml.commands.multivariate import Dimension, common_combinations, dependencies, distinct_counts
from auroraml.errors import InvalidObjectDefinition
from auroraml.evaluate import truth
from auroraml.ir.expr import Expr
from auroraml.ir.objects import Column, Relation, StatisticsObject
from auroraml.ir.objects import Index as TableIndex
from auroraml.records import dataclass
from auroraml.settings.planner import DEFAULT_STATISTICS_TARGET
from auroraml.storage.toast import stored_rows
from auroraml.types.pg_type import PgType

ROWS_PER_TARGET = 300  # a sample holds this many rows for each value of the statistics target
LEAST_ROWS = 100


@dataclass(frozen=True, kw_only=True, eq=False)
class Sample:
    """`n` rows of a table of about `total`; `rows` are their numbers (None: all rows were read), `chosen` the columns to look at (with their targets).

    `whole`: no columns were named, so that index expressions are looked at too.
    """

    relation: Relation
    host: Host
    vectors: Mapping[int, Vector]  # of the sample, by attribute number
    chosen: Mapping[int, int]
    whole: bool
    rows: Index | None
    n: int
    total: float
    live: int
    pages_read: int

    @staticmethod
    def taken(relation: Relation, columns: Sequence[Column], host: Host, pages: int) -> Sample:
        """A sample as large as the greatest statistics target asks for (do_analyze_rel, acquire_sample_rows)."""
        default = host.settings[DEFAULT_STATISTICS_TARGET]
        live = [column for column in relation.columns if not column.dropped]
        targets = {c.number: _target(c.statistics_target, default) for c in columns or live}
        chosen = {number: target for number, target in targets.items() if target}
        wanted = [*chosen.values()]
        if not columns:
            wanted += [_target(_key_target(index, place), default) for index in relation.indexes for place in _expressions(index)]
        wanted += [_object_target(object, relation, default) for object in relation.statistics]
        vectors = host.column_vectors(relation)
        got = sampled(relation, host, vectors[0].n if vectors else 0, pages, max(ROWS_PER_TARGET * max(wanted, default=0), LEAST_ROWS))
        taken = {c.number: v if got.rows is None else v.take(got.rows) for c, v in zip(live, vectors, strict=True)}
        return Sample(
            relation=relation, host=host, vectors=taken, chosen=chosen, whole=not columns, rows=got.rows,
            n=got.live if got.rows is None else len(got.rows), total=got.total, live=got.live, pages_read=got.read,
        )  # fmt: skip

    def columns(self) -> dict[int, ColumnStatistics]:
        """The statistics of the columns chosen, by attribute number."""
        found = {}
        live = [column for column in self.relation.columns if not column.dropped]
        vectors = [self.vectors[column.number] for column in live]
        stored = stored_rows(vectors, [column.type for column in live], len(self.relation.columns), vectors[0].n if vectors else 0).columns
        for column, vector, sizes in zip(live, vectors, stored, strict=True):
            if column.number in self.chosen:
                statistics = column_statistics(vector, column.type, self.total, self.chosen[column.number], sizes)
                distinct = float(np.float32(dict(column.options).get("n_distinct", "0")))
                found[column.number] = replace(statistics, distinct=distinct) if distinct else statistics
        return found

    def index(self, index: TableIndex, old: IndexStatistics) -> IndexStatistics:
        """An index's tuples and the statistics of its expressions, over the rows that it holds (compute_index_stats)."""
        if not index.expressions and index.predicate is None:
            return old
        held = None if index.predicate is None else np.flatnonzero(truth(self._computed(index.predicate)))
        n = self.n if held is None else len(held)
        tuples = float(math.ceil(n / self.n * self.total))
        found = dict(old.expressions)
        default = self.host.settings[DEFAULT_STATISTICS_TARGET]
        for expr, place in zip(index.expressions, _expressions(index), strict=True) if self.whole and n else ():
            target = _target(_key_target(index, place), default)
            if target:
                vector = self._computed(expr)
                found[place] = column_statistics(vector if held is None else vector.take(held), expr.type, tuples, target)
        return replace(old, expressions=found, tuples=float(np.float32(tuples)))

    def extended(self, object: StatisticsObject, *, quiet: bool = False) -> ExtendedStatistics | None:
        """What a statistics object asks for (extended_stats.c: BuildRelationExtStatistics); None where it cannot be built now."""
        default = self.host.settings[DEFAULT_STATISTICS_TARGET]
        target = _object_target(object, self.relation, default)
        if any(number not in self.chosen for number in object.columns):
            if quiet:
                return None
            self.host.notice(
                f'statistics object "{object.schema}.{object.name}" could not be computed for relation "{self.relation.schema}.{self.relation.name}"',
                severity="WARNING", sqlstate=InvalidObjectDefinition.sqlstate,
            )  # fmt: skip
            return None
        if target == 0:
            return None
        types = {column.number: column.type for column in self.relation.columns}
        computed = [self._computed(expr) for expr in object.expressions]
        dimensions = [_dimension(number, self.vectors[number], types[number]) for number in object.columns]
        if object.kinds != "e":
            dimensions += [_dimension(-place, v, x.type) for place, (v, x) in enumerate(zip(computed, object.expressions, strict=True), 1)]
        own = None
        if "e" in object.kinds:
            own = tuple(column_statistics(v, x.type, self.total, target) for v, x in zip(computed, object.expressions, strict=True))
        return ExtendedStatistics(
            distinct=distinct_counts(dimensions, self.total) if "d" in object.kinds else None,
            dependencies=dependencies(dimensions) if "f" in object.kinds else None,
            common=common_combinations(dimensions, self.total, target) if "m" in object.kinds else None,
            expressions=own,
        )

    def _computed(self, expr: Expr) -> Vector:
        return self.host.computed(self.relation, expr, self.rows).flat()


def _dimension(attribute: int, vector: Vector, type: PgType) -> Dimension:
    return Dimension(attribute=attribute, codes=dense_codes(vector, type), wide=too_wide(vector, type), value=vector.datum)


def _target(own: int, default: int) -> int:
    return default if own < 0 else own


def _object_target(object: StatisticsObject, relation: Relation, default: int) -> int:
    """Its own target, else the greatest of its columns' (statext_compute_stattarget)."""
    if object.target >= 0:
        return object.target
    targets = [column.statistics_target for column in relation.columns if column.number in object.columns]
    return _target(max(targets, default=-1), default)


def _expressions(index: TableIndex) -> list[int]:
    """The places, from 1, of the keys that are expressions."""
    return [place for place, number in enumerate(index.columns, 1) if not number]


def _key_target(index: TableIndex, place: int) -> int:
    return dict(index.statistics_targets).get(place, -1)


@dataclass(frozen=True, kw_only=True)
class Rows:
    """The rows read, by number in the order of the heap (None: all, as they are), from how many pages, how many they held, how many there are by that."""

    rows: Index | None
    read: int
    live: int
    total: float


def sampled(relation: Relation, host: Host, count: int, number: int, most: int) -> Rows:
    """At most `most` of the `count` rows of a table of `number` pages (acquire_sample_rows).

    As in PostgreSQL, at most as many pages are read, any set of them as likely as any other, and any set of their rows. Our generator has the
    table's OID as its seed, so that the same rows are taken each time.
    """
    order = host.heap_order(relation)
    random = np.random.default_rng(relation.oid)
    read, total = number, float(count)
    if number > most:
        read = most
        taken = np.zeros(number, np.bool_)
        taken[random.choice(number, most, replace=False)] = True
        order = np.arange(count) if order is None else order
        order = order[taken[host.row_pages(relation)[order]]]
        total = math.floor(len(order) / most * number + 0.5)
    live = count if order is None else len(order)
    if live > most:
        places = np.sort(random.choice(live, most, replace=False))
        order = places if order is None else order[places]
    return Rows(rows=order, read=read, live=live, total=float(total))
