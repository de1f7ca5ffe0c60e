"""ARCHITECTURE.md's module map is what the modules say of themselves."""

from __future__ import annotations

import importlib.util
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def test_module_map_is_current() -> None:
    spec = importlib.util.spec_from_file_location("module_map", ROOT / "tools" / "module_map.py")
    assert spec is not None and spec.loader is not None
    tool = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(tool)
    text = (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8")
    assert tool.with_map(text) == text, "run `python tools/module_map.py`"
