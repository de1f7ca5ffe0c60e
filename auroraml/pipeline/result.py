"""ResultStream: command tag, columns, batches and notices of one statement; consumed once."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import field

from auroraml.batch import Batch
from auroraml.errors import Diagnostic
from auroraml.ir.logical import Output
from auroraml.records import dataclass

Puller = Callable[[int], Batch | None]
EVERYTHING = 1 << 62


@dataclass(kw_only=True, eq=False)
class ResultStream:
    """What one statement answers. `columns` is None where it returns no rows; `tag` is right once the stream has ended."""

    tag: str
    columns: tuple[Output, ...] | None = None
    source: Puller | None = None
    notices: list[Diagnostic] = field(default_factory=list)
    rowcount: int = -1
    finish_tag: Callable[[int], tuple[str, int]] | None = None  # from the rows pulled: the tag and row count
    on_end: list[Callable[[], None]] = field(default_factory=list)
    on_close: list[Callable[[], None]] = field(default_factory=list)
    on_error: Callable[[BaseException], BaseException] | None = None
    pulled: int = 0
    ended: bool = False

    def pull(self, n: int = EVERYTHING) -> Batch | None:
        """At most `n` more rows (all that come in one batch), None at the end."""
        if self.ended:
            return None
        try:
            batch = None if self.source is None else self.source(n)
            if batch is not None:
                self.pulled += batch.n
                return batch
            self._end()
        except BaseException as error:
            self.ended = True
            if self.on_error is not None:
                translated = self.on_error(error)
                if translated is not error:
                    raise translated from error
            raise
        return None

    def _end(self) -> None:
        self.ended = True
        if self.finish_tag is not None:
            self.tag, self.rowcount = self.finish_tag(self.pulled)
        for callback in self.on_end:
            callback()

    def close(self) -> None:
        """End the statement before its last row."""
        if not self.ended:
            for callback in self.on_close:
                callback()
            self._end()

    def batches(self) -> Iterator[Batch]:
        """All batches to the end."""
        while (batch := self.pull()) is not None:
            yield batch

    def drain(self) -> None:
        """Run the statement to its end and drop the rows."""
        while self.pull() is not None:
            pass


def of_batch(tag: str, columns: Sequence[Output], batch: Batch) -> ResultStream:
    """The stream of rows already computed."""
    left = batch

    def source(n: int) -> Batch | None:
        nonlocal left
        if left.n == 0:
            return None
        part = left.slice(0, min(n, left.n))
        left = left.drop(part.n)
        return part

    return ResultStream(tag=tag, columns=tuple(columns), source=source, rowcount=batch.n)
