"""EXPLAIN (ALTERNATIVES): for each relation the paths considered, with costs and the reason each lost (an option of ours)."""

from __future__ import annotations

from collections.abc import Sequence

from auroraml.explain.model import Options, Property
from auroraml.ir.alternatives import ConsideredPath, ConsideredRelation

LABEL = "Alternatives"
KINDS = {"base": "base relation ", "join": "join of ", "upper": ""}


def _outcome(path: ConsideredPath) -> str:
    by, grounds = path.by, path.grounds
    said = {
        "chosen": "chosen", "dominated": f"lost to {by} by {grounds}", "prechecked": f"lost at the precheck to {by} by {grounds}",
        "kept": f"kept, not used: {by} wins by {grounds}" if by else "kept, not used",
    }  # fmt: skip
    return said[path.outcome] + (f" (disabled by {path.disabled})" if path.disabled else "")


def _line(path: ConsideredPath, options: Options) -> str:
    text = path.path
    if options.costs:
        text += f"  (cost={path.startup:.2f}..{path.total:.2f} rows={path.rows:.0f})"
    facts = [f"keys: {', '.join(path.keys)}"] if path.keys else []
    facts += [f"needs: {', '.join(path.required)}"] if path.required else []
    facts += [f"workers: {path.workers}"] if path.workers else []
    return text + (f" [{'; '.join(facts)}]" if facts else "") + f": {_outcome(path)}"


def _entry(path: ConsideredPath, options: Options) -> dict[str, object]:
    entry: dict[str, object] = {"Path": path.path}
    if options.costs:
        entry |= {"Startup Cost": round(path.startup, 2), "Total Cost": round(path.total, 2), "Plan Rows": round(path.rows)}
    facts: dict[str, object] = {"Sort Key": list(path.keys), "Required Outer": list(path.required), "Workers": path.workers}
    entry |= {name: value for name, value in facts.items() if value}
    entry |= {"Parallel Safe": path.safe, "Outcome": path.outcome}
    entry |= {name: value for name, value in {"By": path.by, "Grounds": path.grounds, "Disabled By": path.disabled}.items() if value}
    return entry


def alternatives_property(relations: Sequence[ConsideredRelation], options: Options) -> Property:
    """The relations in the order the planner came to them."""
    levels = {relation.level for relation in relations}
    lines = [f"{LABEL}:"]
    value: list[dict[str, object]] = []
    for relation in relations:
        query = f"query {relation.level}, " if len(levels) > 1 else ""
        lines.append(f"  {query}{KINDS[relation.kind]}{relation.name}:")
        lines += [f"    {_line(path, options)}" for path in relation.paths]
        paths = [_entry(path, options) for path in relation.paths]
        value.append({"Query": relation.level, "Kind": relation.kind, "Relation": relation.name, "Paths": paths})
    return Property(label=LABEL, value=value, text="\n".join(lines))
