"""DECLARE, FETCH, MOVE, CLOSE: SQL cursors over running statements."""

from __future__ import annotations

from dataclasses import field, replace

from auroraml.batch import Batch, concat_batches
from auroraml.commands.context import Bound, Host, command, done
from auroraml.errors import DuplicateCursor, FeatureNotSupported, InvalidCursorDefinition, InvalidCursorName, ObjectNotInPrerequisiteState
from auroraml.ir.logical import LogicalPlan, Output, Query
from auroraml.pipeline.plans import stream
from auroraml.pipeline.result import ResultStream, of_batch
from auroraml.planner.physical import runs_backward
from auroraml.records import dataclass
from auroraml.sql import statements as st

EVERYTHING = 1 << 62


@dataclass(kw_only=True)
class Cursor:
    """A portal: rows read so far are kept only where it may scroll. `position` 0 is before the first row."""

    name: str
    stream: ResultStream
    hold: bool
    scroll: bool
    text: str
    created: int = 0
    depth: int = 0  # savepoints around it
    kept: bool = False  # its transaction was committed: only CLOSE ends it
    rows: list[Batch] = field(default_factory=list)
    count: int = 0
    position: int = 0

    def read_to(self, end: int) -> None:
        """Read on until `end` rows are known, or all."""
        while self.count < end and (batch := self.stream.pull(end - self.count)) is not None:
            self.rows.append(batch)
            self.count += batch.n
        if len(self.rows) > 1:
            self.rows = [concat_batches(self.rows)]

    def forward(self, n: int) -> Batch | None:
        """The next `n` rows."""
        self.read_to(min(self.position + n, EVERYTHING))
        start = min(self.position, self.count)
        stop = min(self.position + n, self.count)
        self.position = self.position + n if self.position + n <= self.count else self.count + 1
        return self.rows[0].slice(start, stop) if self.rows else None

    def backward(self, n: int) -> list[int]:
        """The numbers (from 1) of the `n` rows before, nearest first."""
        last = min(self.position - 1, self.count)
        first = max(last - n + 1, 1)
        self.position = last - n + 1 if last - n + 1 >= 1 else 0
        return list(range(last, first - 1, -1))

    def at(self, numbers: list[int]) -> Batch | None:
        """The rows with these numbers."""
        indexes = [number - 1 for number in numbers]
        if not self.rows:
            return None
        parts = [self.rows[0].slice(i, i + 1) for i in indexes]  # one slice a row: cursors move by few rows
        return concat_batches(parts) if parts else self.rows[0].slice(0, 0)


@command(st.Declare)
def declare(statement: st.Declare, host: Host, params: tuple[Bound, ...]) -> ResultStream:
    """DECLARE CURSOR."""
    if not statement.hold:
        host.block.require_block("DECLARE CURSOR")
    if statement.name in host.cursors:
        raise DuplicateCursor(f'cursor "{statement.name}" already exists')
    bound = host.bind(statement.query, params)
    _check_locks(statement, bound.plan)
    bound = replace(bound, parallel=False, cursor=True, scroll=bool(statement.scroll))
    plan = host.plan(bound, params)
    locks = isinstance(bound.plan, Query) and bool(bound.plan.locks)
    scroll = runs_backward(plan) and not locks if statement.scroll is None else statement.scroll
    cursor = Cursor(name=statement.name, stream=stream(host.start(plan, bound, params), bound), hold=statement.hold, scroll=scroll,
                    text=statement.text[statement.start : statement.end], created=host.started, depth=len(host.block.savepoints))  # fmt: skip
    if statement.hold:
        cursor.read_to(EVERYTHING)
    host.cursors[statement.name] = cursor
    return done("DECLARE CURSOR")


def _check_locks(statement: st.Declare, plan: LogicalPlan) -> None:
    """Rows can be locked through plain cursors only (transformDeclareCursorStmt)."""
    if not isinstance(plan, Query) or not plan.locks:
        return
    word = f"FOR {plan.locks[0].strength.upper()}"
    if statement.hold:
        raise FeatureNotSupported(f"DECLARE CURSOR WITH HOLD ... {word} is not supported", detail="Holdable cursors must be READ ONLY.")
    if statement.scroll:
        raise FeatureNotSupported(f"DECLARE SCROLL CURSOR ... {word} is not supported", detail="Scrollable cursors must be READ ONLY.")
    if statement.insensitive:
        raise InvalidCursorDefinition(f"DECLARE INSENSITIVE CURSOR ... {word} is not valid", detail="Insensitive cursors must be READ ONLY.")


def end_cursors(cursors: dict[str, Cursor], kept: bool) -> None:
    """A transaction ends: its cursors go, but for those WITH HOLD of one that is `kept`."""
    for name, cursor in list(cursors.items()):
        cursor.kept = cursor.kept or (kept and cursor.hold)
        if not cursor.kept:
            cursor.stream.close()
            del cursors[name]


def drop_cursors(cursors: dict[str, Cursor], depth: int) -> None:
    """Work goes back to savepoint `depth`: cursors declared behind it go."""
    for name, cursor in list(cursors.items()):
        if not cursor.kept and cursor.depth >= depth:
            cursor.stream.close()
            del cursors[name]


@command(st.Fetch)
def fetch(statement: st.Fetch, host: Host, params: tuple[Bound, ...]) -> ResultStream:
    """FETCH and MOVE."""
    cursor = host.cursors.get(statement.name)
    if cursor is None:
        raise InvalidCursorName(f'cursor "{statement.name}" does not exist')
    batch = _fetched(cursor, statement)
    n = 0 if batch is None else batch.n
    if statement.move:
        return ResultStream(tag=f"MOVE {n}", rowcount=n)
    columns: tuple[Output, ...] = cursor.stream.columns or ()
    if batch is None:
        return ResultStream(tag="FETCH 0", columns=columns, rowcount=0)
    return of_batch(f"FETCH {n}", columns, batch)


def _fetched(cursor: Cursor, statement: st.Fetch) -> Batch | None:
    count = EVERYTHING if statement.count is None else statement.count
    match statement.direction:
        case "next":
            return cursor.forward(1)
        case "forward":
            return cursor.forward(count) if count > 0 else _current(cursor) if count == 0 else _back(cursor, -count)
        case "prior":
            return _back(cursor, 1)
        case "backward":
            return _back(cursor, count) if count > 0 else _current(cursor) if count == 0 else cursor.forward(-count)
        case "first":
            return _absolute(cursor, 1)
        case "last":
            return _absolute(cursor, -1)
        case "relative":
            return _absolute(cursor, cursor.position + count)
        case _:
            return _absolute(cursor, count)


def _may_scroll(cursor: Cursor) -> None:
    if not cursor.scroll:
        raise ObjectNotInPrerequisiteState("cursor can only scan forward", hint="Declare it with SCROLL option to enable backward scan.")


def _back(cursor: Cursor, n: int) -> Batch | None:
    _may_scroll(cursor)
    return cursor.at(cursor.backward(min(n, cursor.count + 1)))


def _current(cursor: Cursor) -> Batch | None:
    return cursor.at([cursor.position] if 1 <= cursor.position <= cursor.count else [])


def _absolute(cursor: Cursor, number: int) -> Batch | None:
    if number < cursor.position:
        _may_scroll(cursor)
    cursor.read_to(EVERYTHING if number < 0 else number)
    if number < 0:
        number = cursor.count + 1 + number
    cursor.position = min(max(number, 0), cursor.count + 1)
    return _current(cursor)


@command(st.Close)
def close(statement: st.Close, host: Host, params: tuple[Bound, ...]) -> ResultStream:
    """CLOSE."""
    if statement.name is None:
        for cursor in list(host.cursors.values()):
            cursor.stream.close()
        host.cursors.clear()
        return done("CLOSE CURSOR ALL")
    found = host.cursors.pop(statement.name, None)
    if found is None:
        raise InvalidCursorName(f'cursor "{statement.name}" does not exist')
    found.stream.close()
    return done("CLOSE CURSOR")
