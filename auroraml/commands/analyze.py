"""ANALYZE and VACUUM: the statistics of tables, gathered as PostgreSQL gathers them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from auroraml.batch import Index, Vector
from auroraml.catalog.acl import owns
from auroraml.catalog.statistics import ColumnStatistics, IndexStatistics, RelationStatistics
from auroraml.commands.context import Bound, Host, command, done
from auroraml.commands.sample import Measured, measure
from auroraml.errors import DuplicateColumn, FeatureNotSupported, InvalidSchemaName, SyntaxError, UndefinedColumn
from auroraml.evaluate.keys import rank
from auroraml.ir.objects import Column, Relation
from auroraml.pipeline.result import ResultStream
from auroraml.settings.planner import DEFAULT_STATISTICS_TARGET
from auroraml.settings.setting import parse_bool
from auroraml.sql import statements as st
from auroraml.storage.sizes import stored_sizes
from auroraml.types.pg_type import PgType

ROWS_PER_TARGET = 300  # a sample holds this many rows for each value of the statistics target
TOO_WIDE = 1024  # values of more bytes are counted but not compared
NO_ORDER = ("json", "xml", "point")  # types without a B-tree order: NULLs and widths only

Target = tuple[Relation, tuple[Column, ...]]


@command(st.Analyze)
def analyze(statement: st.Analyze, host: Host, params: tuple[Bound, ...]) -> ResultStream:
    """ANALYZE: new statistics for the tables named, or for all of the database."""
    flags = _flags(statement.options, "ANALYZE", ("verbose", "skip_locked"))
    for relation, columns in _targets(statement.names, statement.columns, host, "analyze"):
        gather(relation, columns, host, verbose=flags.get("verbose", False))
    return done("ANALYZE")


VACUUM_FLAGS = ("full", "freeze", "verbose", "analyze", "disable_page_skipping", "skip_locked", "process_toast", "truncate")


@command(st.Vacuum)
def vacuum(statement: st.Vacuum, host: Host, params: tuple[Bound, ...]) -> ResultStream:
    """VACUUM: there is nothing to reclaim, but page counts and visibility are noted; with ANALYZE, statistics too."""
    options = [option for option in statement.options if option.name not in ("parallel", "index_cleanup")]
    flags = _flags(options, "VACUUM", VACUUM_FLAGS)
    host.block.refuse_in_block("VACUUM")
    columns = statement.columns
    if any(columns) and not flags.get("analyze"):
        raise FeatureNotSupported("ANALYZE option must be specified when a column list is provided")
    for relation, chosen in _targets(statement.names, columns, host, "vacuum"):
        _note_visible(relation, host)
        if flags.get("analyze"):
            gather(relation, chosen, host, verbose=flags.get("verbose", False))
    return done("VACUUM")


def _flags(options: Sequence[st.Option], command: str, known: Sequence[str]) -> dict[str, bool]:
    flags: dict[str, bool] = {}
    for option in options:
        name = option.name.lower()
        if name not in known:
            raise SyntaxError(f'unrecognized {command} option "{option.name}"', at=option.at)
        flag = True if option.value is None else parse_bool(str(option.value).lower())
        if flag is None:
            raise SyntaxError(f"{name} requires a Boolean value")
        flags[name] = flag
    return flags


def _targets(names: Sequence[st.Name], columns: Sequence[Sequence[str]], host: Host, verb: str) -> list[Target]:
    """The tables to work on with the columns chosen; others are warned of and left out."""
    for name in names:
        if name.schema is not None and host.catalog.find_schema(name.schema) is None:
            raise InvalidSchemaName(f'schema "{name.schema}" does not exist')
    named = [(host.relation(name), chosen) for name, chosen in zip(names, columns or [()] * len(names), strict=True)]
    if not names:
        named = [(relation, ()) for relation in host.catalog.relations() if relation.kind in ("r", "m") and relation.system is None]
    found: list[Target] = []
    for relation, chosen in named:
        if relation.system is not None and relation.kind == "r":
            continue  # computed when read: nothing is stored
        if not owns(host.catalog, host.role, relation.owner):
            host.notice(f'skipping "{relation.name}" --- only table or database owner can {verb} it', severity="WARNING", sqlstate="01000")
        elif relation.kind not in ("r", "m"):
            reason = "analyze" if verb == "analyze" else "vacuum"
            host.notice(f'skipping "{relation.name}" --- cannot {reason} non-tables or special system tables', severity="WARNING", sqlstate="01000")
        else:
            found.append((relation, _columns(relation, chosen)))
    return found


def _columns(relation: Relation, names: Sequence[str]) -> tuple[Column, ...]:
    live = {column.name: column for column in relation.columns if not column.dropped}
    chosen: list[Column] = []
    for name in names:
        if name not in live:
            raise UndefinedColumn(f'column "{name}" of relation "{relation.name}" does not exist')
        if live[name] in chosen:
            raise DuplicateColumn(f'column "{name}" of relation "{relation.name}" appears more than once')
        chosen.append(live[name])
    return tuple(chosen) or tuple(live.values())


def _sizes(relation: Relation, host: Host) -> tuple[int, dict[int, IndexStatistics]]:
    pages = host.pages
    indexes = {}
    for index in relation.indexes:
        size = pages.index_pages(relation, index)
        indexes[index.oid] = IndexStatistics(pages=size.pages, height=size.height)
    return pages.heap_pages(relation), indexes


def _note_visible(relation: Relation, host: Host) -> None:
    old = host.catalog.statistics(relation.oid)
    pages, indexes = _sizes(relation, host)
    vectors = host.column_vectors(relation)
    rows = float(np.float32(vectors[0].n if vectors else 0))
    host.set_statistics(relation, replace(old, pages=pages, tuples=rows, all_visible=pages, indexes=indexes, pinned=False))


def gather(relation: Relation, columns: Sequence[Column], host: Host, *, verbose: bool = False) -> None:
    """Store new statistics of these columns of a table, and its size."""
    if verbose:
        host.notice(f'analyzing "{relation.schema}.{relation.name}"', severity="INFO")
    target = host.settings[DEFAULT_STATISTICS_TARGET]
    vectors = host.column_vectors(relation)
    total = vectors[0].n if vectors else 0
    rows = sample(total, ROWS_PER_TARGET * max(target, 1), relation.oid)
    order = host.heap_order(relation)
    if order is not None:
        rows = order if rows is None else order[rows]
    old = host.catalog.statistics(relation.oid)
    pages, indexes = _sizes(relation, host)
    found = dict(old.columns)
    if total and target:
        live = [column.number for column in relation.columns if not column.dropped]
        for column in columns:
            vector = vectors[live.index(column.number)]
            found[column.number] = column_statistics(vector if rows is None else vector.take(rows), column.type, float(total), target)
    if verbose:
        seen = total if rows is None else len(rows)
        host.notice(
            f'"{relation.name}": scanned {pages} of {pages} pages, containing {total} live rows and {host.dead_rows(relation)} dead rows; '
            f"{seen} rows in sample, {total} estimated total rows",
            severity="INFO",
        )
    visible = old.all_visible if old.all_visible <= pages else pages
    host.set_statistics(
        relation,
        RelationStatistics(pages=pages, tuples=float(np.float32(total)), all_visible=visible, columns=found, indexes=indexes),
    )


def sample(total: int, most: int, seed: int) -> Index | None:
    """Row numbers of a random sample in their order, the same each time; None: all rows."""
    if total <= most:
        return None
    return np.sort(np.random.default_rng(seed).choice(total, most, replace=False))


def column_statistics(vector: Vector, type: PgType, total: float, target: int) -> ColumnStatistics:
    """The statistics of a sample `vector` of a column of `total` rows."""
    n = vector.n
    valid = vector.valid
    known = np.flatnonzero(valid)
    sizes = stored_sizes(vector, type)
    width = type.length if type.length > 0 else int(sizes[known].sum() / len(known)) if len(known) else 0
    if type.name in NO_ORDER:
        return ColumnStatistics(null_fraction=float(np.float32((n - len(known)) / n)), width=width)
    wide = sizes[known] + 3 > TOO_WIDE if type.length < 0 else np.zeros(len(known), np.bool_)
    compared = known[~wide]
    part = vector if len(compared) == n else vector.take(compared)
    order = np.argsort(ranks := rank(part, type), kind="stable")
    measured = measure(order, _dense(ranks[order]), n, width, total, target, int(wide.sum()))
    return _with_values(part, measured)


def _dense(ranks: np.ndarray) -> Index:
    """Whole numbers that step where sorted `ranks` do (NaN equals NaN)."""
    if not len(ranks):
        return np.zeros(0, np.int64)
    steps = ranks[1:] != ranks[:-1]
    if ranks.dtype.kind == "f":
        steps &= ~(np.isnan(ranks[1:]) & np.isnan(ranks[:-1]))
    return np.concatenate([[0], np.cumsum(steps)])


def _with_values(vector: Vector, measured: Measured) -> ColumnStatistics:
    return ColumnStatistics(
        null_fraction=measured.null_fraction,
        width=measured.width,
        distinct=measured.distinct,
        common_values=tuple(vector.datum(row) for row in measured.common),
        common_frequencies=measured.frequencies,
        histogram=tuple(vector.datum(row) for row in measured.bounds),
        correlation=measured.correlation,
    )
