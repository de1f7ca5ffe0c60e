"""Calls: rows packed into as many requests as a service allows, checked, sent, put back in order."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import field, replace
from functools import partial
from typing import NamedTuple, TypeVar

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from auroraml.batch import TextVector, offsets_of
from auroraml.errors import FeatureNotSupported, QueryCanceled
from auroraml.errors import SystemError as PgSystemError
from auroraml.lazy import compute as pc
from auroraml.records import dataclass
from auroraml.services.account import Account
from auroraml.services.clock import REAL, Clock, RealClock
from auroraml.services.cluster import Cluster
from auroraml.services.documents import UNKNOWN, fitting, refusal
from auroraml.services.log import NOWHERE, PLACED, Attempt, Caller, CallLog, CallRecord, worker
from auroraml.services.meter import Meter
from auroraml.services.prices import PriceLists
from auroraml.services.protocols import (
    LABELS,
    MAX_DOCUMENTS,
    Answer,
    Bedrock,
    Comprehend,
    Prompt,
    Response,
    SageMaker,
    Sentiments,
    ServiceFailure,
    Simulated,
    Waiting,
)
from auroraml.services.request import Request
from auroraml.services.response import split_rows
from auroraml.services.retry import MAX_ATTEMPTS, RetryQuota, backoff, wait
from auroraml.services.tariffs import Outcome
from auroraml.services.virtual_time import VirtualTime
from auroraml.services.workers import InPlace, TooLate, Workers
from auroraml.settings import Settings
from auroraml.settings.batches import AURORAML_RESPONSE_SHAPE, AURORAML_UNFIT_DOCUMENTS
from auroraml.settings.services import AURORAML_CLOCK

MAX_BODY_BYTES = 6_291_456  # InvokeEndpoint
DETECTING = "could not detect sentiment"
T = TypeVar("T")
A = TypeVar("A", bound=Answer)


def refused(service: str, problem: str, answer: str) -> PgSystemError:
    """The error of a failed request, in the style of Aurora's sibling extensions (58000); the texts are ours, AWS publishes none."""
    return PgSystemError(problem, detail=f"Amazon {service} client returned '{answer}'.")


def _nothing() -> None:
    pass


class Outgoing(NamedTuple):  # made for every request: a frozen dataclass takes five times as long
    """What is common to the attempts of one call."""

    service: str
    operation: str
    target: str
    problem: str
    items: int
    waits: Waiting
    abandon: Callable[[int], None]
    texts: Sequence[str] = ()
    instance: str = ""
    limit: float = math.inf  # seconds it may take
    batch: int = 0
    size: Callable[[], int | None] = _nothing  # of the request, in bytes

    @property
    def name(self) -> str:
        """What calls of its kind are known by."""
        return f"{self.operation} of {self.target}"


@dataclass(frozen=True, kw_only=True)
class Failed:
    """An attempt made with no budget in force: when it was sent, and what came of it."""

    sent: float
    error: BaseException


@dataclass
class Services:
    """The services of a Database, with their meter, log and clock."""

    comprehend: Comprehend
    sagemaker: SageMaker
    bedrock: Bedrock | None = None
    simulation: Simulated | None = None  # None: the services are not this process's
    clock: Clock = field(default_factory=RealClock)  # by which calls are timed and wait
    engine: Clock = REAL  # by which the statement itself is timed
    meter: Meter = field(default_factory=Meter)
    log: CallLog = field(default_factory=CallLog)
    workers: Workers = field(default_factory=Workers)
    quota: RetryQuota = field(default_factory=RetryQuota)
    prices: PriceLists = field(default_factory=PriceLists)
    cluster: Cluster = field(default_factory=Cluster)
    session_account: Account | None = None
    account: Account = field(init=False)
    caller: Caller = field(default_factory=Caller)

    def __post_init__(self) -> None:
        self.account = self.session_account or Account(self.meter, self.prices)

    def charged_to(self, settings: Settings, pid: int = 0) -> Services:
        """The same services for one session, with an account of its own."""
        settings.checks[AURORAML_CLOCK] = self._may_keep_time  # type: ignore[index] # a setting of text is a setting
        return replace(self, session_account=Account(self.meter, self.prices, settings), caller=Caller(pid))

    def begin(self, statement: str) -> Services:
        """A statement of the session begins; the services as they serve it: in virtual time, they begin anew with each."""
        self.account.begin()
        if self.settings[AURORAML_CLOCK] == "virtual":
            return self._in_virtual_time(statement)
        self.caller.begin(statement, self.clock.now(), self.log.count)
        return self

    def _may_keep_time(self, clock: object) -> None:
        """Refuse a clock by which the services cannot run: Amazon's answer in real time."""
        if clock == "virtual" and self.cluster.real:
            raise FeatureNotSupported("auroraml.clock can be virtual only with the embedded services")

    def _in_virtual_time(self, statement: str) -> Services:
        self._may_keep_time("virtual")  # the parameter group may say so
        clock = VirtualTime()
        caller = Caller(self.caller.pid)
        caller.begin(statement, 0.0, self.log.count)
        anew = {} if self.simulation is None else self.simulation.anew(clock)
        return replace(self, clock=clock, engine=clock, workers=InPlace(), quota=RetryQuota(), session_account=self.account, caller=caller, **anew)

    def made(self) -> tuple[CallRecord, ...]:
        """The calls of the session's last statement, as far as the log has kept them."""
        return tuple(record for number, record in self.log.numbered() if number > self.caller.before and record.pid == self.caller.pid)

    @property
    def settings(self) -> Settings:
        """The session's."""
        return self.account.settings

    @property
    def simulated(self) -> Simulated:
        """What can be changed of the embedded services (0A000 for others)."""
        if self.simulation is None:
            raise FeatureNotSupported("only the embedded services can be given faults and a status")
        return self.simulation

    # Comprehend

    def detect_sentiment(
        self,
        texts: Sequence[str],
        languages: Sequence[str],
        check: Callable[[], None] = _nothing,
        places: npt.NDArray[np.int64] | None = None,
        *,
        single: bool = False,
    ) -> tuple[npt.NDArray[np.int8], npt.NDArray[np.float32]]:
        """The winning label (index into LABELS) and its score for each text; rows of one language share requests, 25 at a time.

        A text that the service refuses ends the statement, or with auroraml.unfit_documents has the label UNKNOWN; `places` are the texts' rows.
        `single`: each text is a call of DetectSentiment, as outside batch mode.
        """
        operation = "DetectSentiment" if single else "BatchDetectSentiment"
        sent = self._sent(texts, languages, operation)
        labels = np.full(len(texts), UNKNOWN, np.int8)
        confidence = np.zeros(len(texts), np.float32)
        batch = self.caller.batch()
        size = 1 if single else MAX_DOCUMENTS if self.account.limited else self.comprehend.at_once  # a budget may end between any two calls
        for language, rows in by_language(languages):
            rows = rows if sent is None else rows[sent[rows]]
            for start in range(0, len(rows), size):
                check()
                part = rows[start : start + size]
                outgoing = self._documents([texts[i] for i in part.tolist()], language, operation, batch)
                found = self._sentiments(outgoing, part if places is None else places[part], check)
                labels[part] = [UNKNOWN if label is None else LABELS.index(label) for label in found.labels]
                confidence[part] = found.scores[np.arange(len(part)), labels[part]]
        return labels, confidence

    def _sent(self, texts: Sequence[str], languages: Sequence[str], operation: str) -> npt.NDArray[np.bool_] | None:
        """Which texts are sent; None: all. One that the service would refuse is refused here, before any request."""
        fits = fitting(texts, languages)
        if fits is not None and self.settings[AURORAML_UNFIT_DOCUMENTS] == "error":
            reason = refusal(texts, languages)
            answer = reason.answer if reason.failure is None else reason.failure.told(operation)
            if operation == "DetectSentiment":
                answer = answer.replace("TextList[0]", "Text")
            raise refused("Comprehend", DETECTING, answer)
        return fits

    def _documents(self, texts: Sequence[str], language: str, operation: str, batch: int) -> Outgoing:
        return Outgoing(service="Comprehend", operation=operation, target=language, problem=DETECTING, items=len(texts), texts=texts,
                         waits=self.comprehend.waits, abandon=self.comprehend.abandon, batch=batch, size=lambda: sum(len(text.encode()) for text in texts))  # fmt: skip

    def _sentiments(self, outgoing: Outgoing, rows: npt.NDArray[np.int64], check: Callable[[], None]) -> Sentiments:
        texts, language, comprehend = outgoing.texts, outgoing.target, self.comprehend
        if outgoing.operation == "DetectSentiment":
            found = self.send(outgoing, lambda: comprehend.detect_sentiment(texts[0], language), check)
        else:
            found = self.send(outgoing, lambda: comprehend.batch_detect_sentiment(texts, language), check)
        if found.errors and self.settings[AURORAML_UNFIT_DOCUMENTS] == "null":
            found = without_errors(found)
        if found.errors:
            first = found.errors[0]
            place = int(rows[first.index]) + 1 if 0 <= first.index < len(rows) else 0
            raise refused("Comprehend", DETECTING, f"{first.code}: {first.message}, for row {place} of the batch")
        if len(found.labels) != len(texts) or found.scores.shape != (len(texts), len(LABELS)) or not set(found.labels) <= {*LABELS, None}:
            raise refused("Comprehend", DETECTING, f"an answer that does not fit {len(texts)} documents")
        return found

    # SageMaker

    def invoke_endpoint(self, endpoint: str, request: Request, check: Callable[[], None] = _nothing) -> pa.Array:
        """One text for each row (large_string, without NULLs); bodies over 6,291,456 bytes are split between rows."""
        return self.answers(endpoint, request, check).values

    def answers(self, endpoint: str, request: Request, check: Callable[[], None] = _nothing) -> TextVector:
        """The texts as a vector, which writes numbers out only where text is wanted."""
        answers: list[TextVector] = []
        sagemaker, batch = self.sagemaker, self.caller.batch()
        csv = sagemaker.wants_csv(endpoint)
        for part in self._packed(endpoint, request):
            check()
            outgoing = self.outgoing(endpoint, part.n, batch, partial(body_size, part) if csv else _nothing)
            found = self.send(outgoing, partial(sagemaker.invoke_endpoint, endpoint, part), check)
            answers.append(self.rows_of(endpoint, found, part.n))
        if not answers:
            return TextVector(pa.array([], pa.large_string()))
        return answers[0] if len(answers) == 1 else TextVector(pa.concat_arrays([answer.values for answer in answers]))

    def outgoing(self, endpoint: str, n: int, batch: int, size: Callable[[], int | None] = _nothing) -> Outgoing:
        """A request of `n` rows as it is logged and billed."""
        service = self.sagemaker
        return Outgoing(service="SageMaker", operation="InvokeEndpoint", target=endpoint, problem=invoking(endpoint), items=n,
                        waits=service.waits(endpoint), abandon=partial(service.abandon, endpoint), instance=service.instance(endpoint),
                        limit=service.limit(endpoint), batch=batch, size=size)  # fmt: skip

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

    # Bedrock

    def invoke_model(self, prompt: Prompt, check: Callable[[], None] = _nothing) -> str:
        """The model's answer, as the text it is."""
        check()
        bedrock, problem = self.bedrock, f'could not invoke model "{prompt.model}"'
        if bedrock is None:
            raise FeatureNotSupported("these services have no Bedrock")
        if not prompt.model:
            raise refused("Bedrock", problem, "Parameter validation failed:\nInvalid length for parameter modelId, value: 0, valid min length: 1")
        outgoing = Outgoing(service="Bedrock", operation="InvokeModel", target=prompt.model, problem=problem, items=1, texts=(prompt.body,),
                             waits=bedrock.waits(prompt.model), abandon=partial(bedrock.abandon, prompt.model), batch=self.caller.batch(),
                             size=lambda: len(prompt.body.encode()))  # fmt: skip
        found = self.send(outgoing, partial(bedrock.invoke_model, prompt), check)
        try:
            return found.body.decode()
        except UnicodeDecodeError as error:
            raise refused("Bedrock", problem, "an answer that is not UTF-8 text") from error

    # Sending

    def send(self, outgoing: Outgoing, send: Callable[[], A], check: Callable[[], None], failed: Failed | None = None) -> A:
        """Send, and send again after throttling and 5xx with growing waits; log and meter what went out. `failed`: a first attempt made before."""
        attempt, paid, account, amount = 1, 0, self.account, NO_AMOUNT
        tries: list[Attempt] = []
        while True:
            self.clock.turn()
            held, sent = 0, self.clock.now() if failed is None else failed.sent
            first, failed, PLACED.now = failed, None, NOWHERE
            try:
                if first is not None:
                    raise first.error
                self.cluster.check(outgoing)
                held = account.hold(outgoing)
                found = self._attempt(outgoing, send, check)
            except ServiceFailure as failure:
                failure.attempts = max(failure.attempts, attempt)
                failure.exhausted = failure.exhausted or attempt == MAX_ATTEMPTS
                may_retry = failure.transient and failure.attempts == attempt < MAX_ATTEMPTS
                paid = self.quota.take(failure) if may_retry else 0
                outcome = Outcome(seconds=self._tried(tries, sent, failure.code), failure=failure)
                amount = added(amount, account.book(outgoing, held, outcome, attempts=failure.attempts, last=not paid).amount)
                if not paid:
                    self._logged(outgoing, failure.attempts, tries, amount, error=failure.code)
                    raise refused(outgoing.service, outgoing.problem, failure.told(outgoing.operation)) from failure
                self._wait(outgoing, failure, attempt, tries, amount, check)
                attempt += 1
            except (QueryCanceled, KeyboardInterrupt):
                error = "cancelled" if outgoing.waits is Waiting.NO else "abandoned"
                used = account.book(outgoing, held, Outcome(seconds=self._tried(tries, sent, error)), attempts=attempt)
                self._logged(outgoing, attempt, tries, added(amount, used.amount), error=error, units=used.units)
                raise
            except BaseException:
                account.release(held)
                raise
            else:
                self.quota.give_back(paid)
                used = account.book(outgoing, held, Outcome(seconds=self._tried(tries, sent, None), answer=found), attempts=attempt)
                self._logged(outgoing, attempt, tries, added(amount, used.amount), units=used.units, received=found.size)
                return found

    def _attempt(self, outgoing: Outgoing, send: Callable[[], T], check: Callable[[], None]) -> T:
        if outgoing.waits is Waiting.NO:
            return send()
        if outgoing.waits is Waiting.PERHAPS and self.workers.quick(outgoing.name):
            return self.workers.inline(outgoing.name, send)
        try:
            return self.workers.run(outgoing.name, send, check, outgoing.abandon, outgoing.limit)
        except TooLate:
            raise self.sagemaker.timed_out(outgoing.target) from None

    def _tried(self, tries: list[Attempt], sent: float, error: str | None) -> float:
        """Note an attempt; the seconds it took."""
        seconds, placed = self.clock.now() - sent, PLACED.now
        started, lasted, waited = (round(value * 1000, 6) for value in (sent - self.caller.started, seconds, placed.queued))
        tries.append(Attempt(started, lasted, placed.instance, waited, error))
        return seconds

    def _wait(
        self, outgoing: Outgoing, failure: ServiceFailure, attempt: int, tries: list[Attempt], amount: int | None, check: Callable[[], None]
    ) -> None:  # fmt: skip
        """Wait before the next attempt; a statement that is cancelled meanwhile leaves a call of so many attempts behind."""
        try:
            wait(backoff(attempt, failure, self.clock), self.clock, check)
        except (QueryCanceled, KeyboardInterrupt):
            self.account.count(outgoing, attempts=attempt)
            self._logged(outgoing, attempt, tries, amount, error="cancelled")
            raise

    def _logged(
        self, outgoing: Outgoing, attempts: int, tries: list[Attempt], amount: int | None, *, error: str | None = None, units: int = 0,
        received: int | None = None,
    ) -> None:  # fmt: skip
        """A row of the log for each request that Amazon would have seen: the embedded model takes more than 25 documents at once."""
        caller, start = self.caller, tries[0].start
        milliseconds = round((self.clock.now() - caller.started) * 1000 - start, 6) if len(tries) > 1 else tries[0].milliseconds
        record = CallRecord(
            service=outgoing.service, operation=outgoing.operation, target=outgoing.target, items=outgoing.items, attempts=attempts,
            milliseconds=milliseconds, units=units, error=error, request_bytes=outgoing.size(), response_bytes=received,
            amount=amount, started=self.clock.epoch + caller.started + start / 1000, pid=caller.pid, statement=caller.statement, worker=worker(),
            batch=outgoing.batch, start=start, tries=tuple(tries),
        )  # fmt: skip
        if outgoing.service != "Comprehend" or outgoing.items <= MAX_DOCUMENTS:
            self.log.add(record)
            return
        for first, one in record.parts(MAX_DOCUMENTS):
            part = outgoing.texts[first : first + one.items]
            counted = self.account.prices.units(part) if units else 0
            share = None if amount is None or not units else amount * counted // units
            self.log.add(one._replace(units=counted, amount=share, request_bytes=sum(len(text.encode()) for text in part)))


NO_AMOUNT: int | None = 0


def added(amount: int | None, more: int | None) -> int | None:
    """Both amounts; None where one has no price."""
    return None if amount is None or more is None else amount + more


def body_size(request: Request) -> int:
    """The bytes of a request's text/csv body."""
    return len(request.body)


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
