"""Calls: rows packed into as many requests as a service allows, checked, sent, tried again, logged, metered, put back in order."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from auroraml.errors import SystemError as PgSystemError
from auroraml.services.clock import Clock, RealClock
from auroraml.services.log import CallLog, CallRecord
from auroraml.services.meter import Meter
from auroraml.services.protocols import LABELS, Comprehend, Response, SageMaker, Sentiments, ServiceFailure
from auroraml.services.request import Request, offsets_of
from auroraml.services.response import split_rows

MAX_DOCUMENTS = 25  # BatchDetectSentiment
MAX_DOCUMENT_BYTES = 5_000
MAX_BODY_BYTES = 6_291_456  # InvokeEndpoint
MAX_ATTEMPTS = 3  # botocore's standard mode
MAX_BACKOFF = 20.0  # seconds
LANGUAGES = frozenset({"en", "es", "fr", "de", "it", "pt", "ar", "hi", "ja", "ko", "zh", "zh-TW"})
T = TypeVar("T")


def refused(service: str, problem: str, answer: str) -> PgSystemError:
    """The error of a failed request, in the style of Aurora's sibling extensions (58000); the texts are ours, AWS publishes none."""
    return PgSystemError(problem, detail=f"Amazon {service} client returned '{answer}'.")


def described(failure: ServiceFailure, operation: str) -> str:
    """A failure in the words of the AWS client."""
    tried = f" (reached max retries: {failure.attempts - 1})" if failure.transient and failure.attempts > 1 else ""
    return f"An error occurred ({failure.code}) when calling the {operation} operation{tried}: {failure.message}"


def _nothing() -> None:
    pass


@dataclass
class Services:
    """Both services of a Database, with their meter, log and clock."""

    comprehend: Comprehend
    sagemaker: SageMaker
    clock: Clock = field(default_factory=RealClock)
    meter: Meter = field(default_factory=Meter)
    log: CallLog = field(default_factory=CallLog)
    quoting: bool = True

    # Comprehend

    def detect_sentiment(
        self, texts: Sequence[str], languages: Sequence[str], check: Callable[[], None] = _nothing
    ) -> tuple[npt.NDArray[np.int8], npt.NDArray[np.float32]]:
        """The winning label (index into LABELS) and its score for each text; rows of one language share requests, 25 at a time."""
        checked(texts, languages)
        labels = np.zeros(len(texts), np.int8)
        confidence = np.zeros(len(texts), np.float32)
        for language, rows in by_language(languages):
            for start in range(0, len(rows), MAX_DOCUMENTS):
                check()
                part = rows[start : start + MAX_DOCUMENTS]
                found = self._sentiments([texts[i] for i in part], language, part)
                labels[part] = [LABELS.index(label) for label in found.labels]
                confidence[part] = found.scores[np.arange(len(part)), labels[part]]
        return labels, confidence

    def _sentiments(self, texts: Sequence[str], language: str, rows: npt.NDArray[np.int64]) -> Sentiments:
        operation, problem = "BatchDetectSentiment", "could not detect sentiment"
        found = self._send(
            "Comprehend", operation, language, len(texts), problem, lambda: self.comprehend.batch_detect_sentiment(texts, language), texts
        )
        if found.errors:
            first = found.errors[0]
            place = int(rows[first.index]) + 1 if 0 <= first.index < len(rows) else 0
            raise refused("Comprehend", problem, f"{first.code}: {first.message}, for row {place} of the batch")
        if len(found.labels) != len(texts) or found.scores.shape != (len(texts), len(LABELS)) or any(label not in LABELS for label in found.labels):
            raise refused("Comprehend", problem, f"an answer that does not fit {len(texts)} documents")
        return found

    # SageMaker

    def invoke_endpoint(self, endpoint: str, request: Request, check: Callable[[], None] = _nothing) -> pa.Array:
        """One text for each row (large_string, without NULLs); bodies over 6,291,456 bytes are split between rows."""
        answers = []
        for part in self._packed(endpoint, request):
            check()
            found = self._send("SageMaker", "InvokeEndpoint", endpoint, part.n, invoking(endpoint), self._sender(endpoint, part), ())
            answers.append(self._rows(endpoint, found, part.n))
        if not answers:
            return pa.array([], pa.large_string())
        return answers[0] if len(answers) == 1 else pa.concat_arrays(answers)

    def _sender(self, endpoint: str, part: Request) -> Callable[[], Response]:
        return lambda: self.sagemaker.invoke_endpoint(endpoint, part)

    def _packed(self, endpoint: str, request: Request) -> Iterator[Request]:
        """The request, or slices of it whose text/csv bodies fit."""
        if not request.n:
            return
        if not self.sagemaker.wants_csv(endpoint) or (request.widest is not None and request.widest <= MAX_BODY_BYTES):
            yield request
            return
        ends = offsets_of(request.lines)[1:] - offsets_of(request.lines)[0]
        start, base = 0, 0
        while start < request.n:
            stop = int(np.searchsorted(ends, base + MAX_BODY_BYTES + 1, side="right"))  # the last newline is not sent
            if stop == start:
                size = int(ends[start]) - base - 1
                answer = f"one row of {size} bytes, more than the {MAX_BODY_BYTES} bytes a request may have"
                raise PgSystemError(invoking(endpoint), detail=f"Amazon SageMaker cannot take {answer}.")
            yield request if start == 0 and stop == request.n else request.slice(start, stop)
            start, base = stop, int(ends[stop - 1])

    def _rows(self, endpoint: str, response: Response, n: int) -> pa.Array:
        rows = response.rows
        if rows is None:
            try:
                rows = split_rows(response.body or b"", n)
            except UnicodeDecodeError as error:
                raise refused("SageMaker", invoking(endpoint), "an answer that is not UTF-8 text") from error
        if len(rows) != n:
            raise refused("SageMaker", invoking(endpoint), f"{len(rows)} values for {n} rows")
        return rows

    # Sending

    def _send(self, service: str, operation: str, target: str, items: int, problem: str, send: Callable[[], T], texts: Sequence[str]) -> T:
        """Send, and send again after throttling and 5xx with growing waits; log and meter what went out."""
        start = self.clock.now()
        attempt = 1
        while True:
            try:
                found = send()
            except ServiceFailure as failure:
                if failure.transient and failure.attempts == 1 and attempt < MAX_ATTEMPTS:
                    self.clock.sleep(min(self.clock.jitter() * 2 ** (attempt - 1), MAX_BACKOFF))
                    attempt += 1
                    continue
                failure.attempts = max(failure.attempts, attempt)
                self._logged(service, operation, target, items, failure.attempts, start, 0, failure.code)
                raise refused(service, problem, described(failure, operation)) from failure
            counted = self.meter.add_documents(texts) if texts else 0
            self._logged(service, operation, target, items, attempt, start, counted, None)
            return found

    def _logged(self, service: str, operation: str, target: str, items: int, attempts: int, start: float, counted: int, error: str | None) -> None:
        seconds = self.clock.now() - start
        self.meter.retries += attempts - 1
        if service == "SageMaker":
            self.meter.add_call(items, seconds)
        self.log.add(CallRecord(service=service, operation=operation, target=target, items=items, attempts=attempts, milliseconds=seconds * 1000,
                                units=counted, error=error))  # fmt: skip


def invoking(endpoint: str) -> str:
    """What could not be done."""
    return f'could not invoke endpoint "{endpoint}"'


def by_language(languages: Sequence[str]) -> Iterator[tuple[str, npt.NDArray[np.int64]]]:
    """Each language with the rows it has, in the order of first sight."""
    coded = pc.dictionary_encode(pa.array(languages, pa.string()))
    codes = np.asarray(coded.indices)
    for code, language in enumerate(coded.dictionary.to_pylist()):
        yield language, np.flatnonzero(codes == code)


def checked(texts: Sequence[str], languages: Sequence[str]) -> None:
    """Refuse, before any request, what the service would refuse, with the first bad row's reason."""
    problem, operation = "could not detect sentiment", "BatchDetectSentiment"
    for language in dict.fromkeys(languages):
        if language not in LANGUAGES:
            failure = ServiceFailure("UnsupportedLanguageException", f"The language code '{language}' is not supported for this request.")
            raise refused("Comprehend", problem, described(failure, operation))
    sizes = np.asarray(pc.binary_length(pa.array(texts, pa.large_string())))
    empty = np.flatnonzero(sizes == 0)
    if len(empty):
        answer = f"Parameter validation failed: Invalid length for parameter TextList[{int(empty[0]) % MAX_DOCUMENTS}], value: 0, valid min length: 1"
        raise refused("Comprehend", problem, answer)
    large = np.flatnonzero(sizes > MAX_DOCUMENT_BYTES)
    if len(large):
        text = (f"Input text size exceeds limit. Max length of request text allowed is {MAX_DOCUMENT_BYTES} bytes while in this request the text size is "
                f"{int(sizes[large[0]])} bytes")  # fmt: skip
        raise refused("Comprehend", problem, described(ServiceFailure("TextSizeLimitExceededException", text), operation))
