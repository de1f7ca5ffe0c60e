"""EXPLAIN: options, planning, and with ANALYZE running the statement and measuring it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import nullcontext
from dataclasses import replace
from typing import TYPE_CHECKING

from auroraml.batch import Batch, from_datums
from auroraml.catalog.simulated import simulates
from auroraml.commands.context import Bound, Host, command
from auroraml.commands.plan_source import Chosen, made_anew
from auroraml.commands.prepare import arguments, creation_by, planned
from auroraml.commands.tables import exists, new_relation, put_relation
from auroraml.errors import FeatureNotSupported, InvalidParameterValue, SyntaxError, UndefinedParameter
from auroraml.executor.context import ExecutionContext
from auroraml.executor.pace import planning_seconds, starting_seconds
from auroraml.executor.run import Running
from auroraml.explain import Explained, Options, render, without_plan
from auroraml.ir.expr import ParamRef
from auroraml.ir.logical import Output
from auroraml.ir.metrics import Metrics
from auroraml.ir.physical import PhysicalPlan, SeqScan
from auroraml.ir.range_table import entries
from auroraml.ir.tree import children, walk
from auroraml.lazy import load
from auroraml.pipeline.pages import PROBES, Probes
from auroraml.pipeline.result import ResultStream, of_batch
from auroraml.planner.considered import considered
from auroraml.planner.level.ledger import WATCHED, Ledger
from auroraml.settings.core import COMPUTE_QUERY_ID
from auroraml.settings.memory import hash_memory, work_memory
from auroraml.settings.setting import parse_bool
from auroraml.sql import statements as st
from auroraml.types.table import JSON, TEXT, XML

if TYPE_CHECKING:
    from auroraml.commands.tutor import Tutor

FLAGS = ("analyze", "verbose", "costs", "buffers", "settings", "wal", "timing", "summary", "hashes", "charges", "migration", "alternatives", "tutor")
FORMATS = ("text", "xml", "json", "yaml")
TYPES = {"json": JSON, "xml": XML}


def options_of(options: Sequence[st.Option]) -> Options:
    """EXPLAIN's options, checked; TIMING and SUMMARY follow ANALYZE where they were not given."""
    given: dict[str, bool] = {}
    format = "text"
    for option in options:
        name = option.name.lower()
        value = None if option.value is None else str(option.value)
        if name == "format":
            if value is None:
                raise SyntaxError("format requires a parameter")
            if value not in FORMATS:
                raise InvalidParameterValue(f'unrecognized value for EXPLAIN option "format": "{value}"', at=option.at)
            format = value
        elif name in FLAGS:
            flag = True if value is None else parse_bool(value.lower())
            if flag is None:
                raise SyntaxError(f"{name} requires a Boolean value")
            given[name] = flag
        else:
            raise SyntaxError(f'unrecognized EXPLAIN option "{option.name}"', at=option.at)
    analyze = given.get("analyze", False)
    if given.get("wal") and not analyze:
        raise InvalidParameterValue("EXPLAIN option WAL requires ANALYZE")
    if given.get("timing") and not analyze:
        raise InvalidParameterValue("EXPLAIN option TIMING requires ANALYZE")
    if given.get("charges") and not analyze:
        raise InvalidParameterValue("EXPLAIN option CHARGES requires ANALYZE")
    timing, summary = given.pop("timing", analyze), given.pop("summary", analyze)
    return Options(**given, timing=timing, summary=summary, format=format)


@command(st.Explain)
def explain(statement: st.Explain, host: Host, params: tuple[Bound, ...]) -> ResultStream:
    """EXPLAIN; a plan is made anew, but for EXECUTE's generic one."""
    options = options_of(statement.options)
    inner = statement.statement
    if isinstance(inner, st.Execute):
        inner = creation_by(inner, host) or inner
    if isinstance(inner, st.CreateTableAs):
        return _answer(_creation(inner, host, params, options), options)
    if isinstance(inner, st.Execute):
        return _answer(_execution(inner, host, options), options)
    if isinstance(inner, st.RefreshMaterializedView):
        return _answer(without_plan("Utility Statement", options.format) or ["Utility statements have no plan structure"], options)
    query = inner.query if isinstance(inner, st.Declare) else inner
    if not isinstance(query, st.Query):
        raise FeatureNotSupported("EXPLAIN of this statement is not supported", at=inner.start)
    bound = host.bind(query, params)
    if len(bound.parameters) > len(params):
        raise _missing(bound.plan, len(params))
    if isinstance(inner, st.Declare):
        bound = replace(bound, parallel=False, cursor=True, scroll=bool(inner.scroll))
    sql = query.text[query.start : query.end]
    return _answer(explained(lambda: made_anew(bound, params, host), params, options, host, sql=sql, query=query), options)


def _execution(statement: st.Execute, host: Host, options: Options) -> list[str]:
    """EXPLAIN of EXECUTE: the plan it would run by, which counts as an execution; what was considered is seen by planning it once more."""
    prepared, params = arguments(statement, host)
    query = prepared.source.query

    if options.tutor:  # the plan that is kept was not watched: what the statement would run by is planned once more
        generic = prepared.source.generic_plans
        bound = prepared.source.choose(host, params).bound
        anew = () if prepared.source.generic_plans > generic else params
        sql = query.text[query.start : query.end]
        return explained(lambda: made_anew(bound, anew, host), params, options, host, sql=sql, query=query)

    def choose() -> Chosen:
        chosen = prepared.source.choose(host, params)
        return made_anew(chosen.bound, (), host) if chosen.reused and options.alternatives else chosen

    return explained(choose, params, options, host, sql=query.text[query.start : query.end])


def _missing(plan: object, given: int) -> UndefinedParameter:
    """The first parameter in the text that no value was given for."""
    pending, found = [plan], list[ParamRef]()
    while pending:
        item = pending.pop()
        if isinstance(item, ParamRef) and item.kind == "external" and item.number > given:
            found.append(item)
        pending.extend(children(item))
    first = min(found, key=lambda ref: ref.at or 0)
    return UndefinedParameter(f"there is no parameter ${first.number}", at=first.at)


def _creation(statement: st.CreateTableAs, host: Host, params: tuple[Bound, ...], options: Options) -> list[str]:
    """EXPLAIN of CREATE TABLE AS: with ANALYZE the table is made and filled."""
    bound, params, choose = planned(statement, params, host)
    schema = host.creation_schema(statement.name)
    if exists(host, statement.name, schema.name, statement.if_not_exists):
        return without_plan("CREATE MATERIALIZED VIEW" if statement.materialized else "CREATE TABLE AS", options.format)
    relation = new_relation(statement, host, schema.name, bound) if options.analyze else None
    if relation is not None:
        put_relation(host, relation)

    def keep(batch: Batch) -> None:
        if relation is not None:
            host.insert(relation, batch)
            host.pack(relation)

    query = statement.query if isinstance(statement.query, st.Query) else None
    return explained(choose, params, options, host, sql=statement.text[statement.start : statement.end], query=query, keep=keep)


def _ignore(batch: Batch) -> None:
    """Rows of an explained query go nowhere."""


def explained(
    choose: Callable[[], Chosen], params: tuple[Bound, ...], options: Options, host: Host, *, sql: str = "", keep: Callable[[Batch], None] = _ignore,
    query: st.Query | None = None,
) -> list[str]:  # fmt: skip
    """The lines EXPLAIN answers for the plan that `choose` makes; with ANALYZE its rows go to `keep`. `query`: the statement as it was parsed."""
    tutor: Tutor | None = load("auroraml.commands.tutor").Tutor(host, query) if options.tutor else None  # what it takes is loaded for it alone
    clock = host.services.engine
    started = clock.now()
    ledger = Ledger() if options.alternatives else None
    watched, probes = WATCHED.set(ledger), Probes()
    counted = PROBES.set(probes if options.buffers else None)
    try:
        with nullcontext() if tutor is None else tutor.watch.watching():
            chosen = choose()
    finally:
        WATCHED.reset(watched)
        PROBES.reset(counted)
    clock.spend(planning_seconds(chosen.plan))
    planning = (clock.now() - started) * 1000
    metrics = _run(chosen, params, options, host, keep) if options.analyze else None
    catalog, path = host.catalog, host.names.path
    made = Explained(
        plan=chosen.plan,
        options=options,
        metrics=metrics,
        range_table=entries(chosen.bound.plan),
        resolve=catalog.type,
        visible=lambda name, schema: schema in path,
        changed_settings=tuple(host.settings.changed()),
        sql=sql,
        identify=host.settings[COMPUTE_QUERY_ID] == "on",
        sort_memory=work_memory(host.settings),
        hash_memory=hash_memory(host.settings),
        planning=planning,
        charges=host.services.account.running(),
        currency=host.services.account.prices.currency if options.charges else "",
        migrations=chosen.migrations,
        planning_pages=probes.pages,
        alternatives=() if ledger is None else considered(ledger, catalog.type) if tutor is None else tutor.watch.considered(catalog.type),
    )
    host.explained = made if tutor is None else replace(made, story=tutor.told(made, chosen, params))
    return render(host.explained)


def _is_simulated(plan: PhysicalPlan, ctx: ExecutionContext) -> bool:
    """Whether a plan is run without rows: it reads simulated ones, and time is virtual."""
    return ctx.pace is not None and any(isinstance(node, SeqScan) and simulates(ctx.catalog, node.relation) for node in walk(plan))


def _drain(running: Running, keep: Callable[[Batch], None]) -> None:
    """Run a plan to its end."""
    try:
        while (batch := running.pull(1 << 62)) is not None:
            keep(batch)
    finally:
        running.close()


def _run(chosen: Chosen, params: tuple[Bound, ...], options: Options, host: Host, keep: Callable[[Batch], None]) -> Metrics:
    """What was measured while the plan ran."""
    clock = host.services.engine
    started = clock.now()
    clock.spend(starting_seconds(chosen.plan))
    running = host.start(
        chosen.plan, chosen.bound, params, timing=options.timing, measured=True, charges=options.charges, buffers=options.buffers or options.wal
    )
    if _is_simulated(chosen.plan, running.ctx):
        if keep is not _ignore:
            raise FeatureNotSupported("EXPLAIN ANALYZE of CREATE TABLE AS over simulated rows is not supported")
        running.ctx.metrics = load("auroraml.teach.simulate.explained").simulated(chosen.plan, running.ctx)
    else:
        _drain(running, keep)
    running.metrics.execution = (clock.now() - started) * 1000
    return running.metrics


def _answer(lines: Sequence[str], options: Options) -> ResultStream:
    type = TYPES.get(options.format, TEXT)
    rows = list(lines) if options.format == "text" else ["\n".join(lines)]
    column = Output(id=0, name="QUERY PLAN", type=type)
    return of_batch("EXPLAIN", [column], Batch.of([from_datums(type, rows)], len(rows)))
