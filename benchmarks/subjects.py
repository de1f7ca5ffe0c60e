"""What `make bench` measures, by name: each subject's figures, with the goals it has."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from benchmarks import batch, functions, growth, memory, pipelines, planning, reality, simulate, small, tpch, workers, writing
from benchmarks.figures import Figure, mean, of


def _tpch(scale: float) -> list[Figure]:
    found = [of(f"tpch {scale:g}", name, times, goals={"duckdb": 1.5, "postgresql": 1.0}) for name, times in tpch.run(scale).items()]
    return [*found, mean(found, goals={"duckdb": 0.65, "postgresql": 1 / 15})]


def _planning() -> list[Figure]:
    taken = planning.run()
    found = [of("planning", name, {engine: times[engine] for engine in ("auroraml", "postgresql")}) for name, times in taken.items()]
    queries = [figure for figure in found if figure.case in planning.QUERIES]
    return [
        *found,
        mean(queries, goals={"postgresql": 24.0}),
        mean(sorted(queries, key=lambda figure: figure.values["auroraml"])[-3:], "largest three", goals={"postgresql": 20.0}),
    ]


def _batch() -> list[Figure]:
    found = []
    for size, times in batch.run().items():
        walls = {name: taken.wall for name, taken in times.items()}
        goals = {batch.HAND_CSV: 1.2} if size == 1_000 else {}
        found.append(
            of("batch", f"text/csv, {size} a batch", {"auroraml": walls[batch.ENGINE_CSV], batch.HAND_CSV: walls[batch.HAND_CSV]}, goals=goals)
        )
        calls = batch.ROWS / size
        bare = {name: walls[name] * 1000 / calls for name in (batch.ENGINE, batch.BARE)}
        values = {"auroraml": bare[batch.ENGINE] - bare[batch.BARE], "wanted": 25.0, batch.BARE: bare[batch.BARE]}
        found.append(of("batch", f"over the callable, {size} a batch", values, unit="us / batch", goals={"wanted": 1.0} if size == 1_000 else {}))
    return found


def _workers() -> list[Figure]:
    return [
        of(
            "workers",
            f"{count} workers, 20 ms a call",
            {"auroraml": times["seconds"] * 1000, "calls": times["calls"] * workers.LATENCY * 1000},
            goals={"calls": 1.08},
        )
        for count, times in workers.run().items()
    ]


def _writing() -> list[Figure]:
    goals = {"insert": 0.5, "copy": 0.4, "update": 0.1, "fetch": 1.0}  # times PostgreSQL's, by the first word of the case
    found = []
    for name, times in writing.run().items():
        *words, unit = name.split("_")
        found.append(of("writing", " ".join(words), times, unit=unit, goals={"postgresql": goals[words[0]]} if words[0] in goals else None))
    return found


SUBJECTS: Mapping[str, Callable[[], list[Figure]]] = {
    "tpch-0.01": lambda: _tpch(0.01),
    "tpch-0.1": lambda: _tpch(0.1),
    "tpch-1": lambda: _tpch(1),
    "planning": _planning,
    "small": small.figures,
    "writing": _writing,
    "functions": functions.figures,
    "pipelines": pipelines.figures,
    "batch": _batch,
    "workers": _workers,
    "memory": memory.figures,
    "simulate": simulate.figures,
    "reality": reality.figures,
    "growth": growth.figures,
}
APART = ("growth",)  # takes a quarter of an hour and most of the memory: only by name
