"""What the engine asks of the services: batches of texts in one language, and endpoint requests of typed rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import field
from enum import Enum
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from auroraml.batch import TextVector
from auroraml.records import dataclass
from auroraml.services.clock import Clock
from auroraml.services.request import Request

LABELS = ("POSITIVE", "NEGATIVE", "NEUTRAL", "MIXED")  # columns of `Sentiments.scores`, in this order
Scores = npt.NDArray[np.float32]


class ServiceFailure(Exception):
    """A service's refusal: its error code and message. `transient` ones (throttling, 5xx, time-outs) may be tried again.

    `attempts` is how often the client itself has tried, `exhausted` whether it may not try again; a Python callable behind an endpoint may raise this too.
    """

    def __init__(self, code: str, message: str, *, transient: bool | None = None, attempts: int = 1) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message
        self.transient = code in TRANSIENT if transient is None else transient
        self.attempts = attempts
        self.exhausted = False

    def told(self, operation: str) -> str:
        """The failure in the words of the AWS client."""
        tried = f" (reached max retries: {self.attempts - 1})" if self.exhausted else ""
        return f"An error occurred ({self.code}) when calling the {operation} operation{tried}: {self.message}"


class ClientFailure(ServiceFailure):
    """The client's own failure, for want of an answer: its message stands alone."""

    def told(self, operation: str) -> str:
        """The message."""
        return self.message


class ModelFailure(ServiceFailure):
    """ModelError: what the container said, with its HTTP status (0: nothing in time); the runtime adds where the container's log is."""

    def __init__(self, status: int, original: str) -> None:
        super().__init__("ModelError", original, transient=False)
        self.status = status

    def located(self, endpoint: str, region: str, account: str) -> ServiceFailure:
        """The failure as SageMaker words it."""
        kind = "client" if 400 <= self.status < 500 else "server"
        log = f"https://{region}.console.aws.amazon.com/cloudwatch/home?region={region}#logEventViewer:group=/aws/sagemaker/Endpoints/{endpoint}"
        text = (
            f'Received {kind} error ({self.status}) from primary with message "{self.message}". See {log} in account {account} for more information.'
        )
        return ServiceFailure("ModelError", text, transient=False)


def unreachable() -> ClientFailure:
    """What Aurora's extensions say of a network that is blocked."""
    return ClientFailure("EndpointConnectionError", "Unable to connect to endpoint", transient=True)


THROTTLED = frozenset({  # what botocore's standard mode takes for throttling
    "Throttling", "ThrottlingException", "ThrottledException", "RequestThrottledException", "TooManyRequestsException",
    "ProvisionedThroughputExceededException", "TransactionInProgressException", "RequestLimitExceeded", "BandwidthLimitExceeded",
    "LimitExceededException", "RequestThrottled", "SlowDown", "PriorRequestNotComplete", "EC2ThrottledException",
})  # fmt: skip
TRANSIENT = THROTTLED | {  # what it tries again: these, and errors with HTTP status 500, 502, 503 and 504
    "RequestTimeout", "RequestTimeoutException", "InternalServerException", "InternalFailure", "ServiceUnavailable", "ServiceUnavailableException",
    "InternalError", "InternalServerError",
}  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class ItemError:
    """An entry of Comprehend's ErrorList: the document's place in the request, the code and the message."""

    index: int
    code: str
    message: str


class Answer(Protocol):
    """What a service answers."""

    @property
    def size(self) -> int | None:
        """Its bytes, where they are known."""


@dataclass(frozen=True, kw_only=True)
class Sentiments:
    """The answer for a batch of documents, in order: the winning label and the four scores of each; errors instead where there are any."""

    labels: Sequence[str | None]  # None: not judged
    scores: Scores  # n x 4, as LABELS
    errors: tuple[ItemError, ...] = ()

    @property
    def size(self) -> int | None:
        """Not known: the client has read the JSON."""
        return None


@dataclass(kw_only=True, slots=True)
class Response:
    """An endpoint's answer: one text a row in `rows` (no NULLs), or the raw text/csv `body` for the engine to split.

    Not frozen, though nobody changes it: that would take a microsecond longer to make, for each call.
    """

    rows: TextVector | pa.Array | None = None
    body: bytes | None = None
    retries: int = field(default=0)

    @property
    def size(self) -> int | None:
        """The body's bytes."""
        return None if self.body is None else len(self.body)


class Waiting(Enum):
    """How long a call may keep its statement, which cannot interrupt it."""

    NO = "no"  # a model of ours: it computes and answers
    PERHAPS = "perhaps"  # a user's callable: on a thread of its own until it has shown to be quick
    YES = "yes"  # the call leaves this process: always on a thread of its own


MAX_DOCUMENTS = 25  # BatchDetectSentiment's


@dataclass(frozen=True, kw_only=True)
class Completion:
    """A Bedrock model's answer: the body as it came."""

    body: bytes

    @property
    def size(self) -> int | None:
        """The body's bytes."""
        return len(self.body)


@dataclass(frozen=True, kw_only=True)
class CountedCompletion(Completion):
    """One that says how many tokens went in and came out."""

    input_tokens: int
    output_tokens: int


@dataclass(frozen=True, kw_only=True)
class Prompt:
    """A request to a Bedrock model: its JSON as the caller wrote it."""

    model: str
    body: str
    content_type: str = "application/json"
    accept: str = "application/json"


class Comprehend(Protocol):
    """Amazon Comprehend as the engine needs it."""

    at_once: int  # documents a call takes; where it is more than MAX_DOCUMENTS, calls are still logged as Amazon would count them
    waits: Waiting

    def abandon(self, thread: int) -> None:
        """Nobody waits any more for the call that `thread` makes."""

    def detect_sentiment(self, text: str, language: str) -> Sentiments:
        """Score one document; raises ServiceFailure."""

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

    def limit(self, endpoint: str) -> float:
        """Seconds after which a call that has not answered is given up."""

    def timed_out(self, endpoint: str) -> ServiceFailure:
        """How that fails."""

    def instance(self, endpoint: str) -> str:
        """The instance type the endpoint runs on, as far as it says: decides its price."""

    def wants_csv(self, endpoint: str) -> bool:
        """Whether the endpoint reads the request's text/csv body (and its limit of bytes applies), rather than its Arrow rows."""


class Bedrock(Protocol):
    """Bedrock's runtime as the engine needs it."""

    def invoke_model(self, prompt: Prompt) -> Completion:
        """Send one request; raises ServiceFailure."""

    def waits(self, model: str) -> Waiting:
        """How long a call may take."""

    def abandon(self, model: str, thread: int) -> None:
        """Nobody waits any more for the call that `thread` makes."""


class Simulated(Protocol):
    """Services that can be told to go wrong, and to begin anew."""

    def anew(self, clock: Clock) -> dict[str, Any]:
        """Comprehend, SageMaker and Bedrock by their names in lower case, with nothing queued or drawn, by another clock."""

    def set_faults(self, target: str, chances: Mapping[str, object]) -> None:
        """Give an endpoint, a model or "comprehend" faults; ValueError for what cannot be."""

    def set_status(self, endpoint: str, status: str) -> None:
        """Give an endpoint another status; ValueError for what cannot be."""
