"""The kernels behind aws_bedrock's functions: one call a row, one after the other, as the guide has it for Bedrock."""

from __future__ import annotations

import json

import numpy as np

from auroraml.batch import ConstVector, FixedVector, ListVector, TextVector, Vector, from_datums
from auroraml.errors import NullValueNotAllowed
from auroraml.errors import SystemError as PgSystemError
from auroraml.extensions.aws_ml.oids import GET_EMBEDDINGS, INVOKE_MODEL
from auroraml.functions.signature import SCALARS, CallContext, Kernel
from auroraml.services.protocols import Prompt
from auroraml.types.table import VARCHAR

JSON = "application/json"


def invoke_model(ctx: CallContext, models: Vector, content_types: Vector, accepts: Vector, inputs: Vector) -> Vector:
    """The model's answer for each row as text; NULL, without a call, where model_input is (AWS publishes no rule). A NULL media type is JSON."""
    answers: list[str | None] = []
    for model, content_type, accept, text in zip(*(_texts(v) for v in (models, content_types, accepts, inputs)), strict=True):  # a call each
        answers.append(None if text is None else ctx.services.invoke_model(
            Prompt(model=_given(model, "model_id"), body=text, content_type=content_type or JSON, accept=accept or JSON), ctx.check_cancel))  # fmt: skip
    return from_datums(VARCHAR, list(answers))


def get_embeddings(ctx: CallContext, models: Vector, content_types: Vector, keys: Vector, inputs: Vector) -> Vector:
    """The numbers under json_key of the model's answer for each row, an array; NULL where model_input is."""
    found: list[np.ndarray] = []
    valid = inputs.valid
    for model, content_type, key, text in zip(*(_texts(v) for v in (models, content_types, keys, inputs)), strict=True):  # a call each
        if text is None:
            found.append(np.zeros(0))
            continue
        name, field = _given(model, "model_id"), _given(key, "json_key")
        answer = ctx.services.invoke_model(Prompt(model=name, body=text, content_type=content_type or JSON), ctx.check_cancel)
        found.append(embedding(answer, field, name))
    offsets = np.concatenate([[0], np.cumsum([len(numbers) for numbers in found], dtype=np.int64)]).astype(np.int64)
    return ListVector(offsets, FixedVector(np.concatenate([np.zeros(0), *found])), None if valid.all() else valid)


def embedding(answer: str, key: str, model: str) -> np.ndarray:
    """The numbers under `key`; 58000 where there are none (the texts are ours)."""
    problem = f'could not get embeddings from model "{model}"'
    try:
        parsed = json.loads(answer)
    except ValueError as error:
        raise PgSystemError(problem, detail="Its answer is not JSON.") from error
    if not isinstance(parsed, dict) or key not in parsed:
        has = f"it has {', '.join(json.dumps(name) for name in parsed)}" if isinstance(parsed, dict) and parsed else "it has none"
        raise PgSystemError(problem, detail=f'Its answer has no key "{key}"; {has}.')
    numbers = parsed[key]
    if not isinstance(numbers, list) or not all(isinstance(x, int | float) and not isinstance(x, bool) for x in numbers):
        raise PgSystemError(problem, detail=f'"{key}" of its answer is not an array of numbers.')
    return np.array(numbers, np.float64)


def _given(value: str | None, name: str) -> str:
    if value is None:
        raise NullValueNotAllowed(f"{name} must not be NULL")
    return value


def _texts(vector: Vector) -> list[str | None]:
    if isinstance(vector, ConstVector):
        value = vector.one.datum(0)
        return [None if value is None else str(value)] * vector.n
    flat = vector.flat()
    assert isinstance(flat, TextVector)
    return flat.datums()  # type: ignore[return-value] # texts


SCALARS[INVOKE_MODEL] = Kernel(function=invoke_model, context=True)
SCALARS[GET_EMBEDDINGS] = Kernel(function=get_embeddings, context=True)
