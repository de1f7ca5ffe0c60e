"""Shortcuts: an INSERT of one row, a look-up of one key and a row of constants need no operators; what is out of the ordinary is left to those."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Protocol
from weakref import WeakKeyDictionary

from auroraml.batch import Batch, Column, Datum, Rows, from_datums
from auroraml.catalog.catalog import Catalog
from auroraml.catalog.simulated import refuse_rows, simulates
from auroraml.evaluate import Evaluator, Frame, compile
from auroraml.executor.constraints import Writer, live_columns
from auroraml.executor.indexes import lookup_of
from auroraml.executor.plans import FIRST_OWN_OID, has_subqueries
from auroraml.ir import expr as e
from auroraml.ir import physical as p
from auroraml.ir.objects import Relation
from auroraml.ir.tree import walk
from auroraml.storage.index import comparable
from auroraml.storage.transactions import Transaction
from auroraml.types.casts import DATUM_CASTS, unchanged
from auroraml.types.pg_type import PgType, Rep
from auroraml.types.typmod import apply_typmod_datum

if TYPE_CHECKING:
    from auroraml.executor.context import ExecutionContext

Values = Sequence[tuple[PgType, Datum | None]]  # of the parameters
Read = Callable[[Datum], Datum | None]  # None: it cannot tell
Step = tuple[
    int, Datum | None, tuple[Read, ...], Evaluator | None
]  # a parameter's place (-1: none), a constant, what is done to the parameter, all that


class Host(Protocol):
    """What runs shortcuts: a session."""

    @property
    def catalog(self) -> Catalog:
        """The catalog as the statement sees it."""

    @property
    def stored(self) -> Transaction:
        """The running transaction's half of storage."""

    def context(self, params: tuple[tuple[PgType, Datum | None], ...] = ()) -> ExecutionContext:
        """What the statement runs in; made only where it is needed."""


class Shortcut(ABC):
    """How a plan runs without operators; `bare`: each parameter is a value of the row by itself, so that a literal may stand in its place."""

    bare: bool

    @abstractmethod
    def run(self, values: Values, host: Host) -> Batch | None:
        """Run the plan: its rows, or those it changed as rows without columns; None: it has to be run by operators after all."""


ONE = Batch([], 1)


class InsertRow(Shortcut):
    """INSERT of one row whose values read nothing stored."""

    def __init__(self, node: p.ModifyTable, exprs: Sequence[e.Expr]) -> None:
        self.relation = node.relation
        columns = live_columns(node.relation)
        places = {c.number: i for i, c in enumerate(columns)}
        self.types = [c.type for c in columns]
        self.steps = [_step(expr) for expr in exprs]
        self.bare = all(_bare(expr) for expr in exprs)
        self.required = [i for i, c in enumerate(columns) if c.not_null]
        self.keys = [tuple(places[number] for number in index.columns) for index in node.relation.indexes if index.unique]

    def run(self, values: Values, host: Host) -> Batch | None:
        row: list[Datum | None] = []
        frame: Frame | None = None
        ctx: ExecutionContext | None = None
        for place, constant, reads, evaluate in self.steps:
            value = constant if place < 0 else values[place][1]
            if value is not None and reads:
                for read in reads:
                    value = read(value)
                    if value is None:
                        break
            elif evaluate is None or place >= 0:
                row.append(value)
                continue
            if value is None:  # the evaluator knows
                if frame is None or ctx is None:
                    ctx = host.context(tuple(values))
                    frame = Frame(n=1, sides=(ONE,), params=ctx.loops, ctx=ctx)
                value = evaluate(frame).datum(0)  # type: ignore[misc] # a step without one has no reads
            row.append(value)
        if not self._stored(row, host):
            vectors = [from_datums(type, [value]) for type, value in zip(self.types, row, strict=True)]
            Writer(self.relation, ctx or host.context(tuple(values))).insert(Batch.of(vectors, 1))
        return ONE

    def _stored(self, row: Sequence[Datum | None], host: Host) -> bool:
        """Store the row, unless something might be wrong with it: then nothing is done."""
        for place in self.required:
            if row[place] is None:
                return False
        if simulates(host.catalog, self.relation):
            return False
        transaction = host.stored
        store = transaction.store
        with store.lock:
            table = store.tables[self.relation.oid]
            found = []
            for places in self.keys:
                index = table.equality_index(places)
                parts = [comparable(row[place], self.types[place]) for place in places]
                key = None if None in parts else parts[0] if len(parts) == 1 else tuple(parts)
                if key is not None and table.rows_of(places, key):
                    return False
                found.append((index, key))
            number = store.insert_row(self.relation.oid, row, transaction)
            for index, key in found:
                index.add(number, (key,))
        return True


class KeyLookup(Shortcut):
    """A row by the whole key of a unique index, as it is stored."""

    def __init__(self, node: p.IndexScan, columns: tuple[int, ...], keys: Sequence[tuple[PgType, Step]]) -> None:
        self.relation = node.relation
        self.columns = columns
        self.keys = keys
        self.bare = all(_bare(bound.value) for bound in lookup_of(node).bounds)
        places = {c.number: i for i, c in enumerate(live_columns(node.relation))}
        self.read = [places[node.columns[target.index].number] for target in node.targets if isinstance(target, e.InputRef)]

    def run(self, values: Values, host: Host) -> Batch | None:
        refuse_rows(host.catalog, self.relation)
        parts = []
        for type, (place, constant, reads, _) in self.keys:
            value = constant if place < 0 else values[place][1]
            for read in reads:
                value = None if value is None else read(value)
            if value is None:
                return None
            parts.append(comparable(value, type))
        transaction = host.stored
        store = transaction.store
        with store.lock:
            table = store.tables[self.relation.oid]
            store.tidy(table)
            snapshot = transaction.snapshot
            found = table.rows_of(self.columns, parts[0] if len(parts) == 1 else tuple(parts))
            rows = [row for row in found if table.sees(row, snapshot)]
            if len(rows) > 1:
                return None
            where = Rows.range(rows[0], rows[0] + 1) if rows else Rows.range(0, 0)
            return Batch([Column(table.column(i), where) for i in self.read], len(rows))


class ConstantRow(Shortcut):
    """One row of constants, which is made once."""

    bare = False

    def __init__(self, node: p.Result) -> None:
        self.exprs = [compile(target) for target in node.targets]
        self.made: Batch | None = None

    def run(self, values: Values, host: Host) -> Batch | None:
        if self.made is None:
            ctx = host.context()
            frame = Frame(n=1, sides=(ONE,), params=ctx.loops, ctx=ctx)
            self.made = Batch.of([expr(frame) for expr in self.exprs], 1)
        return self.made


def _step(expr: e.Expr) -> Step:
    """How a value is come by: by what is done to a parameter's Python value, where that is known, else by the evaluator."""
    reads: list[Read] = []
    inner = expr
    while True:
        if isinstance(inner, e.Relabel) and inner.type.rep is inner.arg.type.rep:
            if inner.typmod >= 0 and inner.typmod != inner.arg.typmod:
                reads.append(_fitted(inner.type, inner.typmod, not inner.implicit))
            inner = inner.arg
        elif isinstance(inner, e.Call) and len(inner.args) == 1 and (cast := DATUM_CASTS.get(inner.function.oid)) is not None:
            if cast is not unchanged:
                reads.append(cast)
            inner = inner.args[0]
        else:
            break
    if expr.type.rep is not Rep.FLOAT4:  # a datum may have more digits
        if isinstance(inner, e.Const) and not reads:
            return -1, inner.value, (), None
        if isinstance(inner, e.ParamRef) and inner.kind == "external":
            return inner.number - 1, None, tuple(reversed(reads)), compile(expr)
    return -1, None, (), compile(expr)


def _fitted(type: PgType, typmod: int, explicit: bool) -> Read:
    return lambda value: apply_typmod_datum(type, typmod, value, explicit)


def _bare(expr: e.Expr) -> bool:
    """Whether an expression reads no parameter, or is one as it is assigned to a column."""
    inner = expr
    while True:
        if isinstance(inner, e.Relabel) and inner.implicit and inner.type.rep is not Rep.INTERVAL:  # whose literals are read by the typmod
            inner = inner.arg
        elif isinstance(inner, e.Call) and inner.form == "implicit":
            inner = inner.args[0]
        elif isinstance(inner, e.OpCall) and inner.operator.name == "-" and len(inner.args) == 1 and isinstance(inner.args[0], e.ParamRef):
            return inner.function.oid < FIRST_OWN_OID
        else:
            break
    return isinstance(inner, e.ParamRef) or not any(isinstance(part, e.ParamRef) for part in walk(expr))


def _values(source: p.PhysicalPlan) -> Sequence[e.Expr] | None:
    """The expressions of a source that is one row of them."""
    if source.init_plans or source.filter or has_subqueries(source):
        return None
    if isinstance(source, p.Result) and source.source is None and not source.one_time:
        return source.targets
    if isinstance(source, p.ValuesScan) and len(source.rows) == 1:
        row, targets = source.rows[0], [t for t in source.targets if isinstance(t, e.InputRef) and t.side == 0]
        return [row[t.index] for t in targets] if len(targets) == len(source.targets) else None
    return None


def _constants(plan: p.PhysicalPlan) -> Shortcut | None:
    if not isinstance(plan, p.Result) or plan.source is not None or plan.one_time or plan.filter or plan.init_plans:
        return None
    plain = len(plan.names) == len(plan.targets) and all(isinstance(target, e.Const) for target in plan.targets)
    return ConstantRow(plan) if plain else None


def _look_up(plan: p.PhysicalPlan) -> Shortcut | None:
    if not isinstance(plan, p.IndexScan) or not plan.index.unique or plan.filter or plan.init_plans or plan.parallel_aware or plan.relation.system:
        return None
    if len(plan.names) < len(plan.targets) or not all(isinstance(t, e.InputRef) and plan.columns[t.index].number > 0 for t in plan.targets):
        return None
    found = lookup_of(plan)
    equal = {bound.column: bound for bound in found.bounds if bound.symbol == "="}
    if not found.columns or len(equal) != found.size or len(plan.conditions) != found.size:
        return None
    keys = [(equal[i].key, _step(equal[i].value)) for i in range(found.size)]
    if any(place < 0 and (value is None or evaluate is not None) for _, (place, value, _, evaluate) in keys):
        return None
    return KeyLookup(plan, found.columns, keys)


def _insert(plan: p.PhysicalPlan) -> Shortcut | None:
    if not isinstance(plan, p.ModifyTable) or plan.operation != "Insert" or plan.conflict is not None or plan.targets or plan.init_plans:
        return None
    exprs = _values(plan.source)
    return InsertRow(plan, exprs) if exprs is not None and _ordinary(plan.relation) else None


def _ordinary(relation: Relation) -> bool:
    """Whether a table's rows are simple values under unique keys that are columns of it, and no trigger is called."""
    if relation.triggers or any(c.generated is not None for c in relation.columns):
        return False
    if any(c.check is not None or c.kind == "f" for c in relation.constraints) or any(c.type.rep in COMPOUND for c in live_columns(relation)):
        return False
    return all(index.predicate is None and not index.expressions for index in relation.indexes if index.unique)


COMPOUND = frozenset({Rep.LIST, Rep.STRUCT, Rep.RANGE})
_FOUND: WeakKeyDictionary[p.PhysicalPlan, Shortcut | None] = WeakKeyDictionary()


def shortcut_of(plan: p.PhysicalPlan) -> Shortcut | None:
    """How a plan runs without operators, if it can."""
    try:
        return _FOUND[plan]
    except KeyError:
        found = _FOUND[plan] = _insert(plan) or _look_up(plan) or _constants(plan)
        return found
