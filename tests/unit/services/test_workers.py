"""Cancelled calls: the statement returns at once, the call stays in the log and in the bill, threads never exceed the workers."""

from __future__ import annotations

import threading
import time

import pyarrow as pa
import pytest

import auroraml
from auroraml import errors
from auroraml.services.factory import make_services
from auroraml.services.workers import Workers
from tests.unit.services.server import Answer, serving
from tests.unit.services.test_services import INT, request


class Gate:
    """A model that answers once it is let."""

    def __init__(self) -> None:
        self.entered = threading.Semaphore(0)
        self.open = threading.Event()

    def __call__(self, table: pa.Table) -> pa.ChunkedArray:
        self.entered.release()
        assert self.open.wait(10)
        return table.column(0)


def cancelled_after(gate: Gate) -> object:
    """A check that cancels as soon as the model was entered."""
    entered = [False]

    def check() -> None:
        entered[0] = entered[0] or gate.entered.acquire(blocking=False)
        if entered[0]:
            raise errors.QueryCanceled("canceling statement due to user request")

    return check


def test_a_cancelled_call_is_abandoned_and_billed() -> None:
    gate = Gate()
    services = make_services(endpoints={"slow": gate})
    start = time.perf_counter()
    with pytest.raises(errors.QueryCanceled):
        services.invoke_endpoint("slow", request((INT, [1, 2])), cancelled_after(gate))  # type: ignore[arg-type] # a check
    assert time.perf_counter() - start < 1
    assert [(r.target, r.items, r.error) for r in services.log.records()] == [("slow", 2, "abandoned")]
    assert services.meter.total.calls == 1
    assert services.workers.abandoned() == ("InvokeEndpoint of slow",)
    gate.open.set()
    assert services.invoke_endpoint("slow", request((INT, [3]))).to_pylist() == ["3"]
    assert wait_until(lambda: not services.workers.abandoned())


def wait_until(condition: object, seconds: float = 5.0) -> bool:
    """Whether the condition came true in time."""
    end = time.perf_counter() + seconds
    while time.perf_counter() < end:
        if condition():  # type: ignore[operator] # a function without arguments
            return True
        time.sleep(0.005)
    return False


def test_never_more_threads_than_workers() -> None:
    gate = Gate()
    services = make_services(endpoints={"slow": gate}, workers=2)
    for _ in range(2):
        with pytest.raises(errors.QueryCanceled):
            services.invoke_endpoint("slow", request((INT, [1])), cancelled_after(gate))  # type: ignore[arg-type] # a check
    assert len(services.workers.abandoned()) == 2
    looks = [0]

    def third() -> None:
        looks[0] += 1
        if looks[0] > 3:
            raise errors.QueryCanceled("canceling statement due to statement timeout")

    with pytest.raises(errors.QueryCanceled):  # no worker is free: it waits, and can be cancelled
        services.invoke_endpoint("slow", request((INT, [1])), third)
    assert not gate.entered.acquire(blocking=False)
    gate.open.set()
    assert wait_until(lambda: not services.workers.abandoned())
    assert services.invoke_endpoint("slow", request((INT, [4]))).to_pylist() == ["4"]


def test_threads_are_used_again() -> None:
    workers = Workers()
    threads = {workers.run("x", threading.get_ident, lambda: None, lambda thread: None) for _ in range(20)}
    assert threads != {threading.get_ident()}
    assert len(threads) == 1


def test_errors_keep_their_traceback() -> None:
    def broken() -> int:
        raise ZeroDivisionError("mine")

    with pytest.raises(ZeroDivisionError, match="mine") as caught:
        Workers().run("x", broken, lambda: None, lambda thread: None)
    assert caught.traceback[-1].name == "broken"


def test_a_cancelled_container_call_closes_its_socket() -> None:
    waiting = threading.Event()

    def respond(method: str, path: str, body: bytes) -> Answer:
        if path == "/ping":
            return Answer()
        waiting.set()
        return Answer(body=b"1", seconds=1.5)

    def check() -> None:
        if waiting.is_set():
            raise errors.QueryCanceled("canceling statement due to user request")

    with serving(respond) as server:
        services = make_services(endpoints={"c": server.url})
        start = time.perf_counter()
        with pytest.raises(errors.QueryCanceled):
            services.invoke_endpoint("c", request((INT, [1])), check)
        assert wait_until(lambda: not services.workers.abandoned(), 1.0)
        assert time.perf_counter() - start < 1.2


def test_statement_time_out_and_close_names_what_still_runs() -> None:
    gate = Gate()
    database = auroraml.Database(endpoints={"slow": gate})
    connection = auroraml.connect(database=database, user="rdsadmin", autocommit=True)
    connection.execute("CREATE EXTENSION aws_ml CASCADE")
    connection.execute("SET statement_timeout = 100")
    with pytest.raises(errors.QueryCanceled, match="statement timeout"):
        connection.execute("SELECT aws_sagemaker.invoke_endpoint('slow', NULL, 1)")
    connection.execute("SET statement_timeout = 0")
    assert connection.execute("SELECT 1").fetchone() == (1,)
    with pytest.warns(ResourceWarning, match="InvokeEndpoint of slow"):
        database.close()
    gate.open.set()


def test_cancel_from_another_thread() -> None:
    gate = Gate()
    connection = auroraml.connect(endpoints={"slow": gate}, user="rdsadmin", autocommit=True)
    connection.execute("CREATE EXTENSION aws_ml CASCADE")

    def cancel() -> None:
        gate.entered.acquire()
        connection.cancel()

    thread = threading.Thread(target=cancel)
    thread.start()
    with pytest.raises(errors.QueryCanceled, match="user request"):
        connection.execute("SELECT aws_sagemaker.invoke_endpoint('slow', NULL, 1)")
    thread.join()
    gate.open.set()
    assert wait_until(lambda: not connection.database.service_clients.workers.abandoned())
    connection.close()


class Generous(Workers):
    """Takes any call that did not sleep for a quick one: times of a busy machine say nothing."""

    def note(self, name: str, seconds: float) -> None:
        super().note(name, 0.0 if seconds < 0.05 else seconds)


def test_quick_calls_are_made_where_the_statement_runs() -> None:
    threads: list[int] = []

    def model(table: pa.Table) -> pa.ChunkedArray:
        threads.append(threading.get_ident())
        if table.column(0)[0].as_py() == 0:
            time.sleep(0.05)
        return table.column(0)

    services = make_services(endpoints={"e": model})
    services.workers = Generous()
    for value in (1, 2, 3, 4, 0, 5):
        services.invoke_endpoint("e", request((INT, [value])))
    here = threading.get_ident()
    assert [thread == here for thread in threads] == [False, False, False, True, True, False]
