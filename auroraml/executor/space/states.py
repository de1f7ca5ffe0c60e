"""Bytes of the aggregates' states in a hash table, as PostgreSQL's transition functions allocate them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from auroraml.batch import Index, Vector
from auroraml.catalog.builtins import aggregate_row
from auroraml.executor.space.chunks import LARGEST, set_chunks
from auroraml.ir import expr as e
from auroraml.storage.sizes import Sizes, payload_sizes
from auroraml.types.pg_type import PgType
from auroraml.types.table import BY_OID

INTERNAL = 2281
STATE = 16  # of a transition value beside the entry
NUMERIC, EXACT, POINTS, REGRESSION = (144, 12, 12), (48,), (48,), (72,)  # pieces of states that do not grow
FIXED = {  # by the OID of the transition function, which no catalog of ours lists
    2858: NUMERIC, 1833: (*NUMERIC, 12, 12), 1836: (*NUMERIC, 12, 12), 2746: EXACT, 1834: EXACT, 1835: EXACT, 1962: (40,), 1963: (40,),
    208: POINTS, 222: POINTS, 2806: REGRESSION, 3325: (56,),
}  # fmt: skip
BUILDING = frozenset((3535, 3543, 3173, 3180))  # string_agg, json_agg and their kin: one text that grows
ITEMS = 2333  # array_agg
FIRST_TEXT, FIRST_ITEMS = 1024, 8  # bytes of a text being built, items of an array
OTHER, BLOCK_OVERHEAD = 144, 56


def transition(call: e.Aggregate) -> tuple[int, int]:
    """The transition function and the type of the state."""
    row = aggregate_row(call.function.oid)
    return (0, INTERNAL) if row is None else (row[3], row[7])


def state_sizes(call: e.Aggregate, args: Sequence[Vector], codes: Index, count: int) -> tuple[Sizes, Sizes]:
    """Bytes of each group's state in pieces, and in blocks of its own, headers included; 0 where the state is a value kept in the entry."""
    none = np.zeros(count, np.int64)
    function, state = transition(call)
    type = BY_OID.get(state)
    polymorphic = type is None or type.name.startswith("any")
    held = call.args[0].type if polymorphic and state != INTERNAL and call.args else type
    if state != INTERNAL and held is not None and 0 < held.length <= 8:
        return none, none
    if function in FIXED:
        return np.full(count, int(set_chunks(np.array(FIXED[function])).sum()), np.int64), none
    if function in BUILDING and args:
        return _text(args[0], call.args[0].type, codes, count)
    if function == ITEMS and args:
        return _items(args[0], call.args[0].type, codes, count)
    if state != INTERNAL and held is not None and args:
        return _largest(args[0], held, codes, count), none
    return np.full(count, int(set_chunks(np.array([OTHER]))[0]), np.int64), none


def _values(vector: Vector, type: PgType) -> Sizes:
    """Bytes of each value by itself."""
    sizes = np.full(vector.n, type.length, np.int64) if type.length > 0 else payload_sizes(vector, type) + 4
    return np.where(vector.valid, sizes, 0)


def _largest(vector: Vector, type: PgType, codes: Index, count: int) -> Sizes:
    most = np.zeros(count, np.int64)
    np.maximum.at(most, codes, _values(vector, type))
    return np.where(most > 0, set_chunks(most), 0)


def _grown(first: int, needed: Sizes, unit: int) -> tuple[Sizes, Sizes]:
    """An area that doubles from `first` items of `unit` bytes on until `needed` fit: outgrown pieces stay, outgrown blocks do not."""
    pieces, blocks = np.zeros(len(needed), np.int64), np.zeros(len(needed), np.int64)
    room, most = first, int(needed.max()) if len(needed) else 0
    reached = np.ones(len(needed), np.bool_)
    while True:
        size = room * unit
        if size <= LARGEST:
            pieces += np.where(reached, int(set_chunks(np.array([size]))[0]), 0)
        else:
            blocks = np.where(reached, size + BLOCK_OVERHEAD, blocks)
        if room >= most:
            return pieces, blocks
        reached = needed > room
        room *= 2


def _text(vector: Vector, type: PgType, codes: Index, count: int) -> tuple[Sizes, Sizes]:
    length = np.bincount(codes, _values(vector, type), count).astype(np.int64)
    pieces, blocks = _grown(FIRST_TEXT, length, 1)
    return pieces + set_chunks(np.full(count, 24)), blocks


def _items(vector: Vector, type: PgType, codes: Index, count: int) -> tuple[Sizes, Sizes]:
    items = np.bincount(codes, minlength=count)
    (values, value_blocks), (nulls, null_blocks) = _grown(FIRST_ITEMS, items, 8), _grown(FIRST_ITEMS, items, 1)
    pieces = set_chunks(np.full(count, 48)) + values + nulls
    if not 0 < type.length <= 8:
        pieces += np.bincount(codes, set_chunks(_values(vector, type)), count).astype(np.int64)
    return pieces, value_blocks + null_blocks
