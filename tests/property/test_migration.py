"""Whatever a query looks like, moving its batch calls to FROM, and batching them, changes no answer, and each call is decided about once."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from random import Random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.runner.aurora import Aurora
from tests.runner.outcome import Outcome
from tests.runner.setups import SETUPS

SWITCHES = ("apg_enable_function_migration", "apg_enable_batch_mode_function_execution")
SOURCES = (
    ("small s", "s"),
    ("small s JOIN small t ON s.id = t.kind", "st"),
    ("small s LEFT JOIN small t ON s.id = t.kind AND t.id < 20", "st"),
    ("small s RIGHT JOIN small t ON s.id = t.kind AND s.id > 1", "st"),
    ("small s FULL JOIN small t ON s.id = t.kind", "st"),
    ("(SELECT id, kind, txt FROM small WHERE id < 25 ORDER BY id LIMIT 12) s", "s"),
    ("(SELECT id, classify(kind, txt) AS kind, txt FROM small WHERE id < 25) s", "s"),
    ("(SELECT id, kind, txt FROM small WHERE id < 9 UNION ALL SELECT classify(id, txt), kind, txt FROM small WHERE id > 30) s", "s"),
    ("(SELECT kind AS id, classify(max(id), min(txt)) AS kind, min(txt) AS txt FROM small GROUP BY kind) s JOIN small t ON t.id = s.kind", "st"),
    ("small s, LATERAL (SELECT t.id, t.kind, t.txt FROM small t WHERE t.id = s.kind) t", "st"),
    ("small s JOIN small t ON classify(s.kind, t.txt) = t.id", "st"),
    ("(VALUES (1, 2, 'a'), (3, NULL, NULL)) s(id, kind, txt)", "s"),
    ("w s JOIN small t ON t.id = s.kind", "st"),
)
WITH = "WITH w AS {} (SELECT id, classify(id, txt) AS kind, txt FROM small WHERE id < 30) "
CALL = re.compile(r"\b(?:classify|pairs|doubled)\(")


class Writer:
    """Writes queries over batch functions, by the choices of `random`; `lateral` writes each call of a row into FROM."""

    def __init__(self, random: Random, *, lateral: bool = False) -> None:
        self.random = random
        self.source, self.aliases = random.choice(SOURCES)
        self.lateral = lateral
        self.items: list[str] = []
        self.key = ""  # what is grouped by: written again, it is not evaluated again

    def column(self) -> str:
        return f"{self.random.choice(self.aliases)}.{self.random.choice(('id', 'kind'))}"

    def written(self, call: str, column: str, field: str = "") -> str:
        """A call where it stands, or in FROM and its column here."""
        if not self.lateral:
            return f"({call}).{field}" if field else call
        self.items.append(f"{call} c{len(self.items)}")
        return f"c{len(self.items) - 1}.{field or column}"

    def call(self, depth: int) -> str:
        kind = self.random.randint(0, 11)
        if kind < 7 or depth > 2:
            argument = self.number(depth + 1) if kind < 3 else self.column()
            return self.written(f"classify({argument}, {self.random.choice(self.aliases)}.txt)", "category")
        if kind < 10:
            return self.written(f"doubled({self.column()})", "result")
        return self.written(f"pairs({self.column()})", "", "weight") + "::int"

    def number(self, depth: int = 0) -> str:
        kind = self.random.randint(0, 11) if depth < 3 else 0
        if kind < 3:
            return self.column()
        if kind < 7:
            return self.call(depth + 1)
        if kind < 9:
            return f"({self.number(depth + 1)} + 1)" if kind == 7 else f"coalesce({self.number(depth + 1)}, 0)"
        if kind == 9:
            return f"greatest({self.number(depth + 1)}, nullif({self.number(depth + 1)}, 2))"
        return self.case(depth)

    def case(self, depth: int = 0) -> str:
        if self.random.random() < 0.5:
            return f"CASE {self.number(depth + 1)} WHEN {self.number(depth + 1)} THEN {self.number(depth + 1)} ELSE {self.column()} END"
        return f"CASE WHEN {self.condition(depth + 1)} THEN {self.number(depth + 1)} ELSE {self.number(depth + 1)} END"

    def condition(self, depth: int = 0) -> str:
        kind = self.random.randint(0, 12) if depth < 2 else 0
        if kind < 6:
            return f"{self.number(depth + 1)} {self.random.choice(('>', '<=', '=', 'IS DISTINCT FROM'))} {self.random.randint(0, 4)}"
        if kind < 8:
            return f"({self.condition(depth + 1)} {self.random.choice(('OR', 'AND'))} {self.condition(depth + 1)})"
        if kind == 8:
            return f"NOT {self.condition(depth + 1)}"
        if kind == 9:
            return f"{self.number(depth + 1)} IN ({self.random.randint(0, 3)}, {self.random.randint(2, 5)})"
        if kind == 10:
            return f"{self.number(depth + 1)} IN (SELECT classify(u.kind, u.txt) FROM small u WHERE u.id < 9 AND classify(u.id, u.txt) > 1)"
        if kind == 11:
            return f"EXISTS (SELECT FROM small u WHERE u.id = {self.column()} AND classify(u.kind, u.txt) > 0)"
        return f"{self.number(depth + 1)} IS NOT NULL"

    def finished(self, query: str) -> str:
        """The query with what it reads from WITH, and the calls in FROM."""
        start = WITH.format(self.random.choice(("", "MATERIALIZED", "NOT MATERIALIZED"))) if self.source.startswith("w ") else ""
        return start + query.replace(" [FROM]", f" FROM {self.source}{''.join(f', {item}' for item in self.items)}")

    def conditions(self) -> str:
        where = " AND ".join(self.condition() for _ in range(self.random.randint(0, 2)))
        return f" WHERE {where}" if where else ""

    def rows(self) -> str:
        """A query without grouping: every call of it is a row's."""
        where = self.conditions()
        values = [self.case() if self.random.random() < 0.2 else self.number() for _ in range(self.random.randint(1, 3))]
        kind = self.random.randint(0, 9)
        if kind == 0:
            values.append(f"sum({self.number()}) OVER (PARTITION BY {self.number()})")
        if kind == 1:
            values.append(f"count(*) FILTER (WHERE {self.condition()}) OVER (PARTITION BY {self.column()})")
        if kind == 2:
            return self.finished(f"SELECT DISTINCT {', '.join(values)} [FROM]{where}")
        if kind == 3:
            places = ", ".join(str(i + 1) for i in range(len(values)))
            return self.finished(
                f"SELECT {', '.join(values)} [FROM]{where} ORDER BY {places} LIMIT {self.random.randint(1, 9)} OFFSET {self.random.randint(0, 3)}"
            )
        if kind == 4:
            self.key = self.number()
            values = [f"sum({self.number()})", f"max({self.number()}) FILTER (WHERE {self.condition()})"]
            return self.finished(f"SELECT count(*), {', '.join(values)} [FROM]{where} GROUP BY {self.key}")
        return self.finished(f"SELECT {', '.join(values)} [FROM]{where}")

    def groups(self) -> str:
        """A grouped query with calls below and above the grouping."""
        where = self.conditions()
        first = self.aliases[0]
        call = f"classify(max({first}.id), min({first}.txt))"
        values = [
            f"{self.random.choice(('sum', 'max', 'count'))}({self.number()})",
            call,
            f"sum({call}) OVER ()",
            f"CASE WHEN {call} > 1 THEN 1 ELSE {call} END",
        ]
        self.random.shuffle(values)
        having = self.random.choice(
            ("", f" HAVING max({self.number()}) > 1", f" HAVING {call} >= 0 AND count(*) > 1", f" HAVING coalesce({call}, 1) > 0")
        )
        by = self.random.choice(("1", "1", "ROLLUP (1)", f"1, {first}.kind", f"GROUPING SETS ((1), ({first}.kind), ())"))
        self.key = self.number()
        return self.finished(f"SELECT {self.key} AS k, {', '.join(values[: self.random.randint(1, 4)])} [FROM]{where} GROUP BY {by}{having}")

    def query(self) -> str:
        return self.rows() if self.random.random() < 0.6 else self.groups()


@pytest.fixture(scope="module")
def engine() -> Iterator[Aurora]:
    aurora = Aurora()
    wrapper = "CREATE FUNCTION doubled(x int, OUT result int) LANGUAGE SQL AS $$ SELECT classify(x, 'd') * 2 $$;"
    prepared = aurora.run(SETUPS["lateral"].aurora.replace("3333", "60") + wrapper)
    assert prepared.failure is None, prepared.failure
    yield aurora
    aurora.close()


def answer(engine: Aurora, sql: str, off: str = "") -> Outcome:
    """The query's outcome with one switch off."""
    if off:
        engine.run(f"SET {off} = off")
    found = engine.run(sql)
    engine.run("RESET ALL")
    return found


def rows(found: Outcome) -> list[str]:
    return sorted(map(repr, found.rows))


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.integers(0, 1 << 32))
def test_answers_are_the_same_however_functions_are_run(engine: Aurora, seed: int) -> None:
    sql = Writer(Random(seed)).query()
    wanted = answer(engine, sql)
    assert wanted.failure is None, (sql, wanted.failure)
    for switch in SWITCHES:
        got = answer(engine, sql, switch)
        assert got.failure is None, (sql, switch, got.failure)
        assert rows(got) == rows(wanted), (sql, switch)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.integers(0, 1 << 32))
def test_calls_of_rows_may_as_well_be_written_in_from(engine: Aurora, seed: int) -> None:
    sql, lateral = Writer(Random(seed)).rows(), Writer(Random(seed), lateral=True).rows()
    wanted, got = answer(engine, sql), answer(engine, lateral)
    assert wanted.failure is None and got.failure is None, (sql, lateral, got.failure)
    assert rows(got) == rows(wanted), (sql, lateral)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.integers(0, 1 << 32))
def test_each_call_is_decided_about_once(engine: Aurora, seed: int) -> None:
    writer = Writer(Random(seed))
    sql = writer.query()
    calls = len(CALL.findall(sql))
    again = (sql.count(writer.key) - 1) * len(CALL.findall(writer.key)) if writer.key else 0
    for off in ("", SWITCHES[0]):
        found = answer(engine, f"EXPLAIN (MIGRATION, FORMAT JSON) {sql}", off)
        assert found.failure is None, (sql, found.failure)
        decided = [entry["Function Call"] for entry in json.loads(found.rows[0][0] or "")[0]["Function Migrations"]]
        assert calls - again <= len(decided) <= calls, (sql, decided)
