"""Instances against a plain event queue: when each request is answered, however many instances, places and queues there are."""

from __future__ import annotations

import random
from collections import deque
from dataclasses import dataclass, field

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from auroraml.services.embedded.hosting import Hosting, Latency
from auroraml.services.numbers import Numbers
from auroraml.teach.simulate.instances import Failed, Instances

Asks = list[tuple[float, int]]  # how long each participant thinks before each request, and its rows


@dataclass
class Instance:
    """Requests being answered (end, participant), and those that wait (participant, seconds)."""

    busy: list[tuple[float, int]] = field(default_factory=list)
    queue: deque[tuple[int, float]] = field(default_factory=deque)


def by_events(hosting: Hosting, asks: dict[int, Asks]) -> list[tuple[int, float, float | None]]:
    """(participant, sent, answered; None: turned away), stepping from event to event: arrivals and endings, by time and participant."""
    latencies, routes = Numbers(hosting.latency.seed, "latency"), Numbers(hosting.latency.seed, "route")
    instances = [Instance() for _ in range(hosting.instances)]
    coming = {who: (thinks[0][0], 0) for who, thinks in asks.items() if thinks}
    sent: dict[int, float] = {}
    log: list[tuple[int, float, float | None]] = []

    def next_one(who: int, now: float, place: int) -> None:
        if place < len(asks[who]):
            coming[who] = (now + asks[who][place][0], place)

    places: dict[int, int] = {}
    while coming or any(instance.busy for instance in instances):
        ending = min(((end, who, i) for i, instance in enumerate(instances) for end, who in instance.busy), default=None)
        arriving = min(((time, who) for who, (time, _) in coming.items()), default=None)
        if ending is not None and (arriving is None or ending[:2] < arriving):
            end, who, i = ending
            instance = instances[i]
            instance.busy.remove((end, who))
            log.append((who, sent[who], end))
            if instance.queue:
                waiting, seconds = instance.queue.popleft()
                instance.busy.append((end + seconds, waiting))
            next_one(who, end, places[who] + 1)
            continue
        assert arriving is not None
        now, who = arriving
        place = coming.pop(who)[1]
        i = 0
        if hosting.instances > 1 and hosting.routing == "RANDOM":
            i = int(hosting.instances * routes.uniform())
        elif hosting.instances > 1:
            i = min(range(hosting.instances), key=lambda j: len(instances[j].busy) + len(instances[j].queue))
        instance = instances[i]
        full = hosting.concurrency is not None and len(instance.busy) >= hosting.concurrency
        if full and hosting.max_queue is not None and len(instance.queue) >= hosting.max_queue:
            log.append((who, now, None))
            next_one(who, now, place + 1)
            continue
        seconds = hosting.latency.seconds(asks[who][place][1], lambda: 0, latencies)
        sent[who], places[who] = now, place
        if full:
            instance.queue.append((who, seconds))
        else:
            instance.busy.append((now + seconds, who))
    return log


def by_instances(hosting: Hosting, asks: dict[int, Asks]) -> list[tuple[int, float, float | None]]:
    instances = Instances("SageMaker", hosting)
    coming = {who: (thinks[0][0], 0) for who, thinks in asks.items() if thinks}
    log: list[tuple[int, float, float | None]] = []
    while coming:
        now, who = min((time, who) for who, (time, _) in coming.items())
        place = coming.pop(who)[1]
        try:
            end = instances.request(now, who, asks[who][place][1], 0).end
            log.append((who, now, end))
        except Failed:
            end = now
            log.append((who, now, None))
        if place + 1 < len(asks[who]):
            coming[who] = (end + asks[who][place + 1][0], place + 1)
    return log


def asked(seed: int, participants: int, each: int) -> dict[int, Asks]:
    draw = random.Random(seed)
    return {who: [(draw.choice((0.0, 0.25, 0.5, draw.random())), draw.randint(1, 20)) for _ in range(each)] for who in range(participants)}


@settings(deadline=None, max_examples=60)
@given(
    instances=some.integers(1, 4), concurrency=some.sampled_from([None, 1, 2, 3]), queue=some.sampled_from([None, 0, 1, 2]),
    routing=some.sampled_from(["RANDOM", "LEAST_OUTSTANDING_REQUESTS"]), distribution=some.sampled_from(["fixed", "normal", "lognormal"]),
    participants=some.integers(1, 7), seed=some.integers(0, 1_000),
)  # fmt: skip
def test_requests_are_answered_as_events_have_it(
    instances: int, concurrency: int | None, queue: int | None, routing: str, distribution: str, participants: int, seed: int
) -> None:
    latency = Latency(base=0.25, per_row=0.25, distribution=distribution, spread=0.5, seed=seed)
    hosting = Hosting(instances=instances, concurrency=concurrency, max_queue=queue, routing=routing, latency=latency)
    asks = asked(seed, participants, 12)
    assert sorted(by_instances(hosting, asks), key=str) == sorted(by_events(hosting, asks), key=str)


def test_some_are_turned_away_and_some_wait() -> None:
    hosting = Hosting(instances=1, concurrency=1, max_queue=1, latency=Latency(base=1.0))
    log = by_instances(hosting, {who: [(0.0, 1)] for who in range(3)})
    assert log == [(0, 0.0, 1.0), (1, 0.0, 2.0), (2, 0.0, None)]


def test_faults_strike_by_their_chance() -> None:
    hosting = Hosting.of({"faults": {"throttle": 0.25, "seed": 5}})
    instances = Instances("SageMaker", hosting)
    failed = 0
    for i in range(2_000):
        try:
            instances.request(float(i), 0, 1, 0)
        except Failed as error:
            assert error.failure.code == "ThrottlingException"
            failed += 1
    assert failed == pytest.approx(500, rel=0.15)
