"""Foreign keys whose checks wait for the end of the transaction: which they are now, what they have to look at, and the looking (AfterTriggerSetState)."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from typing import TYPE_CHECKING

from auroraml.batch import Batch
from auroraml.executor.references import Reference, References
from auroraml.ir.objects import Constraint, Relation
from auroraml.records import dataclass

if TYPE_CHECKING:
    from auroraml.executor.context import ExecutionContext
    from auroraml.storage.transactions import Transaction


@dataclass(frozen=True, kw_only=True, eq=False)
class Pending:
    """Rows of one statement that foreign keys (by their OIDs) have still to look at."""

    relation: int
    keys: frozenset[int]
    gone: Batch | None
    came: Batch | None
    changed: Collection[int] | None


class DeferredReferences:
    """What one transaction has put off. Changes are logged, so that going back to a savepoint takes them back."""

    def __init__(self, transaction: Transaction) -> None:
        self.transaction = transaction
        self.queue: list[Pending] = []
        self.every: bool | None = None  # SET CONSTRAINTS ALL
        self.named: dict[int, bool] = {}

    def is_late(self, constraint: Constraint) -> bool:
        """Whether the constraint is checked at the end, as things are now."""
        if not constraint.deferrable:
            return False
        found = self.named.get(constraint.oid, self.every)
        return constraint.deferred if found is None else found

    def set(self, oids: Collection[int] | None, deferred: bool) -> None:
        """SET CONSTRAINTS of some foreign keys, or of all (None)."""
        every, named = self.every, self.named

        def back() -> None:
            self.every, self.named = every, named

        self.transaction.log(back)
        if oids is None:
            self.every, self.named = deferred, {}
        else:
            self.named = {**named, **dict.fromkeys(oids, deferred)}

    def put_off(self, references: References, gone: Batch | None, came: Batch | None, changed: Collection[int] | None) -> References:
        """Queue what is to be checked later of these rows; the foreign keys that look at them now."""
        passive = "on_delete" if came is None else "on_update"
        own = [c for c in references.own if came is not None and self.is_late(c)]
        others = [(r, c) for r, c in references.others if gone is not None and getattr(c, passive) == "a" and self.is_late(c)]
        late = frozenset(c.oid for c in own) | {c.oid for _, c in others}
        if not late:
            return references
        n = len(self.queue)
        self.transaction.log(lambda: self.queue.__delitem__(slice(n, None)))
        self.queue.append(Pending(relation=references.relation.oid, keys=late, gone=gone, came=came, changed=changed))
        return _some(references, [c for c in references.own if c not in own], [other for other in references.others if other not in others])

    def check(self, ctx: ExecutionContext, wanted: Callable[[Constraint], bool] = lambda _: True) -> None:
        """Look at the rows that the `wanted` foreign keys have put off; 23503 for the first that breaks one."""
        queue = self.queue
        self.queue = []
        self.transaction.log(lambda: setattr(self, "queue", queue))
        for pending in queue:
            relation = ctx.catalog.find_relation_oid(pending.relation)
            if relation is None:
                continue
            all_of_it = References(relation, ctx, late=True)
            own = [c for c in all_of_it.own if c.oid in pending.keys]
            others = [(r, c) for r, c in all_of_it.others if c.oid in pending.keys]
            rest = frozenset(c.oid for c in (*own, *(c for _, c in others)) if not wanted(c))
            if rest:
                self.queue.append(Pending(relation=relation.oid, keys=rest, gone=pending.gone, came=pending.came, changed=pending.changed))
            chosen = _some(all_of_it, [c for c in own if c.oid not in rest], [(r, c) for r, c in others if c.oid not in rest])
            failure = chosen.first_failure(pending.gone, pending.came, pending.changed)
            if failure is not None:
                raise failure[1]

    def concerns(self, relation: Relation) -> bool:
        """Whether rows of a table have still to be looked at."""
        return any(pending.relation == relation.oid for pending in self.queue)


def _some(references: References, own: Sequence[Constraint], others: Sequence[Reference]) -> References:
    """The same with some of the foreign keys only."""
    found = References(references.relation, references.ctx, late=references.late)
    found.own, found.others = list(own), list(others)
    return found
