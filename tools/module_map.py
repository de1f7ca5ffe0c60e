"""Write the module map of ARCHITECTURE.md from the modules' own docstrings: `python tools/module_map.py` (a test checks it is current)."""

from __future__ import annotations

import ast
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
START, END = "<!-- modules -->", "<!-- end of modules -->"


def first_line(path: Path) -> str:
    """The first sentence of a module's docstring."""
    return (ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or "").split("\n")[0]


def module_map() -> str:
    """A nested list: packages, and the modules in them."""
    lines = []
    for top in (ROOT / "auroraml", ROOT / "cli" / "auroraml_cli"):
        for folder in [top, *sorted(path for path in top.rglob("*") if path.is_dir() and (path / "__init__.py").exists())]:
            name = folder.relative_to(ROOT).as_posix()
            lines.append(f"- `{name}/` {first_line(folder / '__init__.py')}")
            lines += [f"  - `{path.name}` {first_line(path)}" for path in sorted(folder.glob("*.py")) if path.name != "__init__.py"]
    return "\n".join(lines)


def with_map(text: str) -> str:
    """ARCHITECTURE.md's text with the map brought up to date."""
    before, rest = text.split(START)
    return f"{before}{START}\n{module_map()}\n{END}{rest.split(END)[1]}"


if __name__ == "__main__":
    path = ROOT / "ARCHITECTURE.md"
    path.write_text(with_map(path.read_text(encoding="utf-8")), encoding="utf-8")
