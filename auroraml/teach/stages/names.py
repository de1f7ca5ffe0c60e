"""Names and types: what the binder found names to mean, which values it made another type, which privileges that needs."""

from __future__ import annotations

from collections.abc import Iterator

from auroraml.teach.trace import Binding, FromTable, Resolved, Trace
from auroraml.teach.words import count, listed, paragraph


def tell(trace: Trace) -> Iterator[str]:
    """Tables, columns, operators and functions, coercions, privileges, the result: each where there is one."""
    found = trace.binding
    for table in found.tables:
        yield from paragraph(_table(table))
    for call in found.calls:
        yield from paragraph(_call(call))
    for coercion in found.coercions:
        how = "implicitly " if coercion.implicit else ""
        yield from paragraph(f"{coercion.value} is {coercion.source} and is {how}made {coercion.target}.")
    if found.parameters:
        yield from paragraph(f"It takes {count(len(found.parameters), 'parameter')}: {listed(found.parameters)}.")
    yield from paragraph(_privileges(found))
    if found.columns:
        yield from paragraph(f"Each row of the result has {listed(f'{column.name} ({column.type})' for column in found.columns)}.")


def _table(table: FromTable) -> str:
    what = f"the {table.kind} {table.name}".strip() if table.name else f"a {table.kind}"
    named = table.alias and table.alias != table.name.rpartition(".")[2]
    subject = f"{table.alias} is {what}." if named else f"{what[0].upper()}{what[1:]} is {'to be changed' if table.changed else 'in FROM'}."
    if not table.columns:
        return f"{subject} None of its columns is read."
    return f"{subject} Read of it: {listed(f'{column.name} ({column.type})' for column in table.columns)}."


def _call(call: Resolved) -> str:
    dear = f" A call counts as {call.cost:g} operators." if call.cost != 1.0 else ""
    batch = " It can be called in batches." if call.batch else ""
    return f"{call.text} is the {call.volatility} {call.kind} {call.signature}.{dear}{batch}"


def _privileges(found: Binding) -> str:
    if not found.privileges:
        return "No privilege is needed."
    return f"Needed and held: {listed(f'{need.privilege} on {need.kind} {need.name}' for need in found.privileges)}."
