"""Findings: what the results of a run say: each line's knee and best point, and whether what a scenario claims holds, with the numbers."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from inspect import Parameter, signature

from auroraml.scenarios.results import METRICS, Results
from auroraml.scenarios.scenario import Claim, Scenario, Value

NEAR = 0.9  # a knee is the first point that has this part of its line's best throughput
Row = Mapping[str, object]


@dataclass(frozen=True, kw_only=True)
class Line:
    """The points of one measure that differ only in the grid's name along the axis."""

    measure: str
    fixed: Mapping[str, Value]
    along: str
    rows: Sequence[Row]

    @property
    def name(self) -> str:
        """What distinguishes it."""
        fixed = ", ".join(f"{name} {place(value)}" for name, value in self.fixed.items())
        return fixed or self.measure

    def values(self, metric: str) -> list[float]:
        """A metric at each point; nan where there is none."""
        return [float("nan") if row[metric] is None else float(str(row[metric])) for row in self.rows]

    @property
    def places(self) -> list[Value]:
        """Where the points are along the axis."""
        return [row[self.along] for row in self.rows]  # type: ignore[misc] # one of the grid's values

    @property
    def best(self) -> Row:
        """The point with the highest throughput; of equal ones the first."""
        return max(self.rows, key=lambda row: figure(row, "throughput"))

    @property
    def knee(self) -> Row:
        """The first point from which on a further step gains next to nothing."""
        most = figure(self.best, "throughput")
        return next(row for row in self.rows if figure(row, "throughput") >= NEAR * most)


def lines_of(results: Results, measure: str, along: str | None = None) -> list[Line]:
    """A measure's lines along the axis, in the grid's order."""
    along = along or results.along
    others = [name for name in results.grid if name != along]
    found: dict[tuple[object, ...], list[Row]] = {}
    for row in results.rows:
        if row["measure"] == measure:
            found.setdefault(tuple(row[name] for name in others), []).append(row)
    several = [name for name in others if len(results.grid[name]) > 1]
    return [
        Line(measure=measure, fixed={name: rows[0][name] for name in several}, along=along, rows=rows)  # type: ignore[misc] # the grid's values
        for rows in found.values()
    ]


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """What came of a claim: whether it holds, and the numbers in a sentence."""

    says: str
    holds: bool
    because: str


def shown(value: object, metric: str) -> str:
    """A figure with its unit."""
    if value is None:
        return "nothing"
    number = float(str(value))
    unit = METRICS.get(metric, "")
    if unit == "s":
        return f"{number * 1000:,.3g} ms" if number < 1 else f"{number:,.3g} s"
    return f"{number:,.0f} {unit}".strip() if abs(number) >= 100 or number == int(number) else f"{number:.3g} {unit}".strip()


def figure(row: Row, metric: str) -> float:
    """A row's metric; KeyError where it was not measured."""
    if row[metric] is None:
        raise KeyError(f"{row['measure']} has no {metric}")
    return float(str(row[metric]))


def place(value: object) -> str:
    """A point of an axis."""
    return f"{value:,}" if isinstance(value, int | float) else str(value)


def check(scenario: Scenario) -> None:
    """That each claim can be judged: its kind, its words, and the measures, metrics and names of the grid that it means; ValueError where not."""
    measures = [measure.name for measure in scenario.measures]
    meanings: Mapping[str, Collection[str]] = {"measure": measures, "than": measures, "metric": METRICS, "over": scenario.grid}
    for number, claim in enumerate(scenario.claims):
        place = ("claims", number)
        judge = KINDS.get(claim.kind)
        if judge is None:
            raise ValueError(f"{scenario.place(*place, 'kind')}claims are of the kinds {', '.join(KINDS)}, not {claim.kind!r}")
        words = dict(list(signature(judge).parameters.items())[1:])
        for name in claim.options:
            if name not in words:
                raise ValueError(f"{scenario.place(*place, name)}the claim {claim.kind!r} has no {name!r}: it has {', '.join(words)}")
            if name in meanings and claim.options[name] not in meanings[name]:
                raise ValueError(f"{scenario.place(*place, name)}{name} is one of {', '.join(meanings[name])}, not {claim.options[name]!r}")
        missing = [name for name, word in words.items() if word.default is Parameter.empty and name not in claim.options]
        if missing:
            raise ValueError(f"{scenario.place(*place)}the claim {claim.kind!r} needs {missing[0]}")


def verdicts(scenario: Scenario, results: Results) -> list[Verdict]:
    """Each of the scenario's claims, judged; ValueError for a kind that does not exist."""
    return [_judged(claim, results) for claim in scenario.claims]


def _judged(claim: Claim, results: Results) -> Verdict:
    judge = KINDS.get(claim.kind)
    if judge is None:
        raise ValueError(f"claims are of the kinds {', '.join(KINDS)}, not {claim.kind!r}")
    try:
        holds, because = judge(results, **claim.options)
    except (TypeError, LookupError, StopIteration) as error:
        raise ValueError(f"the claim {claim.kind!r} cannot be judged: {error}") from error
    return Verdict(says=claim.says or claim.kind, holds=holds, because=because)


def _measure(results: Results, measure: str) -> str:
    return measure or results.measures()[0]


def _best_rises(results: Results, over: str, measure: str = "") -> tuple[bool, str]:
    """The knee along the axis does not fall as `over` grows, and is further out at its end."""
    lines = [line for line in lines_of(results, _measure(results, measure)) if set(line.fixed) <= {over}]
    knees = [line.knee[results.along] for line in lines]
    places = list(results.grid[results.along])
    at = [places.index(knee) for knee in knees]  # type: ignore[arg-type] # one of the grid's values
    because = "; ".join(f"{line.name}: {results.along} {place(knee)}" for line, knee in zip(lines, knees, strict=True))
    return at == sorted(at) and at[-1] > at[0], f"The knee of each line: {because}."


def _falls(results: Results, metric: str, measure: str = "") -> tuple[bool, str]:
    """The metric never falls along the axis, so that its smallest value is at the axis's beginning."""
    parts, holds = [], True
    for line in lines_of(results, _measure(results, measure)):
        values = [figure(row, metric) for row in line.rows]
        if len(values) < 2:
            raise ValueError(f"it takes two values of {results.along}")
        holds = holds and values == sorted(values) and values[-1] > values[0]
        first, last = line.places[0], line.places[-1]
        parts.append(f"{line.name}: {shown(values[0], metric)} at {results.along} {place(first)}, {shown(values[-1], metric)} at {place(last)}")
    return holds, "; ".join(parts) + "."


def _scales(results: Results, over: str, least: float = 0.9, measure: str = "") -> tuple[bool, str]:
    """Where the axis and `over` have the same value K, throughput is at least `least` times K times that at 1; with `over` left at 1 it is not."""
    along = results.along
    others = [name for name in results.grid if name not in (along, over)]
    groups: dict[tuple[object, ...], dict[tuple[object, object], float]] = {}
    for row in results.rows:
        if row["measure"] == _measure(results, measure):
            groups.setdefault(tuple(row[name] for name in others), {})[row[along], row[over]] = figure(row, "throughput")
    parts = [_scaling(at, along, over, least) for at in groups.values()]
    named = [", ".join(f"{name} {place(value)}" for name, value in zip(others, key, strict=True)) for key in groups]
    several = len(groups) > 1
    because = "; ".join(f"with {name}: {told}" if several else told for name, (_, told) in zip(named, parts, strict=True))
    return all(holds for holds, _ in parts), f"Throughput over that of one: {because}."


def _scaling(at: Mapping[tuple[object, object], float], along: str, over: str, least: float) -> tuple[bool, str]:
    """The same of points that differ in nothing else."""
    if (1, 1) not in at:
        raise LookupError(f"there is no point with {along} 1 and {over} 1")
    one = at[1, 1]
    both = {k: value / one for (k, other), value in at.items() if k == other}
    alone = {k: value / one for (k, other), value in at.items() if other == 1}
    most = max(both, key=lambda k: int(str(k)))
    if most not in alone:
        raise LookupError(f"there is no point with {along} {most} and {over} 1")
    holds = all(gain >= least * int(str(k)) for k, gain in both.items()) and alone[most] < least * both[most]
    because = ", ".join(f"{k} {along} with {k} {over}: {gain:.2f} times" for k, gain in sorted(both.items(), key=lambda pair: int(str(pair[0]))))
    return holds, f"{because}; {most} {along} with 1 {over}: {alone[most]:.2f} times"


def _better(results: Results, than: str, metric: str, measure: str = "", times: float = 1.0) -> tuple[bool, str]:
    """At every point the measure's metric is at least `times` better than another measure's: higher for throughput, else lower."""
    of = _measure(results, measure)
    pairs = list(zip([row for row in results.rows if row["measure"] == of], [row for row in results.rows if row["measure"] == than], strict=True))
    gains = []
    for row, other in pairs:
        mine, its = figure(row, metric), figure(other, metric)
        better, worse = (mine, its) if metric == "throughput" else (its, mine)
        gains.append(better / worse if worse else math.inf)
    row, other = pairs[gains.index(min(gains))]
    because = f"{of}: {shown(row[metric], metric)}, {than}: {shown(other[metric], metric)} ({metric}), {min(gains):,.3g} times"
    return min(gains) >= times, because + (f" at the least of {len(gains)} points." if len(gains) > 1 else ".")


KINDS: Mapping[str, Callable[..., tuple[bool, str]]] = {"knee rises": _best_rises, "grows": _falls, "scales": _scales, "better": _better}
