"""Asking a session for all that a page shows: the statement is explained and run inside a transaction that is rolled back, once as it is and then by sizes."""

from __future__ import annotations

import contextlib
import json
import math
import time
from collections.abc import Iterator, Mapping, Sequence
from typing import Protocol

from auroraml.errors import DatabaseError, NoActiveSqlTransaction, QueryCanceled
from auroraml.records import dataclass
from auroraml.services.log import CallRecord
from auroraml.settings.batches import AURORAML_MAX_ROWS_PER_BATCH
from auroraml.settings.core import STATEMENT_TIMEOUT
from auroraml.settings.services import AURORAML_CLOCK
from auroraml.teach.page.calls import DRAWN, time_line
from auroraml.teach.page.plan import Plan, read_plan, walk
from auroraml.teach.page.recorded import recorded
from auroraml.teach.page.run import Comparison, Page, Run, bill_of, figures_of

SAVEPOINT = "auroraml_page"
SIZES = (1, 2, 5, 10, 25, 50, 100, 250, 500, 1_000, 2_500, 5_000, 10_000, 25_000, 50_000, 100_000)
MIGRATION = "apg_enable_function_migration"
TOO_LONG = "there was no time to simulate it"
TIMED_OUT = "canceling statement due to statement timeout"
SHOWN = ("auroraml.", "apg_", "aws_")  # settings of the emulation, which EXPLAIN (SETTINGS) does not list
EXPLAINED = "VERBOSE, MIGRATION, SETTINGS, FORMAT JSON"


class Ask(Protocol):
    """A session to ask."""

    def rows(self, sql: str) -> Sequence[Sequence[str | None]]:
        """The rows of the statements in `sql`, as text."""

    def calls(self) -> Sequence[CallRecord]:
        """The service calls of its last statement."""


@dataclass(frozen=True, kw_only=True)
class Wish:
    """What a page is to have. `clock` is what the grid of sizes runs on: virtual, or real where somebody wants to wait for it.

    `seconds` is how long the grid may take to compute, and as long the comparison; what does not fit is left out and named.
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
    comparison = _compared(ask, query, wish) if wish.compare and run.plan.migrations else None
    grid, left_out = _grid(ask, query, run, wish) if wish.analyze else ((), {})
    known = {name for name, _ in settings}
    settings += tuple(pair for pair in run.plan.settings if pair[0] not in known)
    return Page(query=query, settings=settings, run=run, document=document, comparison=comparison, grid=grid, left_out=left_out)


@contextlib.contextmanager
def undone(ask: Ask, *settings: str) -> Iterator[None]:
    """Roll back what happens inside, the local `settings` (`name = value`) made for it too; inside a transaction block it is a savepoint's."""
    try:
        ask.rows(f"SAVEPOINT {SAVEPOINT}")
        endings = (f"ROLLBACK TO SAVEPOINT {SAVEPOINT}", f"RELEASE SAVEPOINT {SAVEPOINT}")
    except NoActiveSqlTransaction:
        ask.rows("BEGIN")
        endings = ("ROLLBACK", "")
    try:
        for setting in settings:
            ask.rows(f"SET LOCAL {setting}")
        yield
    finally:
        for ending in filter(None, endings):
            ask.rows(ending)


def explained_run(ask: Ask, query: str, *, size: int | None = None, clock: str | None = None, drawn: int = DRAWN) -> tuple[Run, str]:
    """EXPLAIN ANALYZE with everything a run shows, and its JSON as answered."""
    now = ask.rows(f"SHOW {AURORAML_CLOCK.name}")[0][0]
    document = _explained(ask, f"ANALYZE, CHARGES, BUFFERS, {EXPLAINED}", query)
    records = ask.calls()
    plan = read_plan(json.loads(document)[0])
    calls = recorded(records, currency=str(plan.charges.get("Currency", "")), planning=plan.planning or 0.0, execution=plan.execution or 0.0)
    line = time_line(calls, plan.execution or 0.0, drawn)
    figures = figures_of(plan, line)
    return Run(plan=plan, line=line, bill=bill_of(plan), figures=figures, clock=clock or str(now), size=size), document


def _planned_run(ask: Ask, query: str) -> tuple[Run, str]:
    document = _explained(ask, EXPLAINED, query)
    plan = read_plan(json.loads(document)[0])
    line = time_line((), 0.0)
    return Run(plan=plan, line=line, bill=(), figures=figures_of(plan, line)), document


def _explained(ask: Ask, options: str, query: str) -> str:
    return "\n".join(row[0] or "" for row in ask.rows(f"EXPLAIN ({options}) {query}"))


def _settings(ask: Ask) -> tuple[tuple[str, str], ...]:
    """The settings of the emulation that the session has changed."""
    rows = ask.rows("SELECT name, setting FROM pg_settings WHERE source NOT IN ('default', 'override') ORDER BY name")
    return tuple((name, value or "") for name, value in rows if name is not None and name.startswith(SHOWN))


def _compared(ask: Ask, query: str, wish: Wish) -> Comparison:
    """Both plans; where a virtual clock is there, runs on it too, unless they fail or take too long."""
    plans: list[Plan] = []
    runs: list[Run | str] = []
    for value in ("off", "on"):
        with undone(ask, f"{MIGRATION} = {value}"):
            plans.append(read_plan(json.loads(_explained(ask, EXPLAINED, query))[0]))
        runs.append(_tried(ask, query, wish, wish.seconds / 2, f"{MIGRATION} = {value}") if wish.analyze else "")
    before, after = (run if isinstance(run, Run) else None for run in runs)
    return Comparison(
        before=plans[0], after=plans[1], before_run=before, after_run=after, failure=next((run for run in runs if isinstance(run, str)), "")
    )


def _tried(ask: Ask, query: str, wish: Wish, seconds: float, *settings: str, size: int | None = None) -> Run | str:
    """A run on the wished clock with local settings; where the statement fails with them, or is not simulated within so many seconds, why."""
    if seconds <= 0:
        return TOO_LONG
    patience = f"{STATEMENT_TIMEOUT.name} = {math.ceil(seconds * 1000)}"  # by the real clock also where the statement's is virtual
    try:
        with undone(ask, f"{AURORAML_CLOCK.name} = {wish.clock}", patience, *settings):
            return explained_run(ask, query, size=size, clock=wish.clock, drawn=DRAWN // 2)[0]
    except QueryCanceled as error:
        if error.diag.message_primary != TIMED_OUT:
            raise
        return TOO_LONG
    except DatabaseError as error:
        return error.diag.message_detail or error.diag.message_primary or str(error)


def _grid(ask: Ask, query: str, run: Run, wish: Wish) -> tuple[tuple[Run, ...], dict[int, str]]:
    """Runs by batch size, smallest first, and why sizes were left out; the largest are simulated first, as they take least to compute."""
    rows = _most_rows(run.plan)
    sizes = [size for i, size in enumerate(wish.sizes) if rows and (i == 0 or wish.sizes[i - 1] < rows)]
    found: list[Run] = []
    left_out: dict[int, str] = {}
    until = time.monotonic() + wish.seconds
    for size in reversed(sizes):
        made = _tried(ask, query, wish, until - time.monotonic(), f"{AURORAML_MAX_ROWS_PER_BATCH.name} = {size}", size=size)
        if isinstance(made, Run):
            found.append(made)
        else:
            left_out[size] = made
    return tuple(reversed(found)), dict(reversed(left_out.items()))


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
