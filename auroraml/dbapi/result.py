"""Result: the rows of one statement, kept as batches and converted as they are fetched, or pulled from the running statement."""

from __future__ import annotations

import contextlib
from bisect import bisect_right
from collections.abc import Callable, Sequence

from auroraml.batch import Batch
from auroraml.errors.base import ProgrammingError
from auroraml.pipeline.plans import uncollected
from auroraml.pipeline.result import ResultStream
from auroraml.types.form import TextStyle
from auroraml.types.python import one_to_python, to_python

CHUNK = 1024  # rows converted to Python at a time
ALL = 1 << 62
Row = Sequence[object]
Guard = Callable[[], contextlib.AbstractContextManager[None]]


class Result:
    """A statement's rows; `position` is how many were handed out. A live one pulls from the running statement inside `guard`."""

    def __init__(self, stream: ResultStream, style: TextStyle, guard: Guard | None = None) -> None:
        self.stream = stream
        self.columns = stream.columns
        self.style = style
        self.guard = guard
        self.position = 0
        self.kept: list[Batch] = []
        self.starts = [0]
        if guard is None:
            for batch in stream.batches():
                if batch.n:
                    self.kept.append(batch)
                    self.starts.append(self.starts[-1] + batch.n)
        self._rows: list[Row] = []  # converted: those from `_first` on
        self._first = 0

    @property
    def live(self) -> bool:
        """Whether rows are pulled on demand."""
        return self.guard is not None

    def require_rows(self) -> None:
        """ProgrammingError where the statement returns no rows."""
        if self.columns is None:
            what = f"command status: {self.stream.tag}" if self.stream.tag else "result status: EMPTY_QUERY"
            raise ProgrammingError(f"the last operation didn't produce records ({what})")

    def batch(self, n: int) -> Batch | None:
        """The next batch of at most `n` rows, None at the end; they count as handed out."""
        found = self._batch_at(self.position, n)
        if found is not None:
            self.position += found.n
        return found

    def _batch_at(self, position: int, n: int) -> Batch | None:
        if self.guard is not None:
            with self.guard():
                found = self.stream.pull(n)
                while found is not None and found.n == 0:
                    found = self.stream.pull(n)
                return found
        if position >= self.starts[-1]:
            return None
        place = bisect_right(self.starts, position) - 1
        offset = position - self.starts[place]
        whole = self.kept[place]
        return whole if offset == 0 and n >= whole.n else whole.slice(offset, min(whole.n, offset + n))

    def take(self, n: int | None) -> list[Row]:
        """The next `n` rows (None: all that are left) as tuples."""
        taken: list[Row] = []
        while n is None or len(taken) < n:
            offset = self.position - self._first
            if not 0 <= offset < len(self._rows):
                want = ALL if n is None else n - len(taken) if self.live else max(n - len(taken), CHUNK)
                if not self._convert(want):
                    break
                offset = 0
            part = self._rows[offset:] if n is None else self._rows[offset : offset + n - len(taken)]
            taken += part
            self.position += len(part)
        return taken

    def _convert(self, n: int) -> bool:
        batch = self._batch_at(self.position, n)
        if batch is None:
            return False
        assert self.columns is not None
        if batch.n == 1:
            self._rows = [tuple([one_to_python(output.type, batch.vector(i), self.style) for i, output in enumerate(self.columns)])]
        else:
            with uncollected():
                values = [to_python(output.type, batch.vector(i), self.style) for i, output in enumerate(self.columns)]
                self._rows = list(zip(*values, strict=True)) if values else [()] * batch.n
        self._first = self.position
        return True

    def scroll(self, value: int, mode: str) -> None:
        """Move among the rows kept."""
        if mode not in ("relative", "absolute"):
            raise ValueError(f"bad mode: {mode}. It should be 'relative' or 'absolute'")
        position = self.position + value if mode == "relative" else value
        if not 0 <= position < self.starts[-1]:
            raise IndexError("position out of bound")
        self.position = position
