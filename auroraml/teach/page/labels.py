"""Labels: the words EXPLAIN's text format heads a node with, made from a node of its JSON."""

from __future__ import annotations

from collections.abc import Mapping

from auroraml.ir.deparse import quote_identifier

NAMES = ("Relation Name", "Function Name", "Table Function Name", "CTE Name", "Tuplestore Name")
Json = Mapping[str, object]
_AGGREGATES = {"Plain": "Aggregate", "Sorted": "GroupAggregate", "Hashed": "HashAggregate", "Mixed": "MixedAggregate"}
_SET_OPERATIONS = {"Sorted": "SetOp", "Hashed": "HashSetOp"}
_BY_SCAN = ("Index Scan", "Index Only Scan")


def label(node: Json) -> str:
    """As `GroupAggregate`, `Hash Left Join`, `Index Scan using t_pkey on t`."""
    kind = str(node["Node Type"])
    name = _kind(node, kind)
    if node.get("Parallel Aware"):
        name = f"Parallel {name}"
    if kind in _BY_SCAN and node.get("Scan Direction") == "Backward":
        name += " Backward"
    if "Index Name" in node:
        name += f" {'on' if kind == 'Bitmap Index Scan' else 'using'} {quote_identifier(str(node['Index Name']))}"
    target = _target(node)
    return f"{name} on {target}" if target else name


def _kind(node: Json, kind: str) -> str:
    if kind == "Aggregate":
        partial = str(node.get("Partial Mode", "Simple"))
        name = _AGGREGATES.get(str(node.get("Strategy")), kind)
        return name if partial == "Simple" else f"{partial} {name}"
    if kind == "ModifyTable":
        return str(node.get("Operation", kind))
    if kind == "SetOp":
        return f"{_SET_OPERATIONS.get(str(node.get('Strategy')), kind)} {node.get('Command', '')}".rstrip()
    join = str(node.get("Join Type", "Inner"))
    if "Join Type" in node and join != "Inner":
        return f"{kind.removesuffix(' Join')} {join} Join" if kind != "Nested Loop" else f"{kind} {join} Join"
    return f"{kind.removesuffix(' Join')} Join" if "Join Type" in node and kind != "Nested Loop" else kind


def _target(node: Json) -> str:
    """The relation, function, CTE or subquery that is scanned, and its alias where it has another."""
    found = next((quote_identifier(str(node[key])) for key in NAMES if key in node), "")
    alias = quote_identifier(str(node["Alias"])) if "Alias" in node else ""
    return f"{found} {alias}" if found and alias and alias != found else found or alias
