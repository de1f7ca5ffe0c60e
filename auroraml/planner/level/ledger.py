"""Ledger: the paths that a statement's relations were offered, and what became of each; kept for EXPLAIN (ALTERNATIVES) alone."""

from __future__ import annotations

from collections.abc import Callable
from contextvars import ContextVar
from typing import TYPE_CHECKING, Final

from auroraml.planner.paths.path import JoinPath, Path

if TYPE_CHECKING:
    from auroraml.planner.level.relation import Relation

DOMINANCE: Final = "dominance"
PRECHECK: Final = "precheck"
WATCHED: ContextVar[Ledger | None] = ContextVar("ledger", default=None)  # of the statement being planned here, where somebody asks


class Offer:
    """One path as it was offered: its costs then, and who beat it at which step (None: nobody)."""

    __slots__ = ("by", "level", "partial", "path", "relation", "startup", "step", "total", "used")

    def __init__(self, level: int, relation: Relation, path: Path, partial: bool) -> None:
        self.level = level
        self.relation = relation
        self.path = path
        self.partial = partial
        self.startup = path.startup
        self.total = path.total
        self.by: Offer | None = None
        self.step = ""
        self.used = False


class Ledger:
    """What the planner's comparisons note while it is set; they come out as they do without."""

    def __init__(self) -> None:
        self.offers: list[Offer] = []
        self.found: dict[int, list[Offer]] = {}  # by the path's identity; the offers keep the paths alive
        self.levels = 0
        self.open: list[int] = []
        self.failed: Path | None = None  # what the last precheck failed against

    def begin(self) -> None:
        """A query level is planned."""
        self.levels += 1
        self.open.append(self.levels)

    def end(self) -> None:
        """It is done."""
        self.open.pop()

    def prechecked(self, old: Path | None) -> bool:
        """A precheck fails against `old`, or with None does not. The join is costed to its end all the same, to be shown, and then dropped."""
        self.failed = old
        return True

    def admits(self, relation: Relation, new: Path, add: Callable[[Relation, Path], None], partial: bool) -> bool:
        """Note an offer and whom it beats or loses to; whether it is to be compared at all."""
        offer = Offer(self.open[-1] if self.open else 1, relation, new, partial)
        self.offers.append(offer)
        self.found.setdefault(id(new), []).append(offer)
        failed, self.failed = self.failed, None
        if isinstance(new, JoinPath) and failed is not None:
            offer.by, offer.step = self.latest(failed), PRECHECK
            return False
        for old in list(relation.partial_paths if partial else relation.paths):
            alone = type(relation)(relation.bits, relation.kind)
            alone.ledger = None
            alone.consider_startup, alone.consider_param_startup = relation.consider_startup, relation.consider_param_startup
            kept = [old]
            if partial:
                alone.partial_paths = kept
            else:
                alone.paths = kept
            add(alone, new)
            left = alone.partial_paths if partial else alone.paths
            if not any(path is new for path in left):
                offer.by, offer.step = self.latest(old), DOMINANCE
                break
            beaten = self.latest(old)
            if beaten is not None and not any(path is old for path in left):
                beaten.by, beaten.step = offer, DOMINANCE
        return True

    def use(self, path: Path) -> None:
        """A path is part of the plan."""
        for offer in self.found.get(id(path), ()):
            offer.used = True

    def latest(self, path: Path) -> Offer | None:
        """The last offer of a path; None for one that came to its relation without."""
        offers = self.found.get(id(path))
        return offers[-1] if offers else None
