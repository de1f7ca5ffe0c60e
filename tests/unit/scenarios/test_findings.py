"""Findings: knees, and claims that hold or do not, over results made by hand."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pytest

from auroraml.scenarios.findings import lines_of, verdicts
from auroraml.scenarios.results import Results
from auroraml.scenarios.scenario import Claim, Scenario, Value

Throughput = Callable[[dict[str, Value]], float]


def results(grid: dict[str, Sequence[Value]], throughput: Throughput, measures: Sequence[str] = ("m",), **more: Throughput) -> Results:
    """Results whose throughput (and other metrics) are functions of the point and of `measure`."""
    scenario = Scenario(name="s", title="S", grid=grid, measures=())
    rows = [
        {
            "measure": name,
            **point,
            "throughput": throughput({**point, "measure": name}),
            **{key: f({**point, "measure": name}) for key, f in more.items()},
        }
        for point in scenario.points()
        for name in measures
    ]
    names = list(grid)
    return Results(scenario="s", title="S", about="", along=names[-1], lines=names[0] if len(names) > 1 else "", grid=grid, machine={}, rows=rows)


def judged(found: Results, kind: str, **options: object) -> tuple[bool, str]:
    """One claim's verdict."""
    scenario = Scenario(name="s", title="S", grid={}, measures=(), claims=[Claim(kind=kind, options=options)])
    (verdict,) = verdicts(scenario, found)
    return verdict.holds, verdict.because


BATCHES: dict[str, Sequence[Value]] = {"rows": [100, 10_000], "batch": [10, 100, 1_000]}


def saturating(point: dict[str, Value]) -> float:
    """As a batch that cannot be larger than the data."""
    return float(min(int(point["rows"]), int(point["batch"])))


def test_a_knee_is_the_first_point_near_the_best() -> None:
    lines = lines_of(results(BATCHES, saturating), "m")
    assert [(line.name, line.knee["batch"], line.best["batch"]) for line in lines] == [("rows 100", 100, 100), ("rows 10,000", 1_000, 1_000)]
    flat = lines_of(results(BATCHES, lambda point: 100 - int(point["batch"]) / 1_000), "m")
    assert [line.knee["batch"] for line in flat] == [10, 10]


def test_knee_rises() -> None:
    holds, because = judged(results(BATCHES, saturating), "knee rises", over="rows")
    assert holds
    assert because == "The knee of each line: rows 100: batch 100; rows 10,000: batch 1,000."
    assert not judged(results(BATCHES, lambda point: int(point["batch"])), "knee rises", over="rows")[0]
    assert not judged(results(BATCHES, lambda point: saturating({**point, "rows": 10_100 - int(point["rows"])})), "knee rises", over="rows")[0]


def test_grows() -> None:
    one: dict[str, Sequence[Value]] = {"batch": [10, 100]}
    holds, because = judged(results(one, lambda point: 1, first_row=lambda point: int(point["batch"]) / 1_000), "grows", metric="first_row")
    assert holds
    assert because == "m: 10 ms at batch 10, 100 ms at 100."
    assert not judged(results(one, lambda point: 1, first_row=lambda point: 1.0), "grows", metric="first_row")[0]
    assert not judged(results(one, lambda point: 1, first_row=lambda point: 1 / int(point["batch"])), "grows", metric="first_row")[0]


def test_scales() -> None:
    both: dict[str, Sequence[Value]] = {"instances": [1, 2, 4], "workers": [1, 2, 4]}
    holds, because = judged(results(both, lambda point: 10 * min(int(point["workers"]), int(point["instances"]))), "scales", over="instances")
    assert holds
    assert because.startswith("Throughput over that of one: 1 workers with 1 instances: 1.00 times, 2 workers with 2 instances: 2.00 times")
    assert not judged(results(both, lambda point: 10 * int(point["workers"])), "scales", over="instances")[0]  # instances made no difference
    assert not judged(results(both, lambda point: 10.0), "scales", over="instances")[0]


def test_better_is_more_throughput_or_less_of_anything_else() -> None:
    one: dict[str, Sequence[Value]] = {"batch": [10, 100]}
    found = results(one, lambda point: 30 if point["measure"] == "m" else 10, ("m", "n"), seconds=lambda point: 1 if point["measure"] == "m" else 5)
    assert judged(found, "better", than="n", metric="throughput", times=3)[0]
    assert not judged(found, "better", than="n", metric="throughput", times=3.1)[0]
    assert judged(found, "better", than="n", metric="seconds", times=5)[0]
    assert not judged(found, "better", measure="n", than="m", metric="seconds")[0]
    nothing = results(one, lambda point: 1, ("m", "n"), calls=lambda point: 0 if point["measure"] == "m" else 5)
    assert judged(nothing, "better", than="n", metric="calls", times=1_000) == (True, "m: 0, n: 5 (calls), inf times at the least of 2 points.")


def test_a_claim_that_cannot_be_judged_is_told() -> None:
    found = results({"batch": [1]}, lambda point: 1)
    with pytest.raises(ValueError, match="claims are of the kinds knee rises, grows, scales, better, not 'wins'"):
        judged(found, "wins")
    with pytest.raises(ValueError, match="the claim 'grows' cannot be judged"):
        judged(found, "grows", metric="beauty")
    with pytest.raises(ValueError, match="the claim 'better' cannot be judged"):
        judged(found, "better", than="n")
    unmeasured = results({"batch": [1]}, lambda point: 1)
    unmeasured.rows[0]["first_row"] = None  # type: ignore[index] # a dict
    with pytest.raises(ValueError, match="m has no first_row"):
        judged(unmeasured, "grows", metric="first_row")
