"""Simulated hosting: latency, instances with a limit of requests at once, queues, time limits, faults by seed, in Python, TOML and SQL."""

from __future__ import annotations

import statistics
import threading
import time
from pathlib import Path

import pyarrow as pa
import pytest

import auroraml
from auroraml import errors
from auroraml.services.clock import RealClock, VirtualClock
from auroraml.services.embedded.hosting import Fleet, Hosting, Latency
from auroraml.services.endpoints import Callable, Faults
from auroraml.services.endpoints import Latency as PublicLatency
from auroraml.services.factory import make_services
from auroraml.services.numbers import Numbers
from auroraml.services.protocols import ServiceFailure
from tests.unit.services.test_services import INT, request
from tests.unit.services.test_workers import wait_until


def first(table: pa.Table) -> pa.ChunkedArray:
    """A model that takes no time."""
    return table.column(0)


def seconds(latency: Latency, count: int = 2000) -> list[float]:
    """What requests of three rows and ten bytes take."""
    numbers = Numbers(latency.seed, "latency")
    return [latency.seconds(3, lambda: 10, numbers) for _ in range(count)]


def test_distributions() -> None:
    assert seconds(Latency(base=0.02, per_row=0.001, per_byte=0.0001), 3) == [pytest.approx(0.024)] * 3
    normal = seconds(Latency(base=1.0, distribution="normal", spread=0.1))
    assert statistics.mean(normal) == pytest.approx(1.0, abs=0.01)
    assert statistics.stdev(normal) == pytest.approx(0.1, abs=0.01)
    assert min(seconds(Latency(base=0.01, distribution="normal", spread=1.0))) == 0.0
    skewed = seconds(Latency(base=1.0, distribution="lognormal", spread=0.5))
    assert statistics.median(skewed) == pytest.approx(1.0, abs=0.05)
    assert statistics.mean(skewed) > 1.05
    assert seconds(Latency(base=1.0, distribution="lognormal", spread=0.5)) == skewed
    assert PublicLatency is Latency


@pytest.mark.parametrize(
    ("options", "part"),
    [
        ({"instances": 0}, "instances is a whole number above 0"),
        ({"concurrency": -1}, "concurrency is a whole number above 0"),
        ({"max_queue": "x"}, "max_queue is a whole number"),
        ({"routing": "ROUND_ROBIN"}, "routing is RANDOM or LEAST_OUTSTANDING_REQUESTS"),
        ({"status": "Asleep"}, "status is one of"),
        ({"latency": {"base": -1}}, "base is a number of seconds"),
        ({"latency": {"mean": 1}}, "latency has no 'mean'"),
        ({"latency": {"distribution": "uniform"}}, "distribution is fixed, normal or lognormal"),
        ({"faults": {"throttle": 2}}, "throttle is a chance"),
        ({"faults": {"hiccup": 1}}, "fault 'hiccup' is not one of"),
    ],
)
def test_mistakes(options: dict[str, object], part: str) -> None:
    with pytest.raises(ValueError, match=part):
        Callable(first, **options)  # type: ignore[arg-type] # mistakes


def test_latency_is_waited_for_on_the_clock() -> None:
    clock = VirtualClock()
    services = make_services(endpoints={"e": Callable(first, latency={"base": 0.5, "per_row": 0.25})}, clock=clock)
    services.invoke_endpoint("e", request((INT, [1, 2])))
    assert clock.time == pytest.approx(1.0)
    assert services.log.records()[0].milliseconds == pytest.approx(1000)


def test_real_time() -> None:
    services = make_services(endpoints={"e": Callable(first, latency=0.05)})
    start = time.perf_counter()
    services.invoke_endpoint("e", request((INT, [1])))
    assert 0.05 <= time.perf_counter() - start < 1.0


class Counting:
    """A model that knows how many requests it answers at once."""

    def __init__(self) -> None:
        self.now = self.most = 0
        self.lock = threading.Lock()

    def __call__(self, table: pa.Table) -> pa.ChunkedArray:
        with self.lock:
            self.now += 1
            self.most = max(self.most, self.now)
        time.sleep(0.02)
        with self.lock:
            self.now -= 1
        return table.column(0)


@pytest.mark.parametrize(("instances", "concurrency", "most"), [(1, 1, 1), (2, 1, 2), (1, 3, 3)])
def test_requests_wait_for_their_turn(instances: int, concurrency: int, most: int) -> None:
    model = Counting()
    endpoint = Callable(model, instances=instances, concurrency=concurrency, routing="LEAST_OUTSTANDING_REQUESTS")
    services = make_services(endpoints={"e": endpoint})
    found: list[object] = []
    threads = [threading.Thread(target=lambda n=n: found.append(services.invoke_endpoint("e", request((INT, [n]))).to_pylist())) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(found, key=str) == [[str(n)] for n in range(8)]
    assert model.most == most


def test_the_log_tells_who_waited_for_which_instance() -> None:
    """In real time as in virtual: three calls at once, two instances."""
    services = make_services(endpoints={"e": Callable(first, latency=0.1, instances=2, concurrency=1, routing="LEAST_OUTSTANDING_REQUESTS")})
    threads = [threading.Thread(target=services.invoke_endpoint, args=("e", request((INT, [n])))) for n in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    attempts = sorted((attempt for record in services.log.records() for attempt in record.timeline), key=lambda attempt: attempt.queued)
    assert {attempt.instance for attempt in attempts[:2]} == {0, 1}
    assert max(attempt.queued for attempt in attempts[:2]) < 50 < attempts[2].queued < attempts[2].milliseconds - 90


def test_the_queue_is_in_order_of_coming() -> None:
    fleet, order = Fleet(Hosting(concurrency=1), RealClock()), list[int]()
    gate = threading.Event()

    def come(number: int) -> None:
        with fleet.instance():
            order.append(number)
            gate.wait(10)

    threads = []
    for number in range(6):
        threads.append(threading.Thread(target=come, args=(number,)))
        threads[-1].start()
        wait_until(lambda number=number: len(order) + len(fleet.queues[0]) == number + 1)
    assert order == [0]
    gate.set()
    for thread in threads:
        thread.join()
    assert fleet.busy == [0]
    assert order == [0, 1, 2, 3, 4, 5]


def test_a_full_queue_throttles() -> None:
    fleet = Fleet(Hosting(concurrency=1, max_queue=0), RealClock())
    with fleet.instance(), pytest.raises(ServiceFailure, match="Rate exceeded"), fleet.instance():
        pass
    with fleet.instance():
        assert fleet.busy == [1]
    assert fleet.busy == [0]


def test_more_than_the_time_limit_is_a_model_error() -> None:
    services = make_services(endpoints={"e": Callable(first, latency=61.0)}, clock=VirtualClock())
    with pytest.raises(errors.SystemError) as caught:
        services.invoke_endpoint("e", request((INT, [1])))
    assert 'Received server error (0) from primary with message "Your invocation timed out' in str(caught.value.diag.message_detail)


def test_a_callable_over_its_time_limit_is_left_behind() -> None:
    gate = threading.Event()

    def stuck(table: pa.Table) -> pa.ChunkedArray:
        gate.wait(10)
        return table.column(0)

    services = make_services(endpoints={"e": Callable(stuck, time_limit=0.1)})
    start = time.perf_counter()
    with pytest.raises(errors.SystemError) as caught:
        services.invoke_endpoint("e", request((INT, [1])))
    assert time.perf_counter() - start < 5
    assert "timed out while waiting for a response from container primary" in str(caught.value.diag.message_detail)
    assert services.workers.abandoned() == ("InvokeEndpoint of e",)
    gate.set()
    assert wait_until(lambda: not services.workers.abandoned())


def test_a_cancelled_statement_ends_a_simulated_wait() -> None:
    connection = auroraml.connect(endpoints={"slow": Callable(first, latency=30.0)}, user="rdsadmin", autocommit=True)
    connection.execute("CREATE EXTENSION aws_ml CASCADE; SET statement_timeout = 1000")
    start = time.perf_counter()
    with pytest.raises(errors.QueryCanceled, match="statement timeout"):
        connection.execute("SELECT aws_sagemaker.invoke_endpoint('slow', NULL, 1)")
    assert time.perf_counter() - start < 5
    assert wait_until(lambda: not connection.database.service_clients.workers.abandoned(), 2.0)
    found = connection.execute("SELECT status, error, attempts, cost > 0 FROM auroraml.service_calls").fetchall()
    assert found == [("abandoned", None, 1, True)]
    connection.close()


def test_a_statement_cancelled_between_two_attempts_is_logged_and_counted() -> None:
    def model(table: pa.Table) -> object:
        raise ServiceFailure("ThrottlingException", "Rate exceeded")

    connection = auroraml.connect(endpoints={"e": model}, user="rdsadmin", autocommit=True)
    services = connection.database.service_clients
    services.clock.jitter = lambda: 0.99  # type: ignore[method-assign] # a long wait
    connection.execute("CREATE EXTENSION aws_ml CASCADE; SET statement_timeout = 150")
    with pytest.raises(errors.QueryCanceled):
        connection.execute("SELECT aws_sagemaker.invoke_endpoint('e', NULL, 1)")
    assert [(record.attempts, record.error) for record in services.log.records()] == [(1, "cancelled")]
    assert (services.meter.total.calls, services.meter.total.retries) == (1, 0)
    connection.close()


def fates(seed: int, values: list[int]) -> list[str]:
    """How calls fare, one value each."""
    services = make_services(endpoints={"e": Callable(first, faults=Faults(model_error=0.5, seed=seed))}, clock=VirtualClock())
    found = {}
    for value in values:
        try:
            services.invoke_endpoint("e", request((INT, [value])))
            found[value] = "fine"
        except errors.SystemError:
            found[value] = "failed"
    return [found[value] for value in sorted(found)]


def test_the_same_seed_gives_the_same_faults_whatever_the_order_of_calls() -> None:
    values = list(range(40))
    usual = fates(7, values)
    assert 10 < usual.count("failed") < 30
    assert fates(7, values[::-1]) == usual
    assert fates(8, values) != usual


TOML = """
[endpoints.e]
kind = "callable"
callable = "tests.unit.services.test_hosting:first"
instances = 2
concurrency = 4
max_queue = 100
routing = "LEAST_OUTSTANDING_REQUESTS"
latency = { base = 0.02, per_row = 0.0001, distribution = "lognormal", spread = 0.3, seed = 7 }
faults = { throttle = 0.1, seed = 7 }

[endpoints.new]
kind = "callable"
callable = "tests.unit.services.test_hosting:first"
status = "Creating"

[models."my.model"]
callable = "tests.unit.services.test_hosting:answer"

[models."my.titan"]
like = "amazon.titan-embed-text-v2:0"
latency = 0.1

[comprehend]
latency = 0.05

[faults.comprehend]
partial = 1.0
"""


def answer(request: dict[str, object]) -> dict[str, object]:
    """A model of Bedrock's."""
    return {"embedding": [1, 2.5], "asked": request}


def test_toml(tmp_path: Path) -> None:
    path = tmp_path / "auroraml.toml"
    path.write_text(TOML, encoding="utf-8")
    connection = auroraml.connect(config=path, clock=VirtualClock(), user="rdsadmin", autocommit=True)
    connection.execute("CREATE EXTENSION aws_ml CASCADE")
    assert connection.execute("SELECT aws_sagemaker.invoke_endpoint('e', NULL, 1)").fetchone() == ("1",)
    with pytest.raises(errors.SystemError, match='could not invoke endpoint "new"'):
        connection.execute("SELECT aws_sagemaker.invoke_endpoint('new', NULL, 1)")
    assert connection.execute("SELECT aws_bedrock.invoke_model_get_embeddings('my.model', NULL, 'embedding', '{}')").fetchone() == ([1.0, 2.5],)
    found = connection.execute("SELECT aws_bedrock.invoke_model_get_embeddings('my.titan', NULL, 'embedding', '{\"inputText\": \"x\"}')").fetchone()
    assert found is not None and len(found[0]) == 1024
    with pytest.raises(errors.SystemError, match="could not detect sentiment"):
        connection.execute("SELECT aws_comprehend.detect_sentiment('good', 'en')")
    connection.execute("SELECT auroraml.set_faults('comprehend', '{}')")
    connection.execute("SELECT aws_comprehend.detect_sentiment('good', 'en')")
    assert connection.execute("SELECT milliseconds > 49 FROM auroraml.service_calls ORDER BY call_id DESC LIMIT 1").fetchone() == (True,)
    connection.close()


def test_the_log_keeps_as_many_calls_as_it_may() -> None:
    connection = auroraml.connect(endpoints={"e": first}, parameters={"auroraml.service_calls_kept": 3}, user="rdsadmin", autocommit=True)
    connection.execute("CREATE EXTENSION aws_ml CASCADE; SELECT aws_sagemaker.invoke_endpoint('e', 1, g) FROM generate_series(1, 10) AS g")
    assert connection.execute("SELECT call_id FROM auroraml.service_calls").fetchall() == [(8,), (9,), (10,)]
    connection.close()
