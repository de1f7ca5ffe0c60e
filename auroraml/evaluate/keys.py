"""Vectors to integer codes and orders: grouping, hashing, DISTINCT and sorting share them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from auroraml.batch import (
    ConstVector,
    DictVector,
    FixedVector,
    Index,
    ListVector,
    ManyScales,
    Mask,
    NarrowFixed,
    NarrowNumeric,
    NumericVector,
    RangeVector,
    StructVector,
    TextVector,
    Vector,
    WideNumeric,
    distinct,
    numbers,
    put_in_order,
    stable_order,
    stored,
)
from auroraml.functions.ordering import orderable
from auroraml.lazy import compute as pc
from auroraml.types.bounds import OrderedDecimal, range_bytes, range_ranks
from auroraml.types.pg_type import PgType, Rep

Codes = npt.NDArray[np.int64]
WIDE = 2**62
DAY = 86_400_000_000
COUNTED, MANY = 4_096, 16_384  # codes that Arrow sorts by counting; rows from which that is faster than numpy's radix sort
FEW = 4_096  # rows up to which it costs more to widen group numbers than to have them wide
SHORT = 2_048  # rows up to which plain sorting is as good as by digits
DIGITS = 1 << 36  # codes up to which sorting by digits is fast: three digits
GLANCE = 1_024  # rows looked at before all are
PARTS = 8  # ascending ones that are merged rather than sorted
DENSE = 1 << 22  # a domain of integers up to this size is coded by subtraction, without looking at the values' order


def interval_micros(values: np.ndarray) -> np.ndarray:
    """The microseconds PostgreSQL compares intervals by (months of 30 days), as int64 or, where that does not hold them, Python ints."""
    days = values["months"].astype(np.int64) * 30 + values["days"]
    if len(days) and max(int(days.max()), -int(days.min())) * DAY + max(int(values["micros"].max()), -int(values["micros"].min())) >= 2**63:
        return days.astype(object) * DAY + values["micros"].astype(object)  # type: ignore[no-any-return] # numpy gives Any
    return days * DAY + values["micros"]  # type: ignore[no-any-return] # numpy gives Any


def comparable(vector: Vector, type: PgType) -> np.ndarray | pa.Array:
    """Values whose natural order and equality are the type's: a numpy array, or an Arrow array for text, bytes and ranges."""
    vector = vector.flat()
    if isinstance(vector, FixedVector):
        if vector.values.dtype.names is None:
            return vector.values
        if type.rep is Rep.INTERVAL:
            return interval_micros(vector.values)
        return _structured(vector.values)
    if isinstance(vector, ManyScales):
        return vector.whole
    if isinstance(vector, NumericVector):
        return vector.values if vector.scale is not None else _decimals(vector.values)
    if isinstance(vector, TextVector) and type.name not in ("jsonb", "timetz"):
        return pc.utf8_rtrim(vector.values, " ") if type.name == "bpchar" else vector.values
    if isinstance(vector, RangeVector) and (keys := range_bytes(vector)) is not None:
        return keys
    if isinstance(vector, ListVector) and (keys := _list_bytes(vector)) is not None:
        return keys
    if isinstance(vector, TextVector):
        texts = vector.values if vector.validity is None else pc.if_else(pa.array(vector.validity), vector.values, None)
        encoded = pc.dictionary_encode(texts, null_encoding="encode")
        return _objects(encoded.dictionary.to_pylist(), type)[encoded.indices.to_numpy(zero_copy_only=False)]
    return _objects(vector.datums(), type)


def _list_bytes(vector: ListVector) -> pa.Array | None:
    """Bytes that order as arrays of whole numbers or moments do; None for others. Where one array begins as another, the shorter comes first."""
    start, stop = int(vector.offsets[0]), int(vector.offsets[-1])
    child = vector.child.slice(start, stop).flat()
    if vector.shapes is not None or not isinstance(child, FixedVector) or child.values.dtype.kind != "i" or not child.valid.all():
        return None
    digits = (child.values.astype(np.int64).view(np.uint64) ^ np.uint64(1 << 63)).astype(">u8")
    offsets = (vector.offsets.astype(np.int64) - start) * 8
    return pa.LargeBinaryArray.from_buffers(pa.large_binary(), vector.n, [None, pa.py_buffer(offsets), pa.py_buffer(digits)])


def _structured(values: np.ndarray) -> np.ndarray:
    out = np.empty(len(values), object)
    out[:] = [tuple(v) for v in values.tolist()]  # points have no order; equality only, and they are rare
    return out


def _decimals(values: np.ndarray) -> np.ndarray:
    out = np.empty(len(values), object)
    plain = all(value.is_finite() for value in values)
    out[:] = list(values) if plain else [OrderedDecimal(value) for value in values]  # the widest numeric tier is per value by nature
    return out


def _objects(datums: list[object], type: PgType) -> np.ndarray:
    out = np.empty(len(datums), object)
    for i, datum in enumerate(datums):  # arrays, rows and documents compare part by part, which no array library does
        out[i] = orderable(type, datum)
    return out


PADDED = r"\.[0-9]*0(?:[], }]|$)"  # perhaps a number of a document that ends in zeros: others are equal where their texts are


def _has_equality(type: PgType) -> bool:
    """Whether all parts of a composite type may be compared: json may not."""
    return all(_has_equality(a.type) for a in type.attributes) if type.rep is Rep.STRUCT else type.rep is not Rep.LIST and type.name != "json"


def codes_of(vector: Vector, type: PgType) -> tuple[Codes, int]:
    """Codes from 0 that are equal where values are; NULL is the code 0, values start at 1. Also the number of codes in use at most."""
    if isinstance(vector, ConstVector):
        return np.full(vector.n, 0 if not vector.one.valid[0] else 1, np.int64), 2
    if isinstance(vector, DictVector) and type.name not in ("bpchar", "jsonb", "timetz"):
        codes = np.add(vector.codes, 1, dtype=np.int64)
        size = vector.dictionary.n + 1
    elif isinstance(vector, DictVector) and type.name == "bpchar" and 0 < vector.dictionary.n <= vector.n:
        of_values, size = plain_codes(pc.utf8_rtrim(vector.dictionary.values, " "))
        codes = of_values.take(vector.codes, mode="clip")
    elif isinstance(vector, WideNumeric) or (isinstance(vector, StructVector) and vector.fields and _has_equality(type)):
        if isinstance(vector, StructVector):
            parts = [codes_of(field, attribute.type) for field, attribute in zip(vector.fields, type.attributes, strict=True)]
        else:
            parts = [plain_codes(limb) for limb in vector.limbs]
        codes, size = combine(parts, vector.n)
        if size > WIDE // 2 or vector.validity is not None:
            codes, size = compact(codes)
        codes, size = codes + 1, size + 1
    elif isinstance(vector, FixedVector) and vector.lo is not None and vector.hi is not None and vector.hi - vector.lo < max(GLANCE, vector.n):
        codes, size = np.subtract(stored(vector), vector.lo - 1, dtype=np.int64), vector.hi - vector.lo + 2
    elif (
        type.name == "jsonb" and isinstance(texts := vector.flat(), TextVector) and not pc.any(pc.match_substring_regex(texts.values, PADDED)).as_py()
    ):
        codes, size = plain_codes(texts.values)
    else:
        codes, size = plain_codes(_plain(vector, type))
    if vector.validity is not None:
        codes = np.where(vector.validity, codes, 0)
    return codes, size


def _plain(vector: Vector, type: PgType) -> np.ndarray | pa.Array:
    """Values as they compare, whole numbers as wide as they are kept."""
    if isinstance(vector, NarrowFixed | NarrowNumeric):
        return stored(vector)
    return range_ranks(vector) if isinstance(vector, RangeVector) else comparable(vector, type)


def codes_together(vectors: Sequence[Vector], types: Sequence[PgType], n: int) -> tuple[Codes, int]:
    """One code for several columns, as of `codes_of`; small ones of dictionaries are put together in few bytes each and widened once."""
    size = 1
    for vector, type in zip(vectors, types, strict=True):
        if not isinstance(vector, DictVector) or type.name in ("bpchar", "jsonb", "timetz") or vector.validity is not None:
            size = 0
            break
        size *= vector.dictionary.n + 1
    if len(vectors) < 2 or not 0 < size <= 65_536:
        return combine([codes_of(v, t) for v, t in zip(vectors, types, strict=True)], n)
    dtype = np.dtype(np.uint8 if size <= 256 else np.uint16)
    codes: np.ndarray | None = None
    for vector in vectors:
        assert isinstance(vector, DictVector)
        if codes is None:
            codes = vector.codes.astype(dtype)  # a copy
        else:
            codes *= dtype.type(vector.dictionary.n + 1)
            codes += vector.codes.astype(dtype, copy=False)
        codes += dtype.type(1)
    assert codes is not None
    return codes.astype(np.int64), size


def plain_codes(values: np.ndarray | pa.Array) -> tuple[Codes, int]:
    """Codes from 1 for values as they compare, and the number of codes in use at most."""
    if isinstance(values, pa.Array):
        encoded = pc.dictionary_encode(values)
        return encoded.indices.to_numpy(zero_copy_only=False).astype(np.int64) + 1, len(encoded.dictionary) + 1
    if not len(values):
        return np.zeros(0, np.int64), 1
    if values.dtype == np.bool_:
        return values.astype(np.int64) + 1, 3
    if values.dtype.kind in "iu":
        low, high = int(values.min()), int(values.max())
        if high - low < max(DENSE, 4 * len(values)):
            return np.subtract(values, low - 1, dtype=np.int64), high - low + 2
    if values.dtype == object:
        seen: dict[object, int] = {}
        return np.fromiter((seen.setdefault(v, len(seen) + 1) for v in values), np.int64, len(values)), len(seen) + 1
    if values.dtype.kind == "f":
        values = np.where(values == 0, 0.0, values)  # -0 equals 0
    encoded = pc.dictionary_encode(pa.array(values), null_encoding="mask")
    return encoded.indices.to_numpy(zero_copy_only=False).astype(np.int64) + 1, len(encoded.dictionary) + 1


def combine(parts: Sequence[tuple[Codes, int]], n: int) -> tuple[Codes, int]:
    """One code for several columns of codes."""
    if not parts:
        return np.zeros(n, np.int64), 1
    codes, size = parts[0]
    for more, width in parts[1:]:
        if size * width >= 2**62:
            codes, size = compact(codes)
            if size * width >= 2**62:
                more, width = compact(more)
        codes = codes * width + more
        size *= width
    return codes, size


def compact(codes: Codes) -> tuple[Codes, int]:
    """The same partition with codes from 0 without holes (in order of first appearance)."""
    encoded = pc.dictionary_encode(pa.array(codes))
    return encoded.indices.to_numpy(zero_copy_only=False).astype(np.int64), len(encoded.dictionary)


def groups(vectors: Sequence[Vector], types: Sequence[PgType], n: int) -> tuple[Codes, int, Index]:
    """Group numbers in order of first appearance, how many there are, and the first row of each."""
    return numbered(*codes_together(vectors, types, n))


def numbered(codes: Codes, size: int) -> tuple[Codes, int, Index]:
    """Codes below `size` made group numbers in order of first appearance, how many there are, and the first row of each."""
    n = len(codes)
    if n == 0:
        return codes, 0, np.zeros(0, np.int64)
    if ascending(codes):
        borders = np.empty(n, np.bool_)
        borders[0] = True
        np.not_equal(codes[1:], codes[:-1], out=borders[1:])
        return np.cumsum(borders) - 1, int(np.count_nonzero(borders)), np.flatnonzero(borders)
    if size > max(65_536, 4 * n):
        if _sorts(codes, size):
            return _numbered_by_order(codes, size)
        number, count = compact(codes)
        first = np.empty(count, np.int64)
        first[number[::-1]] = np.arange(n - 1, -1, -1)
        return number, count, first
    place: np.ndarray = np.empty(size, np.int32 if FEW < n < 2**31 else np.int64)
    place.fill(-1)
    place[codes[::-1]] = numbers(n)[::-1]
    beginning = np.zeros(n, np.bool_)
    beginning[place[place >= 0]] = True
    first = beginning.nonzero()[0]
    place[codes[first]] = numbers(len(first))
    return place[codes].astype(np.int64, copy=False), len(first), first


def first_rows(codes: Codes, counts: np.ndarray) -> Index:
    """The first row of each code, of those at least that have rows by `counts`."""
    first = np.full(len(counts), -1, np.int64)
    some = min(GLANCE, len(codes))
    first[codes[:some][::-1]] = np.arange(some - 1, -1, -1)
    if some < len(codes) and bool(counts[first < 0].any()):
        first[codes[::-1]] = np.arange(len(codes) - 1, -1, -1)
    return first


def _numbered_by_order(codes: Codes, size: int) -> tuple[Codes, int, Index]:
    """The same where there are many, far apart: sorting takes less time than a hash table."""
    order, borders = _by_code(codes, size)
    first = order[borders]  # the order being stable, the first row of each
    beginning = np.zeros(len(codes), np.bool_)
    beginning[first] = True
    place = np.cumsum(beginning) - 1
    number = np.empty(len(codes), np.int64)
    number[order] = place.take(first).take(np.cumsum(borders) - 1)
    return number, len(first), np.flatnonzero(beginning)


def _by_code(codes: Codes, size: int) -> tuple[Index, Mask]:
    """The rows in the order of their codes, and where in it another code begins."""
    order, ordered = put_in_order(codes, size)
    borders = np.empty(len(codes), np.bool_)
    borders[0] = True
    np.not_equal(ordered[1:], ordered[:-1], out=borders[1:])
    return order, borders


def first_of_each(vectors: Sequence[Vector], types: Sequence[PgType], n: int) -> Index:
    """The first row of each group, ascending."""
    codes, size = codes_together(vectors, types, n)
    if not _sorts(codes, size) or ascending(codes):
        return numbered(codes, size)[2]
    order, borders = _by_code(codes, size)
    beginning = np.zeros(n, np.bool_)
    beginning[order[borders]] = True
    return np.flatnonzero(beginning)


def _sorts(codes: Codes, size: int) -> bool:
    """Whether codes are so many, and so far apart, that sorting them takes less time than a hash table."""
    n = len(codes)
    return size > max(65_536, 4 * n) and size <= DIGITS and n >= SHORT and 2 * distinct(codes[:GLANCE]) > GLANCE


def ascending(values: np.ndarray) -> bool:
    """Whether no value is below the one before it."""
    some = min(len(values), GLANCE)
    return bool((values[1:some] >= values[: some - 1]).all()) and (some == len(values) or bool((values[some:] >= values[some - 1 : -1]).all()))


def rank(vector: Vector, type: PgType) -> npt.NDArray[np.int64] | np.ndarray:
    """Numbers (or other values numpy sorts) in the order of the values."""
    if isinstance(vector, DictVector) and type.name not in ("jsonb", "timetz") and vector.dictionary.n <= 8 * vector.n:
        places = _places(vector.dictionary, type)
        return places[vector.codes] if len(places) else np.zeros(vector.n, np.int64)
    if isinstance(vector, RangeVector):
        return range_ranks(vector)
    if isinstance(vector, WideNumeric):
        return _limb_ranks(vector)
    values = comparable(vector, type)
    if isinstance(values, pa.Array):
        return pc.rank(values, "ascending", tiebreaker="dense").to_numpy().astype(np.int64)  # type: ignore[no-any-return] # numpy gives Any
    if values.dtype == object:
        distinct = sorted(set(values.tolist()))
        places_of = {value: i for i, value in enumerate(distinct)}
        return np.fromiter((places_of[v] for v in values), np.int64, len(values))
    if values.dtype.kind == "f":
        return np.where(values == 0, 0.0, values)  # numpy sorts NaN last, as PostgreSQL does
    return values


def _limb_ranks(vector: WideNumeric) -> Codes:
    """The place of each number in their order."""
    order = np.lexsort(vector.limbs)
    ordered = [limb.take(order) for limb in vector.limbs]
    ranks = np.empty(vector.n, np.int64)
    if vector.n:
        changed = np.zeros(vector.n, np.bool_)
        for limb in ordered:
            changed[1:] |= limb[1:] != limb[:-1]
        ranks[order] = np.cumsum(changed)
    return ranks


def _places(dictionary: TextVector, type: PgType) -> Codes:
    """The place of each value of a dictionary in their order, found once."""
    padded = type.name == "bpchar"
    kept = dictionary.places
    if kept is None or kept[0] is not padded:
        texts = pc.utf8_rtrim(dictionary.values, " ") if padded else dictionary.values
        kept = dictionary.places = (padded, pc.rank(texts, "ascending", tiebreaker="dense").to_numpy().astype(np.int64))
    return kept[1]


def differences(vector: Vector, type: PgType) -> Mask:
    """Whether each value but the first differs from the one before it (NULL from NULL does not)."""
    if isinstance(vector, ConstVector):
        return np.zeros(max(vector.n - 1, 0), np.bool_)
    values = _compared(vector, type)
    if isinstance(vector, WideNumeric):
        values = _limb_ranks(vector)
    if values is None:
        codes, _ = codes_of(vector, type)
        return np.not_equal(codes[1:], codes[:-1])
    changed: Mask
    if isinstance(values, pa.Array):
        changed = pc.not_equal(values.slice(1), values.slice(0, max(len(values) - 1, 0))).to_numpy(zero_copy_only=False)
    else:
        changed = values[1:] != values[:-1]
        if values.dtype.kind == "f":
            nan = np.isnan(values)
            changed &= ~(nan[1:] & nan[:-1])
    if vector.validity is None:
        return changed
    valid: Mask = vector.validity
    changed = changed & valid[1:] & valid[:-1]
    return np.logical_or(changed, valid[1:] != valid[:-1])  # type: ignore[no-any-return] # numpy gives Any


def _compared(vector: Vector, type: PgType) -> np.ndarray | pa.Array | None:
    """Values that are equal where the type's are, if there are some at hand."""
    if isinstance(vector, DictVector):
        return vector.codes if type.name not in ("bpchar", "jsonb", "timetz") else None
    if isinstance(vector, FixedVector):
        values = stored(vector)
        return values if values.dtype.names is None else None
    if isinstance(vector, ManyScales):
        return vector.whole
    if isinstance(vector, NumericVector):
        return stored(vector) if vector.scale is not None else None
    return comparable(vector, type) if isinstance(vector, TextVector) and type.name not in ("jsonb", "timetz") else None


def gathered(codes: Codes, size: int) -> Index:
    """The stable order of codes (0 to before `size`): all rows of 0, then those of 1, and so on."""
    if size <= COUNTED and len(codes) >= MANY:
        order = pc.array_sort_indices(pa.array(codes.astype(np.uint8 if size <= 256 else np.uint16)))  # by counting
        return order.to_numpy().view(np.int64)  # type: ignore[no-any-return] # numpy gives Any
    return stable_order(codes, size)


def sort_indices(vectors: Sequence[Vector], types: Sequence[PgType], descending: Sequence[bool], nulls_first: Sequence[bool], n: int) -> Index:
    """The stable order of the rows by the keys, first key first."""
    keys: list[np.ndarray] = []
    for vector, type, down, first in zip(vectors, types, descending, nulls_first, strict=True):
        if isinstance(vector, ConstVector):
            continue
        values = rank(vector, type)
        if down:
            values = _reversed(values)
        if vector.validity is not None:
            keys.append(np.where(vector.validity, 1, 0) if first else np.where(vector.validity, 0, 1))
            values = np.where(vector.validity, values, values.dtype.type(0))
        keys.append(values)
    if not keys:
        return np.arange(n)
    if n >= SHORT and all(key.dtype.kind in "iub" for key in keys):
        if len(keys) == 1 and ascending(keys[0]):
            return numbers(n)
        return _by_digits(_packed(keys), n)
    if len(keys) == 1:
        return keys[0].argsort(kind="stable")
    return np.lexsort(keys[::-1])


def _packed(keys: Sequence[np.ndarray]) -> list[tuple[Codes, int]]:
    """Whole numbers as codes from 0 and how many there are, neighbours in one as long as 62 bits hold them."""
    packed: list[tuple[Codes, int]] = []
    for key in keys:
        low, high = int(key.min()), int(key.max())
        size = high - low + 1
        codes = key.astype(np.int64)
        if size > WIDE:
            packed.append((codes, size))  # in its own order
            continue
        codes -= low
        if packed and packed[-1][1] * size <= WIDE:
            before, width = packed[-1]
            packed[-1] = (before * size + codes, width * size)
        else:
            packed.append((codes, size))
    return packed


def _rising_parts(codes: Codes) -> int:
    """Of how many parts in each of which no code is below the one before it the codes are made; where the first ones tell that they are many, of those."""
    falls = 0
    for start, stop in ((0, min(len(codes), GLANCE)), (GLANCE, len(codes))):
        if start < stop:
            falls += int(np.count_nonzero(codes[max(start, 1) : stop] < codes[max(start, 1) - 1 : stop - 1]))
        if falls >= PARTS:
            break
    return falls + 1


def _by_digits(packed: Sequence[tuple[Codes, int]], n: int) -> Index:
    """The stable order by several codes, first one first: by the last one, then by the one before."""
    if len(packed) == 1:
        codes = packed[0][0]
        if (rising := _rising_parts(codes)) == 1:
            return numbers(n)
        if rising <= PARTS:
            return codes.argsort(kind="stable")  # merges them
    order: Index | None = None
    for codes, size in reversed(packed):
        if order is not None:
            codes = codes.take(order, mode="clip")
        order = _after(np.argsort(codes, kind="stable") if size > WIDE else gathered(codes, size), order)
    return np.arange(n) if order is None else order


def _after(order: Index, before: Index | None) -> Index:
    """Rows put in one order and then in another."""
    return order if before is None else before[order]


def _reversed(values: np.ndarray) -> np.ndarray:
    if values.dtype == np.bool_:
        return ~values
    if values.dtype.kind == "f":
        out = -values
        nan = np.isnan(values)
        if nan.any():
            order = np.argsort(values, kind="stable")
            places = np.empty(len(values), np.int64)
            boundaries = np.concatenate([[0], np.cumsum(values[order][1:] != values[order][:-1])])
            places[order] = boundaries
            places[nan] = len(values)
            return -places
        return out
    return -values.astype(np.int64) if values.dtype != np.int64 or values.min(initial=0) > -(2**63) else ~values
