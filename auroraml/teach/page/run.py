"""A run of a page: a plan with its calls on a time line and its bill, as measured or as simulated, and what a grid of batch sizes does to it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import field

from auroraml.records import dataclass
from auroraml.teach.page.calls import TimeLine
from auroraml.teach.page.labels import Json
from auroraml.teach.page.plan import Plan, walk


@dataclass(frozen=True, kw_only=True)
class BillLine:
    """What one node's calls of one operation cost; `amount` is None where there is no price."""

    node: int
    service: str
    operation: str
    target: str
    calls: int
    retries: int
    failures: int
    rows: int
    units: int
    tokens: int
    amount: float | None
    currency: str


@dataclass(frozen=True, kw_only=True)
class Figures:
    """What a run is compared by. Milliseconds; `amount` is None where there is no price."""

    wall: float
    first_row: float
    calls: int
    batches: int
    retries: int
    amount: float | None
    currency: str


@dataclass(frozen=True, kw_only=True)
class Run:
    """One EXPLAIN ANALYZE. `size` is the batch size it was given, None: as the statement says; `clock` is real or virtual."""

    plan: Plan
    line: TimeLine
    bill: tuple[BillLine, ...]
    figures: Figures
    clock: str = "real"
    size: int | None = None


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """The plan with function migration off and on; runs where the virtual clock could run them, otherwise plans alone."""

    before: Plan
    after: Plan
    before_run: Run | None = None
    after_run: Run | None = None
    failure: str = ""  # why there is no run

    @property
    def same(self) -> bool:
        """Whether migration changes nothing."""
        return [(node.label, depth) for node, depth in walk(self.before.root)] == [(node.label, depth) for node, depth in walk(self.after.root)]


@dataclass(frozen=True, kw_only=True)
class Page:
    """All that a page shows; `document` is EXPLAIN's JSON as it was answered."""

    query: str
    settings: tuple[tuple[str, str], ...]
    run: Run
    document: str
    comparison: Comparison | None = None
    grid: tuple[Run, ...] = ()
    left_out: Mapping[int, str] = field(default_factory=dict)  # sizes of the grid that have no run, and why


def bill_of(plan: Plan) -> tuple[BillLine, ...]:
    """The charges that the nodes carry."""
    lines = []
    for node, _ in walk(plan.root):
        charges = node.json.get("Charges", ())
        assert isinstance(charges, Sequence)
        for entry in charges:
            lines.append(_line(node.number, entry))
    return tuple(lines)


def _whole(entry: Json, name: str) -> int:
    value = entry.get(name, 0)
    return int(value) if isinstance(value, int | float) else 0


def _amount(entry: Json) -> float | None:
    value = entry.get("Amount")
    return float(value) if isinstance(value, int | float) else None


def _line(number: int, entry: Json) -> BillLine:
    return BillLine(
        node=number, service=str(entry.get("Service", "")), operation=str(entry.get("Operation", "")), target=str(entry.get("Target", "")),
        calls=_whole(entry, "Calls"), retries=_whole(entry, "Retries"), failures=_whole(entry, "Failures"), rows=_whole(entry, "Rows"),
        units=_whole(entry, "Units"), tokens=_whole(entry, "Input Tokens") + _whole(entry, "Output Tokens"), amount=_amount(entry),
        currency=str(entry.get("Currency", "")),
    )  # fmt: skip


def figures_of(plan: Plan, line: TimeLine) -> Figures:
    """The figures of a run."""
    total = plan.charges
    batches = 0
    for node, _ in walk(plan.root):
        found = node.json.get("Batch Processing")
        if isinstance(found, dict):
            batches += _whole(found, "Num Batches")
    return Figures(
        wall=plan.execution or line.length, first_row=plan.first_row or 0.0, calls=_whole(total, "Calls"), batches=batches,
        retries=_whole(total, "Retries"), amount=_amount(total), currency=str(total.get("Currency", "")),
    )  # fmt: skip
