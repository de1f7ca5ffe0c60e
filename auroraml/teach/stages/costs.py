"""Costs: each node's cost as the sum it is, from the bottom of the plan to its top, and where its rows come from."""

from __future__ import annotations

from collections.abc import Iterator
from textwrap import wrap

from auroraml.teach.formula import NODE, OWN, STARTUP, TOTAL, Formula, shown, terms, text
from auroraml.teach.trace import PlanNode, Trace
from auroraml.teach.words import WIDTH, cost, count, paragraph


def tell(trace: Trace) -> Iterator[str]:
    """The nodes in the order in which rows come to them."""
    if not trace.priced:
        return
    order = list(_upwards(trace, trace.plan.root))
    units = {leaf.label: shown(leaf.value) for node in order for made in _formulas(node) for leaf in _units(made)}
    if units:
        yield from paragraph(f"{'Prices' if len(units) > 1 else 'The price'}: {', '.join(f'{name} {units[name]}' for name in sorted(units))}.")
    for node in order:
        yield ""
        yield from _node(node)


def _upwards(trace: Trace, node: PlanNode) -> Iterator[PlanNode]:
    for child in trace.plan.children(node):
        yield from _upwards(trace, child)
    yield node


def _formulas(node: PlanNode) -> Iterator[Formula]:
    yield from (made for made in (node.startup_formula, node.total_formula) if made is not None)


def _units(made: Formula) -> Iterator[Formula]:
    if made.kind == "setting":
        yield made
    for part in made.parts:
        yield from _units(part)


def _node(node: PlanNode) -> Iterator[str]:
    yield f"{node.name}: {cost(node.total)}"
    yield from paragraph(f"{count(node.rows, 'row')} expected{_origin(node.rows_formula)}", 2)
    for made, total, when in ((node.startup_formula, node.startup, "before the first row"), (node.total_formula, node.total, "to the last row")):
        if made is None or not (total or when.startswith("to")):
            continue
        parts = [term for term in terms(made) if term.value]
        if made.kind == NODE:
            yield f"  {when} {cost(total)}: the {_named(made)}"
        elif len(parts) == 1:
            yield from paragraph(f"{when} {cost(total)}: {_said(parts[0])}", 2)
        else:
            yield f"  {when}"
            yield from added(made, total)


def _origin(rows: Formula | None) -> str:
    """Where a node's rows come from: a formula, or all rows of a table."""
    if rows is not None and rows.op:
        return f" = {text(rows)}"
    return f", the {rows.label}" if rows is not None and rows.label.startswith("rows ") and rows.label != OWN else ""


def added(made: Formula, total: float) -> Iterator[str]:
    """The parts of a sum, their amounts at the right place below each other, then the sum."""
    rows = [(shown(term.value), _said(term)) for term in terms(made) if term.value]
    places = max((len(number.partition(".")[2]) for number, _ in rows), default=0)
    wide = max([len(_padded(number, places)) for number, _ in rows] + [len(_padded(cost(total), places))])
    for number, said in rows:
        first, *rest = wrap(said, WIDTH - wide - 6, break_long_words=False, break_on_hyphens=False)
        yield f"    {_padded(number, places).rjust(wide)}  {first}"
        yield from (f"{' ' * (wide + 8)}{line}" for line in rest)
    yield f"  = {_padded(cost(total), places).rjust(wide)}".rstrip()


def _padded(number: str, places: int) -> str:
    whole, _, part = number.partition(".")
    return (f"{whole}.{part}" if part else f"{whole} ").ljust(len(whole) + 1 + places) if places else number


def _named(made: Formula) -> str:
    return (
        made.label.replace(f"{STARTUP}it", "cost before the first row").replace(STARTUP, "cost before the first row of ").replace(TOTAL, "cost of ")
    )


def _said(term: Formula) -> str:
    """A term in words; where it is a node's cost its amount stands in front already."""
    if term.kind == NODE:
        return _named(term)
    if term.op == "-" and all(part.kind == NODE for part in term.parts):
        whole, begun = term.parts
        return f"the rest of {whole.label.removeprefix(TOTAL)}: {cost(whole.value)} - {cost(begun.value)} before its first row"
    return text(term)
