"""Merge walk: how far PostgreSQL's merge join reads its sides, marks and restores included; what EXPLAIN ANALYZE counts."""

from __future__ import annotations

from collections.abc import Callable, Sequence

END = -1
SKIPPED = 1 << 62  # the rank of a row with a NULL in a key behind the first: it matches nothing, and others may follow


class Walk:
    """The two sides as ranks in their common order (None: a NULL as the first key), walked until `wanted` rows have been made."""

    def __init__(self, outer: Sequence[int | None], inner: Sequence[int | None], kind: str, *, passes: Callable[[int, int], bool], early: bool,
                 skips_marks: bool, nulls_end: bool) -> None:  # fmt: skip
        self.outer, self.inner = outer, inner
        self.kind = kind
        self.passes = passes
        self.early = early
        self.skips_marks = skips_marks
        self.fill_outer = kind in ("left", "full", "anti")
        self.fill_inner = kind in ("right", "full")
        self.nulls_end = nulls_end
        self.next_outer = self.next_inner = 0
        self.outer_rows = self.inner_rows = self.inner_reached = 0
        self.outer_ended = self.inner_ended = False
        self.made = 0
        self.wanted = 0
        self.matched_outer = self.matched_inner = False

    def _fetch_outer(self) -> int:
        at, self.next_outer = self.next_outer, self.next_outer + 1
        self.matched_outer = False
        if at >= len(self.outer):
            self.outer_ended = True
            return END
        self.outer_rows += 1
        return at

    def _fetch_inner(self) -> int:
        at, self.next_inner = self.next_inner, self.next_inner + 1
        self.matched_inner = False
        if at >= len(self.inner):
            self.inner_ended = True
            return END
        self.inner_rows += 1
        self.inner_reached = max(self.inner_reached, at + 1)
        return at

    def _state(self, side: Sequence[int | None], at: int, fills: bool) -> str:
        """match, skip (a NULL key) or end."""
        if at == END:
            return "end"
        if side[at] == SKIPPED:
            return "skip"
        if side[at] is not None:
            return "match"
        return "end" if self.nulls_end and not fills else "skip"

    def _emit(self) -> bool:
        self.made += 1
        return self.made >= self.wanted

    def run(self, wanted: int) -> None:
        """Walk; `outer_rows` and `inner_rows` then say what was read."""
        self.wanted = wanted
        if wanted <= 0:
            return
        o = self._outer_matchable()
        if o is None:
            return
        i = self._inner_matchable()
        if i is None:
            return
        self._join(o, i)

    def _outer_matchable(self) -> int | None:
        """The next outer row with a key; None where the join is over."""
        while True:
            o = self._fetch_outer()
            state = self._state(self.outer, o, self.fill_outer)
            if state == "match":
                return o
            if state == "end":
                self._rest_of_inner()
                return None
            if self.fill_outer and self._emit():
                return None

    def _inner_matchable(self) -> int | None:
        while True:
            i = self._fetch_inner()
            state = self._state(self.inner, i, self.fill_inner)
            if state == "match":
                return i
            if state == "end":
                self._rest_of_outer()
                return None
            if self.fill_inner and self._emit():
                return None

    def _rest_of_inner(self) -> None:
        while self.fill_inner and self._fetch_inner() != END:
            if self._emit():
                return

    def _rest_of_outer(self) -> None:
        if self.fill_outer and not self.matched_outer and self._emit():
            return
        while self.fill_outer and self._fetch_outer() != END:
            if self._emit():
                return

    def _join(self, o: int, i: int) -> None:
        while True:
            a, b = self.outer[o], self.inner[i]
            assert a is not None and b is not None
            if a == b:
                found = self._group(o, i)
                if found is None:
                    return
                o, i = found
            elif a < b:
                if self.fill_outer and not self.matched_outer and self._emit():
                    return
                following = self._outer_matchable()
                if following is None:
                    return
                o = following
            else:
                if self.fill_inner and not self.matched_inner and self._emit():
                    return
                following = self._inner_matchable()
                if following is None:
                    return
                i = following

    def _group(self, o: int, mark: int) -> tuple[int, int] | None:
        """All outer rows that equal the marked inner row; then the rows to go on with."""
        i = mark
        while True:
            i = self._pairs(o, i)
            if self.made >= self.wanted:
                return None
            if self.fill_outer and not self.matched_outer and self._emit():
                return None
            following = self._outer_matchable()
            if following is None:
                return None
            o = following
            if self.outer[o] == self.inner[mark]:
                if not self.skips_marks:
                    self.next_inner, i = mark + 1, mark
                continue
            if i == END or self._state(self.inner, i, self.fill_inner) == "end":
                self._rest_of_outer()
                return None
            if self.inner[i] is None or self.inner[i] == SKIPPED:
                found = self._inner_matchable()
                return None if found is None else (o, found)
            return o, i

    def _pairs(self, o: int, i: int) -> int:
        """One outer row with the inner rows of its key, from `i` on; the inner row at hand afterwards (-1: none is left)."""
        while True:
            if self.passes(o, i):
                self.matched_outer = self.matched_inner = True
                if self.kind == "anti":
                    return i
                if self._emit() or self.early:
                    return i
            elif self.fill_inner and not self.matched_inner and self._emit():
                return i
            i = self._fetch_inner()
            if self._state(self.inner, i, self.fill_inner) == "end":
                return END
            if self.inner[i] != self.outer[o]:
                return i
