"""smallint, integer, bigint and oid: digits, and ranges."""

from __future__ import annotations

from array import array
from itertools import accumulate

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from auroraml.batch import DTYPES, Datum, FixedVector, Vector, layout_of
from auroraml.errors import InvalidTextRepresentation, NumericValueOutOfRange
from auroraml.lazy import compute as pc
from auroraml.lazy import pattern
from auroraml.types.digits import written_whole
from auroraml.types.form import REP_FORMS, TextForm, TextStyle
from auroraml.types.pg_type import PgType, Rep

NAMES = {Rep.INT2: "smallint", Rep.INT4: "integer", Rep.INT8: "bigint"}
_INTEGER = pattern(r"[ \t\n\r\f\v]*([+-]?[0-9]+)[ \t\n\r\f\v]*")
NINE = ord("9")


FEW = 16  # values that are written one by one sooner than numpy's and Arrow's machinery is set going


def _written(vector: FixedVector) -> pa.Array:
    """The decimal digits of whole numbers; few ones without pyarrow's array(), which loads pandas where that is installed."""
    if vector.n <= FEW:
        texts = [str(value) for value in vector.values.tolist()]
        offsets = array("q", accumulate(map(len, texts), initial=0))
        return pa.Array.from_buffers(pa.large_string(), vector.n, [None, pa.py_buffer(offsets), pa.py_buffer("".join(texts).encode())])
    return written_whole(vector.values)


class IntegerForm(TextForm):
    """Decimal digits with an optional sign, spaces around them allowed."""

    def datum_out(self, type: PgType, datum: Datum, style: TextStyle) -> str:
        return str(datum)

    def datum_in(self, type: PgType, typmod: int, text: str, style: TextStyle) -> Datum:
        name = NAMES[type.rep]
        match = _INTEGER.match(text)
        if match is None:
            raise InvalidTextRepresentation(f'invalid input syntax for type {name}: "{text}"')
        digits = match[1]
        info = np.iinfo(DTYPES[type.rep])
        if len(digits) > 40:  # leading zeros aside, far beyond any range
            digits = digits[0].replace("+", "").strip("0123456789") + (digits.lstrip("+-0")[:40] or "0")
        value = int(digits)
        if not info.min <= value <= info.max:  # found before what follows the digits is looked at
            raise NumericValueOutOfRange(f'value "{text}" is out of range for type {name}')
        if match.end() != len(text):
            raise InvalidTextRepresentation(f'invalid input syntax for type {name}: "{text}"')
        return value

    def vector_out(self, type: PgType, vector: Vector, style: TextStyle) -> pa.Array:
        assert isinstance(vector, FixedVector)
        return _written(vector)

    def vector_in(self, type: PgType, typmod: int, texts: pa.Array, style: TextStyle) -> Vector:
        values = read_plain_integers(texts)
        if values is not None:
            dtype = DTYPES[type.rep]
            narrow = values.astype(dtype)
            if dtype == values.dtype or (narrow == values).all():
                return FixedVector(narrow)
        return super().vector_in(type, typmod, texts, style)


class OidForm(TextForm):
    """An unsigned 32-bit number; negative input wraps round, as strtoul does."""

    def datum_out(self, type: PgType, datum: Datum, style: TextStyle) -> str:
        return str(datum)

    def datum_in(self, type: PgType, typmod: int, text: str, style: TextStyle) -> Datum:
        match = _INTEGER.match(text)
        if match is None:
            raise InvalidTextRepresentation(f'invalid input syntax for type oid: "{text}"')
        value = int(match[1][:40])
        beyond = NumericValueOutOfRange(f'value "{text}" is out of range for type oid')
        if abs(value) >= 2**64:  # strtoul's own limit comes before what follows the digits
            raise beyond
        if match.end() != len(text):
            raise InvalidTextRepresentation(f'invalid input syntax for type oid: "{text}"')
        if not -(2**31) <= value < 2**32:
            raise beyond
        return value % 2**32

    def vector_out(self, type: PgType, vector: Vector, style: TextStyle) -> pa.Array:
        assert isinstance(vector, FixedVector)
        return _written(vector)


def bytes_of(texts: pa.Array) -> npt.NDArray[np.uint8]:
    """All bytes of large strings, one after another."""
    return layout_of(texts)[1]


def read_plain_integers(texts: pa.Array) -> np.ndarray | None:
    """The int64 values if every text is a plain integer that int64 holds, else None."""
    used = bytes_of(texts)
    if int(used.max(initial=0)) > NINE:  # letters: Arrow reads hexadecimal digits
        return None
    try:
        return pc.cast(texts, pa.int64()).to_numpy(zero_copy_only=False)  # type: ignore[no-any-return]
    except pa.ArrowInvalid:  # a sign alone, blanks, a point, too many digits
        return None


for _rep in NAMES:
    REP_FORMS[_rep] = IntegerForm()
REP_FORMS[Rep.OID] = OidForm()
