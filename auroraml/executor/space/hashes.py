"""PostgreSQL's hashes of values, as its hash tables of groups use them (hashfn.c, hashfunc.c, execGrouping.c), for many rows at once."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from decimal import Decimal

import numpy as np
import numpy.typing as npt

from auroraml.batch import EMPTY_RANGE, LOWER_INF, UPPER_INF, FixedVector, NumericVector, RangeVector, TextVector, Vector
from auroraml.dispatch import singledispatch
from auroraml.types.julian import POSTGRES_DAYS
from auroraml.types.pg_type import PgType, Rep
from auroraml.types.table import BY_OID

Hashes = npt.NDArray[np.uint32]
START = 0x9E3779B9 + 3923095  # to which the length in bytes is added
BLOCK = 12  # bytes mixed at a time
ZERO, BASE, DIGITS = 0xFFFFFFFF, 10_000, 4  # of a numeric


def _rotated(x: Hashes, bits: int) -> Hashes:
    return (x << np.uint32(bits)) | (x >> np.uint32(32 - bits))


def _mix(a: Hashes, b: Hashes, c: Hashes) -> tuple[Hashes, Hashes, Hashes]:
    for bits in (4, 6, 8, 16, 19, 4):
        a, c = (a - c) ^ _rotated(c, bits), c + b
        a, b, c = b, c, a
    return a, b, c


def _final(a: Hashes, b: Hashes, c: Hashes) -> Hashes:
    for bits in (14, 11, 25, 16, 4, 14, 24):
        c = (c ^ b) - _rotated(b, bits)
        a, b, c = b, c, a
    return b


def of_words(words: Hashes) -> Hashes:
    """Of unsigned integers of four bytes (hash_bytes_uint32)."""
    start = np.full(len(words), (START + 4) & 0xFFFFFFFF, np.uint32)
    return _final(start + words, start, start)


def of_several(words: Sequence[Hashes]) -> Hashes:
    """Of two or three words each (hash_bytes of 8 or 12 bytes)."""
    start = np.full(len(words[0]), (START + 4 * len(words)) & 0xFFFFFFFF, np.uint32)
    if len(words) == 2:
        return _final(start + words[0], start + words[1], start)
    return _final(*_mix(start + words[0], start + words[1], start + words[2]))


def of_float(value: float) -> int:
    """Of one float8 (hashfloat8)."""
    return 0 if value == 0 else int(of_bytes([struct.pack("<d", value)])[0])


def of_bytes(texts: Sequence[bytes]) -> Hashes:
    """Of strings of bytes (hash_bytes)."""
    lengths = np.array([len(text) for text in texts], np.int64)
    blocks = int(lengths.max(initial=0)) // BLOCK + 1
    data = np.frombuffer(b"".join(text.ljust(blocks * BLOCK, b"\0") for text in texts), "<u4").reshape(len(texts), blocks * 3)
    a = b = c = ((START + lengths) & 0xFFFFFFFF).astype(np.uint32)
    result = np.zeros(len(texts), np.uint32)
    for block in range(blocks):
        words = [data[:, block * 3 + i] for i in range(3)]
        last = lengths // BLOCK == block
        # the lowest byte of the last word is left out, as the length stands there
        result = np.where(last, _final(a + words[0], b + words[1], c + (words[2] << np.uint32(8))), result)
        a, b, c = _mix(a + words[0], b + words[1], c + words[2])
    return result


def _of_long(values: npt.NDArray[np.int64]) -> Hashes:
    """Of integers of eight bytes, equal to those of four where they fit (hashint8)."""
    low, high = (values & 0xFFFFFFFF).astype(np.uint32), (values >> 32).astype(np.int32).view(np.uint32)
    return of_words(low ^ np.where(values >= 0, high, ~high))


@singledispatch
def _of_vector(vector: Vector, type: PgType) -> Hashes:
    """Values whose hash is not known here: any that spreads as well."""
    return of_bytes([repr(value).encode() for value in vector.datums()])


@_of_vector.register
def _(vector: FixedVector, type: PgType) -> Hashes:
    values = vector.values
    if type.rep is Rep.DATE:
        return of_words((values.astype(np.int64) - POSTGRES_DAYS).astype(np.int32).view(np.uint32))
    if type.rep in (Rep.BOOL, Rep.INT2, Rep.INT4, Rep.OID):
        return of_words((values.astype(np.int64) & 0xFFFFFFFF).astype(np.uint32))
    if type.rep in (Rep.FLOAT4, Rep.FLOAT8):
        floats = values.astype("<f8")
        return np.where(floats == 0, np.uint32(0), of_bytes([floats[i : i + 1].tobytes() for i in range(len(floats))]))
    if values.dtype.kind == "i":
        return _of_long(values.astype(np.int64))
    return of_bytes([repr(value).encode() for value in vector.datums()])


@_of_vector.register
def _(vector: TextVector, type: PgType) -> Hashes:
    values = [b"" if value is None else value if isinstance(value, bytes) else str(value).encode() for value in vector.datums()]
    return of_bytes([value.rstrip(b" ") for value in values] if type.name == "bpchar" else values)


@_of_vector.register
def _(vector: NumericVector, type: PgType) -> Hashes:
    digits, weights = [], []
    for value in vector.datums():  # each value has as many digits as it has
        packed, weight = _digits(value) if isinstance(value, Decimal) and value.is_finite() else (b"", 0)
        digits.append(packed)
        weights.append(weight)
    found = of_bytes(digits) ^ np.array(weights, np.int64).astype(np.int32).view(np.uint32)
    return np.where(np.array([not packed for packed in digits], np.bool_), np.uint32(ZERO), found)


@_of_vector.register
def _(vector: RangeVector, type: PgType) -> Hashes:
    subtype = BY_OID[type.subtype]
    lower, upper = (
        np.where((vector.flags & (EMPTY_RANGE | infinite)) == 0, _of_vector(bound.flat(), subtype), np.uint32(0))
        for bound, infinite in ((vector.lower, LOWER_INF), (vector.upper, UPPER_INF))
    )
    return _rotated(of_words(vector.flags.astype(np.uint32)) ^ lower, 1) ^ upper


def _digits(value: Decimal) -> tuple[bytes, int]:
    """The digits to the base 10,000 without zeros at either end, and the weight of the first."""
    _, figures, exponent = value.as_tuple()
    assert isinstance(exponent, int)
    text = "".join(map(str, figures)) + "0" * max(exponent, 0)
    places = max(-exponent, 0)
    text = text.rjust(places, "0")
    whole, part = text[: len(text) - places], text[len(text) - places :]
    whole = whole.rjust(-(-len(whole) // DIGITS) * DIGITS, "0")
    part = part.ljust(-(-len(part) // DIGITS) * DIGITS, "0")
    groups = [int((whole + part)[i : i + DIGITS]) for i in range(0, len(whole) + len(part), DIGITS)]
    weight = len(whole) // DIGITS - 1
    while groups and groups[0] == 0:
        groups.pop(0)
        weight -= 1
    while groups and groups[-1] == 0:
        groups.pop()
    return np.array(groups, "<i2").tobytes(), weight


def group_hashes(vectors: Sequence[Vector], types: Sequence[PgType], n: int) -> Hashes:
    """Of rows by their keys, NULL adding nothing, scattered (TupleHashTableHash_internal)."""
    key = np.zeros(n, np.uint32)
    for vector, type in zip(vectors, types, strict=True):
        flat = vector.flat()
        key = _rotated(key, 1) ^ np.where(vector.valid, _of_vector(flat, type), np.uint32(0))
    key = (key ^ (key >> np.uint32(16))) * np.uint32(0x85EBCA6B)
    key = (key ^ (key >> np.uint32(13))) * np.uint32(0xC2B2AE35)
    return key ^ (key >> np.uint32(16))
