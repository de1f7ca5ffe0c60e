"""ALTER TABLE ... ALTER COLUMN SET STATISTICS, SET (n_distinct = ...), RESET; ALTER INDEX ... ALTER COLUMN SET STATISTICS: what ANALYZE is told of columns."""

from __future__ import annotations

import sys
from dataclasses import replace

from auroraml.catalog.printing import index_column_names
from auroraml.commands.altering import Alteration, action
from auroraml.commands.columns import live
from auroraml.commands.context import Host
from auroraml.commands.definitions import with_column
from auroraml.commands.statistics_objects import statistics_target
from auroraml.errors import FeatureNotSupported, InvalidParameterValue, UndefinedColumn
from auroraml.ir.objects import Index
from auroraml.sql import statements as st

OPTIONS = ("n_distinct", "n_distinct_inherited")
GREATEST = f"{sys.float_info.max:.6f}"


@action("set statistics", "rm")
def set_statistics(work: Alteration, item: st.AlterAction) -> None:
    """SET STATISTICS: how many values ANALYZE keeps of a column."""
    if item.name.isdigit():
        raise FeatureNotSupported("cannot refer to non-index column by number")
    target = statistics_target(item.new_name, work.host)
    column = live(work.relation, item.name)
    work.put(columns=with_column(work.relation, replace(column, statistics_target=target)))


@action("set column options", "rm")
def set_options(work: Alteration, item: st.AlterAction) -> None:
    """SET (n_distinct = ...): a count or fraction that ANALYZE takes instead of its estimate."""
    column = live(work.relation, item.name)
    options = dict(column.options)
    options.update(_checked(option) for option in item.options)
    work.put(columns=with_column(work.relation, replace(column, options=tuple(options.items()))))


@action("reset column options", "rm")
def reset_options(work: Alteration, item: st.AlterAction) -> None:
    """RESET (n_distinct)."""
    column = live(work.relation, item.name)
    gone = {option.name.lower() for option in item.options}
    work.put(columns=with_column(work.relation, replace(column, options=tuple(pair for pair in column.options if pair[0] not in gone))))


def _checked(option: st.Option) -> tuple[str, str]:
    name = option.name.lower()
    if name not in OPTIONS:
        raise InvalidParameterValue(f'unrecognized parameter "{option.name}"')
    text = "true" if option.value is None else str(option.value)
    try:
        value = float(text)
    except ValueError:
        raise InvalidParameterValue(f'invalid value for floating point option "{name}": {text}') from None
    if not value >= -1.0:
        detail = f'Valid values are between "-1.000000" and "{GREATEST}".'
        raise InvalidParameterValue(f'value {text} out of bounds for option "{name}"', detail=detail)
    return name, text


def set_index_statistics(index: Index, item: st.AlterAction, host: Host) -> None:
    """ALTER INDEX ... ALTER COLUMN number SET STATISTICS: only expressions have statistics of their own."""
    table = host.catalog.relation(index.relation)
    target = statistics_target(item.new_name, host)
    names = index_column_names(index, table)
    if item.name.isdigit():
        place = int(item.name)
        if not 0 < place <= len(names):
            raise UndefinedColumn(f'column number {place} of relation "{index.name}" does not exist')
    elif item.name in names:
        place = names.index(item.name) + 1
    else:
        raise UndefinedColumn(f'column "{item.name}" of relation "{index.name}" does not exist')
    if place > len(index.columns):
        raise FeatureNotSupported(f'cannot alter statistics on included column "{names[place - 1]}" of index "{index.name}"')
    if index.columns[place - 1]:
        hint = "Alter statistics on table column instead."
        raise FeatureNotSupported(f'cannot alter statistics on non-expression column "{names[place - 1]}" of index "{index.name}"', hint=hint)
    targets = {**dict(index.statistics_targets), place: target}
    changed = replace(index, statistics_targets=tuple(targets.items()))
    host.put(replace(table, indexes=tuple(changed if i.oid == index.oid else i for i in table.indexes)))
