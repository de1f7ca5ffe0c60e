"""Whatever a query looks like, moving its batch calls to FROM, and batching them, changes no answer."""

from __future__ import annotations

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
    ("(SELECT id, kind, txt FROM small WHERE id < 25 ORDER BY id LIMIT 12) s", "s"),
    ("small s, LATERAL (SELECT t.id, t.kind, t.txt FROM small t WHERE t.id = s.kind) t", "st"),
)


class Writer:
    """Writes queries over batch functions, by the choices of `random`."""

    def __init__(self, random: Random) -> None:
        self.random = random
        self.source, self.aliases = random.choice(SOURCES)

    def column(self) -> str:
        return f"{self.random.choice(self.aliases)}.{self.random.choice(('id', 'kind'))}"

    def call(self, depth: int) -> str:
        kind = self.random.randint(0, 9)
        if kind < 7 or depth > 2:
            return f"classify({self.number(depth + 1) if kind < 3 else self.column()}, {self.random.choice(self.aliases)}.txt)"
        return f"(pairs({self.column()})).weight::int"

    def number(self, depth: int = 0) -> str:
        kind = self.random.randint(0, 9) if depth < 3 else 0
        if kind < 3:
            return self.column()
        if kind < 7:
            return self.call(depth + 1)
        if kind == 7:
            return f"({self.number(depth + 1)} + 1)"
        if kind == 8:
            return f"coalesce({self.number(depth + 1)}, 0)"
        return f"CASE WHEN {self.condition(depth + 1)} THEN {self.number(depth + 1)} ELSE {self.number(depth + 1)} END"

    def condition(self, depth: int = 0) -> str:
        kind = self.random.randint(0, 9) if depth < 2 else 0
        if kind < 6:
            return f"{self.number(depth + 1)} {self.random.choice(('>', '<=', '='))} {self.random.randint(0, 4)}"
        if kind == 6:
            return f"({self.condition(depth + 1)} OR {self.condition(depth + 1)})"
        if kind == 7:
            return f"NOT {self.condition(depth + 1)}"
        return f"(pairs({self.column()})).label = 'x'" if kind == 8 else f"{self.number(depth + 1)} IS NOT NULL"

    def query(self) -> str:
        where = " AND ".join(self.condition() for _ in range(self.random.randint(0, 2)))
        source = f"FROM {self.source}{f' WHERE {where}' if where else ''}"
        first = self.aliases[0]
        group_call = f"classify(max({first}.id), min({first}.txt))"
        if self.random.random() < 0.5:
            values = [self.number() for _ in range(self.random.randint(1, 3))]
            if self.random.random() < 0.2:
                values.append(f"sum({self.number()}) OVER (PARTITION BY {first}.kind)")
            return f"SELECT {'DISTINCT ' if self.random.random() < 0.2 else ''}{', '.join(values)} {source}"
        values = [f"{self.random.choice(('sum', 'max', 'count'))}({self.number()})", group_call, f"sum({group_call}) OVER ()"]
        having = self.random.choice(("", f" HAVING max({self.number()}) > 1", f" HAVING {group_call} >= 0 AND count(*) > 1"))
        return f"SELECT {self.number()} AS k, {', '.join(values[: self.random.randint(1, 3)])} {source} GROUP BY 1{having}"


@pytest.fixture(scope="module")
def engine() -> Iterator[Aurora]:
    aurora = Aurora()
    prepared = aurora.run(SETUPS["lateral"].aurora.replace("3333", "60"))
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


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.integers(0, 1 << 32))
def test_answers_are_the_same_however_functions_are_run(engine: Aurora, seed: int) -> None:
    sql = Writer(Random(seed)).query()
    wanted = answer(engine, sql)
    assert wanted.failure is None, (sql, wanted.failure)
    for switch in SWITCHES:
        got = answer(engine, sql, switch)
        assert got.failure is None, (sql, switch, got.failure)
        assert sorted(map(repr, got.rows)) == sorted(map(repr, wanted.rows)), (sql, switch)
