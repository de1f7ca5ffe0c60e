"""`make bench`: all subjects in turn, or those named; results with machine, versions and medians as JSON, drawn as HTML and PNG."""

from __future__ import annotations

import argparse
import importlib.metadata
import json
import os
import platform
import sys
import time
import traceback
from collections.abc import Sequence
from pathlib import Path

from benchmarks.figures import Figure, Json, lines
from benchmarks.report import write
from benchmarks.subjects import APART, SUBJECTS

RESULTS = Path(__file__).parent / "results"
PACKAGES = ("auroraml", "pyarrow", "numpy", "sqlglot", "duckdb", "psycopg", "xgboost-cpu")


def machine() -> Json:
    """Where the figures come from."""
    model = next((line.split(":", 1)[1].strip() for line in _read(Path("/proc/cpuinfo")) if line.startswith("model name")), platform.processor())
    versions = {name: importlib.metadata.version(name) for name in PACKAGES}
    return {
        "platform": platform.platform(), "processor": model, "cores": os.cpu_count(), "python": platform.python_version(), "versions": versions,
        "load": round(os.getloadavg()[0], 2), "started": time.strftime("%Y-%m-%d %H:%M:%S"),
    }  # fmt: skip


def _read(path: Path) -> list[str]:
    return path.read_text(encoding="utf-8").splitlines() if path.exists() else []


def main(arguments: Sequence[str] | None = None) -> None:
    """Run, print, write. A subject that fails costs only its own figures: the others go on, and the exit code is 1."""
    parser = argparse.ArgumentParser(prog="benchmarks.run", description=__doc__)
    parser.add_argument("subjects", nargs="*", choices=[[], *SUBJECTS], help=f"default: all but {', '.join(APART)}")
    parser.add_argument("--out", type=Path, default=RESULTS / time.strftime("%Y%m%d-%H%M%S"), help="results go to OUT.json, OUT.html, OUT.png")
    options = parser.parse_args(arguments)
    found: list[Figure] = []
    report: Json = {"machine": machine()}
    options.out.parent.mkdir(parents=True, exist_ok=True)
    failed: list[str] = []
    for name in options.subjects or [name for name in SUBJECTS if name not in APART]:
        try:
            figures = SUBJECTS[name]()
        except Exception:
            traceback.print_exc()
            failed.append(name)
            continue
        print("\n".join(lines(figures)), flush=True)
        found += figures
        report["figures"] = [figure.as_json() for figure in found]
        options.out.with_suffix(".json").write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")
    if found:
        write(report, found, options.out)
        print(f"written to {options.out}.json, .html and .png")
    if failed:
        sys.exit(f"failed: {', '.join(failed)}")


if __name__ == "__main__":
    main()
