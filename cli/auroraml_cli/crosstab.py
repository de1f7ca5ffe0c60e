"""\\crosstabview: a result's rows pivoted into a grid."""

from __future__ import annotations

import re
from collections.abc import Callable

from auroraml_cli.output import Table
from auroraml_cli.slash import dequote

MAX_COLUMNS = 1600


def _column(argument: str, names: list[str], complain: Callable[[str], None]) -> int | None:
    if re.fullmatch(r"\d+", argument):
        number = int(argument) - 1
        if 0 <= number < len(names):
            return number
        complain(f"\\crosstabview: column number {number + 1} is out of range 1..{len(names)}")
        return None
    name = dequote(argument, fold=True)
    found = [i for i, other in enumerate(names) if other == name]
    if len(found) == 1:
        return found[0]
    complain(f'\\crosstabview: {"ambiguous column name" if found else "column name not found"}: "{name}"')
    return None


def crosstab(table: Table, arguments: list[str | None], null: str, complain: Callable[[str], None]) -> Table | None:
    """The grid: the first column's values down the side, the second's along the top, the data between (`null` heads a NULL's column);
    None with a message when it cannot be."""
    names = list(table.columns)
    given = [*arguments, None, None, None, None][:4]
    if len(names) < 3:
        complain("\\crosstabview: query must return at least three columns")
        return None
    if given[2] is None and len(names) > 3:
        complain("\\crosstabview: data column must be specified when query returns more than three columns")
        return None
    vertical = 0 if given[0] is None else _column(given[0], names, complain)
    if vertical is None:
        return None
    horizontal = 1 if given[1] is None else _column(given[1], names, complain)
    if horizontal is None:
        return None
    if vertical == horizontal:
        complain("\\crosstabview: vertical and horizontal headers must be different columns")
        return None
    data: int | None
    if given[2] is None:
        data = next(i for i in range(len(names)) if i not in (vertical, horizontal))
    else:
        data = _column(given[2], names, complain)
    if data is None:
        return None
    order = None if given[3] is None else _column(given[3], names, complain)
    if given[3] is not None and order is None:
        return None
    return _grid(table, (vertical, horizontal, data, order), null, complain)


def _grid(table: Table, places: tuple[int, int, int, int | None], null: str, complain: Callable[[str], None]) -> Table | None:
    vertical, horizontal, data, order = places
    sides: dict[str | None, int] = {}
    tops: dict[str | None, str | None] = {}
    cells: dict[tuple[str | None, str | None], str | None] = {}
    for row in table.rows:
        side, top = row[vertical], row[horizontal]
        sides.setdefault(side, len(sides))
        tops.setdefault(top, None if order is None else row[order])
        if len(tops) > MAX_COLUMNS:
            complain(f"\\crosstabview: maximum number of columns ({MAX_COLUMNS}) exceeded")
            return None
        if (side, top) in cells:
            shown = ["(null)" if value is None else value for value in (side, top)]
            complain(f'\\crosstabview: query result contains multiple data values for row "{shown[0]}", column "{shown[1]}"')
            return None
        cells[side, top] = row[data]
    columns = list(tops)
    if order is not None:
        columns.sort(key=lambda top: (tops[top] is None, int(tops[top] or "0") if re.fullmatch(r"-?\d+", tops[top] or "0") else 0))
    rows = [[side, *(cells.get((side, top), "") for top in columns)] for side in sides]
    return Table(
        columns=[table.columns[vertical], *(null if top is None else top for top in columns)],
        numeric=[table.numeric[vertical], *[table.numeric[data]] * len(columns)], rows=rows,
    )  # fmt: skip
