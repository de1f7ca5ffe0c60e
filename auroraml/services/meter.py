"""Meter: what has been used and what it costs, by service, operation and target: one bill for a Database, others for sessions, statements, plan nodes."""

from __future__ import annotations

import threading
from dataclasses import field, fields
from decimal import Decimal

from auroraml.records import dataclass
from auroraml.services.prices import money
from auroraml.services.tariffs import Usage

Key = tuple[str, str, str, str]  # service, operation, target, currency


@dataclass(frozen=True, kw_only=True)
class BillLine:
    """A line as it is handed out."""

    service: str
    operation: str
    target: str
    calls: int
    retries: int
    failures: int
    rows: int
    units: int
    input_tokens: int
    output_tokens: int
    seconds: float
    amount: Decimal | None  # None: the price list has no price for it
    currency: str


@dataclass(kw_only=True, slots=True)
class Line:
    """One line of a bill: calls as Amazon counts them, attempts beyond the first, calls that failed, and what was billed for."""

    calls: int = 0
    retries: int = 0
    failures: int = 0
    rows: int = 0
    units: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    seconds: float = 0.0
    amount: int | None = 0  # None once something had no price

    def add(self, usage: Usage, calls: int, retries: int, failures: int) -> None:
        """Count one attempt."""
        self.calls += calls
        self.retries += retries
        self.failures += failures
        self.rows += usage.rows
        self.units += usage.units
        self.input_tokens += usage.input_tokens
        self.output_tokens += usage.output_tokens
        self.seconds += usage.seconds
        self.amount = None if self.amount is None or usage.amount is None else self.amount + usage.amount

    def merge(self, other: Line) -> None:
        """Add another line."""
        for name in _COUNTED:
            setattr(self, name, getattr(self, name) + getattr(other, name))
        self.amount = None if self.amount is None or other.amount is None else self.amount + other.amount

    @property
    def price(self) -> Decimal | None:
        """The amount in the currency."""
        return money(self.amount)


_COUNTED = tuple(f.name for f in fields(Line) if f.name != "amount")


class Bill:
    """Lines by service, operation, target and currency, in the order of their first call."""

    __slots__ = ("lines",)

    def __init__(self) -> None:
        self.lines: dict[Key, Line] = {}

    def line(self, key: Key) -> Line:
        """The line for `key`, made on first use."""
        found = self.lines.get(key)
        if found is None:
            found = self.lines[key] = Line()
        return found

    def listed(self) -> tuple[BillLine, ...]:
        """The lines as values that stay as they are."""
        return tuple(
            BillLine(
                service=service, operation=operation, target=target, currency=currency, amount=line.price, **{n: getattr(line, n) for n in _COUNTED}
            )
            for (service, operation, target, currency), line in self.lines.items()
        )

    def merge(self, other: Bill) -> None:
        """Add another bill."""
        for key, line in other.lines.items():
            self.line(key).merge(line)

    def copy(self) -> Bill:
        """A bill that later calls do not change."""
        made = Bill()
        made.merge(self)
        return made

    @property
    def total(self) -> Line:
        """All lines added up."""
        total = Line()
        for line in self.lines.values():
            total.merge(line)
        return total

    def of(self, service: str) -> Line:
        """The lines of one service added up."""
        total = Line()
        for key, line in self.lines.items():
            if key[0] == service:
                total.merge(line)
        return total


@dataclass
class Meter:
    """The bill of a Database since it was opened or reset, which counts as one month; safe for threads."""

    bill: Bill = field(default_factory=Bill)
    units: int = 0  # of Comprehend: decide the tier
    lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def reset(self) -> None:
        """Begin a new bill, and a new month."""
        with self.lock:
            self.bill = Bill()
            self.units = 0

    def snapshot(self) -> Bill:
        """The bill so far."""
        with self.lock:
            return self.bill.copy()

    def of(self, service: str) -> Line:
        """The lines of one service added up."""
        with self.lock:
            return self.bill.of(service)

    @property
    def total(self) -> Line:
        """Everything added up."""
        with self.lock:
            return self.bill.total
