"""Paths: the ways that were considered for each relation, the winner first, and by how much and why the others lost."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from auroraml.ir.alternatives import ConsideredPath, ConsideredRelation
from auroraml.teach.trace import Trace
from auroraml.teach.words import cost, count, listed, paragraph

MOST = 4  # paths that lost, told one by one
KINDS = {"base": "", "join": "the join of ", "upper": "the step "}


def tell(trace: Trace) -> Iterator[str]:
    """A block for each relation."""
    if not trace.priced:
        return
    levels = {relation.level for relation in trace.considered}
    for number, relation in enumerate(trace.considered):
        if number:
            yield ""
        where = f"In query {relation.level}: " if len(levels) > 1 else ""
        name = listed(relation.name.split(", ")) if relation.kind == "join" else relation.name
        head = f"{where}for {KINDS[relation.kind]}{name} {count(len(relation.paths), 'path')} {'was' if len(relation.paths) == 1 else 'were'} considered."
        yield from paragraph(head[0].upper() + head[1:])
        yield from _paths(relation)


def _paths(relation: ConsideredRelation) -> Iterator[str]:
    """The chosen, the cheapest of the others one by one, the rest by what they cost."""
    chosen = list({path.path + cost(path.total): path for path in relation.paths if path.outcome == "chosen"}.values())
    others = sorted((path for path in relation.paths if path.outcome != "chosen"), key=lambda path: path.total)
    told, rest = (others, []) if len(others) <= MOST + 1 else (others[:MOST], others[MOST:])
    wide = max(len(cost(path.total)) for path in (*chosen, *told))
    for path in (*chosen, *told):
        mark = "→" if path.outcome == "chosen" else " "
        first, *more = paragraph(f"{path.path}{_facts(path)}{_fate(path, chosen)}", wide + 6)
        yield f"  {mark} {cost(path.total).rjust(wide)}  {first.strip()}"
        yield from more
    if rest:
        yield f"    {' ' * wide}  and {len(rest)} more at {cost(rest[0].total)} to {cost(rest[-1].total)}"


def _facts(path: ConsideredPath) -> str:
    facts = [f"sorted by {listed(path.keys)}"] if path.keys else []
    facts += [f"given rows of {listed(path.required)}"] if path.required else []
    facts += [f"shared by {count(path.workers, 'worker')}"] if path.workers else []
    return f" ({'; '.join(facts)})" if facts else ""


def _fate(path: ConsideredPath, chosen: Sequence[ConsideredPath]) -> str:
    """Why it is not the chosen one; "" of the chosen. What beat it is named unless it is the chosen one."""
    disabled = f", {path.disabled} being off" if path.disabled else ""
    if path.outcome == "chosen":
        return disabled
    if not path.by:
        return f": not needed{disabled}"
    winner = "" if any(other.path == path.by for other in chosen) else f" to {path.by}"
    early = ", before it was costed to its end" if path.outcome == "prechecked" else ""
    return f": lost{winner} by {path.grounds}{early}{disabled}"
