"""DocumentCalls: many requests of documents in one language, judged together where the model is ours; each is still logged and billed for itself."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from auroraml.batch import TextVector
from auroraml.errors import DatabaseError
from auroraml.lazy import compute as pc
from auroraml.records import dataclass
from auroraml.services.calls import DETECTING, Outgoing, Services
from auroraml.services.documents import LANGUAGES, MAX_DOCUMENT_BYTES
from auroraml.services.log import CallRecord, worker
from auroraml.services.prices import PriceList
from auroraml.services.protocols import LABELS, MAX_DOCUMENTS, ServiceFailure, Waiting
from auroraml.settings.charges import AURORAML_FREE_TIER

PLACES = {label: place for place, label in enumerate(LABELS)}
Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, kw_only=True)
class Judged:
    """Documents' winning labels (indexes into LABELS) with their scores; and when the model began, and how long it took, in seconds."""

    labels: npt.NDArray[np.int8]
    scores: npt.NDArray[np.float32]
    begun: float
    seconds: float


class DocumentCalls:
    """What is shared by the requests that judge parts of `texts`. Nobody can tell how often a model of ours is asked, so that it is asked for many
    requests at once: it is ten times faster on many. A budget, a fault, a queue or a document that would be refused needs each request by itself."""

    def __init__(self, services: Services, texts: TextVector, language: str) -> None:
        self.services = services
        self.texts = texts
        self.language = language
        sizes = np.asarray(pc.binary_length(texts.values))
        fits = (sizes > 0) & (sizes <= MAX_DOCUMENT_BYTES) & texts.valid
        self.unfit = np.flatnonzero(~fits)
        self.sizes: Ints = sizes.astype(np.int64)
        self.outgoing = Outgoing(service="Comprehend", operation="BatchDetectSentiment", target=language, problem=DETECTING, items=0,
                                 waits=Waiting.NO, abandon=services.comprehend.abandon)  # fmt: skip
        self.prices = services.account.prices  # 22023 for a price list that is not there, before anything is sent
        self.units = self.prices.units_each(np.asarray(pc.utf8_length(texts.values)))

    def together(self, start: int, stop: int, rows: int) -> int:
        """Up to where batches of `rows` rows, the first of which begins at `start`, may be judged together, at most to `stop`; `start`: not one."""
        services = self.services
        comprehend = services.comprehend
        most = comprehend.at_once
        if most <= MAX_DOCUMENTS or rows > most or comprehend.waits is not Waiting.NO or services.account.limited or self.language not in LANGUAGES:
            return start
        place = int(np.searchsorted(self.unfit, start))
        whole = min(stop, int(self.unfit[place])) if place < len(self.unfit) else stop
        whole = min(whole, start + most // rows * rows)
        return whole if whole == stop else start + (whole - start) // rows * rows

    def judge(self, start: int, stop: int) -> Judged | None:
        """The answers for documents `start` to before `stop`; None where a request by itself has to tell what is wrong."""
        services = self.services
        try:
            services.cluster.check(self.outgoing)
            begun = services.clock.now()
            found = services.comprehend.batch_detect_sentiment(self.texts.values.slice(start, stop - start).to_pylist(), self.language)
        except (ServiceFailure, DatabaseError):
            return None
        if found.errors or len(found.labels) != stop - start:
            return None
        labels = np.array([PLACES[label] for label in found.labels if label is not None], np.int8)
        scores = found.scores[np.arange(len(labels)), labels]
        return Judged(labels=labels, scores=scores, begun=begun, seconds=services.clock.now() - begun)

    def sent(self, start: int, stop: int, rows: int, judged: Judged) -> None:
        """The requests of all batches of `rows` rows count as sent, and are logged and billed."""
        services, caller = self.services, self.services.caller
        firsts = np.arange(start, stop, rows)
        numbers = np.array([caller.batch() for _ in range(len(firsts))])
        if rows > MAX_DOCUMENTS:  # Amazon would have seen several requests a batch
            inside = np.arange(0, rows, MAX_DOCUMENTS)
            every = np.add.outer(firsts, inside)
            numbers = np.repeat(numbers, len(inside))[every.ravel() < stop]
            firsts = every.ravel()[every.ravel() < stop]
        cuts = firsts - start
        units = np.add.reduceat(self.units[start:stop], cuts)
        before = services.account.book_documents(self.outgoing, stop - start, int(units.sum()), len(firsts))
        services.quota.give_back(0, len(firsts))
        services.log.add_several(Requests(
            language=self.language, items=np.diff(np.append(firsts, stop)), units=units, sizes=np.add.reduceat(self.sizes[start:stop], cuts),
            batches=numbers, prices=self.prices, before=before, free=services.settings[AURORAML_FREE_TIER], pid=caller.pid,
            statement=caller.statement, worker=worker(), epoch=services.clock.epoch + caller.started, start=(judged.begun - caller.started) * 1000,
            milliseconds=judged.seconds * 1000,
        ))  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Requests:
    """Requests that were judged together: what their records are made of when somebody reads them. Each took its documents' share of the time."""

    language: str
    items: Ints
    units: Ints
    sizes: Ints
    batches: Ints
    prices: PriceList
    before: int  # units of the month that went before
    free: bool
    pid: int
    statement: str
    worker: int | None
    epoch: float
    start: float
    milliseconds: float

    def __len__(self) -> int:
        return len(self.items)

    def __iter__(self) -> Iterator[CallRecord]:
        each = self.milliseconds / int(self.items.sum())
        start, amount, units = self.start, 0, 0
        for items, used, size, batch in zip(*(column.tolist() for column in (self.items, self.units, self.sizes, self.batches)), strict=True):
            units += used
            paid = self.prices.units_amount(units, self.before, free=self.free)
            yield CallRecord(
                service="Comprehend", operation="BatchDetectSentiment", target=self.language, items=items, milliseconds=round(each * items, 6),
                units=used, request_bytes=size, amount=paid - amount, started=self.epoch + start / 1000, pid=self.pid, statement=self.statement,
                worker=self.worker, batch=batch, start=round(start, 6),
            )  # fmt: skip
            start, amount = start + each * items, paid
