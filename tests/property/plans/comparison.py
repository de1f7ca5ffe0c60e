"""Planning the same random queries with two engines, and what came of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from tests.property.plans.queries import inner_query, other_query
from tests.property.plans.schema import Schema, make_schema
from tests.runner.outcome import Engine, Outcome

KINDS = ("inner", "other")
EXPLAIN = "EXPLAIN"
ANALYZE = "EXPLAIN (ANALYZE, TIMING OFF, SUMMARY OFF, BUFFERS OFF)"
SECONDS = 20  # a query that runs longer is left out of what is measured
CANCELED = "57014"
STATISTICS = (
    "SELECT relname, relkind, relpages, reltuples, relallvisible FROM pg_class WHERE relname ~ '^t[0-9]' ORDER BY relname",
    "SELECT tablename, attname, null_frac, avg_width, n_distinct, most_common_vals::text, most_common_freqs, histogram_bounds::text, correlation"
    " FROM pg_stats WHERE schemaname = 'public' ORDER BY tablename, attname",
)


@dataclass(frozen=True, kw_only=True)
class Portion:
    """Which queries to plan: schemas by seed, numbers of queries in each class, and the shares that must be planned alike.

    `measured`: those planned alike are run too, without workers, and what EXPLAIN ANALYZE counts is compared.
    """

    schemas: range
    numbers: range
    most_rows: int
    inner: float = 0.0
    every: float = 0.0
    measured: bool = False
    settings: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Difference:
    """A query that the two engines plan differently."""

    schema: int
    kind: str
    number: int
    sql: str
    ours: str
    theirs: str

    def __str__(self) -> str:
        return f"### schema {self.schema} {self.kind} {self.number}\n{self.sql};\n--- ours\n{self.ours}\n--- PostgreSQL\n{self.theirs}\n"


@dataclass(kw_only=True)
class Comparison:
    """Counts by class of query, and the differences."""

    verb: str = "planned"
    planned: Counter[str] = field(default_factory=Counter)
    differences: list[Difference] = field(default_factory=list)

    def share(self, *kinds: str) -> float:
        """The share of the queries of some classes that both plan alike."""
        total = sum(self.planned[k] for k in kinds)
        return 1.0 if not total else 1.0 - sum(d.kind in kinds for d in self.differences) / total

    def __str__(self) -> str:
        counts = ", ".join(f"{k} {self.planned[k] - sum(d.kind == k for d in self.differences)} of {self.planned[k]}" for k in KINDS)
        return f"{self.verb} alike: {counts}"


def numbers_of(written: str) -> range:
    """A range of seeds or numbers as written on the command line: 3, or 0:20."""
    first, _, last = written.partition(":")
    return range(int(first), int(last)) if last else range(int(first), int(first) + 1)


def text(outcome: Outcome) -> str:
    """A plan, or the error that stands for it."""
    if outcome.failure is not None:
        return f"{outcome.failure.sqlstate} {outcome.failure.message}"
    return "\n".join(row[0] or "" for row in outcome.rows)


def query(schema: Schema, kind: str, number: int) -> str:
    """The query of a class and number over a schema."""
    seed = f"{kind} {schema.seed} {number}"
    return inner_query(schema, seed) if kind == "inner" else other_query(schema, seed)


def prepare(schema: Schema, engines: Iterable[Engine]) -> None:
    """Make the tables in each engine (in a public schema of its own), and see that their statistics agree."""
    answers = []
    for engine in engines:
        for statement in ("DROP SCHEMA IF EXISTS public CASCADE", "CREATE SCHEMA public", *schema.statements):
            outcome = engine.run(statement)
            assert outcome.failure is None, (statement, outcome.failure)
        answers.append([engine.run(statement).rows for statement in STATISTICS])
    for ours, theirs in zip(answers[0], answers[-1], strict=True):
        assert ours == theirs, (schema.seed, [pair for pair in zip(ours, theirs, strict=False) if pair[0] != pair[1]][:5])


def compare(
    engine: Engine, oracle: Engine, numbers: Iterable[int], kind: str, schema: Schema, found: Comparison, measured: bool = False
) -> Iterator[Difference]:
    """Plan queries of one class over a prepared schema; gives each difference as it is seen.

    `measured`: run those planned alike; only what they count makes a difference, and only they count.
    """
    for number in numbers:
        sql = query(schema, kind, number)
        ours, theirs = (text(each.run(f"{EXPLAIN} {sql}")) for each in (engine, oracle))
        if measured:
            if ours != theirs:
                continue
            theirs = text(oracle.run(f"{ANALYZE} {sql}"))
            if theirs.startswith(CANCELED):
                continue
            ours = text(engine.run(f"{ANALYZE} {sql}"))
        found.planned[kind] += 1
        if ours != theirs:
            difference = Difference(schema=schema.seed, kind=kind, number=number, sql=sql, ours=ours, theirs=theirs)
            found.differences.append(difference)
            yield difference


def compare_all(engine: Engine, oracle: Engine, portion: Portion) -> Iterator[Difference | Comparison]:
    """Both classes over every schema; gives each difference, at last the counts."""
    found = Comparison(verb="measured" if portion.measured else "planned")
    settings = portion.settings
    if portion.measured:
        settings = ("max_parallel_workers_per_gather = 0", f"statement_timeout = '{SECONDS}s'", *settings)
    for seed in portion.schemas:
        schema = make_schema(seed, portion.most_rows)
        prepare(schema, (engine, oracle))
        for setting in settings:
            for each in (engine, oracle):
                failure = each.run(f"SET {setting}").failure
                assert failure is None, (setting, failure)
        for kind in KINDS:
            yield from compare(engine, oracle, portion.numbers, kind, schema, found, portion.measured)
    yield found
