"""Calls that were meant for aws_ml but are Aurora MySQL's, or name another schema, or put a content type where the batch size stands: what to say."""

from __future__ import annotations

from collections.abc import Sequence

from auroraml.types.pg_type import PgType

PLACES = {"detect_sentiment": "aws_comprehend", "invoke_endpoint": "aws_sagemaker", "invoke_model": "aws_bedrock",
          "invoke_model_get_embeddings": "aws_bedrock"}  # fmt: skip
# Aurora MySQL's names, with what is written for them here
MYSQL = {
    "detect_sentiment_confidence": "(aws_comprehend.detect_sentiment(input_text, language_code)).confidence",
    "aws_comprehend_detect_sentiment": "(aws_comprehend.detect_sentiment(input_text, language_code)).sentiment",
    "aws_comprehend_detect_sentiment_confidence": "(aws_comprehend.detect_sentiment(input_text, language_code)).confidence",
}
SCHEMAS = (None, "aws_ml", *dict.fromkeys(PLACES.values()))
BATCH_SIZE = "The second argument of aws_sagemaker.invoke_endpoint is max_rows_per_batch, an integer or NULL; requests are always text/csv."


def advice(schema: str | None, name: str, types: Sequence[PgType], *, unread: bool) -> str | None:
    """What to add to the error of a call that names no function, or one of whose constants cannot be read (`unread`); None where nothing is known of it."""
    if schema not in SCHEMAS:
        return None
    if name in MYSQL:
        return f"Aurora PostgreSQL has both results in one call: {MYSQL[name]}."
    place = PLACES.get(name)
    if place is None or schema is None:
        return None
    if schema != place:
        return f"The function is {place}.{name}."
    second = types[1].category if name == "invoke_endpoint" and len(types) > 1 else ""
    return BATCH_SIZE if second in ("S", "U") or (second == "X" and unread) else None
