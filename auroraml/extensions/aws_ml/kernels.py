"""The kernels behind aws_ml's functions: one call for a whole batch of rows."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from auroraml.batch import FixedVector, StructVector, TextVector, Vector
from auroraml.errors import InvalidParameterValue
from auroraml.functions.signature import SCALARS, CallContext, Kernel
from auroraml.services.protocols import LABELS
from auroraml.services.request import Argument, Request
from auroraml.types.pg_type import PgType

DETECT_SENTIMENT, INVOKE_ENDPOINT = 9_001, 9_002


def positive(vector: Vector) -> None:
    """max_rows_per_batch, where it is given, is above zero (the text is ours; AWS publishes none)."""
    if any(value is not None and int(str(value)) <= 0 for value in set(vector.datums())):
        raise InvalidParameterValue("max_rows_per_batch must be greater than 0")


def detect_sentiment(ctx: CallContext, texts: Vector, languages: Vector, limits: Vector) -> Vector:
    """Sentiment and confidence; NULL where the text or the language is."""
    positive(limits)
    n = texts.n
    valid = texts.valid & languages.valid
    index = np.flatnonzero(valid)
    labels, confidence = ctx.services.detect_sentiment(
        [str(t) for t in texts.take(index).datums()], [str(code) for code in languages.take(index).datums()], ctx.check_cancel
    )
    words, scores = np.zeros(n, np.int64), np.zeros(n, np.float32)
    words[index], scores[index] = labels, confidence
    names = pa.array(LABELS, pa.large_string()).take(pa.array(words))
    validity = None if valid.all() else valid
    return StructVector([TextVector(names), FixedVector(scores)], n, validity)


def invoke_endpoint(ctx: CallContext, names: Vector, limits: Vector, *inputs: Vector, types: tuple[PgType, ...] = ()) -> Vector:
    """The endpoint's answer for each row; rows of one endpoint share requests."""
    positive(limits)
    n = names.n
    found = names.datums()
    parts: list[tuple[np.ndarray, pa.Array]] = []
    for name in dict.fromkeys(found):
        if name is None:
            raise InvalidParameterValue("endpoint_name must not be NULL")
        index = np.array([i for i, other in enumerate(found) if other == name]) if len(set(found)) > 1 else np.arange(n)
        whole = len(index) == n
        arguments = tuple(Argument(type=t, vector=v.flat() if whole else v.take(index).flat()) for t, v in zip(types[2:], inputs, strict=True))
        request = Request(arguments, len(index), ctx.style)
        parts.append((index, ctx.services.invoke_endpoint(str(name), request, ctx.check_cancel)))
    if len(parts) == 1:
        return TextVector(parts[0][1])
    order = np.argsort(np.concatenate([index for index, _ in parts]), kind="stable")
    return TextVector(pa.concat_arrays([answer for _, answer in parts]).take(pa.array(order)))


SCALARS[DETECT_SENTIMENT] = Kernel(function=detect_sentiment, context=True)
SCALARS[INVOKE_ENDPOINT] = Kernel(function=invoke_endpoint, context=True, typed=True)
