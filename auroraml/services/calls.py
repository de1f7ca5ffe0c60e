"""Calls: rows packed into as many requests as a service allows, checked, sent, put back in order."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TypeVar

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from auroraml.batch import TextVector
from auroraml.errors import QueryCanceled
from auroraml.errors import SystemError as PgSystemError
from auroraml.services.account import Account
from auroraml.services.clock import Clock, RealClock
from auroraml.services.cluster import Cluster
from auroraml.services.documents import UNKNOWN, fitting, refusal
from auroraml.services.log import CallLog, CallRecord
from auroraml.services.meter import Meter
from auroraml.services.prices import PriceLists
from auroraml.services.protocols import LABELS, MAX_DOCUMENTS, Comprehend, Response, SageMaker, Sentiments, ServiceFailure, Waiting
from auroraml.services.request import Request, offsets_of
from auroraml.services.response import split_rows
from auroraml.services.retry import MAX_ATTEMPTS, RetryQuota, backoff, wait
from auroraml.services.tariffs import Outcome
from auroraml.services.workers import Workers
from auroraml.settings import Settings
from auroraml.settings.batches import AURORAML_RESPONSE_SHAPE, AURORAML_UNFIT_DOCUMENTS

MAX_BODY_BYTES = 6_291_456  # InvokeEndpoint
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


@dataclass(frozen=True, kw_only=True)
class Outgoing:
    """What is common to the attempts of one call."""

    service: str
    operation: str
    target: str
    problem: str
    items: int
    texts: Sequence[str] = ()
    instance: str = ""
    waits: Waiting
    abandon: Callable[[int], None] = lambda thread: None

    @property
    def name(self) -> str:
        """What the call is called among calls left behind."""
        return f"{self.operation} of {self.target}"


@dataclass(frozen=True, kw_only=True)
class Failed:
    """An attempt made with no budget in force: when it was sent, and what came of it."""

    sent: float
    error: BaseException


@dataclass
class Services:
    """Both services of a Database, with their meter, log and clock."""

    comprehend: Comprehend
    sagemaker: SageMaker
    clock: Clock = field(default_factory=RealClock)
    meter: Meter = field(default_factory=Meter)
    log: CallLog = field(default_factory=CallLog)
    workers: Workers = field(default_factory=Workers)
    quota: RetryQuota = field(default_factory=RetryQuota)
    prices: PriceLists = field(default_factory=PriceLists)
    cluster: Cluster = field(default_factory=Cluster)
    session_account: Account | None = None
    account: Account = field(init=False)

    def __post_init__(self) -> None:
        self.account = self.session_account or Account(self.meter, self.prices)

    def charged_to(self, settings: Settings) -> Services:
        """The same services for one session, with an account of its own."""
        return replace(self, session_account=Account(self.meter, self.prices, settings))

    @property
    def settings(self) -> Settings:
        """The session's."""
        return self.account.settings

    # Comprehend

    def detect_sentiment(
        self, texts: Sequence[str], languages: Sequence[str], check: Callable[[], None] = _nothing, places: npt.NDArray[np.int64] | None = None
    ) -> tuple[npt.NDArray[np.int8], npt.NDArray[np.float32]]:
        """The winning label (index into LABELS) and its score for each text; rows of one language share requests, 25 at a time.

        A text that the service refuses ends the statement, or with auroraml.unfit_documents has the label UNKNOWN; `places` are the texts' rows.
        """
        sent = self._sent(texts, languages)
        labels = np.full(len(texts), UNKNOWN, np.int8)
        confidence = np.zeros(len(texts), np.float32)
        size = MAX_DOCUMENTS if self.account.limited else self.comprehend.at_once  # a budget may end between any two calls
        for language, rows in by_language(languages):
            rows = rows if sent is None else rows[sent[rows]]
            for start in range(0, len(rows), size):
                check()
                part = rows[start : start + size]
                found = self._sentiments([texts[i] for i in part.tolist()], language, part if places is None else places[part], check)
                labels[part] = [UNKNOWN if label is None else LABELS.index(label) for label in found.labels]
                confidence[part] = found.scores[np.arange(len(part)), labels[part]]
        return labels, confidence

    def _sent(self, texts: Sequence[str], languages: Sequence[str]) -> npt.NDArray[np.bool_] | None:
        """Which texts are sent; None: all. One that the service would refuse is refused here, before any request."""
        fits = fitting(texts, languages)
        if fits is not None and self.settings[AURORAML_UNFIT_DOCUMENTS] == "error":
            reason = refusal(texts, languages)
            answer = reason.answer if reason.failure is None else described(reason.failure, "BatchDetectSentiment")
            raise refused("Comprehend", "could not detect sentiment", answer)
        return fits

    def _sentiments(self, texts: Sequence[str], language: str, rows: npt.NDArray[np.int64], check: Callable[[], None]) -> Sentiments:
        problem = "could not detect sentiment"
        outgoing = Outgoing(service="Comprehend", operation="BatchDetectSentiment", target=language, problem=problem, items=len(texts), texts=texts,
                             waits=self.comprehend.waits)  # fmt: skip
        found = self.send(outgoing, lambda: self.comprehend.batch_detect_sentiment(texts, language), check)
        if found.errors and self.settings[AURORAML_UNFIT_DOCUMENTS] == "null":
            found = without_errors(found)
        if found.errors:
            first = found.errors[0]
            place = int(rows[first.index]) + 1 if 0 <= first.index < len(rows) else 0
            raise refused("Comprehend", problem, f"{first.code}: {first.message}, for row {place} of the batch")
        if len(found.labels) != len(texts) or found.scores.shape != (len(texts), len(LABELS)) or not set(found.labels) <= {*LABELS, None}:
            raise refused("Comprehend", problem, f"an answer that does not fit {len(texts)} documents")
        return found

    # SageMaker

    def invoke_endpoint(self, endpoint: str, request: Request, check: Callable[[], None] = _nothing) -> pa.Array:
        """One text for each row (large_string, without NULLs); bodies over 6,291,456 bytes are split between rows."""
        return self.answers(endpoint, request, check).values

    def answers(self, endpoint: str, request: Request, check: Callable[[], None] = _nothing) -> TextVector:
        """The texts as a vector, which writes numbers out only where text is wanted."""
        answers: list[TextVector] = []
        for part in self._packed(endpoint, request):
            check()
            found = self.send(self.outgoing(endpoint, part.n), partial(self.sagemaker.invoke_endpoint, endpoint, part), check)
            answers.append(self.rows_of(endpoint, found, part.n))
        if not answers:
            return TextVector(pa.array([], pa.large_string()))
        return answers[0] if len(answers) == 1 else TextVector(pa.concat_arrays([answer.values for answer in answers]))

    def outgoing(self, endpoint: str, n: int) -> Outgoing:
        """A request of `n` rows as it is logged and billed."""
        service = self.sagemaker
        return Outgoing(service="SageMaker", operation="InvokeEndpoint", target=endpoint, problem=invoking(endpoint), items=n,
                        instance=service.instance(endpoint), waits=service.waits(endpoint), abandon=partial(service.abandon, endpoint))  # fmt: skip

    def _packed(self, endpoint: str, request: Request) -> Iterator[Request]:
        """The request, or slices of it whose text/csv bodies fit."""
        if not request.n:
            return
        if request.widest is not None and request.widest <= MAX_BODY_BYTES:
            yield request
            return
        ends = offsets_of(request.lines)[1:] - offsets_of(request.lines)[0]
        largest = int(np.diff(ends, prepend=0).max()) - 1  # without its newline
        if largest > MAX_BODY_BYTES:
            answer = f"one row of {largest} bytes, more than the {MAX_BODY_BYTES} bytes a request may have"
            raise PgSystemError(invoking(endpoint), detail=f"Amazon SageMaker cannot take {answer}.")
        start, base = 0, 0
        while start < request.n:
            stop = int(np.searchsorted(ends, base + MAX_BODY_BYTES + 1, side="right"))  # the last newline is not sent
            yield request if start == 0 and stop == request.n else request.slice(start, stop)
            start, base = stop, int(ends[stop - 1])

    def rows_of(self, endpoint: str, response: Response, n: int) -> TextVector:
        """An endpoint's answer as one text a row; refused (58000) where it is not that."""
        rows = response.rows
        if rows is None:
            try:
                rows = split_rows(response.body or b"", n, items=self.settings[AURORAML_RESPONSE_SHAPE] != "lines")
            except UnicodeDecodeError as error:
                raise refused("SageMaker", invoking(endpoint), "an answer that is not UTF-8 text") from error
        found = rows if isinstance(rows, TextVector) else TextVector(rows)
        if found.n != n:
            raise refused("SageMaker", invoking(endpoint), f"{found.n} values for {n} rows")
        return found

    # Sending

    def send(self, outgoing: Outgoing, send: Callable[[], T], check: Callable[[], None], failed: Failed | None = None) -> T:
        """Send, and send again after throttling and 5xx with growing waits; log and meter what went out. `failed`: a first attempt made before."""
        start, attempt, paid, account = self.clock.now() if failed is None else failed.sent, 1, 0, self.account
        while True:
            held, sent = 0, self.clock.now() if failed is None else failed.sent
            first, failed = failed, None
            try:
                if first is not None:
                    raise first.error
                self.cluster.check(outgoing)
                held = account.hold(outgoing)
                found = self._attempt(outgoing, send, check)
            except ServiceFailure as failure:
                failure.attempts = max(failure.attempts, attempt)
                may_retry = failure.transient and failure.attempts == attempt < MAX_ATTEMPTS
                paid = self.quota.take(failure) if may_retry else 0
                outcome = Outcome(seconds=self.clock.now() - sent, failure=failure)
                account.book(outgoing, held, outcome, attempts=failure.attempts, last=not paid)
                if not paid:
                    self._logged(outgoing, failure.attempts, start, error=failure.code)
                    raise refused(outgoing.service, outgoing.problem, described(failure, outgoing.operation)) from failure
                wait(backoff(attempt, self.clock), self.clock, check)
                attempt += 1
            except (QueryCanceled, KeyboardInterrupt):
                account.book(outgoing, held, Outcome(seconds=self.clock.now() - sent), attempts=attempt)
                self._logged(outgoing, attempt, start, error="cancelled" if outgoing.waits is Waiting.NO else "abandoned", billed=True)
                raise
            except BaseException:
                account.release(held)
                raise
            else:
                self.quota.give_back(paid)
                account.book(outgoing, held, Outcome(seconds=self.clock.now() - sent, answer=found), attempts=attempt)
                self._logged(outgoing, attempt, start, billed=True)
                return found

    def _attempt(self, outgoing: Outgoing, send: Callable[[], T], check: Callable[[], None]) -> T:
        name = outgoing.name
        if outgoing.waits is Waiting.NO:
            return send()
        if outgoing.waits is Waiting.PERHAPS and self.workers.quick(name):
            return self.workers.inline(name, send)
        return self.workers.run(name, send, check, outgoing.abandon)

    def _logged(self, outgoing: Outgoing, attempts: int, start: float, *, error: str | None = None, billed: bool = False) -> None:
        """A row of the log for each request that Amazon would have seen; a refused request costs nothing at Comprehend."""
        seconds = self.clock.now() - start
        size = MAX_DOCUMENTS if outgoing.texts else outgoing.items
        for first in range(0, outgoing.items, size):
            part = outgoing.texts[first : first + size]
            items = len(part) if part else outgoing.items
            counted = self.account.prices.units(part) if part and billed else 0
            self.log.add(CallRecord(service=outgoing.service, operation=outgoing.operation, target=outgoing.target, items=items, attempts=attempts,
                                    milliseconds=seconds * 1000 * items / outgoing.items, units=counted, error=error))  # fmt: skip


def invoking(endpoint: str) -> str:
    """What could not be done."""
    return f'could not invoke endpoint "{endpoint}"'


def without_errors(found: Sentiments) -> Sentiments:
    """The answer with None for the documents that the service could not judge."""
    wrong = {error.index for error in found.errors}
    return replace(found, labels=[None if i in wrong else label for i, label in enumerate(found.labels)], errors=())


def by_language(languages: Sequence[str]) -> Iterator[tuple[str, npt.NDArray[np.int64]]]:
    """Each language with the rows it has, in the order of first sight."""
    if languages and languages.count(languages[0]) == len(languages):  # nearly always
        yield languages[0], np.arange(len(languages))
        return
    coded = pc.dictionary_encode(pa.array(languages, pa.string()))
    codes = np.asarray(coded.indices)
    for code, language in enumerate(coded.dictionary.to_pylist()):
        yield language, np.flatnonzero(codes == code)
