"""ANALYZE and VACUUM: the statistics of tables, gathered as PostgreSQL gathers them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from auroraml.catalog.acl import owns
from auroraml.catalog.simulated import simulates
from auroraml.catalog.statistics import IndexStatistics, RelationStatistics
from auroraml.commands.context import Bound, Host, command, done
from auroraml.commands.sampling import Sample
from auroraml.errors import DuplicateColumn, FeatureNotSupported, InvalidSchemaName, SyntaxError, UndefinedColumn
from auroraml.ir.objects import Column, Relation
from auroraml.pipeline.result import ResultStream
from auroraml.settings.setting import parse_bool
from auroraml.sql import statements as st

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
    flags = _flags([option for option in statement.options if not _valued(option)], "VACUUM", VACUUM_FLAGS)
    if flags.get("full") and any(option.name == "parallel" and option.value != "0" for option in statement.options):
        raise FeatureNotSupported("VACUUM FULL cannot be performed in parallel")
    if flags.get("full") and flags.get("disable_page_skipping"):
        raise FeatureNotSupported("VACUUM option DISABLE_PAGE_SKIPPING cannot be used with FULL")
    host.block.refuse_in_block("VACUUM")
    columns = statement.columns
    if any(columns) and not flags.get("analyze"):
        raise FeatureNotSupported("ANALYZE option must be specified when a column list is provided")
    for relation, chosen in _targets(statement.names, columns, host, "vacuum"):
        _note_visible(relation, host)
        if flags.get("analyze"):
            gather(relation, chosen, host, verbose=flags.get("verbose", False))
    return done("VACUUM")


def _valued(option: st.Option) -> bool:
    """Whether the option is one of those with values of their own, which change nothing here; 42601 for values they do not have."""
    if option.name == "parallel":
        most = 1024
        if option.value is None:
            raise SyntaxError(f"parallel option requires a value between 0 and {most}", at=option.at)
        text = str(option.value)
        if not text.lstrip("-").isdigit():
            raise SyntaxError("parallel requires an integer value")
        if not 0 <= int(text) <= most:
            raise SyntaxError(f"parallel workers for vacuum must be between 0 and {most}", at=option.at)
        return True
    if (
        option.name == "index_cleanup"
        and option.value is not None
        and str(option.value).lower() != "auto"
        and parse_bool(str(option.value).lower()) is None
    ):
        raise SyntaxError("index_cleanup requires a Boolean value")
    return option.name == "index_cleanup"


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
        elif simulates(host.catalog, relation):
            host.notice(f'skipping "{relation.name}" --- its rows are simulated', severity="WARNING", sqlstate="01000")
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
    return tuple(chosen)


def _sizes(relation: Relation, host: Host) -> tuple[int, dict[int, IndexStatistics]]:
    pages, old = host.pages, host.catalog.statistics(relation.oid).indexes
    indexes = {}
    for index in relation.indexes:
        size = pages.index_pages(relation, index)
        before = old.get(index.oid)
        entries = float(np.float32(pages.index_tuples(relation, index)))
        known = {} if before is None else before.expressions
        indexes[index.oid] = IndexStatistics(pages=size.pages, height=size.height, tuples=entries, expressions=known)
    return pages.heap_pages(relation), indexes


def _note_visible(relation: Relation, host: Host) -> None:
    host.pages.vacuumed(relation)
    old = host.catalog.statistics(relation.oid)
    pages, indexes = _sizes(relation, host)
    vectors = host.column_vectors(relation)
    rows = float(np.float32(vectors[0].n if vectors else 0))
    visible = host.pages.visible_pages(relation)
    host.set_statistics(relation, replace(old, pages=pages, tuples=rows, all_visible=visible, indexes=indexes, pinned=False))


def gather(relation: Relation, columns: Sequence[Column], host: Host, *, verbose: bool = False, quiet: bool = False) -> None:
    """Store new statistics of a table: of these columns, or of all and of its expressions where none are named; and its size. `quiet`: no warnings."""
    if verbose:
        host.notice(f'analyzing "{relation.schema}.{relation.name}"', severity="INFO")
    pages, indexes = _sizes(relation, host)
    work = Sample.taken(relation, columns, host, pages)
    if verbose:
        host.notice(
            f'"{relation.name}": scanned {work.pages_read} of {pages} pages, containing {work.live} live rows and {host.dead_rows(relation)} dead rows; '
            f"{work.n} rows in sample, {round(work.total)} estimated total rows",
            severity="INFO",
        )
    old = host.catalog.statistics(relation.oid)
    found, extended = dict(old.columns), {s.oid: old.extended[s.oid] for s in relation.statistics if s.oid in old.extended}
    if work.n:
        found.update(work.columns())
        indexes = {index.oid: work.index(index, indexes[index.oid]) for index in relation.indexes}
        for object in relation.statistics:
            built = work.extended(object, quiet=quiet)
            if built is not None:
                extended[object.oid] = built
    if not columns:
        host.forget_changes(relation)
    visible = host.pages.visible_pages(relation)
    host.set_statistics(
        relation,
        RelationStatistics(pages=pages, tuples=float(np.float32(work.total)), all_visible=visible, columns=found, indexes=indexes, extended=extended),
    )
