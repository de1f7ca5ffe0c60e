"""Growth: the time of each TPC-H query per unit of scale, as the data grows (`python -m benchmarks.growth [scale ...]`)."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from benchmarks import tpch
from benchmarks.figures import Figure, lines, of
from benchmarks.timing import interleave

SCALES = (0.1, 1, 3)
MOST = 1.3  # times the time per row at any smaller scale


def taken(scale: float, rounds: int) -> dict[str, float]:
    """The median milliseconds of each query, divided by the scale."""
    connection = tpch.load_aurora(tpch.data(scale))
    found = {name: interleave({"auroraml": lambda sql=sql: connection.execute(sql).fetchall()}, rounds) for name, sql in tpch.QUERIES.items()}  # type: ignore[misc]
    connection.close()
    return {name: times["auroraml"] / scale for name, times in found.items()}


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
                    unit="ms / scale",
                    goals=dict.fromkeys(smaller, MOST),
                )
            )
    return made


if __name__ == "__main__":
    print("\n".join(lines(figures([float(scale) for scale in sys.argv[1:]] or SCALES))))
