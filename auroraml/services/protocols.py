"""What the engine asks of the services: batches of texts in one language, and endpoint requests of typed rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Protocol

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from auroraml.batch import TextVector
from auroraml.services.request import Request

LABELS = ("POSITIVE", "NEGATIVE", "NEUTRAL", "MIXED")  # columns of `Sentiments.scores`, in this order
Scores = npt.NDArray[np.float32]


class ServiceFailure(Exception):
    """A service's refusal: its error code and message. `transient` ones (throttling, 5xx, time-outs) may be tried again.

    `attempts` is how often the client itself has tried; a Python callable behind an endpoint may raise this too.
    """

    def __init__(self, code: str, message: str, *, transient: bool | None = None, attempts: int = 1) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message
        self.transient = code in TRANSIENT if transient is None else transient
        self.attempts = attempts


TRANSIENT = frozenset({  # what botocore's standard mode tries again
    "Throttling", "ThrottlingException", "ThrottledException", "RequestThrottledException", "TooManyRequestsException", "RequestLimitExceeded",
    "BandwidthLimitExceeded", "LimitExceededException", "RequestThrottled", "SlowDown", "PriorRequestNotComplete", "EC2ThrottledException",
    "RequestTimeout", "RequestTimeoutException", "InternalServerException", "InternalFailure", "ServiceUnavailable", "InternalError",
})  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class ItemError:
    """An entry of Comprehend's ErrorList: the document's place in the request, the code and the message."""

    index: int
    code: str
    message: str


@dataclass(frozen=True, kw_only=True)
class Sentiments:
    """The answer for a batch of documents, in order: the winning label and the four scores of each; errors instead where there are any."""

    labels: Sequence[str | None]  # None: not judged
    scores: Scores  # n x 4, as LABELS
    errors: tuple[ItemError, ...] = ()


@dataclass(kw_only=True, slots=True)
class Response:
    """An endpoint's answer: one text a row in `rows` (no NULLs), or the raw text/csv `body` for the engine to split.

    Not frozen, though nobody changes it: that would take a microsecond longer to make, for each call.
    """

    rows: TextVector | pa.Array | None = None
    body: bytes | None = None
    retries: int = field(default=0)


class Waiting(Enum):
    """How long a call may keep its statement, which cannot interrupt it."""

    NO = "no"  # a model of ours: it computes and answers
    PERHAPS = "perhaps"  # a user's callable: on a thread of its own until it has shown to be quick
    YES = "yes"  # the call leaves this process: always on a thread of its own


MAX_DOCUMENTS = 25  # BatchDetectSentiment's


class Comprehend(Protocol):
    """Amazon Comprehend as the engine needs it."""

    at_once: int  # documents a call takes; where it is more than MAX_DOCUMENTS, calls are still logged as Amazon would count them
    waits: Waiting

    def batch_detect_sentiment(self, texts: Sequence[str], language: str) -> Sentiments:
        """Score at most `at_once` documents of one language; raises ServiceFailure."""


class SageMaker(Protocol):
    """SageMaker's runtime as the engine needs it."""

    def invoke_endpoint(self, endpoint: str, request: Request) -> Response:
        """Send one request; raises ServiceFailure."""

    def waits(self, endpoint: str) -> Waiting:
        """How long a call may take."""

    def abandon(self, endpoint: str, thread: int) -> None:
        """Nobody waits any more for the call that `thread` makes: close what it waits on, if that can be closed."""

    def instance(self, endpoint: str) -> str:
        """The instance type the endpoint runs on, as far as it says: decides its price."""

    def wants_csv(self, endpoint: str) -> bool:
        """Whether the endpoint reads the request's text/csv body (and its limit of bytes applies), rather than its Arrow rows."""
