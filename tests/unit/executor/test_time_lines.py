"""The virtual clock over random hostings: a time line that instances could have had, twice the same, with the rows of a real run."""

from __future__ import annotations

import itertools
from collections import defaultdict

import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

import auroraml
from auroraml.services.embedded.hosting import HostingOptions, Latency
from auroraml.services.endpoints import Callable
from auroraml.services.log import CallRecord

LATENCIES = st.builds(
    Latency, base=st.sampled_from([0.0, 0.01, 0.5]), per_row=st.sampled_from([0.0, 0.001]), distribution=st.sampled_from(["fixed", "normal", "lognormal"]),
    spread=st.sampled_from([0.0, 0.1, 1.0]), seed=st.integers(-5, 5),
)  # fmt: skip
HOSTINGS = st.fixed_dictionaries({
    "instances": st.integers(1, 4), "concurrency": st.sampled_from([None, 1, 2]), "routing": st.sampled_from(["RANDOM", "LEAST_OUTSTANDING_REQUESTS"]),
    "latency": LATENCIES,
})  # fmt: skip


def first(table: pa.Table) -> pa.ChunkedArray:
    """A model that takes no time."""
    return table.column(0)


def check(calls: tuple[CallRecord, ...], limit: int | None) -> None:
    """No instance answers more than `limit` at once, in the order of their coming; nobody waits while one could begin."""
    by_instance: dict[int | None, list[tuple[float, float, float]]] = defaultdict(list)  # came, began, ended
    for attempt in (attempt for call in calls for attempt in call.timeline):
        assert attempt.instance is not None
        by_instance[attempt.instance].append((attempt.start, attempt.start + attempt.queued, attempt.start + attempt.milliseconds))
    for spans in by_instance.values():
        near = 1e-5  # what is logged is rounded
        for came, began, _ in spans:
            others = sum(b < began + near and e > began + near for _, b, e in spans)
            assert limit is None or others <= limit
            if began > came + near:
                assert limit is not None
                just_before = (came + began) / 2
                assert sum(b <= just_before + near and e > just_before - near for _, b, e in spans) >= limit
        in_order = sorted(spans)
        assert all(b <= c + near for (_, b, _), (_, c, _) in itertools.pairwise(in_order))


@settings(max_examples=40, deadline=None)
@given(HOSTINGS, st.integers(0, 4), st.integers(1, 60), st.integers(0, 200))
def test_time_lines(hosting: HostingOptions, workers: int, batch: int, rows: int) -> None:
    with auroraml.connect(user="rdsadmin", autocommit=True, endpoints={"e": Callable(first, **hosting)}) as connection:
        connection.execute(f"""CREATE EXTENSION aws_ml CASCADE; CREATE TABLE t AS SELECT generate_series(1, {rows}) AS id; ANALYZE t;
            CREATE FUNCTION f(id int) RETURNS int LANGUAGE SQL VOLATILE PARALLEL SAFE COST 5000
            AS $$ SELECT aws_sagemaker.invoke_endpoint('e', {batch}, id)::int $$;
            SET parallel_setup_cost = 0; SET parallel_tuple_cost = 0; SET max_parallel_workers_per_gather = {workers};
            ALTER TABLE t SET (parallel_workers = {workers}); SET auroraml.clock = 'virtual'""")
        found = []
        for _ in range(2):
            answer = connection.execute("SELECT f(id) FROM t").fetchall()
            found.append((answer, [(call.worker, call.items, call.timeline) for call in connection.calls()]))
        assert found[0] == found[1]
        assert sorted(answer) == [(id,) for id in range(1, rows + 1)]
        check(connection.calls(), hosting["concurrency"])
        assert sum(call.items for call in connection.calls()) == rows
