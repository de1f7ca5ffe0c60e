"""Count the EXPLAIN cases recorded from PostgreSQL in the golden files that auroraml answers to the character, as printed and with the costs masked.

Run in the repository: `python -m tools.plan_counts [--list] [PART OF A PATH ...]`. Every case is answered anew. The files in `corpus` are
queries written before any of them was tried, so they are counted apart: the others were written while mending and are no fair sample.
"""

from __future__ import annotations

import argparse
import re
import tempfile
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from tests.golden.test_golden import FILES, ROOT, answer, pin
from tests.runner.aurora import Aurora
from tests.runner.blocks import Block, GoldenFile, read
from tests.runner.outcome import statement
from tests.runner.pinned import RECORDED
from tests.runner.setups import SETUPS

EXPLAIN = re.compile(r"\s*explain\s*(?:\(([^)]*)\))?((?:\s+(?:analyze|verbose)\b)*)", re.IGNORECASE)
FALSE = ("off", "false", "0")
COSTS = re.compile(
    r"  \(cost=[\d.]+ rows=\d+ width=\d+\)|cost=[\d.]+ rows=\d+ width=\d+|^ *(?:\"|<|- )?(?:Startup[ -]Cost|Total[ -]Cost|Plan[ -]Rows|Plan[ -]Width)\b.*\n?",
    re.MULTILINE,
)


@dataclass(frozen=True, kw_only=True)
class Case:
    """One recorded EXPLAIN beside auroraml's answer."""

    shown: bool
    analyze: bool
    wanted: str
    got: str

    @property
    def same(self) -> bool:
        """Whether everything printed is equal."""
        return self.wanted == self.got

    @property
    def same_shape(self) -> bool:
        """Whether everything but costs, row estimates and widths is equal."""
        return COSTS.sub("", self.wanted) == COSTS.sub("", self.got)


def options(block: Block) -> tuple[bool, bool] | None:
    """Whether an EXPLAIN case shows costs, and whether it runs its statement; None for other cases."""
    found = EXPLAIN.match(statement(block)) if block.directive in ("plan", "query") else None
    if found is None:
        return None
    given = {name.lower(): True for name in found[2].split()}
    for option in (found[1] or "").split(","):
        name, _, value = option.strip().lower().partition(" ")
        given[name] = value.strip().strip("'\"") not in FALSE
    return given.get("costs", True), given.get("analyze", False)


def cases(file: GoldenFile) -> list[Case]:
    """The file's EXPLAIN cases, each answered by a new auroraml in the order of the file."""
    setup = SETUPS[file.options.get("setup", "")]
    engine = Aurora(options=setup.options)
    found = []
    try:
        if setup.aurora:
            engine.run(setup.aurora)
        recorded = RECORDED.get(file.options.get("statistics", ""))
        if recorded is not None:
            with tempfile.TemporaryDirectory() as folder:
                pin(recorded, engine, Path(folder))
        for block in file.blocks:
            answered = answer(block, engine)
            if (kind := options(block)) is not None:
                found.append(Case(shown=kind[0], analyze=kind[1], wanted=block.render(), got=answered.render()))
    finally:
        engine.close()
    return found


def report(title: str, found: list[Case]) -> None:
    """Print one group's counts."""
    total: Counter[str] = Counter()
    same: Counter[str] = Counter()
    for case in found:
        equal = {"as printed": case.same, "costs masked": case.same_shape}
        equal |= {"with costs, as printed": case.same} if case.shown else {}
        equal |= {"ANALYZE, as printed": case.same} if case.analyze else {}
        total.update(equal.keys())
        same.update(kind for kind, is_equal in equal.items() if is_equal)
    print(title)
    for kind, count in total.items():
        print(f"  {kind}: {same[kind]} of {count} identical ({same[kind] / count:.1%})")


def main() -> None:
    """Print the counts."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--list", action="store_true", help="print the cases that differ")
    parser.add_argument("parts", nargs="*", metavar="PART", help="only files whose path contains one of these")
    given = parser.parse_args()
    fresh: list[Case] = []
    others: list[Case] = []
    for path in FILES:
        name = str(path.relative_to(ROOT))
        if given.parts and not any(part in name for part in given.parts):
            continue
        file = read(path)
        if not file.oracle or not any(options(block) for block in file.blocks):
            continue
        found = cases(file)
        (fresh if name.startswith("corpus/") else others).extend(found)
        if given.list:
            print("\n".join(f"{name}\n-- wanted\n{case.wanted}-- got\n{case.got}" for case in found if not case.same))
    for title, group in (("Written before trying (corpus):", fresh), ("Written while mending:", others)):
        if group:
            report(title, group)


if __name__ == "__main__":
    main()
