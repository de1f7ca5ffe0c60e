"""Aggregates over everything, folded batch by batch, give what all rows together give."""

from __future__ import annotations

import pytest

import auroraml
from auroraml import errors
from auroraml.executor.operators import folding, joins, nested_loop

CALLS = (
    "count(*)", "count(i)", "sum(i)", "avg(i)", "min(i)", "max(i)", "sum(l)", "avg(l)", "sum(d)", "avg(d)", "min(d)", "max(d)", "min(t)", "max(t)",
    "sum(i) FILTER (WHERE i > 20)", "count(*) FILTER (WHERE i IS NULL)", "max(i) FILTER (WHERE i < 0)",
)  # fmt: skip
ROWS = """CREATE TABLE r AS SELECT nullif(g, 7)::int4 AS i, g * 200000000000000000 AS l, (g - 20) * 1.10 + nullif(g % 5, 3) AS d,
          chr(97 + (g % 26)::int4) || g AS t FROM generate_series(1::bigint, 40) g"""


@pytest.mark.parametrize("where", ["", " WHERE i > 100", " WHERE i IS NULL"])
def test_folded_as_grouped(where: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(folding, "KEPT", 3)
    connection = auroraml.connect(autocommit=True)
    connection.execute(ROWS)
    grouped = connection.execute(f"SELECT {', '.join(CALLS)} FROM r{where} GROUP BY i IS NOT DISTINCT FROM -1").fetchall()
    folded = f"SELECT {', '.join(CALLS)} FROM r{where}"
    assert not grouped or connection.execute(folded).fetchall() == grouped
    whole = connection.execute(folded).fetchall()
    for name in ("enable_material", "enable_hashjoin", "enable_mergejoin"):
        connection.execute(f"SET {name} = off")
    for pairs in (1, 5):  # the rows come in as many batches
        monkeypatch.setattr(joins, "PAIRS", pairs)
        monkeypatch.setattr(nested_loop, "PAIRS", pairs)
        assert (
            connection.execute(folded.replace("FROM r", "FROM r JOIN (VALUES (1), (2)) v (w) ON w = 1 + i * 0 OR (i IS NULL AND w = 1)")).fetchall()
            == whole
        )


def test_a_sum_out_of_range() -> None:
    connection = auroraml.connect(autocommit=True)
    with pytest.raises(errors.NumericValueOutOfRange):
        connection.execute("SELECT sum(9223372036854775807::int8)::int8 + sum(1) FROM generate_series(1, 2)").fetchall()
    assert connection.execute("SELECT sum(9223372036854775807::int8) FROM generate_series(1, 2)").fetchall()[0][0] == 2 * (2**63 - 1)
