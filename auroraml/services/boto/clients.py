"""The boto3 clients: one a service, shared by threads; their errors become ServiceFailure with the client's own words."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError, ConnectTimeoutError, EndpointConnectionError

from auroraml.services.protocols import (
    MAX_DOCUMENTS,
    ClientFailure,
    Completion,
    CountedCompletion,
    Prompt,
    Response,
    Sentiments,
    ServiceFailure,
    Waiting,
    unreachable,
)
from auroraml.services.request import Request
from auroraml.services.result_list import sentiments_of

TIMEOUT = 70  # seconds: a container may take 60
CONFIG = Config(retries={"mode": "standard", "total_max_attempts": 3}, read_timeout=TIMEOUT, max_pool_connections=32)


def clients(
    *, endpoint_url: str | None = None, profile: str | None = None, region: str | None = None
) -> tuple[BotoComprehend, BotoSageMaker, BotoBedrock]:
    """The services from one boto3 session; ValueError where there is no such profile, or no region."""
    try:
        session = boto3.Session(profile_name=profile, region_name=region)
        return (
            BotoComprehend(session.client("comprehend", endpoint_url=endpoint_url, config=CONFIG)),
            BotoSageMaker(session.client("sagemaker-runtime", endpoint_url=endpoint_url, config=CONFIG)),
            BotoBedrock(session.client("bedrock-runtime", endpoint_url=endpoint_url, config=CONFIG)),
        )
    except BotoCoreError as error:
        raise ValueError(f"the AWS services cannot be reached: {error}") from error


def failure(error: ClientError | BotoCoreError) -> ServiceFailure:
    """A boto3 exception as ours; boto3 has done the retries already."""
    if isinstance(error, EndpointConnectionError | ConnectTimeoutError):
        found: ServiceFailure = unreachable()
        found.transient = False
        return found
    if not isinstance(error, ClientError):
        return ClientFailure(type(error).__name__, str(error), transient=False)
    answer, metadata = error.response.get("Error", {}), error.response.get("ResponseMetadata", {})
    retries = int(metadata.get("RetryAttempts", 0))
    found = ServiceFailure(str(answer.get("Code", "Unknown")), str(answer.get("Message", "Unknown")), transient=False, attempts=retries + 1)
    found.exhausted = bool(metadata.get("MaxAttemptsReached", False))
    return found


class BotoComprehend:
    """Amazon Comprehend."""

    at_once = MAX_DOCUMENTS
    waits = Waiting.YES

    def __init__(self, client: Any) -> None:  # boto3 makes its client classes at run time
        self.client = client

    def abandon(self, thread: int) -> None:
        """Nothing to close: the call ends at the client's time-out."""

    def detect_sentiment(self, text: str, language: str) -> Sentiments:
        """DetectSentiment of one document."""
        try:
            answer = self.client.detect_sentiment(Text=text, LanguageCode=language)
        except (ClientError, BotoCoreError) as error:
            raise failure(error) from error
        return sentiments_of({"ResultList": [{"Index": 0, **answer}]}, 1)

    def batch_detect_sentiment(self, texts: Sequence[str], language: str) -> Sentiments:
        """BatchDetectSentiment of at most 25 documents."""
        try:
            answer = self.client.batch_detect_sentiment(TextList=list(texts), LanguageCode=language)
        except (ClientError, BotoCoreError) as error:
            raise failure(error) from error
        return sentiments_of(answer, len(texts))


class BotoSageMaker:
    """SageMaker's runtime."""

    def __init__(self, client: Any) -> None:  # boto3 makes its client classes at run time
        self.client = client

    def waits(self, endpoint: str) -> Waiting:
        """Always: boto3 cannot be interrupted."""
        return Waiting.YES

    def abandon(self, endpoint: str, thread: int) -> None:
        """Nothing to close: the call ends at the client's time-out."""

    def limit(self, endpoint: str) -> float:
        """None of ours: the client has its own time-out."""
        return math.inf

    def timed_out(self, endpoint: str) -> ServiceFailure:
        """What the client would say."""
        return ClientFailure("ReadTimeoutError", "Read timeout on endpoint URL", transient=False)

    def instance(self, endpoint: str) -> str:
        """Unknown: to ask takes a permission that Aurora's role does not have; the price list may name it."""
        return ""

    def wants_csv(self, endpoint: str) -> bool:
        """Always: Amazon's endpoints read text/csv."""
        return True

    def invoke_endpoint(self, endpoint: str, request: Request) -> Response:
        """InvokeEndpoint with text/csv both ways."""
        try:
            answer = self.client.invoke_endpoint(EndpointName=endpoint, ContentType="text/csv", Accept="text/csv", Body=request.body)
            body = answer["Body"].read()
        except (ClientError, BotoCoreError) as error:
            raise failure(error) from error
        return Response(body=body, retries=int(answer.get("ResponseMetadata", {}).get("RetryAttempts", 0)))


class BotoBedrock:
    """Bedrock's runtime."""

    def __init__(self, client: Any) -> None:  # boto3 makes its client classes at run time
        self.client = client

    def waits(self, model: str) -> Waiting:
        """Always: boto3 cannot be interrupted."""
        return Waiting.YES

    def abandon(self, model: str, thread: int) -> None:
        """Nothing to close: the call ends at the client's time-out."""

    def invoke_model(self, prompt: Prompt) -> Completion:
        """InvokeModel; the token counts are in the answer's headers."""
        try:
            answer = self.client.invoke_model(modelId=prompt.model, contentType=prompt.content_type, accept=prompt.accept, body=prompt.body.encode())
            body = answer["body"].read()
        except (ClientError, BotoCoreError) as error:
            raise failure(error) from error
        headers = answer.get("ResponseMetadata", {}).get("HTTPHeaders", {})
        read, written = headers.get("x-amzn-bedrock-input-token-count"), headers.get("x-amzn-bedrock-output-token-count")
        if read is None:
            return Completion(body=body)
        return CountedCompletion(body=body, input_tokens=int(read), output_tokens=int(written or 0))
