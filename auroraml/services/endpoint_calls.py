"""EndpointCalls: many requests of one statement to one endpoint: what they share is found once, what they cost is booked together."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from auroraml.batch import TextVector
from auroraml.services.calls import MAX_BODY_BYTES, Failed, Outgoing, Services, body_size
from auroraml.services.log import CallRecord, worker
from auroraml.services.protocols import Waiting
from auroraml.services.request import Request


class EndpointCalls:
    """Answers for parts of `request`, each part one request (or more, where the service takes less).

    A call that may be made in this thread costs a few microseconds beyond the endpoint's own time; whatever is not as simple as that (a budget,
    a thread, a body that may be too large, an attempt that fails) goes the way of `Services`.
    """

    apart = True

    def __init__(self, services: Services, endpoint: str, request: Request, check: Callable[[], None]) -> None:
        self.services = services
        self.endpoint = endpoint
        self.request = request
        self.check = check
        self.outgoing = services.outgoing(endpoint, 0, 0)
        prices = services.account.prices  # 22023 for a price list that is not there, before anything is sent
        self.price = prices.second(endpoint, self.outgoing.instance)
        caller = services.caller
        self.batch = caller.batch
        self.record = partial(_record, endpoint, self.price, services.clock.epoch, caller.started, (caller.pid, caller.statement, worker()))
        self.name = self.outgoing.name
        self.now = services.clock.now
        self.add = services.log.add
        self.send = services.sagemaker.invoke_endpoint
        self.csv = services.sagemaker.wants_csv(endpoint)
        width = request.widest_row
        self.most = 0 if width is None or services.account.limited or self.outgoing.waits is Waiting.YES else MAX_BODY_BYTES // max(width, 1)
        self.seconds: list[float] = []  # not booked yet: of each call
        self.rows = 0

    def call(self, start: int, stop: int) -> TextVector:
        """The answers for rows `start` to before `stop`."""
        n = stop - start
        part = self.request.slice(start, stop)
        services = self.services
        if n > self.most or not (self.outgoing.waits is Waiting.NO or services.workers.quick(self.name)):
            return services.answers(self.endpoint, part, self.check)
        self.check()
        sent = self.now()
        try:
            services.cluster.check(self.outgoing)
            response = self.send(self.endpoint, part)
        except BaseException as error:  # told and retried, or raised, as any other attempt's
            services.workers.note(self.name, self.now() - sent)
            again = partial(self.send, self.endpoint, part)
            response = services.send(self._outgoing(n, part), again, self.check, Failed(sent=sent, error=error))
            return services.rows_of(self.endpoint, response, n)
        spent = self.now() - sent
        services.workers.note(self.name, spent)
        self.seconds.append(spent)
        self.rows += n
        size = len(part.body) if self.csv else None
        self.add((self.record, n, sent, spent, size, response.size, self.batch()))
        return services.rows_of(self.endpoint, response, n)

    def _outgoing(self, n: int, part: Request) -> Outgoing:
        return self.services.outgoing(self.endpoint, n, self.batch(), partial(body_size, part) if self.csv else self.outgoing.size)

    def together(self, start: int, stop: int, rows: int) -> TextVector | None:
        """Each by itself: what stands behind an endpoint may count its calls."""
        return None

    def sent(self) -> None:
        """None were together."""

    def settle(self) -> None:
        """Book the calls made since the last time."""
        seconds, rows = self.seconds, self.rows
        self.seconds, self.rows = [], 0
        self.services.quota.give_back(0, len(seconds))
        self.services.account.book_answers(self.outgoing, rows, seconds)


def _record(
    endpoint: str, price: float | None, epoch: float, begun: float, who: tuple[int, str, int | None],
    n: int, sent: float, spent: float, request_bytes: int | None, response_bytes: int | None, batch: int,
) -> CallRecord:  # fmt: skip
    """A call of `n` rows that was answered at once."""
    amount = None if price is None else round(spent * price)
    return CallRecord("SageMaker", "InvokeEndpoint", endpoint, n, 1, spent * 1000, 0, None, request_bytes, response_bytes, amount, epoch + sent,
                      *who, batch, (sent - begun) * 1000)  # fmt: skip
