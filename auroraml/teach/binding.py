"""What binding found out: what names are, which types values have and are made, which operators and functions are meant, which privileges that takes."""

from __future__ import annotations

from collections.abc import Iterator

from auroraml.dispatch import singledispatch
from auroraml.ir import expr as e
from auroraml.ir import logical as l
from auroraml.ir.bound import BoundStatement, Need
from auroraml.ir.objects import Function
from auroraml.ir.tree import walk
from auroraml.teach.outline import Outliner
from auroraml.teach.trace import Binding, Coercion, FromTable, Privilege, Resolved, Typed

PRIVILEGES = {"a": "INSERT", "r": "SELECT", "w": "UPDATE", "d": "DELETE", "D": "TRUNCATE", "X": "EXECUTE", "U": "USAGE"}
VOLATILITIES = {"i": "immutable", "s": "stable", "v": "volatile"}


def binding(bound: BoundStatement, outliner: Outliner) -> Binding:
    """What is told of a bound statement, each thing once, in the order of the statement."""
    parts = list(walk(bound.plan))
    read = {part.id for part in parts if isinstance(part, e.ColumnRef)} | {id for part in parts if isinstance(part, e.WholeRow) for id in part.ids}
    changed = {id(part.target) for part in parts if isinstance(part, l.Update | l.Delete)}
    return Binding(
        lines=tuple(outliner.lines(bound.plan)), columns=tuple(Typed(name=c.name, type=outliner.type(c.type, c.typmod)) for c in bound.columns),
        tables=tuple(dict.fromkeys(_table(part, read, changed, outliner) for part in parts if isinstance(part, l.FromItem) and _described(part))),
        coercions=tuple(dict.fromkeys(_coercions(parts, outliner))), calls=tuple({call.signature: call for call in _calls(parts, outliner)}.values()),
        privileges=tuple(dict.fromkeys(map(_privilege, bound.needs))), parameters=tuple(type.name for type in bound.parameters),
    )  # fmt: skip


@singledispatch
def _described(item: l.FromItem) -> tuple[str, str] | None:
    """What kind of thing a FROM item is, and its own name; None for what only combines others."""
    return None


@_described.register
def _(item: l.TableItem) -> tuple[str, str]:
    return {"v": "view", "m": "materialized view", "S": "sequence"}.get(item.relation.kind, "table"), f"{item.relation.schema}.{item.relation.name}"


@_described.register
def _(item: l.FunctionItem) -> tuple[str, str]:
    names = [f"{call.function.schema}.{call.function.name}" for call in item.calls if isinstance(call, e.Call)]
    return "function", ", ".join(names) or "expression"


@_described.register
def _(item: l.SubqueryItem) -> tuple[str, str]:
    return ("view", f"{item.view.schema}.{item.view.name}") if item.view is not None else ("subquery", "")


@_described.register
def _(item: l.CteItem) -> tuple[str, str]:
    return "WITH query", item.name


@_described.register
def _(item: l.ValuesItem) -> tuple[str, str]:
    return "VALUES", f"{len(item.rows)} row{'s' * (len(item.rows) != 1)}"


def _table(item: l.FromItem, read: set[int], changed: set[int], outliner: Outliner) -> FromTable:
    found = _described(item)
    assert found is not None
    kind, name = found
    columns = tuple(Typed(name=o.name, type=outliner.type(o.type, o.typmod)) for o in item.outputs if o.id in read)
    return FromTable(alias=item.alias, kind=kind, name=name, columns=columns, changed=id(item) in changed)


def _coercions(parts: list[object], outliner: Outliner) -> Iterator[Coercion]:
    for part in parts:
        arg, implicit = None, False
        if isinstance(part, (e.Relabel, e.ViaText, e.ArrayCoerce, e.RowCoerce)):
            arg, implicit = part.arg, part.implicit
        elif isinstance(part, e.Call) and part.form in ("cast", "implicit"):
            arg, implicit = part.args[0], part.form == "implicit"
        if arg is not None and isinstance(part, e.Expr):
            source, target = outliner.type(arg.type, arg.typmod), outliner.type(part.type, part.typmod)
            if source != target:
                yield Coercion(value=outliner.text(arg), source=source, target=target, implicit=implicit)


def _calls(parts: list[object], outliner: Outliner) -> Iterator[Resolved]:
    for part in parts:
        if isinstance(part, e.OpCall):
            types = [outliner.type(arg.type, -1) for arg in part.args]
            left = f"{types[0]} " if len(types) > 1 else ""
            yield _resolved(outliner.text(part), f"{left}{part.operator.name} {types[-1]}", "operator", part.function, outliner)
        elif isinstance(part, (e.Call, e.Aggregate, e.WindowCall)) and getattr(part, "form", "") not in ("cast", "implicit"):
            kind = "aggregate" if isinstance(part, e.Aggregate) else "window function" if isinstance(part, e.WindowCall) else "function"
            types = [outliner.type(arg.type, -1) for arg in part.args]
            yield _resolved(
                outliner.text(part).removesuffix(" OVER ()"),
                f"{part.function.schema}.{part.function.name}({', '.join(types)})",
                kind,
                part.function,
                outliner,
            )


def _resolved(text: str, signature: str, kind: str, function: Function, outliner: Outliner) -> Resolved:
    result = outliner.type(function.result, -1)
    volatility = VOLATILITIES.get(function.volatility, function.volatility)
    return Resolved(text=text, signature=f"{signature} → {result}", kind=kind, volatility=volatility, cost=function.cost, batch=function.batch)


def _privilege(need: Need) -> Privilege:
    kind = "table" if need.kind == "relation" else need.kind  # as GRANT calls it
    return Privilege(privilege=PRIVILEGES.get(need.privilege, need.privilege), kind=kind, name=need.name)
