"""Cached SELECT 1 against PostgreSQL's round trip, and `import auroraml` against `import pyarrow`."""

from __future__ import annotations

import subprocess
import sys

import psycopg

import auroraml
from benchmarks.figures import Figure, lines, of
from benchmarks.timing import interleave
from tests.runner.cluster import cluster


def select_one(rounds: int = 200) -> dict[str, float]:
    """Median milliseconds of SELECT 1."""
    with cluster() as conninfo:
        ours = auroraml.connect(autocommit=True)
        postgres = psycopg.connect(conninfo, dbname="postgres", autocommit=True)
        return interleave(
            {"auroraml": lambda: ours.execute("SELECT 1").fetchall(), "postgresql": lambda: postgres.execute("SELECT 1").fetchall()}, rounds
        )


def imports(rounds: int = 7) -> dict[str, float]:
    """Median milliseconds of a fresh interpreter with each import."""

    def load(statement: str) -> None:
        subprocess.run([sys.executable, "-c", statement], check=True)

    names = {
        "nothing": "pass",
        "pyarrow": "import pyarrow",
        "pyarrow and sqlglot": "import pyarrow, pyarrow.compute, sqlglot",
        "auroraml": "import auroraml",
    }
    return interleave({name: lambda code=code: load(code) for name, code in names.items()}, rounds)  # type: ignore[misc]


def figures() -> list[Figure]:
    """All, with their goals."""
    loaded = imports()
    return [
        of("small", "SELECT 1, plan kept", select_one(), goals={"postgresql": 1.0}),
        of("small", "import auroraml", {"auroraml": loaded["auroraml"], "pyarrow": loaded["pyarrow"]}),
    ]


if __name__ == "__main__":
    print("\n".join(lines(figures())))
