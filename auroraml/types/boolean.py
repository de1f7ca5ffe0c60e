"""boolean: t and f, and the words that mean them."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from auroraml.batch import Datum, FixedVector, Vector
from auroraml.errors import InvalidTextRepresentation
from auroraml.lazy import compute as pc
from auroraml.types.form import REP_FORMS, TextForm, TextStyle
from auroraml.types.pg_type import PgType, Rep

_SPACE = " \t\n\r\f\v"
# any prefix of these words counts, but for o, which could be on or off
_WORDS = {word[:n]: value for word, value in (("true", True), ("false", False), ("yes", True), ("no", False)) for n in range(1, len(word) + 1)}
_WORDS |= {"on": True, "off": False, "of": False, "1": True, "0": False}


class BooleanForm(TextForm):
    """t or f; reads prefixes of true, false, yes, no, on, off, and 1 and 0."""

    def datum_out(self, type: PgType, datum: Datum, style: TextStyle) -> str:
        return "t" if datum else "f"

    def datum_in(self, type: PgType, typmod: int, text: str, style: TextStyle) -> Datum:
        value = _WORDS.get(text.strip(_SPACE).lower())
        if value is None:
            raise InvalidTextRepresentation(f'invalid input syntax for type boolean: "{text}"')
        return value

    def vector_out(self, type: PgType, vector: Vector, style: TextStyle) -> pa.Array:
        assert isinstance(vector, FixedVector)
        return pa.array(["f", "t"], pa.large_string()).take(pa.array(vector.values.astype(np.int8)))

    def vector_in(self, type: PgType, typmod: int, texts: pa.Array, style: TextStyle) -> Vector:
        found = pc.index_in(texts, _ACCEPTED)
        if found.null_count:
            return super().vector_in(type, typmod, texts, style)  # spaces, capitals, errors
        return FixedVector(_VALUES[found.to_numpy(zero_copy_only=False)])


_ACCEPTED = pa.array(list(_WORDS), pa.large_string())
_VALUES = np.array(list(_WORDS.values()))

REP_FORMS[Rep.BOOL] = BooleanForm()
