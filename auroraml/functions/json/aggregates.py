"""json_agg, json_object_agg and their jsonb twins."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from auroraml.batch import Index, TextVector, Vector, from_datums, stable_order
from auroraml.errors import InvalidParameterValue
from auroraml.functions.json.columns import TEXT, Texts, joined, quoted
from auroraml.functions.json.values import is_structured, key_of
from auroraml.functions.signature import CallContext, Types, aggregate
from auroraml.lazy import compute as pc
from auroraml.types.form import TextStyle
from auroraml.types.json import key_order, quote_json
from auroraml.types.pg_type import PgType
from auroraml.types.table import JSONB

Codes = npt.NDArray[np.integer]
Args = Sequence[Vector]


def _texts(type: PgType, vector: Vector, style: TextStyle, binary: bool) -> pa.Array:
    """Each value as a text inside a document."""
    found = Texts(style, binary).of(type, vector)
    return pa.repeat(found, vector.n) if isinstance(found, pa.Scalar) else found


def _by_group(codes: Codes, groups: int) -> tuple[Index, Index]:
    """The rows group by group, each group's in their order, and where each group begins."""
    borders = np.zeros(groups + 1, np.int64)
    np.cumsum(np.bincount(codes, minlength=groups), out=borders[1:])
    return stable_order(codes, max(groups, 1)), borders


def _gathered(items: pa.Array, codes: Codes, groups: int, between: str, start: str, end: str) -> Vector:
    """The items of each group in their order, between `start` and `end`; NULL for a group without any."""
    order, borders = _by_group(codes, groups)
    valid = borders[1:] > borders[:-1]
    texts = joined(borders, items.take(pa.array(order)), between, start, end)
    return TextVector(texts) if valid.all() else TextVector(pc.if_else(pa.array(valid), texts, pa.scalar("", TEXT)), valid)


@aggregate("json_agg(anyelement)", context=True, typed=True)
def json_agg(ctx: CallContext, types: Types, args: Args, codes: Codes, groups: int) -> Vector:
    """All values as a json array."""
    items = _texts(types.args[0], args[0], ctx.style, False)
    if not is_structured(types.args[0]):
        return _gathered(items, codes, groups, ", ", "[", "]")
    order, borders = _by_group(codes, groups)
    marks = np.where(args[0].flat().valid, 2, 1)
    marks[order[borders[:-1][borders[1:] > borders[:-1]]]] = 0
    before = pc.take(pa.array(["", ", ", ", \n "], TEXT), pa.array(marks))
    return _gathered(pc.binary_join_element_wise(before, items, pa.scalar("", TEXT)), codes, groups, "", "[", "]")


@aggregate("jsonb_agg(anyelement)", context=True, typed=True)
def jsonb_agg(ctx: CallContext, types: Types, args: Args, codes: Codes, groups: int) -> Vector:
    """All values as a jsonb array."""
    return _gathered(_texts(types.args[0], args[0], ctx.style, True), codes, groups, ", ", "[", "]")


def _keys(ctx: CallContext, type: PgType, keys: Vector) -> list[str]:
    """The texts of an object's keys; 22023 where one is NULL or none."""
    found = []
    for key in keys.datums():  # what a key may be is asked of each
        if key is None:
            raise InvalidParameterValue("field name must not be null")
        found.append(key_of(type, key, ctx.style))
    return found


@aggregate("json_object_agg(any,any)", context=True, typed=True)
def json_object_agg(ctx: CallContext, types: Types, args: Args, codes: Codes, groups: int) -> Vector:
    """Keys and values as a json object."""
    keys = quoted(pa.array(_keys(ctx, types.args[0], args[0]), TEXT))
    items = pc.binary_join_element_wise(keys, _texts(types.args[1], args[1], ctx.style, False), pa.scalar(" : ", TEXT))
    return _gathered(items, codes, groups, ", ", "{ ", " }")


@aggregate("jsonb_object_agg(any,any)", context=True, typed=True)
def jsonb_object_agg(ctx: CallContext, types: Types, args: Args, codes: np.ndarray, groups: int) -> Vector:
    """Keys and values as a jsonb object."""
    values = _texts(types.args[1], args[1], ctx.style, True).to_pylist()
    parts: list[dict[str, str] | None] = [None] * groups
    for code, key, value in zip(codes.tolist(), _keys(ctx, types.args[0], args[0]), values, strict=True):  # the last of equal keys counts
        found = parts[code] = parts[code] or {}
        found[key] = value
    return from_datums(JSONB, [None if part is None else _written(part) for part in parts])


def _written(part: dict[str, str]) -> str:
    return "{" + ", ".join(f"{quote_json(key)}: {value}" for key, value in sorted(part.items(), key=key_order)) + "}"
