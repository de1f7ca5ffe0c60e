"""The bytes of wide values as PostgreSQL stores them, which is what it compresses: text, arrays, jsonb, numerics (without the length header)."""

from __future__ import annotations

import json
import struct
from decimal import Decimal

from auroraml.batch import Datum, range_flags
from auroraml.storage.sizes import ALIGNMENTS, aligned
from auroraml.types.pg_type import PgArray, PgType, Range, Rep
from auroraml.types.table import BY_OID

FORMATS = {
    Rep.BOOL: "<?", Rep.INT2: "<h", Rep.INT4: "<i", Rep.INT8: "<q", Rep.OID: "<I", Rep.FLOAT4: "<f", Rep.FLOAT8: "<d", Rep.TIME: "<q", Rep.TIMESTAMP: "<q",
}  # fmt: skip
EPOCH_DAYS = 10_957  # from 1970-01-01 to 2000-01-01
ARRAY_OVERHEAD, DIMENSION, LENGTH_HEADER = 16, 8, 4
OBJECT, ARRAY = 0x20000000, 0x40000000
STRING, NUMERIC, FALSE, TRUE, NULL, CONTAINER = 0, 0x10000000, 0x20000000, 0x30000000, 0x40000000, 0x50000000
HAS_OFFSET, STRIDE = 0x80000000, 32


def stored_bytes(value: Datum, type: PgType) -> bytes:
    """A value as it lies in a tuple; of composite values and types without a form of their own here their text."""
    if isinstance(value, bytes):
        return value
    if isinstance(value, PgArray):
        return _array(value, BY_OID.get(type.element))
    if isinstance(value, Range):
        return _range(value, type)
    if type.name == "jsonb":
        return jsonb_bytes(json.loads(str(value), parse_int=Decimal, parse_float=Decimal))
    if isinstance(value, Decimal):
        return numeric_bytes(value)
    return str(value).encode()


def _range(value: Range, type: PgType) -> bytes:
    """A range: its type's OID, the bounds there are, a byte of flags (range_serialize)."""
    subtype = BY_OID[type.subtype]
    data = bytearray(struct.pack("<I", type.oid))
    for bound in (value.lower, value.upper):
        if bound is not None:
            short = subtype.length < 0 and len(stored_bytes(bound, subtype)) < 127
            if short:
                inside = stored_bytes(bound, subtype)
                data += bytes([2 * len(inside) + 3]) + inside
            else:
                data += bytes(-(len(data) + LENGTH_HEADER) % ALIGNMENTS[subtype.align]) + _element(bound, subtype)
    return bytes(data) + bytes([range_flags(value)])


def numeric_bytes(value: Decimal) -> bytes:
    """A numeric: a header of two bytes, of four where scale or weight are large, then groups of four digits."""
    if not value.is_finite():
        return struct.pack("<H", 0xC000)
    sign, digits, exponent = value.as_tuple()
    assert isinstance(exponent, int)
    scale = max(-exponent, 0)
    text = "".join(map(str, digits)) + "0" * max(exponent, 0)
    whole, fraction = (text[: len(text) - scale], text[len(text) - scale :].zfill(scale)) if scale else (text, "")
    whole = whole.zfill(aligned(len(whole), 4))
    text = whole + fraction.ljust(aligned(len(fraction), 4), "0")
    groups = [int(text[i : i + 4]) for i in range(0, len(text), 4)]
    weight = len(whole) // 4 - 1
    while groups and not groups[0]:
        groups.pop(0)
        weight -= 1
    while groups and not groups[-1]:
        groups.pop()
    if not groups:
        weight, sign = 0, 0
    if scale <= 63 and -64 <= weight <= 63:
        header = struct.pack("<H", 0x8000 | sign << 13 | scale << 7 | (weight & 0x7F))
    else:
        header = struct.pack("<Hh", sign << 14 | scale, weight)
    return header + struct.pack(f"<{len(groups)}H", *groups)


def _array(value: PgArray, element: PgType | None) -> bytes:
    nulls = any(item is None for item in value.elements)
    start = ARRAY_OVERHEAD + DIMENSION * len(value.dims)
    bitmap = -(-len(value.elements) // 8) if nulls else 0
    offset = aligned(start + bitmap, 8)
    parts = [struct.pack("<iiI", len(value.dims), offset if nulls else 0, 0 if element is None else element.oid)]
    parts.append(struct.pack(f"<{2 * len(value.dims)}i", *value.dims, *value.lower))
    if nulls:
        bits = sum(1 << place for place, item in enumerate(value.elements) if item is not None)
        parts.append(bits.to_bytes(bitmap, "little"))
    parts.append(bytes(offset - start - bitmap))
    form = None if element is None or nulls or element.rep is Rep.DATE else FORMATS.get(element.rep)
    if form is not None:
        parts.append(struct.pack(f"<{len(value.elements)}{form[1]}", *value.elements))
        return b"".join(parts)
    data = bytearray()
    alignment = 4 if element is None else ALIGNMENTS[element.align]
    for item in value.elements:  # nested values differ one by one
        if item is not None:
            data += _element(item, element)
            data += bytes(-len(data) % alignment)
    parts.append(bytes(data))
    return b"".join(parts)


def _element(item: Datum, element: PgType | None) -> bytes:
    if element is not None and element.length > 0:
        if element.rep is Rep.DATE and isinstance(item, int):
            return struct.pack("<i", max(item - EPOCH_DAYS, -(2**31)))
        form = FORMATS.get(element.rep)
        return bytes(element.length) if form is None else struct.pack(form, item)
    data = str(item).encode() if element is None else stored_bytes(item, element)
    return struct.pack("<I", len(data) + LENGTH_HEADER << 2) + data


def jsonb_bytes(value: object) -> bytes:
    """A jsonb value: a header, an entry of four bytes for each key and value, then their bytes, numbers and containers aligned to four."""
    if isinstance(value, dict | list):
        return _container(value)
    return struct.pack("<I", 1 | ARRAY | 0x10000000) + _items([value], 8)


def _container(value: dict[str, object] | list[object]) -> bytes:
    if isinstance(value, dict):
        keys = sorted(value, key=lambda key: (len(key.encode()), key.encode()))
        items: list[object] = [*keys, *(value[key] for key in keys)]
        header = len(keys) | OBJECT
    else:
        items, header = value, len(value) | ARRAY
    return struct.pack("<I", header) + _items(items, 4 + 4 * len(items))


def _items(items: list[object], start: int) -> bytes:
    """Entries and bytes of a container's items; `start` is where the bytes begin, a multiple of four."""
    entries: list[int] = []
    data = bytearray()
    for place, item in enumerate(items):
        before = len(data)
        kind = STRING
        if isinstance(item, str):
            data += item.encode()
        elif item is None:
            kind = NULL
        elif isinstance(item, bool):
            kind = TRUE if item else FALSE
        else:
            data += bytes(-(start + len(data)) % 4)
            if isinstance(item, dict | list):
                kind = CONTAINER
                data += _container(item)
            else:
                kind = NUMERIC
                number = numeric_bytes(Decimal(str(item)))
                data += struct.pack("<I", len(number) + LENGTH_HEADER << 2) + number
        entries.append(kind | (HAS_OFFSET | len(data) if place % STRIDE == 0 else len(data) - before))
    return struct.pack(f"<{len(entries)}I", *entries) + bytes(data)
