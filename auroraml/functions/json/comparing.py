"""jsonb comparison, containment and existence."""

from __future__ import annotations

from auroraml.functions.json.scanning import has_field
from auroraml.functions.json.values import parsed
from auroraml.functions.signature import SCALARS, Kernel, oid_of, scalar
from auroraml.types.json import JsonValue, jsonb_key
from auroraml.types.pg_type import PgArray


def _contains(a: JsonValue, b: JsonValue, top: bool = False) -> bool:
    if isinstance(a, dict) and isinstance(b, dict):
        return all(key in a and _contains(a[key], value) for key, value in b.items())
    if isinstance(a, list) and isinstance(b, list):
        return all(any(_contains(x, y) if isinstance(y, dict | list) else _equal(x, y) for x in a) for y in b)
    if top and isinstance(a, list) and not isinstance(b, dict):
        return any(_equal(x, b) for x in a)
    return _equal(a, b)


def _equal(a: JsonValue, b: JsonValue) -> bool:
    return jsonb_key(a) == jsonb_key(b)


@scalar("jsonb_contains(jsonb,jsonb)", face="datum", raises=False)
def contains(a: str, b: str) -> bool:
    """a @> b."""
    return _contains(parsed(a), parsed(b), True)


@scalar("jsonb_contained(jsonb,jsonb)", face="datum", raises=False)
def contained(a: str, b: str) -> bool:
    """a <@ b."""
    return contains(b, a)


def _has(value: JsonValue, key: object) -> bool:
    return (
        key in value if isinstance(value, dict) else any(x == key and isinstance(x, str) for x in value) if isinstance(value, list) else value == key
    )


@scalar("jsonb_exists(jsonb,text)", face="datum", raises=False, columns=has_field)
def exists(a: str, key: str) -> bool:
    """a ? key."""
    return _has(parsed(a), key)


@scalar("jsonb_exists_any(jsonb,_text)", face="datum", raises=False)
def exists_any(a: str, keys: PgArray) -> bool:
    """a ?| keys."""
    return any(_has(parsed(a), key) for key in keys.elements if key is not None)


@scalar("jsonb_exists_all(jsonb,_text)", face="datum", raises=False)
def exists_all(a: str, keys: PgArray) -> bool:
    """a ?& keys."""
    return all(_has(parsed(a), key) for key in keys.elements if key is not None)


def _comparison(name: str) -> Kernel:
    def run(a: str, b: str) -> bool:
        x, y = jsonb_key(parsed(a)), jsonb_key(parsed(b))
        order = (x > y) - (x < y)
        return {"eq": order == 0, "ne": order != 0, "lt": order < 0, "le": order <= 0, "gt": order > 0, "ge": order >= 0}[name]

    return Kernel(function=run, face="datum", raises=False)


for _name in ("eq", "ne", "lt", "le", "gt", "ge"):
    SCALARS[oid_of(f"jsonb_{_name}(jsonb,jsonb)")] = _comparison(_name)
