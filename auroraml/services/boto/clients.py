"""The boto3 clients: one a service, shared by threads; their errors become ServiceFailure with the client's own words."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import boto3
import numpy as np
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from auroraml.services.protocols import MAX_DOCUMENTS, ItemError, Response, Sentiments, ServiceFailure, Waiting
from auroraml.services.request import Request

TIMEOUT = 70  # seconds: a container may take 60
CONFIG = Config(retries={"mode": "standard", "total_max_attempts": 3}, read_timeout=TIMEOUT, max_pool_connections=32)


def clients(*, endpoint_url: str | None = None, profile: str | None = None, region: str | None = None) -> tuple[BotoComprehend, BotoSageMaker]:
    """Both services from one boto3 session."""
    session = boto3.Session(profile_name=profile, region_name=region)
    return (
        BotoComprehend(session.client("comprehend", endpoint_url=endpoint_url, config=CONFIG)),
        BotoSageMaker(session.client("sagemaker-runtime", endpoint_url=endpoint_url, config=CONFIG)),
    )


def failure(error: ClientError | BotoCoreError) -> ServiceFailure:
    """A boto3 exception as ours; boto3 has done the retries already."""
    if isinstance(error, ClientError):
        answer = error.response.get("Error", {})
        retries = int(error.response.get("ResponseMetadata", {}).get("RetryAttempts", 0))
        found = ServiceFailure(str(answer.get("Code", "Unknown")), str(answer.get("Message", "")), transient=False, attempts=retries + 1)
        found.transient = retries > 0
        return found
    return ServiceFailure(type(error).__name__, str(error), transient=False)


class BotoComprehend:
    """Amazon Comprehend."""

    at_once = MAX_DOCUMENTS
    waits = Waiting.YES

    def __init__(self, client: Any) -> None:  # boto3 makes its client classes at run time
        self.client = client

    def batch_detect_sentiment(self, texts: Sequence[str], language: str) -> Sentiments:
        """BatchDetectSentiment of at most 25 documents."""
        try:
            answer = self.client.batch_detect_sentiment(TextList=list(texts), LanguageCode=language)
        except (ClientError, BotoCoreError) as error:
            raise failure(error) from error
        labels = [""] * len(texts)
        scores = np.zeros((len(texts), 4), np.float32)
        for item in answer["ResultList"]:  # at most 25
            labels[item["Index"]] = item["Sentiment"]
            each = item["SentimentScore"]
            scores[item["Index"]] = (each["Positive"], each["Negative"], each["Neutral"], each["Mixed"])
        errors = tuple(
            ItemError(index=e["Index"], code=str(e.get("ErrorCode", "")), message=str(e.get("ErrorMessage", ""))) for e in answer.get("ErrorList", ())
        )
        return Sentiments(labels=labels, scores=scores, errors=errors)


class BotoSageMaker:
    """SageMaker's runtime."""

    def __init__(self, client: Any) -> None:  # boto3 makes its client classes at run time
        self.client = client

    def waits(self, endpoint: str) -> Waiting:
        """Always: boto3 cannot be interrupted."""
        return Waiting.YES

    def abandon(self, endpoint: str, thread: int) -> None:
        """Nothing to close: the call ends at the client's time-out."""

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
