"""Growth: the CPU time of each TPC-H query per unit of scale, as the data grows (`python -m benchmarks.growth [scale ...]`)."""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence

import auroraml
from benchmarks import tpch
from benchmarks.figures import Figure, lines, of

SCALES = (0.1, 1, 3)
MOST = 1.3  # times the time per row at any smaller scale


def taken(scale: float, rounds: int) -> dict[str, float]:
    """The least milliseconds of CPU of each query, divided by the scale: what else the machine does meanwhile matters least to them."""
    connection = tpch.load_aurora(tpch.data(scale))
    found = {}
    for name, sql in tpch.QUERIES.items():
        connection.execute(sql).fetchall()
        found[name] = min(_burnt(connection, sql) for _ in range(rounds)) * 1000 / scale
    connection.close()
    return found


def _burnt(connection: auroraml.Connection, sql: str) -> float:
    start = time.process_time()
    connection.execute(sql).fetchall()
    return time.process_time() - start


def figures(scales: Sequence[float] = SCALES, rounds: int = 5) -> list[Figure]:
    """One figure a query and scale above the first, its goals set by all smaller ones."""
    found = {scale: taken(scale, rounds) for scale in scales}
    made = []
    for at, scale in enumerate(scales[1:], 1):
        for name in tpch.QUERIES:
            smaller = {f"at {before:g}": found[before][name] for before in scales[:at]}
            made.append(
                of(
                    "growth",
                    f"{name} at {scale:g}",
                    {"auroraml": found[scale][name], **smaller},
                    unit="CPU ms / scale",
                    goals=dict.fromkeys(smaller, MOST),
                )
            )
    return made


if __name__ == "__main__":
    print("\n".join(lines(figures([float(scale) for scale in sys.argv[1:]] or SCALES))))
