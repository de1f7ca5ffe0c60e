"""Tables locked by name, met by statements of other sessions: those wait until they may go on, or until those that use the table have ended."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from auroraml.errors import LockNotAvailable
from auroraml.ir.objects import Relation
from auroraml.storage.locks import CONFLICTS, MODES, RELATION, Tag

if TYPE_CHECKING:
    from auroraml.storage.transactions import Transaction


def enter(session: Any, used: Iterable[tuple[int, int]]) -> bool:
    """Wait while somebody else has locked one of these relations in a mode that does not go with the use; whether the catalog is another then."""
    transaction: Transaction = session.transaction.stored
    locks, catalog = session.hub.store.locks, session.catalog
    waited = [locks.enter(Tag(kind=RELATION, first=oid), mode, session, transaction, session.interrupt.check) for oid, mode in used]
    if any(waited):
        transaction.statement()  # what was committed in the meantime is seen
    return session.catalog is not catalog


def lock(session: Any, relation: Relation, mode: str, nowait: bool) -> None:
    """LOCK TABLE of one relation; 55P03 where it would have to wait and may not."""
    transaction: Transaction = session.transaction.stored
    number, tag, locks = MODES.index(mode) + 1, Tag(kind=RELATION, first=relation.oid), session.hub.store.locks
    users = _users(transaction, relation.oid, number)
    if not locks.acquire(tag, number, session, transaction, session.interrupt.check, wait=not nowait, users=users):
        raise LockNotAvailable(f'could not obtain lock on relation "{relation.name}"')
    locks.until_end(tag, number, session, transaction)


def _users(transaction: Transaction, oid: int, mode: int) -> Callable[[], tuple[int, ...]]:
    """The other running transactions whose statements have used a relation in a way that does not go with `mode`."""

    def find() -> tuple[int, ...]:
        running = transaction.store.running
        return tuple(xid for xid, other in running.items() if other is not transaction and any((oid, used) in other.used for used in CONFLICTS[mode]))

    return find
