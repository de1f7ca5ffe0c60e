"""Known gaps: golden cases that auroraml does not answer as recorded yet, listed in GAPS.txt, each of which must still differ.

`pytest tests/golden --gaps` writes the list anew. A case that starts to match fails the run until it is taken off the list, so the list is
always exact: it is the honest account of what is missing.
"""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from tests.runner.blocks import Block, GoldenFile

ROOT = Path(__file__).parent
LIST = ROOT / "GAPS.txt"


def keys(file: GoldenFile) -> list[str]:
    """A readable name for each block, the same as long as its place among equal statements is."""
    seen: Counter[str] = Counter()
    names = []
    for block in file.blocks:
        name = f"{file.path.relative_to(ROOT)}: {' '.join(block.body.split())[:150]}"
        seen[name] += 1
        names.append(name if seen[name] == 1 else f"{name} ({seen[name]})")
    return names


def listed(file: GoldenFile) -> set[str]:
    """The file's known gaps."""
    prefix = f"{file.path.relative_to(ROOT)}: "
    lines = LIST.read_text(encoding="utf-8").splitlines() if LIST.exists() else []
    return {line for line in lines if line.startswith(prefix)}


def differing(file: GoldenFile, answered: list[Block]) -> set[str]:
    """The blocks answered otherwise than recorded."""
    return {key for key, wanted, got in zip(keys(file), file.blocks, answered, strict=True) if wanted.render() != got.render()}


def write(file: GoldenFile, found: set[str]) -> None:
    """Replace the file's lines in the list, and drop those of files that are gone."""
    prefix = f"{file.path.relative_to(ROOT)}: "
    lines = LIST.read_text(encoding="utf-8").splitlines() if LIST.exists() else []
    kept = [line for line in lines if not line.startswith(prefix) and (ROOT / line.split(": ", 1)[0]).exists()]
    LIST.write_text("".join(f"{line}\n" for line in sorted({*kept, *found})), encoding="utf-8")
