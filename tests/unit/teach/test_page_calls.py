"""Time lines: lanes, bars and columns hold what the calls hold; drawings are to scale and stay small."""

from __future__ import annotations

import random
import xml.etree.ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auroraml.teach.page.calls import MOST, Attempt, Call, TimeLine, time_line
from auroraml.teach.page.gantt import LEFT, RIGHT, WIDTH, gantt, summary, ticks

SVG = "{http://www.w3.org/2000/svg}"


def call(number: int, start: float, milliseconds: float, **more: object) -> Call:
    return Call(number=number, start=start, milliseconds=milliseconds, service="SageMaker", operation="InvokeEndpoint", target="e", items=10, **more)  # type: ignore[arg-type]


def tried(number: int, start: float, queued: float, worked: float, instance: int, worker: int | None = None) -> Call:
    attempt = Attempt(start=start, milliseconds=queued + worked, queued=queued, instance=instance)
    return call(number, start, queued + worked, worker=worker, tries=(attempt,))


def test_lanes_by_worker_and_by_instance() -> None:
    line = time_line(
        [tried(1, 0, 0, 10, 1, 0), tried(2, 0, 5, 10, 1), tried(3, 10, 0, 10, 0, 0), tried(4, 30, 0, 5, 0, 11), tried(5, 30, 0, 5, 0, 2)], 40
    )
    assert [(lane.name, lane.calls) for lane in line.workers] == [("leader", 1), ("worker 0", 2), ("worker 2", 1), ("worker 11", 1)]
    assert [(lane.name, lane.calls, lane.items) for lane in line.instances] == [("e · instance 0", 3, 30), ("e · instance 1", 2, 20)]
    waiting = line.workers[0].bars[0]
    assert [(part.kind, part.start, part.end) for part in waiting.parts] == [("queued", 0, 5), ("work", 5, 15)]
    answered = line.instances[1].bars[1]
    assert [(part.kind, part.start, part.end) for part in answered.parts] == [("work", 5, 15)]
    assert line.workers[1].busy == pytest.approx(20 / 40)


def test_attempts_that_reached_no_instance_are_the_workers_alone() -> None:
    tries = (Attempt(start=0, milliseconds=1, error="ThrottlingException"), Attempt(start=21, milliseconds=9, instance=0))
    line = time_line([call(1, 0, 30, tries=tries, attempts=2)], 30)
    assert [part.kind for part in line.workers[0].bars[0].parts] == ["failed", "pause", "work"]
    assert [(lane.name, [part.start for bar in lane.bars for part in bar.parts]) for lane in line.instances] == [("e · instance 0", [21])]
    assert line.calls[0].kind == "retried"


def test_calls_at_once_on_an_instance_lie_above_each_other() -> None:
    lane = time_line([tried(i, i, 0, 10, 0, i) for i in range(4)], 20).instances[0]
    assert (lane.depth, [bar.row for bar in lane.bars]) == (4, [0, 1, 2, 3])
    assert time_line([tried(i, i * 10, 0, 10, 0) for i in range(4)], 40).instances[0].depth == 1


@pytest.mark.parametrize("seed", range(5))
def test_columns_hold_all_time_and_all_calls(seed: int) -> None:
    draw = random.Random(seed)
    found = [
        (draw.choice((0.0, draw.uniform(0, 1000))), draw.choice((0.0, draw.uniform(0, 50))), draw.uniform(0.01, 100))
        for _ in range(MOST + 1 + seed * 100)
    ]
    calls = [tried(i, start, queued, worked, 0) for i, (start, queued, worked) in enumerate(found)]
    line = time_line(calls, 0.0)
    lane = line.workers[0]
    assert not lane.bars and sum(column.calls for column in lane.columns) == len(calls)
    assert sum(column.busy * (column.end - column.start) for column in lane.columns) == pytest.approx(sum(worked for _, _, worked in found), rel=1e-6)
    assert sum(column.waiting * (column.end - column.start) for column in lane.columns) == pytest.approx(
        sum(queued for _, queued, _ in found), rel=1e-6, abs=1e-6
    )
    assert line.length == max(call.end for call in calls)


def rectangles(line: TimeLine, kind: str) -> list[tuple[float, float]]:
    root = ET.fromstring(gantt(line, "k"))
    return [(float(r.attrib["x"]), float(r.attrib["width"])) for r in root.iter(f"{SVG}rect") if r.attrib.get("class") == kind]


def test_the_drawing_is_to_scale() -> None:
    line = time_line([tried(1, 100, 50, 250, 0)], 1000)
    unit = (WIDTH - LEFT - RIGHT) / 1000
    assert rectangles(line, "ga-queued") == [pytest.approx((LEFT + 100 * unit, 50 * unit), abs=0.01)]
    assert rectangles(line, "ga-work") == [pytest.approx((LEFT + 150 * unit, 250 * unit), abs=0.01)] * 2


def test_names_and_errors_are_escaped() -> None:
    hostile = '<script>alert("x")</script>&'
    line = time_line([Call(number=1, start=0, milliseconds=1, service=hostile, operation="o", target=hostile, status="failed", error=hostile)], 1)
    root = ET.fromstring(gantt(line, "k"))
    assert not list(root.iter(f"{SVG}script"))
    assert any(hostile in (title.text or "") for title in root.iter(f"{SVG}title"))


@pytest.mark.parametrize(("workers", "instances"), [(1, 1), (17, 16), (80, 80)])
def test_drawings_of_ten_thousand_calls_stay_small(workers: int, instances: int) -> None:
    draw = random.Random(7)
    calls = [tried(i, (i // workers) * 20.0, 2.0, draw.uniform(1, 18), i % instances, i % workers) for i in range(10_000)]
    drawing = gantt(time_line(calls, 0.0), "k")
    assert len(drawing) < 1_300_000
    ET.fromstring(drawing)


def test_a_drawing_of_nothing_has_no_lanes() -> None:
    line = time_line([], 5.0)
    assert (line.lanes, line.length, summary(line)) == (0, 5.0, "0 calls by 0 processes over 5.00 ms")


@given(st.floats(1e-3, 1e12))
def test_ticks_are_round_few_and_inside(length: float) -> None:
    found = ticks(length)
    assert 2 <= len(found) <= 10
    assert found[0] == 0 and found[-1] <= length * (1 + 1e-9)
