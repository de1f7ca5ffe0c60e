"""The kernels behind aws_ml's functions: one call for a whole batch of rows."""

from __future__ import annotations

from functools import cache

import numpy as np
import pyarrow as pa

from auroraml.batch import ConstVector, FixedVector, Index, StructVector, TextVector, Vector
from auroraml.errors import NullValueNotAllowed
from auroraml.extensions.aws_ml.oids import DETECT_SENTIMENT, INVOKE_ENDPOINT
from auroraml.functions.signature import SCALARS, CallContext, Kernel, Types
from auroraml.services.batch_rows import refuse_below_one
from auroraml.services.document_calls import DocumentCalls, Judged
from auroraml.services.documents import UNKNOWN
from auroraml.services.endpoint_calls import EndpointCalls
from auroraml.services.protocols import LABELS
from auroraml.services.request import Argument, Form, Request


def positive(ctx: CallContext, limits: Vector) -> None:
    """max_rows_per_batch, where it is given, is above zero."""
    flat = limits.one.flat() if isinstance(limits, ConstVector) else limits.flat()
    assert isinstance(flat, FixedVector)
    if ((flat.values <= 0) & flat.valid).any():
        refuse_below_one(ctx.settings)


def detect_one(ctx: CallContext, texts: Vector, languages: Vector, limits: Vector) -> Vector:
    """Sentiment and confidence outside batch mode: each text is a call of DetectSentiment."""
    return detect_sentiment(ctx, texts, languages, limits, single=True)


@cache
def _names() -> pa.Array:
    """The sentiments; not made with the module, for pyarrow loads pandas, where it is installed, to make its first array of a list."""
    return pa.array(LABELS, pa.large_string())


def detect_sentiment(ctx: CallContext, texts: Vector, languages: Vector, limits: Vector, *, single: bool = False) -> Vector:
    """Sentiment and confidence; NULL where the text or the language is, and where a setting has it so for texts that Comprehend refuses."""
    positive(ctx, limits)
    n = texts.n
    valid = texts.valid & languages.valid
    index = np.flatnonzero(valid)
    known = (texts, languages) if len(index) == n else (texts.take(index), languages.take(index))
    labels, confidence = ctx.services.detect_sentiment(_strings(known[0]), _strings(known[1]), ctx.check_cancel, index, single=single)
    words, scores = np.full(n, UNKNOWN, np.int64), np.zeros(n, np.float32)
    words[index], scores[index] = labels, confidence
    valid = words != UNKNOWN
    validity = None if valid.all() else valid
    return StructVector([TextVector(_names().take(pa.array(np.maximum(words, 0)))), FixedVector(scores)], n, validity)


class SentimentCalls:
    """The calls for many batches of texts in one language."""

    apart = False

    def __init__(self, ctx: CallContext, texts: TextVector, languages: ConstVector, limits: ConstVector) -> None:
        self.ctx = ctx
        self.args = (texts, languages, limits)
        self.documents = DocumentCalls(ctx.services, texts, str(languages.one.datum(0)))
        self.judged: tuple[int, int, int, Judged] | None = None

    def call(self, start: int, stop: int) -> Vector:
        """One batch."""
        texts, languages, limits = (arg.slice(start, stop) for arg in self.args)
        return detect_sentiment(self.ctx, texts, languages, limits)

    def together(self, start: int, stop: int, rows: int) -> Vector | None:
        """The answers of several, where the model is ours."""
        stop = self.documents.together(start, stop, rows)
        if stop <= start:
            return None
        self.ctx.check_cancel()
        judged = self.documents.judge(start, stop)
        if judged is None:
            return None
        self.judged = start, stop, rows, judged
        return StructVector([TextVector(_names().take(pa.array(judged.labels))), FixedVector(judged.scores)], stop - start, None)

    def sent(self) -> None:
        """They are logged and billed."""
        assert self.judged is not None
        self.documents.sent(*self.judged)

    def settle(self) -> None:
        """Nothing was put off."""


def sentiment_calls(ctx: CallContext, texts: Vector, languages: Vector, limits: Vector) -> SentimentCalls | None:
    """The calls for texts in one language, named and limited by constants, for many batches."""
    flat = texts.flat()
    if (
        not isinstance(languages, ConstVector)
        or not isinstance(limits, ConstVector)
        or not languages.one.valid[0]
        or not isinstance(flat, TextVector)
    ):
        return None
    positive(ctx, limits)
    return SentimentCalls(ctx, flat, languages, limits)


def _strings(vector: Vector) -> list[str]:
    flat = vector.flat()
    assert isinstance(flat, TextVector)
    return flat.values.to_pylist()  # type: ignore[no-any-return] # pyarrow is untyped


def invoke_endpoint(ctx: CallContext, types: Types, names: Vector, limits: Vector, *inputs: Vector) -> Vector:
    """The endpoint's answer for each row; rows of one endpoint share requests."""
    positive(ctx, limits)
    if not names.valid.all():
        raise NullValueNotAllowed("endpoint_name must not be NULL")
    form = Form.of(ctx.settings)
    rows = by_value(names)
    answers: list[TextVector] = []
    for name, index in rows:
        vectors = [v.flat() if len(rows) == 1 else v.take(index).flat() for v in inputs]
        arguments = tuple(Argument(type=t, vector=v) for t, v in zip(types.args[2:], vectors, strict=True))
        answers.append(ctx.services.answers(name, Request(arguments, len(index), ctx.style, form), ctx.check_cancel))
    if len(rows) == 1:
        return answers[0]
    order = np.argsort(np.concatenate([index for _, index in rows] or [np.zeros(0, np.int64)]), kind="stable")
    return TextVector(pa.concat_arrays([answer.values for answer in answers] or [pa.array([], pa.large_string())]).take(pa.array(order)))


def endpoint_calls(ctx: CallContext, types: Types, names: Vector, limits: Vector, *inputs: Vector) -> EndpointCalls | None:
    """The calls of one endpoint, named and limited by constants, for many batches."""
    if not isinstance(names, ConstVector) or not isinstance(limits, ConstVector) or not names.one.valid[0]:
        return None
    positive(ctx, limits)
    arguments = tuple(Argument(type=t, vector=v.flat()) for t, v in zip(types.args[2:], inputs, strict=True))
    return EndpointCalls(ctx.services, str(names.one.datum(0)), Request(arguments, names.n, ctx.style, Form.of(ctx.settings)), ctx.check_cancel)


def by_value(names: Vector) -> list[tuple[str, Index]]:
    """Each name with its rows, in the order of first sight."""
    if isinstance(names, ConstVector):
        return [(str(names.one.datum(0)), np.arange(names.n))] if names.n else []
    flat = names.flat()
    assert isinstance(flat, TextVector)
    coded = flat.values.dictionary_encode()
    codes = np.asarray(coded.indices)
    return [(name, np.flatnonzero(codes == code)) for code, name in enumerate(coded.dictionary.to_pylist())]


SCALARS[DETECT_SENTIMENT] = Kernel(function=detect_sentiment, context=True, single=detect_one, batches=sentiment_calls)
SCALARS[INVOKE_ENDPOINT] = Kernel(function=invoke_endpoint, context=True, typed=True, batches=endpoint_calls)
