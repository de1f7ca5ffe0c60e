"""The model as EXPLAIN's JSON, YAML and XML formats."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from decimal import Decimal

from auroraml.explain.model import Document, NodeModel


def escape(text: str) -> str:
    """`text` as character data in XML (the standard library's function comes with its whole client for HTTP)."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def plain(document: Document) -> dict[str, object]:
    """The document as nested dicts in print order."""
    return {"Plan": _plan(document.root), **{item.label: item.value for item in document.footer if item.structured}}


def _plan(node: NodeModel) -> dict[str, object]:
    result: dict[str, object] = {item.label: item.value for item in node.properties if item.structured}
    if node.children:
        result["Plans"] = [_plan(child) for child in node.children]
    return result


def _scalar(label: str, value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return f"{value:.2f}" if label.endswith("Cost") else f"{value:.3f}"
    if isinstance(value, Decimal):
        return f"{value:f}"
    if value is None:
        return "null"
    return str(value) if isinstance(value, int) else json.dumps(value, ensure_ascii=False)


def json_lines(document: Document) -> list[str]:
    """FORMAT JSON: one array with one object."""
    lines = ["[", "  {"]
    _json_members(plain(document), 4, lines)
    return [*lines, "  }", "]"]


def _json_members(members: Mapping[str, object], indent: int, lines: list[str]) -> None:
    pad, last = " " * indent, len(members) - 1
    for i, (label, value) in enumerate(members.items()):
        comma = "," if i < last else ""
        if isinstance(value, Mapping):
            lines.append(f'{pad}"{label}": {{')
            _json_members(value, indent + 2, lines)
            lines.append(f"{pad}}}{comma}")
        elif isinstance(value, list) and value and isinstance(value[0], Mapping):
            lines.append(f'{pad}"{label}": [')
            for j, item in enumerate(value):
                lines.append(f"{pad}  {{")
                _json_members(item, indent + 4, lines)
                lines.append(f"{pad}  }}{',' if j < len(value) - 1 else ''}")
            lines.append(f"{pad}]{comma}")
        elif isinstance(value, list) and value and isinstance(value[0], list):
            rows = [f"[{', '.join(_scalar(label, part) for part in item)}]" for item in value]
            lines += [f'{pad}"{label}": [', *(f"{pad}  {row}," for row in rows[:-1]), f"{pad}  {rows[-1]}", f"{pad}]{comma}"]
        elif isinstance(value, list) and not value:
            lines += [f'{pad}"{label}": [', f"{pad}]{comma}"]
        elif isinstance(value, list):
            lines.append(f'{pad}"{label}": [{", ".join(_scalar(label, item) for item in value)}]{comma}')
        else:
            lines.append(f'{pad}"{label}": {_scalar(label, value)}{comma}')


def yaml_lines(document: Document) -> list[str]:
    """FORMAT YAML."""
    lines: list[str] = []
    _yaml_members(plain(document), 2, lines)
    lines[0] = "- " + lines[0].lstrip()
    return lines


def _yaml_members(members: Mapping[str, object], indent: int, lines: list[str]) -> None:
    pad = " " * indent
    for label, value in members.items():
        if isinstance(value, Mapping):
            lines.append(f"{pad}{label}: ")
            _yaml_members(value, indent + 2, lines)
        elif isinstance(value, list):
            lines.append(f"{pad}{label}: ")
            for item in value:
                if isinstance(item, Mapping):
                    start = len(lines)
                    _yaml_members(item, indent + 4, lines)
                    lines[start] = f"{pad}  - " + lines[start].lstrip()
                else:
                    lines.append(f"{pad}  - {_scalar(label, item)}")
        else:
            lines.append(f"{pad}{label}: {_scalar(label, value)}")


def xml_lines(document: Document) -> list[str]:
    """FORMAT XML."""
    lines = ['<explain xmlns="http://www.postgresql.org/2009/explain">', "  <Query>"]
    _xml_members(plain(document), 4, lines)
    return [*lines, "  </Query>", "</explain>"]


def _tag(label: str) -> str:
    return label.replace(" ", "-").replace("/", "-")


def _xml_members(members: Mapping[str, object], indent: int, lines: list[str]) -> None:
    pad = " " * indent
    for label, value in members.items():
        tag = _tag(label)
        if isinstance(value, Mapping):
            lines.append(f"{pad}<{tag}>")
            _xml_members(value, indent + 2, lines)
            lines.append(f"{pad}</{tag}>")
        elif isinstance(value, Sequence) and not isinstance(value, str):
            lines.append(f"{pad}<{tag}>")
            for item in value:
                if isinstance(item, Mapping):
                    one = tag.removesuffix("s")
                    lines.append(f"{pad}  <{one}>")
                    _xml_members(item, indent + 4, lines)
                    lines.append(f"{pad}  </{one}>")
                elif isinstance(item, list):
                    _xml_members({tag.removesuffix("s"): item}, indent + 2, lines)
                else:
                    lines.append(f"{pad}  <Item>{escape(str(item))}</Item>")
            lines.append(f"{pad}</{tag}>")
        else:
            text = value if isinstance(value, str) else _scalar(label, value)
            lines.append(f"{pad}<{tag}>{escape(text)}</{tag}>")
