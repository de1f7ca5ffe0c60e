"""The wheel holds the two import packages and nothing else, with the data files they need."""

from __future__ import annotations

import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def test_wheel_contents(tmp_path: Path) -> None:
    source = tmp_path / "source"
    source.mkdir()
    for name in ("auroraml", "cli"):
        shutil.copytree(ROOT / name, source / name, ignore=shutil.ignore_patterns("__pycache__", "*.egg-info"))
    for name in ("pyproject.toml", "setup.py", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, source / name)
    command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation", "--wheel-dir", str(tmp_path), str(source)]
    subprocess.run(command, check=True, capture_output=True)
    names = zipfile.ZipFile(next(tmp_path.glob("*.whl"))).namelist()
    tops = {name.split("/")[0] for name in names if ".dist-info/" not in name}
    assert tops == {"auroraml", "auroraml_cli"}
    carried = {path.relative_to(ROOT).as_posix() for path in (ROOT / "auroraml").rglob("*") if path.suffix in (".tsv", ".toml", ".json")}
    assert carried <= set(names)
    assert "auroraml/py.typed" in names
