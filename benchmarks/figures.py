"""Figure: what one case of a benchmark took, by contestant; the goals it has; and the rows of a report made of them."""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

OURS = "auroraml"
Json = dict[str, object]


@dataclass(frozen=True, kw_only=True)
class Goal:
    """Our value is to be at most `most` times that of `over`."""

    over: str
    most: float


@dataclass(frozen=True, kw_only=True)
class Figure:
    """Medians of one case, in `unit` (the smaller the better), of us and of those we are measured against."""

    subject: str
    case: str
    values: Mapping[str, float]
    unit: str = "ms"
    goals: Sequence[Goal] = field(default=())

    def ratio(self, over: str) -> float:
        """Our value over another's (which may be 0: bytes, for instance)."""
        ours, other = self.values[OURS], self.values[over]
        return ours / other if other else float("inf") if ours else 1.0

    def missed(self) -> list[Goal]:
        """The goals that are not met."""
        return [goal for goal in self.goals if self.ratio(goal.over) > goal.most]

    def as_json(self) -> Json:
        """As it stands in a results file."""
        return {
            "subject": self.subject, "case": self.case, "unit": self.unit,
            "values": {name: float(f"{value:.5g}") for name, value in self.values.items()},
            "goals": [{"over": goal.over, "most": goal.most, "ratio": round(self.ratio(goal.over), 3)} for goal in self.goals],
        }  # fmt: skip


def figure_of(found: Mapping[str, object]) -> Figure:
    """The figure in a results file."""
    values, goals = found["values"], found["goals"]
    assert isinstance(values, dict) and isinstance(goals, list)
    return Figure(
        subject=str(found["subject"]), case=str(found["case"]), unit=str(found["unit"]), values={str(k): float(v) for k, v in values.items()},
        goals=[Goal(over=goal["over"], most=goal["most"]) for goal in goals],
    )  # fmt: skip


def of(subject: str, case: str, values: Mapping[str, float], *, unit: str = "ms", goals: Mapping[str, float] | None = None) -> Figure:
    """A figure; `goals`: at most how many times which other's value."""
    return Figure(subject=subject, case=case, values=values, unit=unit, goals=[Goal(over=over, most=most) for over, most in (goals or {}).items()])


def mean(figures: Iterable[Figure], case: str = "geometric mean", goals: Mapping[str, float] | None = None) -> Figure:
    """The geometric means of figures of one subject."""
    all_of_them = list(figures)
    first = all_of_them[0]
    names = [name for name in first.values if all(name in figure.values for figure in all_of_them)]
    means = {name: statistics.geometric_mean(figure.values[name] for figure in all_of_them) for name in names}
    return of(first.subject, case, means, unit=first.unit, goals=goals)


def lines(figures: Sequence[Figure]) -> list[str]:
    """Lines for a terminal: each case with every contestant's value and our ratio to it, goals that are missed marked."""
    made = []
    for figure in figures:
        shown = "  ".join(f"{name} {value:,.4g}" for name, value in figure.values.items())
        ratios = "  ".join(f"/{name} {figure.ratio(name):.2f}" for name in figure.values if name != OURS and OURS in figure.values)
        missed = "".join(f"  MISSED (at most {goal.most:g} of {goal.over})" for goal in figure.missed())
        made.append(f"{figure.subject:12} {figure.case:28} {shown} {figure.unit}  {ratios}{missed}")
    return made
