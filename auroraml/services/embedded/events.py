"""Events of the sentiment lexicon: phrases of stems and gaps, and how they are found in a sentence or in a whole batch of tokens."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

MAX_GAP = 4  # words a gap of an event may skip
LONGEST = 24  # tokens that a phrase with gaps may span
Ints = npt.NDArray[np.int64]
Codes = npt.NDArray[np.int32]
Flags = npt.NDArray[np.bool_]


class Event(NamedTuple):
    """Several words with one meaning; `gaps` says before which of `parts` other words may stand."""

    parts: tuple[int, ...]
    gaps: tuple[bool, ...]
    weight: float
    kind: int
    number: int


class Found(NamedTuple):
    """Events in a stream of tokens: where each starts and ends, and its number; none overlap."""

    starts: Ints
    ends: Ints
    numbers: Ints


class Events:
    """All events of a language. Parts are numbered from 1."""

    def __init__(self) -> None:
        self.all: list[Event] = []
        self.adjacent: dict[tuple[int, int], list[Event]] = {}  # by their first two parts
        self.gapped: dict[int, list[Event]] = {}  # by their first part, where a gap follows it

    def add(self, parts: tuple[int, ...], gaps: tuple[bool, ...], weight: float, kind: int) -> None:
        """Add an event of at least two parts; of two events with the same words the first counts."""
        event = Event(parts, gaps, weight, kind, len(self.all))
        self.all.append(event)
        if gaps[1]:
            self.gapped.setdefault(parts[0], []).append(event)
        else:
            self.adjacent.setdefault((parts[0], parts[1]), []).append(event)

    def finish(self, size: int) -> None:
        """Build the tables that find events in batches; `size` is one more than the number of parts."""
        self.size = size
        self.weights = np.array([event.weight for event in self.all])
        self.kinds = np.array([event.kind for event in self.all], np.int64)
        plain = [event for event in self.all if not any(event.gaps)]
        nodes: dict[tuple[int, ...], int] = {(): 0}
        for event in plain:
            for stop in range(1, len(event.parts) + 1):
                nodes.setdefault(event.parts[:stop], len(nodes))
        self.next_node: npt.NDArray[np.int16] = np.zeros((len(nodes), size), np.int16)  # 0: no event goes on like this
        self.ended: Ints = np.full(len(nodes), -1)
        for path, node in nodes.items():
            if path:
                self.next_node[nodes[path[:-1]], path[-1]] = node
        for event in reversed(plain):
            self.ended[nodes[event.parts]] = event.number
        self.next_to: Flags = np.zeros(size * size, np.bool_)  # first two parts of events with gaps further on
        self.after_gap: Flags = np.zeros(size * size, np.bool_)  # first two parts with a gap between
        self.opens_gap: Flags = np.zeros(size, np.bool_)
        self.opens_next: Flags = np.zeros(size, np.bool_)
        for event in self.all:
            if any(event.gaps):
                (self.after_gap if event.gaps[1] else self.next_to)[event.parts[0] * size + event.parts[1]] = True
                (self.opens_gap if event.gaps[1] else self.opens_next)[event.parts[0]] = True

    def at(self, parts: Sequence[tuple[int, ...]], stops: Sequence[bool], start: int, *, only_gapped: bool = False) -> tuple[Event, int] | None:
        """The longest event that begins at the word `start`, and where it ends; no gap goes over a word of `stops`."""
        best: tuple[Event, int] | None = None
        seconds = parts[start + 1] if start + 1 < len(parts) else ()
        for first in parts[start]:
            near = [event for second in seconds for event in self.adjacent.get((first, second), ())]
            for event in (*near, *self.gapped.get(first, ())):
                if only_gapped and not any(event.gaps):
                    continue
                end = _matched(event, parts, stops, start)
                if end and (best is None or (end, -event.number) > (best[1], -best[0].number)):
                    best = event, end
        return best

    def find(self, words: Sequence[tuple[int, ...]], stops: Sequence[bool], codes: Codes) -> Found:
        """All events in a stream of words, the longest at each place, from left to right; `words` (their parts) and `stops` are per distinct word."""
        parts = np.zeros((len(words), max(1, max(len(word) for word in words))), np.int64)
        for row, word in enumerate(words):
            parts[row, : len(word)] = word
        places = np.flatnonzero((parts[:, 0] > 0)[codes])
        found = [*self._plain(parts, codes, places), self._with_gaps(words, stops, codes, places, parts)]
        starts, ends, numbers = (np.concatenate([each[i] for each in found]) for i in range(3))
        order = np.lexsort((numbers, -ends, starts))
        starts, ends, numbers = starts[order], ends[order], numbers[order]
        kept = np.append(True, starts[1:] != starts[:-1]) if len(starts) else np.zeros(0, np.bool_)
        starts, ends, numbers = starts[kept], ends[kept], numbers[kept]
        if (starts[1:] < ends[:-1]).any():
            keep, stop = [], 0
            for i, (start, end) in enumerate(zip(starts.tolist(), ends.tolist(), strict=True)):  # each depends on the one before it
                if start >= stop:
                    keep.append(i)
                    stop = end
            starts, ends, numbers = starts[keep], ends[keep], numbers[keep]
        return Found(starts, ends, numbers)

    def _plain(self, parts: Ints, codes: Codes, places: Ints) -> list[tuple[Ints, Ints, Ints]]:
        """Events without gaps, all places at once, one word further each turn."""
        start, node, found, step = places, np.zeros(len(places), np.int16), [], 0
        while len(start):
            inside = start + step < len(codes)
            start, node = start[inside], node[inside]
            words = parts[codes[start + step]]
            nodes = [self.next_node[node, words[:, i]] for i in range(words.shape[1])]
            alive = [n > 0 for n in nodes]
            start, node = np.concatenate([start[a] for a in alive]), np.concatenate([n[a] for n, a in zip(nodes, alive, strict=True)])
            step += 1
            numbers = self.ended[node]
            whole = numbers >= 0
            found.append((start[whole], start[whole] + step, numbers[whole]))
        return found

    def _with_gaps(self, words: Sequence[tuple[int, ...]], stops: Sequence[bool], codes: Codes, places: Ints, parts: Ints) -> tuple[Ints, Ints, Ints]:
        near = [self._pairs(self.next_to, parts, codes, self._opening(self.opens_next, parts, codes, places), 1)]
        opening = self._opening(self.opens_gap, parts, codes, places)
        near += [self._pairs(self.after_gap, parts, codes, opening, step) for step in range(1, MAX_GAP + 2)]
        starts, ends, numbers = [], [], []
        for start in np.unique(np.concatenate(near)).tolist():  # places where two words of such an event meet: few
            here = codes[start : start + LONGEST].tolist()
            match = self.at([words[code] for code in here], [stops[code] for code in here], 0, only_gapped=True)
            if match is not None:
                starts.append(start)
                ends.append(start + match[1])
                numbers.append(match[0].number)
        return np.array(starts, np.int64), np.array(ends, np.int64), np.array(numbers, np.int64)

    def _opening(self, openers: Flags, parts: Ints, codes: Codes, places: Ints) -> Ints:
        words: Flags = np.logical_or.reduce(openers[parts], axis=1)
        return places[words[codes[places]]]

    def _pairs(self, allowed: Flags, parts: Ints, codes: Codes, places: Ints, step: int) -> Ints:
        """The places where an allowed pair of parts stands `step` words apart."""
        places = places[places < len(codes) - step]
        here, there = parts[codes[places]], parts[codes[places + step]]
        hit = np.zeros(len(places), np.bool_)
        for i in range(here.shape[1]):
            for j in range(there.shape[1]):
                hit |= allowed[here[:, i] * self.size + there[:, j]]
        return places[hit]


def _matched(event: Event, parts: Sequence[tuple[int, ...]], stops: Sequence[bool], start: int) -> int:
    """Where the event ends (after its last word), 0 when it is not here."""
    place, count = start + 1, len(parts)
    for part, gap in zip(event.parts[1:], event.gaps[1:], strict=True):
        stop = min(count, place + (MAX_GAP if gap else 0) + 1)
        while place < stop and part not in parts[place]:
            if stops[place]:
                return 0
            place += 1
        if place >= stop:
            return 0
        place += 1
    return place
