"""Random conditions and groupings over a random table."""

from __future__ import annotations

import re
from random import Random

from tests.property.estimates.tables import Expression, Table


def query(table: Table, number: int) -> str:
    """The query of a number: conditions, or groups of what some conditions leave."""
    random = Random(f"query {table.seed} {number}")
    where = _where(random, table)
    if random.random() < 0.35:
        keys = random.sample(_keys(table), random.randint(1, min(4, len(_keys(table)))))
        return f"SELECT {', '.join(keys)}, count(*) FROM r{where if random.random() < 0.5 else ''} GROUP BY {', '.join(keys)}"
    if random.random() < 0.15:
        name = random.choice(table.columns).name
        kind = random.choice(("JOIN", "LEFT JOIN"))
        return f"SELECT * FROM r {kind} r AS s ON r.{name} = s.{name}{_of_r(where)}"
    return f"SELECT * FROM r{where}"


def _of_r(where: str) -> str:
    """Conditions with their columns qualified."""
    return re.sub(r"\b(c[0-9])\b", r"r.\1", where)


def _keys(table: Table) -> list[str]:
    return list(dict.fromkeys([*(c.name for c in table.columns), *(x.sql for x in table.expressions)]))


def _where(random: Random, table: Table) -> str:
    return f" WHERE {' AND '.join(_clause(random, table, 2) for _ in range(random.choice((1, 2, 2, 3, 3, 4, 5))))}"


def _clause(random: Random, table: Table, depth: int) -> str:
    style = random.random() if depth else 0.0
    if style < 0.72:
        return _atom(random, table)
    some = [_clause(random, table, depth - 1) for _ in range(random.randint(2, 3))]
    if style < 0.88:
        return f"({' OR '.join(some)})"
    return f"NOT ({random.choice((' AND ', ' OR ')).join(some)})" if style < 0.94 else f"({' AND '.join(some)})"


def _atom(random: Random, table: Table) -> str:
    tested: Expression
    if table.expressions and random.random() < 0.3:
        tested = random.choice(table.expressions)
    else:
        column = random.choice(table.columns)
        tested = Expression(sql=column.name, column=column)
    sql, column = tested.sql, tested.column

    def code() -> int:
        return random.randint(0, min(column.distinct, 30) + 1)

    style = random.random()
    if style < 0.08:
        return f"({sql}) IS {random.choice(('', 'NOT '))}NULL"
    if column.type == "bool":
        return random.choice(
            (f"({sql})", f"NOT ({sql})", f"({sql}) = true", f"({sql}) <> true", f"({sql}) IS TRUE", f"({sql}) IS NOT FALSE", f"({sql}) IS UNKNOWN")
        )
    if style < 0.5:
        return f"({sql}) = {tested.literal(code())}"
    if style < 0.66:
        return f"({sql}) {random.choice(('<', '<=', '>', '>=', '<>'))} {tested.literal(code())}"
    if style < 0.72:
        return f"({sql}) BETWEEN {tested.literal(code())} AND {tested.literal(code() + 3)}"
    if style < 0.76:
        return f"{tested.literal(code())} {random.choice(('=', '<', '>'))} ({sql})"
    if style < 0.96:
        items = [tested.literal(code()) for _ in range(random.randint(1, 5))]
        items += ["NULL"] if random.random() < 0.1 else []
        return f"({sql}) {random.choice(('IN', 'IN', 'IN', 'NOT IN'))} ({', '.join(items)})"
    items = [tested.literal(code()) for _ in range(random.randint(0, 3))]
    return f"({sql}) {random.choice(('=', '<', '>'))} {random.choice(('ANY', 'ALL'))} (ARRAY[{', '.join(items)}]::{column.array}[])"
