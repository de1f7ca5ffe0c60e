"""Account: what a session spends: the budget checked before each request, charges booked after it, to statement, session and plan node."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator, Sequence
from decimal import Decimal

from auroraml.errors import ConfigurationLimitExceeded
from auroraml.services.meter import Bill, Key, Meter
from auroraml.services.prices import PriceList, PriceLists, money
from auroraml.services.tariffs import ENDPOINT, NOTHING, TARIFFS, Outcome, Sent, Tariff, Usage
from auroraml.settings import Settings
from auroraml.settings.charges import AURORAML_BUDGET, AURORAML_FREE_TIER, AURORAML_PRICE_LIST, Budget

RAISE = "Raise auroraml.budget, or set it to -1 to spend without a limit."

Counted = tuple[int, int, int]  # calls, retries, failures


class Account:
    """One session's charges. Several threads may use it: a parallel plan's workers hold money before they send."""

    def __init__(self, meter: Meter, lists: PriceLists | None = None, settings: Settings | None = None) -> None:
        self.meter = meter
        self.lists = lists or PriceLists()
        self.settings = settings or Settings()
        self.spent = 0  # since the session began
        self.held = 0  # for requests under way
        self.session = Bill()  # without the running statement's
        self.statement = Bill()
        self._fresh = True  # a statement has begun and not called yet
        self._lock = threading.Lock()
        self._begun: dict[int, tuple[object, int]] = {}  # every budget set, by identity: a rollback may bring it back; and what had been spent then
        self._node = threading.local()
        self.settings.assigned[AURORAML_BUDGET] = self._assigned  # type: ignore[index] # a setting of text is a setting
        self._assigned(self.settings[AURORAML_BUDGET])

    @property
    def prices(self) -> PriceList:
        """The price list in force."""
        return self.lists[self.settings[AURORAML_PRICE_LIST]]

    # Budget

    @property
    def limit(self) -> int | None:
        """The budget, None without one."""
        return Budget(self.settings[AURORAML_BUDGET]).limit

    def left(self) -> int | None:
        """What the budget still allows, None without one."""
        limit = self.limit
        return None if limit is None else limit - (self.spent - self._since(self.settings[AURORAML_BUDGET]))

    @property
    def limited(self) -> bool:
        """Whether there is a budget."""
        return self.settings[AURORAML_BUDGET] != "-1"

    def _assigned(self, budget: object) -> None:
        """A budget counts from when it is set: every SET makes a value of its own, a rollback or RESET brings the old one back."""
        self._begun[id(budget)] = budget, self.spent

    def _since(self, budget: str) -> int:
        return self._begun.setdefault(id(budget), (budget, self.spent))[1]

    def hold(self, sent: Sent) -> int:
        """Before a request goes out: set aside the most it may cost; 53400 where that would exceed the budget."""
        prices = self.prices  # 22023 for a list that is not there, before anything is sent
        if not self.limited:
            return 0
        tariff = TARIFFS[sent.service]
        with self._lock:
            cost = tariff.most(sent, prices, self.meter.units, self.settings[AURORAML_FREE_TIER])
            left = self.left()
            if left is None:
                return 0
            if cost is None or self.held + cost > left:
                raise self._exceeded(sent, prices, cost, left)
            self.held += cost
            return cost

    def _exceeded(self, sent: Sent, prices: PriceList, cost: int | None, left: int) -> ConfigurationLimitExceeded:
        budget, currency = self.settings[AURORAML_BUDGET], prices.currency
        if cost is None:
            return ConfigurationLimitExceeded(
                f"cannot tell whether a call would exceed auroraml.budget ({budget} {currency})",
                detail=f'Price list "{prices.name}" has no price for {_named(sent, prices)}.',
                hint="Add the price to a list of your own, or set auroraml.budget to -1 to spend without a limit.",
            )
        spent = self.spent - self._since(budget)
        detail = [f"Spent since it was set: {_shown(spent)} {currency}."]
        if self.held:
            detail.append(f"Held for calls under way: {_shown(self.held)} {currency}.")
        bound = "" if sent.service == "Comprehend" else " at most"
        detail.append(f"The next call, {_named(sent, prices)}, costs{bound} {_shown(cost)} {currency}.")
        return ConfigurationLimitExceeded(f"service charges would exceed auroraml.budget ({budget} {currency})", detail=" ".join(detail), hint=RAISE)

    def release(self, held: int) -> None:
        """The request was not sent after all."""
        if held:
            with self._lock:
                self.held -= held

    # Booking

    def begin(self) -> None:
        """A statement begins: the next charge is the first of its bill."""
        self._fresh = True

    def book(self, sent: Sent, held: int, outcome: Outcome, *, attempts: int = 1, last: bool = True) -> Usage:
        """After an attempt: charge what it used, and say so. `last`: the call is over, after so many attempts."""
        tariff: Tariff = TARIFFS[sent.service]
        free, prices = self.settings[AURORAML_FREE_TIER], self.prices
        key = (sent.service, sent.operation, sent.target, prices.currency)
        counted = (tariff.calls(sent), attempts - 1, int(outcome.failure is not None)) if last else (0, 0, 0)
        with self.meter.lock:
            usage = tariff.used(sent, outcome, prices, self.meter.units, free)
            self._meter(key, usage, counted)
        self._charge(key, usage, counted, held)
        return usage

    def count(self, sent: Sent, *, attempts: int) -> None:
        """A call was cancelled between attempts that were booked already."""
        key, counted = (
            (sent.service, sent.operation, sent.target, self.prices.currency),
            (TARIFFS[sent.service].calls(sent), attempts - 1, 0),
        )
        with self.meter.lock:
            self._meter(key, NOTHING, counted)
        self._charge(key, NOTHING, counted, 0)

    def book_answers(self, sent: Sent, rows: int, seconds: Sequence[float]) -> None:
        """After calls of one endpoint for which nothing was held, each answered at once: `seconds` of each, `rows` of all."""
        if seconds:
            prices = self.prices
            key = (sent.service, sent.operation, sent.target, prices.currency)
            usage = ENDPOINT.used_together(sent, rows, seconds, prices)
            counted = (len(seconds), 0, 0)
            with self.meter.lock:
                self._meter(key, usage, counted)
            self._charge(key, usage, counted, 0)

    def book_documents(self, sent: Sent, rows: int, units: int, calls: int) -> int:
        """After calls of Comprehend for which nothing was held, each answered at once: all their documents and units. The month's units before them."""
        prices = self.prices
        key, counted = (sent.service, sent.operation, sent.target, prices.currency), (calls, 0, 0)
        with self.meter.lock:
            before = self.meter.units
            usage = Usage(rows=rows, units=units, amount=prices.units_amount(units, before, free=self.settings[AURORAML_FREE_TIER]))
            self._meter(key, usage, counted)
        self._charge(key, usage, counted, 0)
        return before

    def book_usage(self, sent: Sent, usage: Usage, calls: int, retries: int) -> None:
        """Calls whose usage was added up, as those are that were only simulated."""
        key, counted = (sent.service, sent.operation, sent.target, self.prices.currency), (calls, retries, 0)
        with self.meter.lock:
            self._meter(key, usage, counted)
        self._charge(key, usage, counted, 0)

    def _meter(self, key: Key, usage: Usage, counted: Counted) -> None:
        self.meter.units += usage.units
        self.meter.bill.line(key).add(usage, *counted)

    def _charge(self, key: Key, usage: Usage, counted: Counted, held: int) -> None:
        with self._lock:
            self.held -= held
            self.spent += usage.amount or 0
            if self._fresh:
                self._fresh = False
                self.session.merge(self.statement)
                self.statement = Bill()
            self.statement.line(key).add(usage, *counted)
            node: Bill | None = getattr(self._node, "bill", None)
            if node is not None:
                node.line(key).add(usage, *counted)

    @contextlib.contextmanager
    def charging(self, bill: Bill) -> Iterator[None]:
        """Charges of this thread go to `bill` too, and to no other plan node's."""
        before: Bill | None = getattr(self._node, "bill", None)
        self._node.bill = bill
        try:
            yield
        finally:
            self._node.bill = before

    def running(self) -> Bill:
        """The running statement's bill so far."""
        with self._lock:
            return Bill() if self._fresh else self.statement.copy()

    def latest(self) -> Bill:
        """The bill of the last statement that made calls."""
        with self._lock:
            return self.statement.copy()

    def total(self) -> Bill:
        """The session's bill so far."""
        with self._lock:
            made = self.session.copy()
            made.merge(self.statement)
            return made


def _named(sent: Sent, prices: PriceList) -> str:
    if sent.service == "Comprehend":
        return f"{sent.operation} of {sent.items} document{'s' if sent.items != 1 else ''}"
    if sent.service == "SageMaker":
        return f'{sent.operation} of endpoint "{sent.target}" on {prices.instance(sent.target, sent.instance)}'
    return f'{sent.operation} of model "{sent.target}"'


def _shown(amount: int) -> str:
    found = money(amount)
    assert isinstance(found, Decimal)
    return f"{found:f}"
