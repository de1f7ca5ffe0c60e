"""Containers over HTTP and boto3: answers, refusals, time-outs, retries with growing waits."""

from __future__ import annotations

import io
import itertools
import os

import boto3
import pytest
from botocore.response import StreamingBody
from botocore.stub import Stubber
from moto import mock_aws

import auroraml
from auroraml import errors
from auroraml.services.boto.clients import BotoComprehend, BotoSageMaker, clients
from auroraml.services.calls import Services
from auroraml.services.clock import VirtualClock
from auroraml.services.embedded.sagemaker import EmbeddedSageMaker
from auroraml.services.endpoints import Failure, HttpContainer
from auroraml.services.factory import make_services
from auroraml.services.retry import QUOTA, THROTTLING_COST, RetryQuota, backoff
from tests.unit.services.server import Answer, in_turn, serving
from tests.unit.services.test_services import INT, request

KEYS = {"region_name": "us-east-1", "aws_access_key_id": "x", "aws_secret_access_key": "x"}


@pytest.fixture(autouse=True)
def account(monkeypatch: pytest.MonkeyPatch) -> None:
    """Invented credentials, and no look at the machine's own."""
    for name, value in {"AWS_ACCESS_KEY_ID": "x", "AWS_SECRET_ACCESS_KEY": "x", "AWS_EC2_METADATA_DISABLED": "true"}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("AWS_PROFILE", raising=False)


def detail(error: pytest.ExceptionInfo[errors.DatabaseError]) -> str:
    """The DETAIL of an error."""
    return str(error.value.diag.message_detail)


# Containers


def test_a_container() -> None:
    with serving(in_turn(Answer(), Answer(body=b"0.5\n0.25\n"), Answer(body=b"7"))) as server:
        services = make_services(endpoints={"c": server.url})
        assert services.invoke_endpoint("c", request((INT, [1, None]), (INT, [2, 3]))).to_pylist() == ["0.5", "0.25"]
        assert services.invoke_endpoint("c", request((INT, [4]))).to_pylist() == ["7"]
    assert server.requests == [("GET", "/ping", b""), ("POST", "/invocations", b"1,2\n,3"), ("POST", "/invocations", b"4")]


@pytest.mark.parametrize(
    ("answer", "part"),
    [
        (Answer(status=415, body=b"no csv"), '(ModelError) when calling the InvokeEndpoint operation: Received client error (415) from primary'),
        (Answer(status=500, body=b"oops"), 'Received server error (500) from primary with message "oops"'),
        (Answer(body=b"1"), "1 values for 2 rows"),
        (Answer(body=b"1\n2\n3"), "3 values for 2 rows"),
        (Answer(body=b"\xff\n\xfe"), "not UTF-8"),
        (Answer(body=b"x" * 6_291_457), "6291457 bytes"),
    ],
)  # fmt: skip
def test_refusals_of_a_container(answer: Answer, part: str) -> None:
    with serving(in_turn(Answer(), answer)) as server, pytest.raises(errors.SystemError, match='could not invoke endpoint "c"') as caught:
        make_services(endpoints={"c": server.url}).invoke_endpoint("c", request((INT, [1, 2])))
    assert part in detail(caught)


def test_a_container_that_is_slow_to_start() -> None:
    with serving(in_turn(Answer(status=503), Answer(status=503), Answer(), Answer(body=b"1"))) as server:
        services = make_services(endpoints={"c": server.url}, clock=VirtualClock())
        assert services.invoke_endpoint("c", request((INT, [1]))).to_pylist() == ["1"]
    assert services.log.records()[0].attempts == 3
    assert services.meter.total.retries == 2


def test_a_container_that_answers_too_late() -> None:
    with serving(in_turn(Answer(), Answer(body=b"1", seconds=0.5))) as server, pytest.raises(errors.SystemError) as caught:
        services = make_services(endpoints={"c": HttpContainer(server.url, timeout=0.1)})
        services.invoke_endpoint("c", request((INT, [1])))
    assert "timed out while waiting for a response from container primary" in detail(caught)


def test_no_container() -> None:
    services = make_services(endpoints={"c": "http://127.0.0.1:9"}, clock=VirtualClock())
    with pytest.raises(errors.SystemError) as caught:
        services.invoke_endpoint("c", request((INT, [1])))
    assert 'reached max retries: 2): Could not connect to the endpoint URL: "http://127.0.0.1:9/ping"' in detail(caught)


# Retries


def test_waits_double_up_to_a_limit() -> None:
    clock = VirtualClock()  # its jitter is one half
    assert [backoff(attempt, Failure("ThrottlingException", ""), clock) for attempt in (1, 2, 3, 10)] == [0.5, 1.0, 2.0, 10.0]
    assert [backoff(attempt, Failure("InternalFailure", ""), clock) for attempt in (1, 2, 3, 10)] == [0.025, 0.05, 0.1, 10.0]


def test_the_quota_ends_retries() -> None:
    quota, failure = RetryQuota(), Failure("ThrottlingException", "Rate exceeded")
    assert [quota.take(failure) for _ in range(QUOTA // THROTTLING_COST)] == [THROTTLING_COST] * (QUOTA // THROTTLING_COST)
    assert quota.take(failure) == 0
    quota.give_back(THROTTLING_COST)
    assert quota.take(failure) == THROTTLING_COST
    for _ in range(THROTTLING_COST):
        quota.give_back(0)
    assert quota.take(failure) == THROTTLING_COST


def test_a_cancel_ends_the_wait_for_a_retry() -> None:
    def model(table: object) -> object:
        raise Failure("ThrottlingException", "Rate exceeded")

    looks = itertools.count()

    def check() -> None:
        if next(looks) > 3:
            raise errors.QueryCanceled("canceling statement due to user request")

    clock = VirtualClock()
    with pytest.raises(errors.QueryCanceled):
        make_services(endpoints={"e": model}, clock=clock).invoke_endpoint("e", request((INT, [1])), check)
    assert 0 < clock.time < 0.5


# boto3


def stubbed(service: str) -> tuple[object, Stubber]:
    """A client and its stubber."""
    client = boto3.client(service, **KEYS)
    return client, Stubber(client)


def boto_services(comprehend: object = None, sagemaker: object = None) -> Services:
    """Services over boto3 clients."""
    return Services(comprehend=BotoComprehend(comprehend), sagemaker=BotoSageMaker(sagemaker))


def test_comprehend() -> None:
    client, stub = stubbed("comprehend")
    score = {"Positive": 0.1, "Negative": 0.7, "Neutral": 0.1, "Mixed": 0.1}
    results = [{"Index": i, "Sentiment": "NEGATIVE", "SentimentScore": score} for i in range(2)]
    stub.add_response("batch_detect_sentiment", {"ResultList": results, "ErrorList": []}, {"TextList": ["a", "b"], "LanguageCode": "ja"})
    with stub:
        labels, confidence = boto_services(client).detect_sentiment(["a", "b"], ["ja", "ja"])
    assert labels.tolist() == [1, 1]
    assert confidence.tolist() == pytest.approx([0.7, 0.7])


def test_an_error_in_comprehends_list_fails_the_statement() -> None:
    client, stub = stubbed("comprehend")
    listed = [{"Index": 1, "ErrorCode": "INTERNAL_SERVER_ERROR", "ErrorMessage": "sorry"}]
    stub.add_response("batch_detect_sentiment", {"ResultList": [], "ErrorList": listed})
    with stub, pytest.raises(errors.SystemError) as caught:
        boto_services(client).detect_sentiment(["a", "b"], ["en", "en"])
    assert "INTERNAL_SERVER_ERROR: sorry, for row 2 of the batch" in detail(caught)


@pytest.mark.parametrize(
    "code", ["BatchSizeLimitExceededException", "InvalidRequestException", "AccessDeniedException", "SubscriptionRequiredException"]
)
def test_comprehends_errors(code: str) -> None:
    client, stub = stubbed("comprehend")
    stub.add_client_error("batch_detect_sentiment", code, "no", http_status_code=400)
    with stub, pytest.raises(errors.SystemError, match="could not detect sentiment") as caught:
        boto_services(client).detect_sentiment(["a"], ["en"])
    assert f"An error occurred ({code}) when calling the BatchDetectSentiment operation: no" in detail(caught)


def test_sagemaker() -> None:
    client, stub = stubbed("sagemaker-runtime")
    body = b"0.5,0.25"
    wanted = {"EndpointName": "e", "ContentType": "text/csv", "Accept": "text/csv", "Body": b"1\n2"}
    stub.add_response("invoke_endpoint", {"Body": StreamingBody(io.BytesIO(body), len(body)), "ContentType": "text/csv"}, wanted)
    with stub:
        assert boto_services(sagemaker=client).invoke_endpoint("e", request((INT, [1, 2]))).to_pylist() == ["0.5", "0.25"]


@pytest.mark.parametrize(
    ("code", "status"), [("ValidationError", 400), ("ModelError", 424), ("InternalFailure", 500), ("ModelNotReadyException", 429)]
)
def test_sagemakers_errors(code: str, status: int) -> None:
    client, stub = stubbed("sagemaker-runtime")
    stub.add_client_error("invoke_endpoint", code, "no", http_status_code=status)
    with stub, pytest.raises(errors.SystemError) as caught:
        boto_services(sagemaker=client).invoke_endpoint("e", request((INT, [1])))
    assert f"({code}) when calling the InvokeEndpoint operation: no" in detail(caught)


def test_moto() -> None:
    with mock_aws(), auroraml.connect(services="aws", region="eu-central-1", user="rdsadmin") as connection:
        connection.execute("CREATE EXTENSION aws_ml CASCADE")
        assert connection.execute("SELECT aws_sagemaker.invoke_endpoint('e', NULL, 1, 'x')").fetchone() == ("body",)
        assert connection.database.service_clients.meter.total.calls == 1


def test_boto3_backs_off_and_tries_again() -> None:
    busy = Answer(status=400, body=b'{"__type":"ThrottlingException","message":"Rate exceeded"}', headers={"x-amzn-ErrorType": "ThrottlingException"})
    fine = Answer(
        body=b'{"ResultList":[{"Index":0,"Sentiment":"MIXED","SentimentScore":{"Mixed":1,"Positive":0,"Negative":0,"Neutral":0}}],"ErrorList":[]}'
    )
    with serving(in_turn(busy, fine)) as server:
        comprehend, sagemaker, _ = clients(endpoint_url=server.url, region="us-east-1")
        services = Services(comprehend=comprehend, sagemaker=sagemaker)
        labels, _ = services.detect_sentiment(["x"], ["en"])
    assert labels.tolist() == [3]
    assert len(server.requests) == 2
    assert 0 < server.times[1] - server.times[0] < 2


def test_boto3_gives_up_after_three_attempts() -> None:
    with serving(in_turn(Answer(status=503))) as server, pytest.raises(errors.SystemError) as caught:
        comprehend, sagemaker, _ = clients(endpoint_url=server.url, region="us-east-1")
        Services(comprehend=comprehend, sagemaker=sagemaker).invoke_endpoint("e", request((INT, [1])))
    assert len(server.requests) == 3
    assert "reached max retries: 2" in detail(caught)


def test_no_such_server_for_boto3() -> None:
    with pytest.raises(errors.SystemError) as caught:
        comprehend, sagemaker, _ = clients(endpoint_url="http://127.0.0.1:9", region="us-east-1")
        Services(comprehend=comprehend, sagemaker=sagemaker).invoke_endpoint("e", request((INT, [1])))
    assert "client returned 'Unable to connect to endpoint'" in detail(caught)


def test_an_unknown_embedded_endpoint() -> None:
    services = Services(comprehend=make_services().comprehend, sagemaker=EmbeddedSageMaker({}))
    with pytest.raises(errors.SystemError) as caught:
        services.invoke_endpoint("nowhere", request((INT, [1])))
    assert "ValidationError" in detail(caught)
    assert "nowhere" in detail(caught)


def test_clients_without_a_region_or_profile_say_so(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_DEFAULT_REGION", "AWS_REGION", "AWS_PROFILE", "AWS_DEFAULT_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", os.devnull)
    with pytest.raises(ValueError, match="the AWS services cannot be reached: You must specify a region"):
        clients()
    with pytest.raises(ValueError, match=r"the AWS services cannot be reached: The config profile \(nobody\) could not be found"):
        clients(profile="nobody")
