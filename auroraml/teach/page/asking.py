"""Asking a session for all that a page shows: the statement is explained and run inside a transaction that is rolled back, once as it is and then by sizes."""

from __future__ import annotations

import contextlib
import json
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace

from auroraml.errors import DatabaseError, NoActiveSqlTransaction, QueryCanceled
from auroraml.records import dataclass
from auroraml.settings.batches import AURORAML_MAX_ROWS_PER_BATCH
from auroraml.teach.page.calls import DRAWN, Attempt, Call, time_line
from auroraml.teach.page.labels import Json
from auroraml.teach.page.plan import Plan, read_plan, walk
from auroraml.teach.page.run import Comparison, Page, Run, bill_of, figures_of

Ask = Callable[[str], Sequence[Sequence[str | None]]]  # runs SQL in a session and answers rows of text
SAVEPOINT = "auroraml_page"
SIZES = (1, 2, 5, 10, 25, 50, 100, 250, 500, 1_000, 2_500, 5_000, 10_000, 25_000, 50_000, 100_000)
MIGRATION = "apg_enable_function_migration"
SHOWN = ("auroraml.", "apg_", "aws_")  # settings of the emulation, which EXPLAIN (SETTINGS) does not list
EXPLAINED = "VERBOSE, MIGRATION, SETTINGS, FORMAT JSON"


@dataclass(frozen=True, kw_only=True)
class Wish:
    """What a page is to have. `clock` is what the grid of sizes runs on: virtual, or real where somebody wants to wait for it.

    `seconds` is how long the grid may take to compute; what does not fit is left out and named.
    """

    analyze: bool = True
    compare: bool = True
    sizes: Sequence[int] = SIZES
    clock: str = "virtual"
    seconds: float = 20.0


def ask_for_page(ask: Ask, query: str, wish: Wish | None = None) -> Page:
    """Explain `query`. Nothing that it changes stays, but service calls of the run as it is are made and charged as always."""
    wish = wish or Wish()
    query = query.strip().rstrip(";").strip()
    settings = _settings(ask)
    with undone(ask):
        run, document = explained_run(ask, query) if wish.analyze else _planned_run(ask, query)
    virtual = wish.clock == "real" or _has_virtual_clock(ask)
    comparison = _compared(ask, query, wish, virtual) if wish.compare and run.plan.migrations else None
    grid, left_out = _grid(ask, query, run, wish) if wish.analyze and virtual else ((), ())
    known = {name for name, _ in settings}
    settings += tuple(pair for pair in run.plan.settings if pair[0] not in known)
    return Page(query=query, settings=settings, run=run, document=document, comparison=comparison, grid=grid, left_out=left_out)


@contextlib.contextmanager
def undone(ask: Ask, *settings: str) -> Iterator[None]:
    """Roll back what happens inside, the local `settings` (`name = value`) made for it too; inside a transaction block it is a savepoint's."""
    try:
        ask(f"SAVEPOINT {SAVEPOINT}")
        endings = (f"ROLLBACK TO SAVEPOINT {SAVEPOINT}", f"RELEASE SAVEPOINT {SAVEPOINT}")
    except NoActiveSqlTransaction:
        ask("BEGIN")
        endings = ("ROLLBACK", "")
    try:
        for setting in settings:
            ask(f"SET LOCAL {setting}")
        yield
    finally:
        for ending in filter(None, endings):
            ask(ending)


def explained_run(ask: Ask, query: str, *, size: int | None = None, clock: str | None = None, drawn: int = DRAWN) -> tuple[Run, str]:
    """EXPLAIN ANALYZE with everything a run shows, and its JSON as answered."""
    last, begun, clock_now = ask(
        "SELECT coalesce((SELECT max(call_id) FROM auroraml.service_calls), 0)::text, extract(epoch FROM clock_timestamp())::text, "
        "coalesce(current_setting('auroraml.clock', true), 'real')"
    )[0]
    document = _explained(ask, f"ANALYZE, CHARGES, BUFFERS, {EXPLAINED}", query)
    plan = read_plan(json.loads(document)[0])
    # Execution begins behind the planning, and calls are logged by the time of day.
    origin = float(begun or 0) + (plan.planning or 0.0) / 1000
    calls = _calls(ask, int(last or 0), origin)
    line = time_line(calls, plan.execution or 0.0, drawn)
    figures = figures_of(plan, line)
    return Run(plan=plan, line=line, bill=bill_of(plan), figures=figures, clock=clock or str(clock_now), size=size), document


def _planned_run(ask: Ask, query: str) -> tuple[Run, str]:
    document = _explained(ask, EXPLAINED, query)
    plan = read_plan(json.loads(document)[0])
    line = time_line((), 0.0)
    return Run(plan=plan, line=line, bill=(), figures=figures_of(plan, line)), document


def _explained(ask: Ask, options: str, query: str) -> str:
    return "\n".join(row[0] or "" for row in ask(f"EXPLAIN ({options}) {query}"))


def _calls(ask: Ask, last: int, origin: float) -> list[Call]:
    rows = ask(
        "SELECT extract(epoch FROM started_at)::float8::text, row_to_json(c)::text FROM auroraml.service_calls c "
        f"WHERE call_id > {last} AND pid = pg_backend_pid() ORDER BY call_id"
    )
    calls = [_call(json.loads(record or "{}"), (float(started or 0) - origin) * 1000) for started, record in rows]
    early = min([0.0, *(call.start for call in calls)])  # the log keeps whole microseconds
    return [_moved(call, -early) for call in calls] if early else calls


def _call(record: Json, start: float) -> Call:
    """A row of the log. `start` is by its time of day, the times of its attempts are by the statement's start, which is before planning."""
    tries = json.loads(str(record.get("attempt_times") or "[]"))
    moved = start - _float(record, "start_ms")
    error, cost = record.get("error"), record.get("cost")
    return Call(
        number=_int(record, "call_id") or 0, start=start, milliseconds=_float(record, "milliseconds"), worker=_int(record, "worker"),
        batch=_int(record, "batch") or 0, service=str(record.get("service", "")), operation=str(record.get("operation", "")),
        target=str(record.get("target", "")), items=_int(record, "items") or 0, attempts=_int(record, "attempts") or 1,
        tries=tuple(_attempt(entry, moved) for entry in tries), status=str(record.get("status", "")),
        error=None if error is None else str(error), cost=None if cost is None else f"{cost} {record.get('currency', '')}".strip(),
    )  # fmt: skip


def _attempt(entry: Json, moved: float) -> Attempt:
    error = entry.get("error")
    return Attempt(
        start=_float(entry, "start_ms") + moved, milliseconds=_float(entry, "milliseconds"), queued=_float(entry, "queued_ms"),
        instance=_int(entry, "instance"), error=None if error is None else str(error),
    )  # fmt: skip


def _int(record: Json, name: str) -> int | None:
    value = record.get(name)
    return value if isinstance(value, int) else None


def _float(record: Json, name: str) -> float:
    value = record.get(name)
    return float(value) if isinstance(value, int | float) else 0.0


def _moved(call: Call, by: float) -> Call:
    return replace(call, start=call.start + by, tries=tuple(replace(attempt, start=attempt.start + by) for attempt in call.tries))


def _settings(ask: Ask) -> tuple[tuple[str, str], ...]:
    """The settings of the emulation that the session has changed."""
    rows = ask("SELECT name, setting FROM pg_settings WHERE source NOT IN ('default', 'override') ORDER BY name")
    return tuple((name, value or "") for name, value in rows if name is not None and name.startswith(SHOWN))


def _has_virtual_clock(ask: Ask) -> bool:
    return bool(ask("SELECT name FROM pg_settings WHERE name = 'auroraml.clock'"))


def _compared(ask: Ask, query: str, wish: Wish, virtual: bool) -> Comparison:
    """Both plans; where a virtual clock is there, runs on it too, unless they fail or take too long."""
    plans: list[Plan] = []
    runs: list[Run | None] = []
    for value in ("off", "on"):
        with undone(ask, f"{MIGRATION} = {value}"):
            plans.append(read_plan(json.loads(_explained(ask, EXPLAINED, query))[0]))
        runs.append(_tried(ask, query, wish, f"{MIGRATION} = {value}") if wish.analyze and virtual else None)
    return Comparison(before=plans[0], after=plans[1], before_run=runs[0], after_run=runs[1])


def _tried(ask: Ask, query: str, wish: Wish, *settings: str, size: int | None = None) -> Run | None:
    """A run on the wished clock with local settings; None where the statement fails with them."""
    clock = (f"auroraml.clock = {wish.clock}",) if _has_virtual_clock(ask) else ()
    try:
        with undone(ask, *clock, *settings):
            return explained_run(ask, query, size=size, clock=wish.clock, drawn=DRAWN // 2)[0]
    except QueryCanceled:
        raise
    except DatabaseError:
        return None


def _grid(ask: Ask, query: str, run: Run, wish: Wish) -> tuple[tuple[Run, ...], tuple[int, ...]]:
    """Runs by batch size, smallest first; the largest are simulated first, as they take least."""
    rows = _most_rows(run.plan)
    if not rows:
        return (), ()
    sizes = [size for i, size in enumerate(wish.sizes) if i == 0 or wish.sizes[i - 1] < rows]
    found: list[Run] = []
    left_out: list[int] = []
    until = time.monotonic() + wish.seconds
    for size in reversed(sizes):
        made = None
        if time.monotonic() < until:
            made = _tried(ask, query, wish, f"{AURORAML_MAX_ROWS_PER_BATCH.name} = {size}", size=size)
        if made is None:
            left_out.append(size)
        else:
            found.append(made)
    return tuple(reversed(found)), tuple(reversed(left_out))


def _most_rows(plan: Plan) -> int:
    """The most rows that any node passed to its service in batches."""
    most = 0
    for node, _ in walk(plan.root):
        batches = node.json.get("Batch Processing")
        if isinstance(batches, Mapping) and node.actual is not None:
            size = batches.get("Batch Size")
            average = size.get("Average", 0) if isinstance(size, Mapping) else 0
            most = max(most, round(float(average) * float(batches.get("Num Batches", 0))))
    return most
