"""ML pipelines: sentiment of 100,000 texts by the embedded model, and 1,000,000 rows scored by XGBoost, beside the same models called by hand."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

import auroraml
from auroraml.services.embedded.comprehend import EmbeddedComprehend
from benchmarks.figures import Figure, lines, of
from benchmarks.timing import interleave

TEXTS, ROWS = 100_000, 1_000_000
COMPREHEND_BATCH, ENDPOINT_BATCH = 25, 10_000
PHRASES = (
    "I love it, works perfectly", "it broke after two days and nobody answers", "arrived on Monday", "great value but the box was damaged",
    "not bad at all", "the worst support I have ever had", "does what it says", "would buy again",
)  # fmt: skip


def texts(n: int) -> pa.Table:
    """`n` short texts, all different."""
    return pa.table({"id": pa.array(np.arange(n, dtype=np.int32)), "note": pa.array([f"{PHRASES[i % len(PHRASES)]} ({i})" for i in range(n)])})


def sentiment(n: int = TEXTS, rounds: int = 5) -> Figure:
    """Counting texts by sentiment."""
    data = texts(n)
    connection = auroraml.connect(user="rdsadmin", autocommit=True)
    connection.execute("CREATE EXTENSION aws_ml CASCADE")
    connection.register("loading", data)
    connection.execute("CREATE TABLE notes AS SELECT * FROM loading; ANALYZE notes")
    query = "SELECT s.sentiment, count(*) FROM notes, aws_comprehend.detect_sentiment(note, 'en') AS s GROUP BY 1 ORDER BY 1"
    model = EmbeddedComprehend()

    def by_hand() -> int:
        column = data.column("note")
        return sum(
            len(model.batch_detect_sentiment(column.slice(at, COMPREHEND_BATCH).to_pylist(), "en").labels) for at in range(0, n, COMPREHEND_BATCH)
        )

    return of(
        "pipelines",
        f"sentiment of {n:,} texts",
        interleave({"auroraml": lambda: connection.execute(query).fetchall(), "by hand": by_hand}, rounds),
        goals={"by hand": 1.2},
    )


def scored(n: int = ROWS, rounds: int = 5) -> Figure:
    """Scoring rows by a model of 50 trees over four numbers, and summing the scores."""
    import xgboost

    rng = np.random.default_rng(1)
    features = rng.normal(size=(n, 4)).astype(np.float32)
    data = pa.table({name: pa.array(features[:, i]) for i, name in enumerate("abcd")})
    few = min(n, 5_000)
    wanted = features[:few, 0] * 2 + features[:few, 1]
    endpoint = auroraml.endpoints.XGBoost(
        pa.table({"y": pa.array(wanted), **{name: data.column(name)[:few] for name in "abcd"}}), label="y", rounds=50
    )
    connection = auroraml.connect(endpoints={"model": endpoint}, user="rdsadmin", autocommit=True)
    connection.execute("CREATE EXTENSION aws_ml CASCADE")
    connection.execute(
        "CREATE FUNCTION score(a real, b real, c real, d real) RETURNS real LANGUAGE SQL PARALLEL SAFE COST 5000 "
        f"AS $$ SELECT aws_sagemaker.invoke_endpoint('model', {ENDPOINT_BATCH}, a, b, c, d)::real $$"
    )
    connection.execute("SET max_parallel_workers_per_gather = 0")  # as the loop by hand: one thread
    connection.register("loading", data)
    connection.execute("CREATE TABLE points AS SELECT * FROM loading; ANALYZE points")
    booster: xgboost.Booster = endpoint.booster

    def by_hand() -> float:
        total = 0.0
        for at in range(0, n, ENDPOINT_BATCH):
            part = data.slice(at, ENDPOINT_BATCH)
            total += float(booster.inplace_predict(np.stack([part.column(name).to_numpy() for name in "abcd"], axis=1)).sum())
        return total

    values = interleave({"auroraml": lambda: connection.execute("SELECT sum(score(a, b, c, d)) FROM points").fetchall(), "by hand": by_hand}, rounds)
    return of("pipelines", f"XGBoost over {n:,} rows", values, goals={"by hand": 1.2})


def figures() -> list[Figure]:
    """Both."""
    return [sentiment(), scored()]


if __name__ == "__main__":
    print("\n".join(lines(figures())))
