"""Running the same random queries on two engines: `python -m tests.property.plans.answers SCHEMAS QUERIES [--rows N] [--file FILE]`.

Ours runs each query under settings drawn for it (methods off, workers, little memory), so that a way to run that its plan would not take is tried too.
"""

from __future__ import annotations

import argparse
import contextlib
import re
import sys
from collections import Counter
from collections.abc import Iterator
from random import Random

from tests.property.plans.comparison import CANCELED, KINDS, Comparison, Difference, Portion, numbers_of, prepare, query
from tests.property.plans.schema import make_schema
from tests.runner.aurora import Aurora
from tests.runner.cluster import cluster
from tests.runner.outcome import Engine, Outcome
from tests.runner.postgres import Postgres

MOST_ROWS = 50_000  # an answer that is expected to have more is left out
SECONDS = 10
METHODS = ("hashjoin", "mergejoin", "nestloop", "hashagg", "sort", "indexscan", "indexonlyscan", "bitmapscan", "seqscan", "material", "memoize")
PARALLEL = ("parallel_setup_cost = 0", "parallel_tuple_cost = 0", "min_parallel_table_scan_size = 0", "max_parallel_workers_per_gather = 3")


def defined(sql: str) -> str | None:
    """The query without what leaves its rows to chance (LIMIT, calls that depend on the order of equal rows); None where that cannot be taken away."""
    if "DISTINCT ON" in sql:
        return None
    sql = re.sub(r" LIMIT \d+( OFFSET \d+)?", "", sql)
    return re.sub(r"lag\(", "max(", sql.replace("row_number()", "rank()"))


def settings_for(random: Random) -> list[str]:
    """Settings under which ours runs a query."""
    found = [f"enable_{method} = off" for method in METHODS if random.random() < 0.12]
    if random.random() < 0.4:
        found += PARALLEL
    if random.random() < 0.2:
        found.append("work_mem = '64kB'")
    return found


def _answer(outcome: Outcome) -> object:
    failure = outcome.failure
    return (outcome.columns, Counter(outcome.rows)) if failure is None else (failure.sqlstate, failure.message)


def _shown(outcome: Outcome, other: Outcome) -> str:
    if outcome.failure is not None:
        return f"{outcome.failure.sqlstate} {outcome.failure.message}"
    extra = Counter(outcome.rows) - Counter(other.rows)
    return "\n".join([f"{len(outcome.rows)} rows, {extra.total()} of them only here", *map(str, list(extra)[:5])])


def answer_all(engine: Engine, oracle: Engine, portion: Portion) -> Iterator[Difference | Comparison]:
    """Both classes of queries over every schema; gives each difference, at last the counts."""
    found = Comparison(verb="answered")
    for seed in portion.schemas:
        schema = make_schema(seed, portion.most_rows)
        prepare(schema, (engine, oracle))
        oracle.run(f"SET statement_timeout = '{SECONDS}s'")
        for kind, number in ((kind, number) for kind in KINDS for number in portion.numbers):
            sql = defined(query(schema, kind, number))
            if sql is None or _many(oracle, sql):
                continue
            theirs = oracle.run(sql)
            if theirs.failure is not None and theirs.failure.sqlstate == CANCELED:
                continue
            chosen = settings_for(Random(f"{kind} {seed} {number}"))
            for setting in chosen:
                engine.run(f"SET {setting}")
            ours = engine.run(sql)
            engine.run("RESET ALL")
            found.planned[kind] += 1
            if _answer(ours) != _answer(theirs):
                text = "".join(f"SET {setting};\n" for setting in chosen) + sql
                difference = Difference(schema=seed, kind=kind, number=number, sql=text, ours=_shown(ours, theirs), theirs=_shown(theirs, ours))
                found.differences.append(difference)
                yield difference
    yield found


def _many(oracle: Engine, sql: str) -> bool:
    """Whether PostgreSQL expects more rows than are worth comparing."""
    outcome = oracle.run(f"EXPLAIN {sql}")
    rows = re.search(r"rows=(\d+)", outcome.rows[0][0] or "") if outcome.rows else None
    return rows is not None and int(rows[1]) > MOST_ROWS


def main() -> None:
    """Print differences and counts."""
    parser = argparse.ArgumentParser(prog="tests.property.plans.answers")
    parser.add_argument("schemas", type=numbers_of)
    parser.add_argument("queries", type=numbers_of)
    parser.add_argument("--file", help="where differences go, else to the screen")
    parser.add_argument("--rows", type=int, default=20_000, help="at most so many rows a table")
    options = parser.parse_args()
    with contextlib.ExitStack() as stack:
        out = stack.enter_context(open(options.file, "w", encoding="utf-8")) if options.file else sys.stdout
        oracle, engine = Postgres(stack.enter_context(cluster())), Aurora()
        stack.callback(oracle.close)
        stack.callback(engine.close)
        portion = Portion(schemas=options.schemas, numbers=options.queries, most_rows=options.rows)
        for found in answer_all(engine, oracle, portion):
            print(found, file=sys.stdout if isinstance(found, Comparison) else out, flush=True)


if __name__ == "__main__":
    main()
