"""json_agg, json_object_agg and their jsonb twins."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from auroraml.batch import Vector, from_datums
from auroraml.errors import InvalidParameterValue
from auroraml.functions.json.values import is_structured, json_of, jsonb_of, key_of
from auroraml.functions.signature import CallContext, Types, aggregate
from auroraml.types.json import JsonValue, quote_json, write_jsonb
from auroraml.types.table import JSON, JSONB

Args = Sequence[Vector]


@aggregate("json_agg(anyelement)", context=True, typed=True)
def json_agg(ctx: CallContext, types: Types, args: Args, codes: np.ndarray, groups: int) -> Vector:
    """All values as a json array."""
    type, parts = types.args[0], [[] for _ in range(groups)]  # type: ignore[var-annotated]
    separator = ", \n " if is_structured(type) else ", "
    for code, value in zip(codes.tolist(), args[0].datums(), strict=True):  # documents are texts of their own
        mark = separator if value is not None else ", "
        parts[code].append((mark if parts[code] else "") + json_of(type, value, ctx.style))
    return from_datums(JSON, ["[" + "".join(part) + "]" if part else None for part in parts])


@aggregate("jsonb_agg(anyelement)", context=True, typed=True)
def jsonb_agg(ctx: CallContext, types: Types, args: Args, codes: np.ndarray, groups: int) -> Vector:
    """All values as a jsonb array."""
    parts: list[list[JsonValue]] = [[] for _ in range(groups)]
    for code, value in zip(codes.tolist(), args[0].datums(), strict=True):  # documents are values of their own
        parts[code].append(jsonb_of(types.args[0], value, ctx.style))
    return from_datums(JSONB, [write_jsonb(part) if part else None for part in parts])


@aggregate("json_object_agg(any,any)", context=True, typed=True)
def json_object_agg(ctx: CallContext, types: Types, args: Args, codes: np.ndarray, groups: int) -> Vector:
    """Keys and values as a json object."""
    parts: list[list[str]] = [[] for _ in range(groups)]
    for code, key, value in zip(codes.tolist(), args[0].datums(), args[1].datums(), strict=True):  # documents are texts of their own
        if key is None:
            raise InvalidParameterValue("field name must not be null")
        parts[code].append(f"{quote_json(key_of(types.args[0], key, ctx.style))} : {json_of(types.args[1], value, ctx.style)}")
    return from_datums(JSON, ["{ " + ", ".join(part) + " }" if part else None for part in parts])


@aggregate("jsonb_object_agg(any,any)", context=True, typed=True)
def jsonb_object_agg(ctx: CallContext, types: Types, args: Args, codes: np.ndarray, groups: int) -> Vector:
    """Keys and values as a jsonb object."""
    parts: list[dict[str, JsonValue] | None] = [None] * groups
    for code, key, value in zip(codes.tolist(), args[0].datums(), args[1].datums(), strict=True):  # documents are values of their own
        if key is None:
            raise InvalidParameterValue("field name must not be null")
        found = parts[code] = parts[code] or {}
        found[key_of(types.args[0], key, ctx.style)] = jsonb_of(types.args[1], value, ctx.style)
    return from_datums(JSONB, [None if part is None else write_jsonb(part) for part in parts])
