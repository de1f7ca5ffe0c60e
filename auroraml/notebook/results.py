"""ResultSet: the rows of a statement in a notebook: a table to look at, Arrow data to go on with; a plan as text and as a picture."""

from __future__ import annotations

import html
import itertools
import re
from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import Any

import pyarrow as pa

from auroraml.lazy import load
from auroraml.notebook.statements import Answer

LIMIT = 50  # rows shown
LONGEST = 1000  # characters of a value shown
WHOLE = frozenset(("date", "time", "timetz", "timestamp", "timestamptz", "uuid"))  # types whose values are not broken at a blank or hyphen
NUMERIC = frozenset(("int2", "int4", "int8", "float4", "float8", "numeric", "oid", "xid", "xid8", "cid", "money"))
STYLE = """<style scoped>
.auroraml{border-collapse:collapse;font-size:90%}
.auroraml.auroraml th,.auroraml.auroraml td{padding:.2em .7em;text-align:left;vertical-align:top;border:none;border-bottom:1px solid rgba(128,128,128,.25)}
.auroraml th small{display:block;font-weight:normal;opacity:.6}
.auroraml.auroraml td{white-space:pre-wrap;max-width:60em;overflow-wrap:break-word}
.auroraml.auroraml td.w,.auroraml.auroraml td i{white-space:nowrap}
.auroraml.auroraml .n{text-align:right;font-variant-numeric:tabular-nums}
.auroraml i{opacity:.5;font-size:85%}
.auroraml caption{caption-side:bottom;text-align:left;opacity:.7;padding:.3em .7em}
</style>"""


def counted(number: int) -> str:
    """A number of rows."""
    return f"{number:,} row{'' if number == 1 else 's'}"


class ResultSet:
    """Rows that stay Arrow data; `len`, indexing and iteration give Python tuples."""

    def __init__(self, answer: Answer, limit: int = LIMIT, *, picture: bool = True) -> None:
        assert answer.columns is not None
        self._answer = answer
        self._limit = limit
        self._picture = picture
        self.tag = answer.tag
        self.columns = tuple(column.name for column in answer.columns)
        self.types = tuple(column.type.name for column in answer.columns)

    @cached_property
    def _rows(self) -> list[tuple[object, ...]]:
        return self._answer.rows()

    def __len__(self) -> int:
        return self._answer.count

    def __bool__(self) -> bool:
        return True

    def __iter__(self) -> Iterator[tuple[object, ...]]:
        return iter(self._rows)

    def __getitem__(self, index: int | slice) -> object:
        return self._rows[index]

    def scalar(self) -> object:
        """The first value of the first row; None where there is no row."""
        return self._rows[0][0] if self._rows else None

    def arrow(self) -> pa.Table:
        """The rows as a pa.Table."""
        return self._answer.table

    def __arrow_c_stream__(self, requested_schema: object | None = None) -> object:
        return self._answer.table.__arrow_c_stream__(requested_schema)

    def df(self) -> object:
        """The rows as a pandas DataFrame, columns told apart; ImportError where there is no pandas."""
        _installed("pandas", "df")
        return self._answer.table.rename_columns(unique(self.columns)).to_pandas()

    def pl(self) -> object:
        """The rows as a Polars DataFrame, columns told apart; intervals, which Polars has not, as text. ImportError where there is no Polars."""
        polars = _installed("polars", "pl")
        table = self._answer.table
        spans = [place for place, field in enumerate(table.schema) if _has_intervals(field.type)]
        texts = self._answer.texts() if spans else []
        for place in spans:
            table = table.set_column(place, table.schema.names[place], pa.array([row[place] for row in texts], pa.large_string()))
        return polars.from_arrow(table.rename_columns(unique(self.columns)))

    def dicts(self) -> list[dict[str, object]]:
        """The rows as dictionaries, columns told apart."""
        names = unique(self.columns)
        return [dict(zip(names, row, strict=True)) for row in self._rows]

    @property
    def plan(self) -> dict[str, object] | None:
        """What EXPLAIN's FORMAT JSON says of this very run; None where the statement was no EXPLAIN."""
        return None if self._answer.explained is None else dict(self._answer.plan())

    @property
    def _shown(self) -> list[tuple[str | None, ...]]:
        return self._answer.texts(self._limit)

    @property
    def _footer(self) -> str:
        more = len(self) > self._limit
        return f"{counted(len(self))}, the first {self._limit:,} shown" if more else counted(len(self))

    def __repr__(self) -> str:
        if self._answer.explained is not None:
            return self._answer.plan_text
        numeric = [type in NUMERIC for type in self.types]
        return f"{aligned(self.columns, numeric, self._shown)}({self._footer})"

    def _repr_html_(self) -> str:
        if self._answer.explained is not None:
            return self._plan_html()
        marks = [' class="n"' if type in NUMERIC else ' class="w"' if type in WHOLE else "" for type in self.types]
        heads = "".join(
            f"<th{mark}>{html.escape(name)}<small>{html.escape(_called(type))}</small></th>"
            for mark, name, type in zip(marks, self.columns, self.types, strict=True)
        )
        rows = "".join(
            "<tr>" + "".join(f"<td{mark}>{_cell(value)}</td>" for mark, value in zip(marks, row, strict=True)) + "</tr>" for row in self._shown
        )
        return f'{STYLE}<table class="auroraml"><caption>{self._footer}</caption><thead><tr>{heads}</tr></thead><tbody>{rows}</tbody></table>'

    def _plan_html(self) -> str:
        text = f"<pre>{html.escape(self._answer.plan_text)}</pre>"
        if not self._picture:
            return text
        picture = load("auroraml.notebook.pictures").picture(self._answer)
        assert self._answer.explained is not None
        told = " open" if self._answer.explained.options.tutor else ""  # a story is what was asked for
        return f"{picture}<details{told}><summary>QUERY PLAN</summary>{text}</details>"


def unique(names: Sequence[str]) -> list[str]:
    """The names, those that are there already with _1, _2 and so on: a query may name several columns alike, a frame may not."""
    taken, made = set(names), list[str]()
    for name in names:
        if name in made:
            name = next(found for n in itertools.count(1) if (found := f"{name}_{n}") not in taken)
        taken.add(name)
        made.append(name)
    return made


def _has_intervals(type: pa.DataType) -> bool:
    return pa.types.is_interval(type) or any(_has_intervals(type.field(i).type) for i in range(type.num_fields))


def _installed(package: str, method: str) -> Any:
    try:
        return load(package)
    except ImportError:
        raise ImportError(f"{method}() needs {package}, which is not installed: pip install {package}", name=package) from None


def _called(type: str) -> str:
    """A type's name as it is written in SQL where it is an array's."""
    return f"{type[1:]}[]" if type.startswith("_") else type


def _cut(value: str) -> str:
    return value if len(value) <= LONGEST else f"{value[:LONGEST]}… ({len(value):,} characters)"


def _cell(value: str | None) -> str:
    return "<i>NULL</i>" if value is None else html.escape(_cut(value))


def aligned(columns: Sequence[str], numeric: Sequence[bool], rows: Sequence[Sequence[str | None]]) -> str:
    """Rows in columns of text; NULL is told from an empty string, and a line's end is shown."""
    cells = [[("NULL" if value is None else re.sub(r"\r?\n", "⏎", _cut(value))) for value in row] for row in rows]
    wide = load("wcwidth").wcswidth
    widths = [max(wide(name), *(wide(row[i]) for row in cells)) if cells else wide(name) for i, name in enumerate(columns)]

    def line(values: Sequence[str], right: Sequence[bool]) -> str:
        parts = []
        for value, width, flush in zip(values, widths, right, strict=True):
            blank = " " * (width - wide(value))
            parts.append(blank + value if flush else value + blank)
        return (" " + " | ".join(parts)).rstrip() + "\n"

    if not columns:
        return "--\n"
    rule = "-+-".join("-" * width for width in widths)
    return line(columns, numeric) + f"-{rule}-\n" + "".join(line(row, numeric) for row in cells)
