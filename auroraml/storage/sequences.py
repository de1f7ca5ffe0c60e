"""Sequences: counters that no rollback takes back."""

from __future__ import annotations

import threading

from auroraml.errors import SequenceGeneratorLimitExceeded
from auroraml.records import dataclass


@dataclass(kw_only=True)
class State:
    """The last value, and whether it was given out."""

    last: int
    called: bool = False


class Sequences:
    """The counters of one database by the sequence's OID."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._states: dict[int, State] = {}

    def state(self, oid: int, start: int) -> tuple[int, bool]:
        """The last value and whether it was given out; a sequence never used stands before `start`."""
        with self._lock:
            found = self._states.get(oid)
            return (start, False) if found is None else (found.last, found.called)

    def next(self, oid: int, *, start: int, increment: int, minimum: int, maximum: int, cycle: bool, name: str) -> int:
        """The next value; 2200H at the end of a sequence that does not cycle."""
        with self._lock:
            found = self._states.setdefault(oid, State(last=start))
            if not found.called:
                found.called = True
                return found.last
            value = found.last + increment
            if value > maximum or value < minimum:
                if not cycle:
                    word, bound = ("maximum", maximum) if increment > 0 else ("minimum", minimum)
                    raise SequenceGeneratorLimitExceeded(f'nextval: reached {word} value of sequence "{name}" ({bound})')
                value = minimum if increment > 0 else maximum
            found.last = value
            return value

    def set(self, oid: int, value: int, called: bool) -> None:
        """setval, RESTART."""
        with self._lock:
            self._states[oid] = State(last=value, called=called)
