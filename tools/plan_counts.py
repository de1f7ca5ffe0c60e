"""Count the EXPLAIN cases recorded from PostgreSQL in the golden files, and those that auroraml answers to the character (GAPS.txt lists the others).

Run in the repository: `python -m tools.plan_counts`. A listed case counts as different in all that it prints.
"""

from __future__ import annotations

import re
from collections import Counter

from tests.golden.gaps import keys, listed
from tests.golden.test_golden import FILES
from tests.runner.blocks import Block, read
from tests.runner.outcome import statement

EXPLAIN = re.compile(r"\s*explain\s*(?:\(([^)]*)\))?((?:\s+(?:analyze|verbose)\b)*)", re.IGNORECASE)
FALSE = ("off", "false", "0")


def options(block: Block) -> dict[str, bool] | None:
    """Whether an EXPLAIN case shows costs and runs its statement; None for other cases."""
    found = EXPLAIN.match(statement(block)) if block.directive in ("plan", "query") else None
    if found is None:
        return None
    given = {name.lower(): True for name in found[2].split()}
    for option in (found[1] or "").split(","):
        name, _, value = option.strip().lower().partition(" ")
        given[name] = value.strip().strip("'\"") not in FALSE
    return {"costs": given.get("costs", True), "analyze": given.get("analyze", False)}


def main() -> None:
    """Print the counts."""
    recorded: Counter[str] = Counter()
    same: Counter[str] = Counter()
    for file in (read(path) for path in FILES):
        gaps = listed(file) if file.oracle else set()
        for key, block in zip(keys(file), file.blocks, strict=True) if file.oracle else ():
            found = options(block)
            if found is None:
                continue
            for kind in ("all", *(["with costs"] if found["costs"] else []), *(["ANALYZE"] if found["analyze"] else [])):
                recorded[kind] += 1
                same[kind] += key not in gaps
    for kind, count in recorded.items():
        print(f"{kind}: {same[kind]} of {count} identical")


if __name__ == "__main__":
    main()
