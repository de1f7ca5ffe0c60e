"""Retries beside botocore's standard mode itself: which errors are tried again, after how long, at what cost, and what is said in the end."""

from __future__ import annotations

from collections.abc import Callable

import botocore.session
import pytest
from botocore.retries import standard

from auroraml import errors
from auroraml.services.clock import VirtualClock
from auroraml.services.embedded.faults import BEDROCK, COMPREHEND, SAGEMAKER
from auroraml.services.factory import make_services
from auroraml.services.protocols import THROTTLED, ClientFailure, ModelFailure, ServiceFailure
from auroraml.services.retry import MAX_ATTEMPTS, MAX_BACKOFF, QUOTA, REFUND, RETRY_COST, SCALE, THROTTLING_COST, THROTTLING_SCALE, backoff
from tests.unit.services.test_services import INT, request

OPERATIONS = {"bedrock-runtime": "InvokeModel", "sagemaker-runtime": "InvokeEndpoint", "comprehend": "BatchDetectSentiment"}
STATUSES = {"ThrottlingException": 400, "ServiceUnavailable": 503, "ServiceUnavailableException": 503, "ModelTimeoutException": 408}


def test_numbers() -> None:
    assert standard.DEFAULT_MAX_ATTEMPTS == MAX_ATTEMPTS
    assert standard.RetryQuotaChecker._RETRY_COST == RETRY_COST
    assert standard.RetryQuotaChecker._THROTTLING_RETRY_COST == THROTTLING_COST
    assert standard.RetryQuotaChecker._NO_RETRY_INCREMENT == REFUND
    assert standard.quota.RetryQuota().available_capacity == QUOTA
    assert standard.ExponentialBackoff._MAX_BACKOFF == MAX_BACKOFF
    scales = standard.ExponentialBackoff._DEFAULT_BACKOFF_CONFIG
    assert (scales["throttling_base_scale"], scales["non_throttling_base_scale"]) == (THROTTLING_SCALE, SCALE)
    assert set(standard.ThrottledRetryableChecker._THROTTLED_ERROR_CODES) == THROTTLED


def context(service: str, failure: ServiceFailure, attempt: int = 1) -> standard.RetryContext:
    """What botocore would know of the failure."""
    model = botocore.session.get_session().get_service_model(service).operation_model(OPERATIONS[service])
    if isinstance(failure, ClientFailure):
        raised = {"EndpointConnectionError": standard.ConnectionError, "ReadTimeoutError": standard.HTTPClientError}[failure.code]
        return standard.RetryContext(attempt, model, caught_exception=raised(error=Exception()))
    shapes = {shape.error_code: shape.metadata["error"]["httpStatusCode"] for shape in model.error_shapes}
    status = shapes.get(failure.code) or STATUSES[failure.code]
    http = type("Http", (), {"status_code": status, "headers": {}})()
    return standard.RetryContext(attempt, model, {"Error": {"Code": failure.code}}, http)


CASES = [(service, name, make) for service, table in (("sagemaker-runtime", SAGEMAKER), ("comprehend", COMPREHEND), ("bedrock-runtime", BEDROCK))
         for name, make in table.items()]  # fmt: skip


@pytest.mark.parametrize(("service", "name", "make"), CASES, ids=[f"{service}-{name}" for service, name, _ in CASES])
def test_which_are_tried_again(service: str, name: str, make: Callable[[], ServiceFailure]) -> None:
    failure = make()
    found = failure.located("e", "us-east-1", "111122223333") if isinstance(failure, ModelFailure) else failure
    assert found.transient == standard.StandardRetryConditions().is_retryable(context(service, found))
    detector = standard.ThrottlingErrorDetector(standard.RetryEventAdapter())
    waits = standard.ExponentialBackoff(random=lambda: 0.5, throttling_detector=detector)
    for attempt in (1, 2, 3, 9):
        assert backoff(attempt, found, VirtualClock()) == waits.delay_amount(context(service, found, attempt))


def failing(*codes: str) -> str:
    """The DETAIL of a call whose attempts fail so, one after the other."""
    left = list(codes)

    def model(table: object) -> object:
        raise ServiceFailure(left.pop(0), "no")

    with pytest.raises(errors.SystemError) as caught:
        make_services(endpoints={"e": model}, clock=VirtualClock()).invoke_endpoint("e", request((INT, [1])))
    assert not left
    return str(caught.value.diag.message_detail)


def test_max_retries_are_named_on_the_last_attempt_whatever_its_error() -> None:
    assert "InvokeEndpoint operation: no" in failing("ValidationError")
    assert "operation (reached max retries: 2): no" in failing("InternalFailure", "ThrottlingException", "InternalFailure")
    assert "(ValidationError) when calling the InvokeEndpoint operation (reached max retries: 2): no" in failing(
        *["InternalFailure"] * 2, "ValidationError"
    )
    assert "operation: no" in failing("InternalFailure", "ValidationError")


def test_an_exhausted_quota_names_no_retries() -> None:
    def model(table: object) -> object:
        raise ServiceFailure("InternalFailure", "no")

    services = make_services(endpoints={"e": model}, clock=VirtualClock())
    services.quota.left = RETRY_COST - 1
    with pytest.raises(errors.SystemError) as caught:
        services.invoke_endpoint("e", request((INT, [1])))
    assert "operation: no" in str(caught.value.diag.message_detail)
    assert services.log.records()[0].attempts == 1
