"""The golden files again, run in other ways: answers must not change. A run takes half of the files in one way, in rotation; --soak all in all of them."""

from __future__ import annotations

import contextlib
import datetime
import pickle
import re
from dataclasses import dataclass
from pathlib import Path

import pytest

from auroraml.ir.physical import PhysicalPlan
from auroraml.session.observer import Observer
from tests.golden.test_golden import FILES, ROOT, play
from tests.runner.aurora import Aurora
from tests.runner.blocks import Block, GoldenFile, read
from tests.runner.limits import small_limits
from tests.runner.setups import SETUPS


class OneRow(Observer):
    """Every operator gives one row at a time."""

    most = 1
    shortcuts = False


class Pickled(Observer):
    """Every plan is written to bytes and read back, as for a worker process."""

    shortcuts = False

    def planned(self, plan: PhysicalPlan) -> PhysicalPlan:
        copy = pickle.loads(pickle.dumps(plan))
        assert isinstance(copy, PhysicalPlan)
        return copy


@dataclass(frozen=True, kw_only=True)
class Mode:
    """A way to run: an observer, settings; `plans` says that EXPLAIN's text stays the same too, `ordered` that rows come in the same order."""

    name: str
    observer: type[Observer] = Observer
    off: tuple[str, ...] = ()
    on: tuple[str, ...] = ()  # other settings, as SET has them
    shared: bool = False  # workers share a statement: how many calls it makes differs, and which rows come first where no order is asked for
    plans: bool = False
    ordered: bool = False
    counters: tuple[str, ...] = ()  # files of which only the answers are compared, not EXPLAIN ANALYZE's counters
    limits: bool = False  # as if every table were large
    apart: tuple[str, ...] = ()  # files that tell what the mode changes: how many rows a call carries, how often a function is called


BATCHED = tuple(
    f"ml/{name}"
    for name in ("arguments", "bad_input", "batches", "bill", "budget", "choices", "guide_batch_mode", "guide_materialize", "guide_monitoring", "mistakes",
                 "reader", "requests", "services", "statements", "statistics", "wrappers")
)  # fmt: skip
# they tell how many calls are made and by whom, which row comes first, and a float sum's last digit, which depends on who adds what; and a Gather
# has init plans run before its rows ask for them
COUNTED = ("ml/iam", "ml/services", "execution/errors_by_row", "execution/subqueries_that_fail", "functions/aggregates")
PARALLEL = ("parallel_setup_cost = 0", "parallel_tuple_cost = 0", "min_parallel_table_scan_size = 0", "min_parallel_index_scan_size = 0",
            "max_parallel_workers_per_gather = 4")  # fmt: skip
# as PostgreSQL answers there too, asked: it reads all rows, and comes to those that raise an error; other rows come first; other plans are kept
SCANNED = ("execution/first_rows_of_loops", "execution/first_rows_then_later", "execution/loops_by_second_key", "session/plan_cache")
MODES = (
    # a merge join that gives back rows pulled one by one leaves its scan's Rows Removed by Filter too high: one file shows it
    # files of many rows, which take minutes one by one
    Mode(
        name="one row",
        observer=OneRow,
        plans=True,
        ordered=True,
        counters=("execution/join_methods",),
        apart=("execution/joins_with_few_keys", "execution/states_left_out"),
    ),
    Mode(name="pickled", observer=Pickled, plans=True, ordered=True),
    Mode(name="no migration", off=("apg_enable_function_migration",), apart=BATCHED),
    Mode(name="no batches", off=("apg_enable_batch_mode_function_execution",), apart=BATCHED),
    # rows with one key come in another order from a sort
    Mode(
        name="no hashing",
        off=("enable_hashjoin", "enable_hashagg", "enable_memoize"),
        apart=("execution/keys_that_ascend", "execution/joins_with_few_keys"),
    ),
    Mode(name="no nested loops", off=("enable_nestloop", "enable_material")),
    Mode(name="no merging, no sorting", off=("enable_mergejoin", "enable_sort", "enable_incremental_sort")),
    Mode(name="no indexes", off=("enable_indexscan", "enable_indexonlyscan", "enable_bitmapscan"), apart=SCANNED),
    Mode(name="no sequential scans", off=("enable_seqscan",)),
    Mode(name="workers", on=PARALLEL, shared=True, apart=(*BATCHED, *COUNTED)),
    Mode(
        name="virtual time", on=("auroraml.clock = virtual",), shared=True, apart=("ml/bill", "ml/budget")
    ),  # there a model's seconds cost something
    Mode(name="as for large tables", limits=True, plans=True, ordered=True),
    Mode(name="in a worker", on=("force_parallel_mode = on",), ordered=True, apart=("ml/services",)),
)
ELSEWHERE = (
    "explain/",
    "ml/story",
    "psql/",
    "plan/",
    "parallel_plans/",
    "statistics/",
    "tpch/",
    "corpus/",
    "session/settings",
    "session/plan_cache_changes",
    "functions/system",
)  # they print plans, settings, catalogs, choices of plans by cost that modes change
WANTED = [path for path in FILES if not str(path.relative_to(ROOT)).startswith(ELSEWHERE)]
UNORDERED = re.compile(r"(?!.*\bORDER BY\b)(?=.*\bLIMIT\b)", re.IGNORECASE | re.DOTALL)  # any rows will do
TODAY = datetime.date.today().toordinal()


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Each file in one mode every second day, always another one; in all of them with --soak."""
    whole = metafunc.config.getoption("--soak")
    cases = [
        pytest.param(path, mode, id=f"{path.relative_to(ROOT)}-{mode.name}")
        for place, path in enumerate(WANTED)
        for number, mode in enumerate(MODES)
        if (whole or (place % 2 == TODAY % 2 and number == (place + TODAY // 2) % len(MODES)))
        and not str(path.relative_to(ROOT)).startswith(mode.apart or ("-",))
    ]
    metafunc.parametrize(("path", "mode"), cases)


def answers(file: GoldenFile, mode: Mode | None) -> list[Block]:
    """The file's blocks as the engine answers them in a mode."""
    setup = SETUPS[file.options.get("setup", "")]
    engine = Aurora(mode.observer() if mode is not None else None, setup.options)
    for block in file.blocks:
        for setting in mode.off if mode is not None else ():
            engine.run(f"SET {setting} = off", block.session)
        for setting in mode.on if mode is not None else ():
            engine.run(f"SET {setting}", block.session)
    if setup.aurora:
        engine.run(setup.aurora)
    try:
        return play(file, engine)
    finally:
        engine.close()


def comparable(block: Block, mode: Mode, plans: bool) -> object:
    """What must be the same; an error may come from a worker, and says so."""
    if not plans and (block.directive == "plan" or block.body.lstrip().lower().startswith("explain")):
        return None
    if block.directive == "calls" and not mode.plans:
        return block.header  # another plan fills other batches
    if mode.shared and UNORDERED.match(block.body):
        return block.header, len(block.expected)
    if block.directive == "query" and not mode.ordered:
        return block.header, sorted(block.expected)
    return block.directive, block.header, [line for line in block.expected if line != "CONTEXT:  parallel worker"]


def test_mode(path: Path, mode: Mode) -> None:
    file = read(path)
    plans = mode.plans and not str(path.relative_to(ROOT)).startswith(mode.counters or ("-",))
    usually = answers(file, None)
    with small_limits() if mode.limits else contextlib.nullcontext():
        otherwise = answers(file, mode)
    for usual, other in zip(usually, otherwise, strict=True):
        assert comparable(other, mode, plans) == comparable(usual, mode, plans), usual.body
