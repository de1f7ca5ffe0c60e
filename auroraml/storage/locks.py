"""Locks that sessions take by name, on whole tables and advisory ones: who holds which, who waits, and which modes go together (lock.c)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, Protocol

from auroraml.records import dataclass
from auroraml.storage.transactions import ACCESS_EXCLUSIVE, ACCESS_SHARE, ROW_EXCLUSIVE, ROW_SHARE, Transaction

if TYPE_CHECKING:
    from auroraml.storage.store import Store

SHARE_UPDATE_EXCLUSIVE, SHARE, SHARE_ROW_EXCLUSIVE, EXCLUSIVE = 4, 5, 6, 7
MODES = ("access share", "row share", "row exclusive", "share update exclusive", "share", "share row exclusive", "exclusive", "access exclusive")
CONFLICTS = {
    ACCESS_SHARE: (8,), ROW_SHARE: (7, 8), ROW_EXCLUSIVE: (5, 6, 7, 8), SHARE_UPDATE_EXCLUSIVE: (4, 5, 6, 7, 8), SHARE: (3, 4, 6, 7, 8),
    SHARE_ROW_EXCLUSIVE: (3, 4, 5, 6, 7, 8), EXCLUSIVE: (2, 3, 4, 5, 6, 7, 8), ACCESS_EXCLUSIVE: (1, 2, 3, 4, 5, 6, 7, 8),
}  # fmt: skip
RELATION = "relation"
ADVISORY = "advisory"


class Session(Protocol):
    """Whoever holds locks."""

    pid: int
    instance: str
    running: Any  # its transaction


@dataclass(frozen=True, kw_only=True)
class Tag:
    """What is locked: a relation by its OID, or an advisory lock by two numbers and how many were given."""

    kind: str
    first: int
    second: int = 0
    which: int = 0  # 1: one number of 64 bits, 2: two of 32
    instance: str = ""  # of advisory locks: each instance has its own

    def __str__(self) -> str:
        return f"relation {self.first}" if self.kind == RELATION else f"advisory lock [{self.first},{self.second},{self.which}]"


@dataclass(frozen=True, kw_only=True, eq=False)
class Request:
    """A lock that is waited for."""

    tag: Tag
    mode: int
    session: Session


Held = dict[Session, Counter[int]]


class Locks:
    """The locks of one database; what is done to them is done under the store's lock."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.held: dict[Tag, Held] = {}
        self.waiting: list[Request] = []
        self.kept: dict[Session, Counter[tuple[Tag, int]]] = {}  # advisory locks that stay when the transaction ends

    @staticmethod
    def mode_name(mode: int) -> str:
        """ExclusiveLock, as pg_locks has it."""
        return "".join(word.capitalize() for word in MODES[mode - 1].split()) + "Lock"

    def _blockers(self, tag: Tag, mode: int, session: Session, before: Request | None) -> list[Session]:
        """The sessions whose locks do not go together with `mode`, and, for one that holds none yet, those that wait for such."""
        held = self.held.get(tag, {})
        against = CONFLICTS[mode]
        found = [other for other, modes in held.items() if other is not session and any(modes[m] for m in against)]
        if session not in held:
            for request in self.waiting:
                if request is before:
                    break
                if request.tag == tag and request.session is not session and request.mode in against:
                    found.append(request.session)
        return found

    def acquire(
        self, tag: Tag, mode: int, session: Session, transaction: Transaction, check: Callable[[], None], *, wait: bool = True,
        users: Callable[[], tuple[int, ...]] = tuple,
    ) -> bool:  # fmt: skip
        """Take a lock; False where that would mean to wait and `wait` says no. `users`: transactions whose end is waited for besides."""
        with self.store.ended:
            if self._blockers(tag, mode, session, None) or users():
                if not wait:
                    return False
                self._wait(Request(tag=tag, mode=mode, session=session), transaction, check, users)
            self.held.setdefault(tag, {}).setdefault(session, Counter())[mode] += 1
            return True

    def enter(self, tag: Tag, mode: int, session: Session, transaction: Transaction, check: Callable[[], None]) -> bool:
        """Use a relation that is not locked by name, from when nobody else's lock is in the way; whether that had to be waited for."""
        with self.store.ended:
            waits = bool(self._blockers(tag, mode, session, None))
            if waits:
                self._wait(Request(tag=tag, mode=mode, session=session), transaction, check, tuple)
            transaction.used.add((tag.first, mode))
            return waits

    def _wait(self, request: Request, transaction: Transaction, check: Callable[[], None], users: Callable[[], tuple[int, ...]]) -> None:
        def holders() -> tuple[int, ...] | None:
            sessions = self._blockers(request.tag, request.mode, request.session, request)
            return (*(0 if other.running is None else other.running.stored.xid for other in sessions), *users()) or None

        self.waiting.append(request)
        try:
            self.store.wait_for(transaction, holders, check, f"{self.mode_name(request.mode)} on {request.tag}")
        finally:
            self.waiting.remove(request)

    def release(self, tag: Tag, mode: int, session: Session) -> bool:
        """Give a lock back once; False where it is not held."""
        with self.store.ended:
            held = self.held.get(tag, {})
            modes = held.get(session)
            if modes is None or not modes[mode]:
                return False
            modes[mode] -= 1
            if not modes.total():
                del held[session]
                if not held:
                    del self.held[tag]
            self.store.ended.notify_all()
            return True

    def keep(self, tag: Tag, mode: int, session: Session) -> None:
        """A lock just taken is the session's, not the transaction's."""
        self.kept.setdefault(session, Counter())[tag, mode] += 1

    def leave(self, tag: Tag, mode: int, session: Session) -> bool:
        """Give back once a lock that the session keeps; False where it keeps none."""
        with self.store.lock:
            kept = self.kept.get(session)
            if kept is None or not kept[tag, mode]:
                return False
            kept[tag, mode] -= 1
            return self.release(tag, mode, session)

    def leave_all(self, session: Session) -> None:
        """Give back all that the session keeps."""
        with self.store.lock:
            for (tag, mode), count in self.kept.pop(session, Counter()).items():
                for _ in range(count):
                    self.release(tag, mode, session)

    def until_end(self, tag: Tag, mode: int, session: Session, transaction: Transaction) -> None:
        """A lock just taken is given back when the transaction ends, or goes back to before it."""
        given: list[bool] = []

        def release() -> None:
            if not given:
                given.append(self.release(tag, mode, session))

        transaction.log(release)
        transaction.at_end.append(release)

    def of(self, session: Session) -> Iterator[tuple[Tag, int, int]]:
        """What a session holds: tag, mode, how often."""
        for tag, held in list(self.held.items()):
            for mode, count in list(held.get(session, {}).items()):
                if count:
                    yield tag, mode, count
