"""The compiled wheel (setup.py, mypyc): it holds compiled modules, and answers every golden file as pure Python does. Minutes long, so with --soak only."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
MODULES = ("planner/paths/search", "planner/binder/expressions", "sql/rewrite", "batch/vector", "evaluate/keys", "executor/operators/joins")


def test_compiled_wheel(tmp_path: Path, request: pytest.FixtureRequest) -> None:
    if not request.config.getoption("--soak"):
        pytest.skip("compiling takes minutes; it runs with --soak")
    source, site = tmp_path / "source", tmp_path / "site"
    source.mkdir()
    for name in ("auroraml", "cli", "pyproject.toml", "setup.py", "README.md", "LICENSE"):
        path = ROOT / name
        if path.is_dir():
            shutil.copytree(path, source / name, ignore=shutil.ignore_patterns("__pycache__", "*.egg-info"))
        else:
            shutil.copy(path, source)
    command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation", "--wheel-dir", str(tmp_path), str(source)]
    subprocess.run(command, check=True, capture_output=True, env=os.environ | {"AURORAML_COMPILE": "1"})
    with zipfile.ZipFile(next(tmp_path.glob("*.whl"))) as wheel:
        wheel.extractall(site)
    for module in MODULES:
        assert list(site.glob(f"auroraml/{module}.*.so")) or list(site.glob(f"auroraml/{module}.*.pyd")), module
    shutil.copytree(ROOT / "tests", site / "tests", ignore=shutil.ignore_patterns("__pycache__"))
    play = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "tests/golden/test_golden.py"]
    subprocess.run(play, check=True, cwd=site, env=os.environ | {"PYTHONPATH": str(site)})
