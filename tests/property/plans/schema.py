"""Random small schemas: tables with keys, foreign keys, indexes, NULLs and skew, and the statements that make and fill them."""

from __future__ import annotations

from dataclasses import dataclass, field
from random import Random

TYPES = ("int", "int", "bigint", "text", "numeric", "date")
SCATTER = 2654435761  # a multiplier that spreads consecutive numbers


@dataclass(frozen=True, kw_only=True)
class Domain:
    """What a column's values look like: `distinct` codes written as values of a type."""

    type: str
    distinct: int
    style: int = 0

    def value(self, code: str) -> str:
        """SQL for the value of a code, itself SQL."""
        if self.type == "text":
            return (f"'word ' || {code}", f"chr(97 + ({code} % 26)::int) || {code}", f"repeat('x', ({code} % 9)::int) || {code}")[self.style % 3]
        if self.type == "numeric":
            return f"({code})::numeric / 4"
        if self.type == "date":
            return f"date '2020-01-01' + ({code})::int"
        return f"({code})::{self.type}"

    def literal(self, code: int) -> str:
        """The same for a known code, as a literal."""
        if self.type == "text":
            text = (f"word {code}", f"{chr(97 + code % 26)}{code}", f"{'x' * (code % 9)}{code}")[self.style % 3]
            return f"'{text}'"
        if self.type == "numeric":
            return f"{code / 4}"
        if self.type == "date":
            days = code % 28 + 1
            return f"date '{2020 + code // 336}-{code // 28 % 12 + 1:02}-{days:02}'"
        return str(code)


@dataclass(frozen=True, kw_only=True)
class Column:
    """A column, how it is filled, and the table whose key it holds."""

    name: str
    domain: Domain
    sql: str
    references: str | None = None

    @property
    def type(self) -> str:
        """Its type as written in CREATE TABLE."""
        return "numeric(12,2)" if self.domain.type == "numeric" and self.domain.style else self.domain.type


@dataclass(frozen=True, kw_only=True)
class Table:
    """A table: its columns, of which the first `key` are the primary key (0: none), and its number of rows."""

    name: str
    columns: tuple[Column, ...]
    rows: int
    key: int


@dataclass(frozen=True, kw_only=True)
class Schema:
    """Tables, and statements that make them, fill them and (most of them) analyse them."""

    seed: int
    tables: tuple[Table, ...]
    statements: tuple[str, ...] = field(repr=False)


def make_schema(seed: int, most_rows: int = 20_000) -> Schema:
    """The schema of a seed, with at most so many rows a table."""
    return _Maker(Random(f"schema {seed}"), most_rows).make(seed)


class _Maker:
    def __init__(self, random: Random, most_rows: int) -> None:
        self.random = random
        self.most_rows = most_rows

    def make(self, seed: int) -> Schema:
        """Tables in an order in which each refers to earlier ones only."""
        tables: list[Table] = []
        statements: list[str] = []
        for number in range(self.random.randint(2, 7)):
            table = self._table(f"t{number}", tables)
            tables.append(table)
            statements += self._statements(table)
        return Schema(seed=seed, tables=tuple(tables), statements=tuple(statements))

    def _rows(self) -> int:
        low, high = self.random.choice(((0, 3), (3, 60), (60, 500), (60, 500), (500, 3000), (500, 3000), (3000, 20_000)))
        return min(self.random.randint(low, high), self.most_rows)

    def _table(self, name: str, earlier: list[Table]) -> Table:
        rows = self._rows()
        columns = [Column(name="id", domain=Domain(type="int", distinct=max(rows, 1)), sql="g")]
        parents = [t for t in earlier if t.key == 1 and t.rows]
        for parent in self.random.sample(parents, min(len(parents), self.random.randint(0, 2))):
            domain = parent.columns[0].domain
            columns.append(Column(name=f"{parent.name}_id", domain=domain, sql=self._filled(domain, 1, True), references=parent.name))
        for number in range(self.random.randint(1, 5)):
            domain = Domain(type=self.random.choice(TYPES), distinct=self._distinct(rows), style=self.random.randint(0, 2))
            columns.append(Column(name="abcde"[number], domain=domain, sql=self._filled(domain, 0, False)))
        key = self.random.choice((1, 1, 1, 1, 2, 0))
        if key == 2 and columns[1].sql.startswith("CASE"):
            key = 1
        return Table(name=name, columns=tuple(columns), rows=rows, key=key)

    def _distinct(self, rows: int) -> int:
        return max(1, self.random.choice((2, 3, 7, 20, 50, 150, rows // 10, rows // 2, rows, rows * 3)))

    def _filled(self, domain: Domain, first: int, key: bool) -> str:
        """SQL for the column's value in row g: spread evenly, in order, or skewed; some NULL."""
        n = domain.distinct
        spread = f"(g::bigint * {SCATTER} % 1000003 % {n})"
        shapes = [spread, f"(g % {n})", f"(g * {n}::bigint / 20000 % {n})", f"({spread} * {spread} / {n})", f"({spread} * (g % 7) / 7)"]
        code = self.random.choice(shapes)
        sql = domain.value(f"({code} + {first})" if first else code)
        if self.random.random() < (0.2 if key else 0.3):
            every = self.random.choice((2, 3, 10, 50))
            return f"CASE WHEN (g * 7919 % 1009) % {every} = 0 THEN NULL ELSE {sql} END"
        return sql

    def _statements(self, table: Table) -> list[str]:
        columns = [f"{c.name} {c.type}{'' if c.sql.startswith('CASE') or self.random.random() < 0.5 else ' NOT NULL'}" for c in table.columns]
        primary = f"PRIMARY KEY ({', '.join(c.name for c in table.columns[: table.key])})"
        if table.key == 1:
            columns.append(primary)
        made = [f"CREATE TABLE {table.name} ({', '.join(columns)})"]
        if table.rows:
            made.append(f"INSERT INTO {table.name} SELECT {', '.join(c.sql for c in table.columns)} FROM generate_series(1, {table.rows}) g")
        if table.key > 1:
            made.append(f"ALTER TABLE {table.name} ADD {primary}")
        made += self._indexes(table)
        made += [
            f"ALTER TABLE {table.name} ADD FOREIGN KEY ({c.name}) REFERENCES {c.references}"
            for c in table.columns
            if c.references is not None and self.random.random() < 0.75
        ]
        how = self.random.random()
        if how > 0.12:  # the others were never analysed
            made.append(f"{'VACUUM ANALYZE' if how > 0.6 else 'ANALYZE'} {table.name}")
        return made

    def _indexes(self, table: Table) -> list[str]:
        made = []
        names = [c.name for c in table.columns]
        for number in range(self.random.choice((0, 0, 1, 1, 2, 3))):
            keys = self.random.sample(names, min(len(names), self.random.choice((1, 1, 1, 2, 2, 3))))
            unique = "UNIQUE " if keys == ["id"] else ""
            directed = [f"{k} DESC" if self.random.random() < 0.1 else k for k in keys]
            made.append(f"CREATE {unique}INDEX {table.name}_i{number} ON {table.name} ({', '.join(directed)})")
        return made
