"""Two results files compared: what became slower, what quicker (`benchmarks/compare A.json B.json [--beyond 1.1]`)."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from benchmarks.figures import OURS, Figure, figure_of

Cases = Mapping[tuple[str, str], Figure]


def read(path: Path) -> Cases:
    """The figures of a results file, by subject and case."""
    figures = [figure_of(found) for found in json.loads(path.read_text(encoding="utf-8"))["figures"]]
    return {(figure.subject, figure.case): figure for figure in figures if OURS in figure.values}


def changes(before: Cases, after: Cases) -> list[tuple[float, str, str, float, float]]:
    """(factor, subject, case, then, now), slowest first. The factor is that of our value, the machine's own change taken out where peers ran too."""
    found = []
    for key, now in after.items():
        then = before.get(key)
        if then is None:
            continue
        peers = [name for name in now.values if name != OURS and name in then.values and then.values[name]]
        drift = 1.0
        for name in peers:
            drift *= (now.values[name] / then.values[name]) ** (1 / len(peers))
        found.append((now.values[OURS] / then.values[OURS] / drift, *key, then.values[OURS], now.values[OURS]))
    return sorted(found, reverse=True)


def main(arguments: Sequence[str]) -> int:
    """Print what changed by more than the given factor; 1 where something became slower."""
    parser = argparse.ArgumentParser(prog="compare", description=__doc__)
    parser.add_argument("before", type=Path)
    parser.add_argument("after", type=Path)
    parser.add_argument("--beyond", type=float, default=1.1, help="the factor from which a change is told (default 1.1)")
    options = parser.parse_args(arguments)
    before, after = read(options.before), read(options.after)
    found = changes(before, after)
    slower = [change for change in found if change[0] > options.beyond]
    quicker = [change for change in reversed(found) if change[0] < 1 / options.beyond]
    for title, those in (("slower", slower), ("quicker", quicker)):
        print(f"{title}: {len(those)}")
        for factor, subject, case, then, now in those:
            print(f"  {subject:12} {case:28} {then:,.4g} -> {now:,.4g} {after[subject, case].unit}, {factor:.2f} times")
    for title, keys in (("gone", before.keys() - after.keys()), ("new", after.keys() - before.keys())):
        if keys:
            print(f"{title}: {', '.join(' / '.join(key) for key in sorted(keys))}")
    print(f"{len(found) - len(slower) - len(quicker)} of {len(found)} within {options.beyond:g} times")
    return 1 if slower else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
