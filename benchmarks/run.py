"""All benchmarks in turn; results with machine and versions go to benchmarks/results/ as JSON (`make bench`)."""

from __future__ import annotations

import importlib.metadata
import json
import os
import platform
import time
from pathlib import Path

from benchmarks import batch, planning, small, tpch, workers

RESULTS = Path(__file__).parent / "results"


def main() -> None:
    """Run everything and write the results."""
    versions = {name: importlib.metadata.version(name) for name in ("auroraml", "pyarrow", "numpy", "sqlglot", "duckdb", "psycopg")}
    report: dict[str, object] = {"machine": platform.platform(), "cores": os.cpu_count(), "python": platform.python_version(), "versions": versions}
    report["tpch_sf0.1_ms"] = tpch.run(0.1)
    planned = planning.run()
    report["planning_sf0.1_ms"] = planned
    report["planning_sf0.1"] = planning.summary(planned)
    found = batch.run()
    report["batch_1m_rows_ms"] = {size: {name: taken._asdict() for name, taken in times.items()} for size, times in found.items()}
    report["batch_1m_rows"] = batch.report(found)
    report["parallel_workers_20_ms_endpoint"] = workers.run()
    report["select_1_ms"] = small.select_one()
    report["import_ms"] = small.imports()
    RESULTS.mkdir(exist_ok=True)
    path = RESULTS / time.strftime("%Y%m%d-%H%M%S.json")
    path.write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")
    print(json.dumps(report, indent=2))
    print(f"written to {path}")


if __name__ == "__main__":
    main()
