"""Compares from the command line: python -m tests.property.plans SCHEMAS QUERIES [--analyze] [--server CONNINFO] [--file FILE], ranges written as 0:20."""

from __future__ import annotations

import argparse
import contextlib
import sys
import time

from tests.property.plans.comparison import Comparison, Portion, compare_all, numbers_of
from tests.property.plans.schema import make_schema
from tests.runner.aurora import Aurora
from tests.runner.cluster import cluster
from tests.runner.postgres import Postgres


def main() -> None:
    """Print differences and counts."""
    parser = argparse.ArgumentParser(prog="tests.property.plans")
    parser.add_argument("schemas", type=numbers_of)
    parser.add_argument("queries", type=numbers_of)
    parser.add_argument("--server", help="a running PostgreSQL 15; else one is started")
    parser.add_argument("--file", help="where differences go, else to the screen")
    parser.add_argument("--rows", type=int, default=20_000, help="at most so many rows a table")
    parser.add_argument("--show", action="store_true", help="print the statements of the schemas too")
    parser.add_argument("--analyze", action="store_true", help="run what is planned alike, and compare what EXPLAIN ANALYZE counts")
    parser.add_argument("--set", action="append", default=[], metavar="SETTING", help="a setting for both, as in work_mem = '64kB'")
    options = parser.parse_args()
    started = time.monotonic()
    with contextlib.ExitStack() as stack:
        server = options.server or stack.enter_context(cluster())
        out = stack.enter_context(open(options.file, "w", encoding="utf-8")) if options.file else sys.stdout
        oracle, engine = Postgres(server), Aurora()
        stack.callback(oracle.close)
        stack.callback(engine.close)
        if options.show:
            for seed in options.schemas:
                print(";\n".join(make_schema(seed, options.rows).statements), file=out, end=";\n")
        portion = Portion(
            schemas=options.schemas, numbers=options.queries, most_rows=options.rows, measured=options.analyze, settings=tuple(options.set)
        )
        for found in compare_all(engine, oracle, portion):
            print(found, file=sys.stdout if isinstance(found, Comparison) else out, flush=True)
        print(f"{time.monotonic() - started:.0f} s")


main()
