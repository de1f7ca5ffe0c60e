"""Random tables whose columns depend on one another, with NULLs and skew, statistics objects and indexes over columns and expressions."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

SCATTER = 2654435761  # a multiplier that spreads consecutive numbers
TYPES = ("int", "int", "text", "varchar(20)", "bool", "date", "numeric", "timestamp", "float8", "bigint")
KINDS = ("ndistinct", "dependencies", "mcv")


@dataclass(frozen=True, kw_only=True)
class Column:
    """A column of so many different values; `source` is SQL for the code of the row's value."""

    name: str
    type: str
    distinct: int
    source: str

    def value(self, code: str) -> str:
        """SQL for the value of a code, itself SQL."""
        if self.type in ("text", "varchar(20)"):
            return f"('w' || ({code}))::{self.type}"
        if self.type == "bool":
            return f"(({code}) % 3 = 0)"
        if self.type == "date":
            return f"date '2020-01-01' + (({code}) % 1000)::int"
        if self.type == "timestamp":
            return f"timestamp '2020-01-01' + (({code}) % 1000) * interval '9 days'"
        return f"(({code}) * 5)::{self.type} / 4" if self.type == "numeric" else f"({code})::{self.type}"

    def literal(self, code: int) -> str:
        """The same for a known code, as a constant."""
        if self.type in ("text", "varchar(20)"):
            return f"'w{code}'"
        if self.type == "bool":
            return str(code % 3 == 0)
        if self.type == "date":
            return f"date '2020-01-01' + {code % 1000}"
        if self.type == "timestamp":
            return f"(timestamp '2020-01-01' + {code % 1000} * interval '9 days')"
        return f"{code * 5 / 4}" if self.type == "numeric" else str(code)

    @property
    def array(self) -> str:
        """The element type of arrays that it is compared with."""
        return "text" if self.type == "varchar(20)" else self.type


@dataclass(frozen=True, kw_only=True)
class Expression:
    """An expression over columns, and a value of its kind written for a code."""

    sql: str
    column: Column  # whose literals it is compared with, put into `form`
    form: str = "{}"

    def literal(self, code: int) -> str:
        """A constant to compare with."""
        return self.form.format(self.column.literal(code))


@dataclass(frozen=True, kw_only=True)
class Table:
    """A table `r`: its columns, the expressions that objects and indexes are about, and the statements that make it."""

    seed: int
    columns: tuple[Column, ...]
    expressions: tuple[Expression, ...]
    statements: tuple[str, ...]


def make_table(seed: int, most_rows: int) -> Table:
    """The table of a seed."""
    random = Random(f"table {seed}")
    rows = random.randint(60, most_rows)
    columns: list[Column] = []
    for number in range(random.randint(3, 6)):
        columns.append(_column(random, f"c{number}", rows, columns))
    expressions = tuple(_expression(random, columns) for _ in range(random.randint(1, 4)))
    made = ", ".join(f"{c.name} {c.type}" for c in columns)
    codes = ", ".join(f"{c.source} AS {c.name}" for c in columns)
    values = ", ".join(_with_nulls(random, c) for c in columns)
    statements = [f"CREATE TABLE r ({made})", f"INSERT INTO r SELECT {values} FROM (SELECT i, {codes} FROM generate_series(1, {rows}) AS g (i)) AS s"]
    for number in range(random.randint(1, 4)):
        statements.append(_object(random, number, columns, expressions))
        if random.random() < 0.15:
            statements.append(f"ALTER STATISTICS o{number} SET STATISTICS {random.choice((3, 20, 200))}")
    for number in range(random.randint(0, 2)):
        some = [*(c.name for c in columns), *(f"({x.sql})" for x in expressions)]
        statements.append(f"CREATE INDEX r{number} ON r ({', '.join(random.sample(some, random.randint(1, 2)))})")
    return Table(seed=seed, columns=tuple(columns), expressions=expressions, statements=(*statements, "ANALYZE r"))


def _column(random: Random, name: str, rows: int, before: list[Column]) -> Column:
    distinct = random.choice((2, 3, 7, 12, 40, 150, rows))
    scattered = f"(i * {SCATTER} + {random.randint(0, 10**6)}) % 1000003"
    if before and random.random() < 0.7:  # follows another column, in some rows only
        other = random.choice(before)
        source = f"({other.source}) * {random.choice((1, 1, 3))} / {random.choice((1, 1, 2, 5))} % {distinct}"
        if random.random() < 0.5:
            source = f"CASE WHEN ({scattered}) % 10 < {random.randint(1, 5)} THEN ({scattered}) % {distinct} ELSE {source} END"
    elif random.random() < 0.4:  # few values are frequent
        source = f"(({scattered}) % {distinct}) * (({scattered}) / 7 % {distinct}) / {distinct}"
    else:
        source = random.choice((f"({scattered}) % {distinct}", f"i % {distinct}"))
    return Column(name=name, type=random.choice(TYPES), distinct=distinct, source=source)


def _with_nulls(random: Random, column: Column) -> str:
    value = column.value(column.name)
    style = random.random()
    if style < 0.15:
        return f"CASE WHEN i % {random.randint(2, 30)} > 0 THEN {value} END"
    return f"CASE WHEN {column.name} <> 1 THEN {value} END" if style < 0.25 else value


def _expression(random: Random, columns: list[Column]) -> Expression:
    column = random.choice(columns)
    name = column.name
    if column.type in ("text", "varchar(20)"):
        sql, form = random.choice(((f"upper({name})", "upper({})"), (f"{name} || 'q'", "{} || 'q'"), (f"left({name}, 2)", "left({}, 2)")))
    elif column.type == "bool":
        return Expression(sql=f"coalesce({name}, false)", column=column)
    elif column.type == "date":
        sql, form = f"{name} + 1", "({}) + 1"
    elif column.type == "timestamp":
        sql, form = f"date_trunc('month', {name})", "date_trunc('month', {})"
    else:
        others = [c for c in columns if c.type == column.type and c is not column]
        if others and random.random() < 0.5:
            return Expression(sql=f"{name} + {others[0].name}", column=column)
        sql, form = random.choice(((f"{name} * 2", "{} * 2"), (f"abs({name})", "{}"), (f"{name} + 1", "{} + 1")))
    return Expression(sql=sql, column=column, form=form)


def _object(random: Random, number: int, columns: list[Column], expressions: tuple[Expression, ...]) -> str:
    texts = list(dict.fromkeys(x.sql for x in expressions))
    if random.random() < 0.15:
        return f"CREATE STATISTICS o{number} ON ({random.choice(texts)}) FROM r"
    keys = random.sample([c.name for c in columns], random.randint(1, min(4, len(columns))))
    keys += [f"({text})" for text in random.sample(texts, random.randint(1 if len(keys) == 1 else 0, len(texts)))]
    kinds = random.sample(KINDS, random.randint(1, 3))
    asked = "" if random.random() < 0.5 else f"({', '.join(kinds)}) "
    return f"CREATE STATISTICS o{number} {asked}ON {', '.join(keys)} FROM r"
