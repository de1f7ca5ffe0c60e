"""Charges under random faults: what is billed is what was called, and no budget is exceeded."""

from __future__ import annotations

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from auroraml import errors
from auroraml.services.clock import VirtualClock
from auroraml.services.endpoints import Failure
from auroraml.services.factory import make_services
from auroraml.settings import Settings
from tests.unit.services.test_charges import rows

FAULTS = st.sampled_from([None, None, None, "ThrottlingException", "InternalFailure", "ModelError", "ValidationError"])
STEP = st.tuples(st.booleans(), st.integers(1, 60), st.lists(FAULTS, max_size=4))


@given(st.lists(STEP, max_size=12), st.one_of(st.none(), st.integers(0, 400)))
@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_what_is_billed_is_what_was_called(steps: list[tuple[bool, int, list[str | None]]], budget: int | None) -> None:
    clock, faults = VirtualClock(), list[str | None]()

    def fail() -> None:
        clock.sleep(0.25)
        fault = faults.pop(0) if faults else None
        if fault is not None:
            raise Failure(fault, "as told")

    def sentiment(texts: list[str], language: str) -> list[str]:
        fail()
        return ["POSITIVE"] * len(texts)

    def model(table: object) -> list[int]:
        fail()
        return [1]

    made = make_services(endpoints={"e": model}, sentiment=sentiment, clock=clock)
    values = Settings()
    if budget is not None:
        values.set("auroraml.budget", f"{budget / 10_000:.4f}")
    services = made.charged_to(values)
    for documents, n, told in steps:
        faults[:] = told
        services.account.begin()
        before = services.account.spent
        try:
            if documents:
                services.detect_sentiment(["x" * (n * 7)] * n, ["en"] * n)
            else:
                services.invoke_endpoint("e", rows(1))
        except (errors.SystemError, errors.ConfigurationLimitExceeded):
            pass
        assert services.account.held == 0
        assert services.account.running().total.amount == services.account.spent - before
    records, total = made.log.records(), made.meter.total
    assert total.calls == len(records)
    assert total.retries == sum(record.attempts - 1 for record in records)
    assert total.failures == sum(record.error is not None for record in records)
    assert total.units == sum(record.units for record in records)
    assert total.amount == services.account.spent == services.account.total().total.amount
    if budget is not None:
        assert services.account.spent <= budget * 10**8
        assert services.account.left() == budget * 10**8 - services.account.spent
