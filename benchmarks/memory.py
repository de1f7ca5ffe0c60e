"""Memory: by how much each TPC-H query makes this process grow over the loaded database, beside the stored bytes of the columns it names.

Linux only: the kernel keeps the process's highest resident size, which writing to /proc/self/clear_refs sets back.
"""

from __future__ import annotations

import ctypes
import gc
import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import pyarrow as pa

import auroraml
from auroraml.batch import DictVector, FixedVector, NarrowFixed, NarrowNumeric, NumericVector, TextVector, Vector
from benchmarks import tpch
from benchmarks.figures import Figure, lines, of
from tests.runner.pinned import TABLES

FREE = 64 << 20  # bytes that a query may take whatever it reads
MOST = 3.0  # times the stored bytes beyond that


def stored(vector: Vector) -> int:
    """The bytes of a stored column."""
    if isinstance(vector, DictVector):
        return int(vector.codes.nbytes) + stored(vector.dictionary)
    if isinstance(vector, NarrowFixed | NarrowNumeric):
        return int(vector.narrow.nbytes)  # asking for its values would make, and keep, a wider copy
    if isinstance(vector, FixedVector | NumericVector | TextVector):
        return int(vector.values.nbytes)
    raise TypeError(type(vector).__name__)


def columns(connection: auroraml.Connection) -> dict[str, int]:
    """The stored bytes of every column of the eight tables, by name (TPC-H's names are unique)."""
    hub = connection.session.hub
    found: dict[str, int] = {}
    for name in TABLES:
        relation = hub.catalog.find_relation(name, "public")
        assert relation is not None
        heap = hub.store.tables[relation.oid]
        names = [
            str(row[0])
            for row in connection.execute(f"SELECT attname FROM pg_attribute WHERE attrelid = '{name}'::regclass AND attnum > 0 ORDER BY attnum")
        ]
        found |= {column: stored(heap.column(i)) for i, column in enumerate(names)}
    return found


def named(sql: str, sizes: Mapping[str, int]) -> int:
    """The stored bytes of the columns that a query names."""
    return sum(size for name, size in sizes.items() if re.search(rf"\b{name}\b", sql))


def _status(field: str) -> int:
    found = re.search(rf"^{field}:\s+(\d+) kB", Path("/proc/self/status").read_text(encoding="ascii"), re.MULTILINE)
    assert found is not None
    return int(found[1]) << 10


def peak(connection: auroraml.Connection, sql: str) -> int:
    """The bytes by which the process grew while the query ran, its rows fetched and dropped."""
    gc.collect()
    pa.default_memory_pool().release_unused()
    ctypes.CDLL(None).malloc_trim(0)  # what an earlier run has given back must not hide what this one takes
    Path("/proc/self/clear_refs").write_text("5", encoding="ascii")
    before = _status("VmRSS")
    connection.execute(sql).fetchall()
    return _status("VmHWM") - before


def measured(connection: auroraml.Connection, queries: Mapping[str, str] = tpch.QUERIES) -> Iterator[Figure]:
    """Each query's figure in MB: `beyond` is its growth less what is free."""
    sizes = columns(connection)
    for name, sql in queries.items():
        connection.execute(sql).fetchall()  # what is kept from then on (an index's look-up table) belongs to the database
        growth = peak(connection, sql)
        values = {"auroraml": max(growth - FREE, 0) / (1 << 20), "stored": named(sql, sizes) / (1 << 20), "growth": growth / (1 << 20)}
        yield of("memory", name, values, unit="MB", goals={"stored": MOST})


def figures(scale: float = 1) -> list[Figure]:
    """All 22, at a scale."""
    return list(measured(tpch.load_aurora(tpch.data(scale))))


def main(arguments: Sequence[str]) -> None:
    """Print the table (`python -m benchmarks.memory [scale]`)."""
    print("\n".join(lines(figures(float(arguments[0]) if arguments else 1))))


if __name__ == "__main__":
    main(sys.argv[1:])
