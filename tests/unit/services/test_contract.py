"""One contract: an endpoint that reads Arrow rows and one that reads text/csv are given the same rows, whatever the arguments' types."""

from __future__ import annotations

import csv
import io
import itertools

import numpy as np
import pyarrow as pa
import pytest

import auroraml
from auroraml.services.endpoints import Endpoint
from auroraml.services.protocols import Response
from auroraml.services.request import Request
from auroraml.services.response import texts_of

VALUES = [  # (type, three values as SQL)
    ("boolean", "true", "false", "NULL"),
    ("smallint", "-32768", "7", "NULL"),
    ("integer", "2147483647", "-1", "NULL"),
    ("bigint", "-9223372036854775808", "0", "NULL"),
    ("real", "0.1", "1e20", "'NaN'"),
    ("double precision", "1/3.0", "1e-7", "'-Infinity'"),
    ("numeric(18,6)", "1.50", "-0.000001", "NULL"),
    ("numeric", "1.10", "123456789012345678901234567890.5", "'NaN'"),
    ("text", "'a,b'", "'say \"hi\"'", "E'two\\nlines'"),
    ("text", "''", "NULL", "' '"),
    ("varchar(10)", "'grün'", "'x'", "NULL"),
    ("char(4)", "'x'", "'xyz '", "NULL"),
    ("date", "'2024-01-02'", "'infinity'", "NULL"),
    ("date", "'2024-01-02'", "'0001-12-31'", "NULL"),
    ("time", "'12:34:56.5'", "'00:00'", "NULL"),
    ("timestamp", "'2024-01-02 03:04:05.678'", "'1999-12-31'", "NULL"),
    ("timestamptz", "'2024-01-02 03:04:05+02'", "'1999-12-31 UTC'", "NULL"),
    ("interval", "'1 year 2 days 03:04:05'", "'-1 second'", "NULL"),
    ("uuid", "'12345678-1234-5678-1234-567812345678'", "'ffffffff-ffff-ffff-ffff-ffffffffffff'", "NULL"),
    ("json", "'{\"a\": [1, 2]}'", "'null'", "NULL"),
    ("jsonb", "'{\"a\": [1, 2]}'", "'\"x\"'", "NULL"),
    ("bytea", "'\\x00ff'", "'\\x'", "NULL"),
    ("integer[]", "'{1,2,3}'", "'{4,NULL,6}'", "'{}'"),
    ("real[]", "'{0.1,0.2}'", "'{1e20,0}'", "'{1,2}'"),
    ("text[]", "'{a,b}'", "'{\"x,y\",z}'", "'{\"\",NULL}'"),
    ("boolean[]", "'{t,f}'", "'{f,t}'", "'{t,NULL}'"),
    ("numeric[]", "'{1.10,2}'", "'{3,4.5}'", "'{0.00,1}'"),
    ("date[]", "'{2024-01-02}'", "'{2024-02-03}'", "'{1999-12-31}'"),
    ("point", "'(1,2)'", "'(0.5,-1)'", "NULL"),
]  # fmt: skip
SEPARATOR = "|"


class Reads(Endpoint):
    """Answers each row's fields joined by bars, as it read them from Arrow columns or from text/csv."""

    def __init__(self, content: str) -> None:
        self.content = content

    def invoke(self, request: Request) -> Response:
        """The fields of each row."""
        if self.content == "csv":
            body = request.body.decode()
            rows = list(csv.reader(io.StringIO(body, newline=""))) if body else [[""]]
            rows += [[""]] * (request.n - len(rows))
            return Response(rows=pa.array([SEPARATOR.join(row or [""]) for row in rows], pa.large_string()))
        columns = [fields(column) for column in request.table.columns]
        return Response(rows=pa.array([SEPARATOR.join(row) for row in zip(*columns, strict=True)], pa.large_string()))


def fields(column: pa.ChunkedArray) -> list[str]:
    """Each row's texts; the elements of an array are fields of their own."""
    if pa.types.is_struct(column.type):  # a point, which is text as (x,y)
        return [f"({text})" if text else "" for text in texts_of(column).to_pylist()]
    if not (pa.types.is_list(column.type) or pa.types.is_large_list(column.type)):
        return list(texts_of(column).to_pylist())
    lists = column.combine_chunks()
    texts = texts_of(lists.flatten()).to_pylist()
    offsets = lists.offsets.to_pylist()
    return [SEPARATOR.join(texts[a - offsets[0] : b - offsets[0]]) for a, b in itertools.pairwise(offsets)]


@pytest.fixture(scope="module")
def connection() -> auroraml.Connection:
    made = auroraml.connect(user="rdsadmin", autocommit=True, endpoints={"arrow": Reads("arrow"), "csv": Reads("csv")})
    made.execute("CREATE EXTENSION aws_ml CASCADE")
    return made


@pytest.mark.parametrize(("type", "first", "second", "third"), VALUES)
def test_the_same_rows(connection: auroraml.Connection, type: str, first: str, second: str, third: str) -> None:
    rows = ", ".join(f"({number}, ({value})::{type})" for number, value in enumerate((first, second, third)))
    call = "aws_sagemaker.invoke_endpoint('{}', NULL, number, value, number)"
    found = connection.execute(f"SELECT {call.format('arrow')}, {call.format('csv')} FROM (VALUES {rows}) AS v(number, value)").fetchall()
    arrow, text = zip(*found, strict=True)
    assert arrow == text
    assert [row.split(SEPARATOR)[0] for row in text] == ["0", "1", "2"]


@pytest.mark.parametrize("dtype", ["float32", "float64", "int16", "int32", "int64", "bool"])
def test_answers_mean_the_same_whether_they_were_written_out_or_not(dtype: str) -> None:
    values = np.array([0, 1, -1, 0.1, 1 / 3, 1e20, 123456.789, 7], np.float64)
    found = (np.clip(values, -100, 100) if dtype.startswith("int") else values).astype(dtype)
    made = auroraml.connect(
        user="rdsadmin", autocommit=True, endpoints={"arrow": lambda t: found[: t.num_rows], "csv": auroraml.endpoints.Callable(lambda t: found[: t.num_rows], content="csv")}
    )  # fmt: skip
    made.execute("CREATE EXTENSION aws_ml CASCADE")
    casts = "{0}, {0}::text || '!', length({0})" + (", {0}::real, {0}::float8, {0}::numeric" if dtype != "bool" else ", {0}::bool")
    rows = []
    for endpoint in ("arrow", "csv"):
        answer = f"aws_sagemaker.invoke_endpoint('{endpoint}', NULL, n)"
        rows.append(
            made.execute(f"SELECT {casts.format('answer')} FROM (SELECT {answer} AS answer FROM generate_series(1, 8) AS n OFFSET 0) AS t").fetchall()
        )
    assert rows[0] == rows[1]
    assert len(rows[0]) == 8
