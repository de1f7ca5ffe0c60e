"""Results: the outcomes of a run as rows, written as Parquet and JSON, read again, and two runs compared."""

from __future__ import annotations

import importlib.metadata
import json
import os
import platform
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from auroraml.records import dataclass
from auroraml.scenarios.measuring import Options, Outcome
from auroraml.scenarios.scenario import Scenario, Value

Json = dict[str, object]
PACKAGES = ("auroraml", "pyarrow", "numpy", "sqlglot")
METRICS = {  # what a row says beside its point: name -> unit; the smaller the better, but for throughput
    "throughput": "rows/s", "seconds": "s", "first_row": "s", "statement_p50": "s", "statement_p95": "s", "call_p50": "s", "call_p95": "s",
    "calls": "", "amount": "", "amount_per_row": "",
}  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Results:
    """One run of one scenario: how and where it ran, and a row for each measure at each point of the grid."""

    scenario: str
    title: str
    about: str
    along: str
    lines: str
    grid: Mapping[str, Sequence[Value]]
    machine: Mapping[str, object]
    rows: Sequence[Mapping[str, object]]

    def as_json(self) -> Json:
        """As it stands in a results file."""
        return {
            "scenario": self.scenario, "title": self.title, "about": self.about, "along": self.along, "lines": self.lines,
            "grid": {name: list(values) for name, values in self.grid.items()}, "machine": dict(self.machine), "rows": [dict(row) for row in self.rows],
        }  # fmt: skip

    def measures(self) -> list[str]:
        """The names of what was measured."""
        return list(dict.fromkeys(str(row["measure"]) for row in self.rows))


def machine(options: Options) -> Json:
    """Where and how: clock, services, versions, and with the real clock what the machine is, as only then it matters."""
    found: Json = {
        "started": time.strftime("%Y-%m-%d %H:%M:%S"), "clock": options.clock, "repeat": options.repeat, "services": options.services or "as the scenario says",
        "versions": {name: importlib.metadata.version(name) for name in PACKAGES},
    }  # fmt: skip
    if options.clock == "real":
        found |= {"platform": platform.platform(), "cores": os.cpu_count(), "python": platform.python_version(), "load": round(os.getloadavg()[0], 2)}
    return found


def row_of(outcome: Outcome) -> Json:
    """A row: the measure's name, the point's values, then the figures."""
    return {
        "measure": outcome.measure, **outcome.point, "seconds": outcome.seconds, "spread": outcome.spread, "throughput": outcome.throughput,
        "first_row": outcome.first_row, "statement_p50": outcome.statement_p50, "statement_p95": outcome.statement_p95,
        "executions": outcome.executions, "rows_done": outcome.rows, "calls": outcome.calls, "retries": outcome.retries, "failures": outcome.failures,
        "call_p50": outcome.call_p50, "call_p95": outcome.call_p95, "amount": None if outcome.amount is None else float(outcome.amount),
        "amount_per_row": None if outcome.amount is None or not outcome.rows else float(outcome.amount) / outcome.rows, "currency": outcome.currency,
    }  # fmt: skip


def results_of(scenario: Scenario, outcomes: Sequence[Outcome], options: Options) -> Results:
    """The results of a run."""
    return Results(
        scenario=scenario.name, title=scenario.title, about=scenario.about.strip(), along=scenario.along, lines=scenario.lines, grid=scenario.grid,
        machine=machine(options), rows=[row_of(outcome) for outcome in outcomes],
    )  # fmt: skip


def write(results: Results, out: Path) -> None:
    """OUT.json and OUT.parquet; the Parquet file has the JSON's other parts in its metadata."""
    document = results.as_json()
    out.parent.mkdir(parents=True, exist_ok=True)
    _beside(out, ".json").write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")
    rest = json.dumps({key: value for key, value in document.items() if key != "rows"})
    table = pa.Table.from_pylist([dict(row) for row in results.rows])
    pq.write_table(table.replace_schema_metadata({"auroraml": rest}), _beside(out, ".parquet"))


def _beside(out: Path, suffix: str) -> Path:
    """OUT with a suffix; a dot in its name is a part of it."""
    return out.with_name(out.name + suffix)


def read(path: Path) -> Results:
    """The results in a JSON or Parquet file; ValueError for anything else."""
    if not path.exists():
        raise ValueError(f"{path}: No such file or directory")
    try:
        if path.suffix == ".parquet":
            table = pq.read_table(path)
            found = {**json.loads((table.schema.metadata or {})[b"auroraml"]), "rows": table.to_pylist()}
        else:
            found = json.loads(path.read_text(encoding="utf-8"))
        return Results(**found)
    except (KeyError, TypeError, json.JSONDecodeError, pa.ArrowInvalid) as error:
        raise ValueError(f"{path} holds no results of a scenario") from error


@dataclass(frozen=True, kw_only=True)
class Change:
    """What became of one measure at one point: seconds then and now."""

    case: str
    before: float
    after: float

    @property
    def factor(self) -> float:
        """Above 1: slower now."""
        return self.after / self.before if self.before else float("inf") if self.after else 1.0


def case_of(results: Results, row: Mapping[str, object]) -> str:
    """A row's measure and point in words."""
    point = " ".join(f"{name}={row[name]}" for name in results.grid)
    return f"{row['measure']} {point}".strip()


def compared(before: Results, after: Results) -> list[Change]:
    """What both runs have, slowest first."""
    then = {case_of(before, row): row for row in before.rows}
    now = {case_of(after, row): row for row in after.rows}
    found = [Change(case=case, before=_seconds(then[case]), after=_seconds(row)) for case, row in now.items() if case in then]
    return sorted(found, key=lambda change: -change.factor)


def _seconds(row: Mapping[str, object]) -> float:
    return float(str(row["seconds"]))
