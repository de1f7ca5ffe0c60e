"""Services: packing, checks, retries, text/csv rendering, response parsing, embedded models, boto3's errors."""

from __future__ import annotations

from collections.abc import Sequence

import boto3
import numpy as np
import pyarrow as pa
import pytest
from botocore.stub import Stubber

from auroraml import errors
from auroraml.batch import from_datums
from auroraml.services.boto.clients import BotoComprehend
from auroraml.services.calls import Services
from auroraml.services.clock import VirtualClock
from auroraml.services.endpoints import Callable, Failure, LinearLearner, RandomCutForest
from auroraml.services.factory import make_services
from auroraml.services.request import Argument, Form, Request
from auroraml.services.response import split_rows
from auroraml.types.pg_type import PgArray
from auroraml.types.table import BOOL, BPCHAR, BY_NAME, FLOAT8, INT4, TEXT

INT = INT4


def request(*columns: tuple[object, Sequence[object]], quoting: bool = True) -> Request:
    """A request of columns (type, values)."""
    arguments = [Argument(type=t, vector=from_datums(t, list(v))) for t, v in columns]  # type: ignore[arg-type]
    return Request(arguments, len(columns[0][1]), form=Form(quoting=quoting))


def test_csv() -> None:
    made = request((INT4, [1, None]), (TEXT, ['a,"b', ""]), (BOOL, [True, False]), (BPCHAR, ["x   ", None]), (FLOAT8, [0.1, 1e20]))
    assert made.body == b'1,"a,""b",t,x   ,0.1\n,"",f,,1e+20'
    assert request((TEXT, ["a,b"]), quoting=False).body == b"a,b"
    assert request((BY_NAME["_int4"], [PgArray.of((1, 2)), PgArray.of((3, 4))])).slice(1, 2).body == b"3,4"


def test_two_dimensions_refused() -> None:
    made = request((BY_NAME["_int4"], [PgArray((1, 2, 3, 4), (2, 2), (1, 1))]))
    with pytest.raises(errors.DataException):
        _ = made.body
    with pytest.raises(errors.DataException):
        _ = made.table


@pytest.mark.parametrize(
    ("body", "n", "rows"),
    [
        (b"1\n2\n", 2, ["1", "2"]),
        (b"1,2", 2, ["1", "2"]),
        (b"1,2\n", 1, ["1,2"]),
        (b'"a,b"\r\nc', 2, ["a,b", "c"]),
        (b'"a\nb"\nc\n', 2, ["a\nb", "c"]),
        (b'"a,b",c', 2, ["a,b", "c"]),
        (b'"say ""hi, you""","x"', 2, ['say "hi, you"', "x"]),
        (b'5" pipe\n6', 2, ['5" pipe', "6"]),
        (b'1,"a\nb"\n2,c', 2, ['1,"a\nb"', "2,c"]),
    ],
)
def test_responses(body: bytes, n: int, rows: list[str]) -> None:
    assert split_rows(body, n).to_pylist() == rows


def test_comprehend_packs_by_language_and_25() -> None:
    services = make_services()
    texts = ["I love it"] * 30 + ["Je déteste ce produit"] * 2
    labels, confidence = services.detect_sentiment(texts, ["en"] * 30 + ["fr"] * 2)
    assert labels.tolist() == [0] * 30 + [1] * 2
    assert confidence.dtype == np.float32
    assert [(r.target, r.items) for r in services.log.records()] == [("en", 25), ("en", 5), ("fr", 2)]
    assert services.meter.units == 96


@pytest.mark.parametrize(
    ("text", "language", "part"), [("", "en", "valid min length: 1"), ("é" * 2501, "en", "5002 bytes"), ("x", "xx", "UnsupportedLanguage")]
)
def test_refused_before_any_call(text: str, language: str, part: str) -> None:
    services = make_services()
    with pytest.raises(errors.SystemError) as caught:
        services.detect_sentiment(["fine", text], ["en", language])
    assert part in str(caught.value.diag.message_detail)
    assert caught.value.sqlstate == "58000"
    assert services.log.records() == ()


def throttled(times: int) -> Services:
    """Services whose endpoint "e" is throttled so many times."""
    left = [times]

    def model(table: pa.Table) -> pa.ChunkedArray:
        if left[0]:
            left[0] -= 1
            raise Failure("ThrottlingException", "Rate exceeded")
        return table.column(0)

    return make_services(endpoints={"e": model}, clock=VirtualClock())


def test_throttling() -> None:
    services = throttled(2)
    assert services.invoke_endpoint("e", request((INT4, [7]))).to_pylist() == ["7"]
    assert services.log.records()[0].attempts == 3
    with pytest.raises(errors.SystemError, match="could not invoke endpoint") as caught:
        throttled(3).invoke_endpoint("e", request((INT4, [7])))
    assert "(reached max retries: 2): Rate exceeded" in str(caught.value.diag.message_detail)


@pytest.mark.parametrize(
    ("model", "part"), [(lambda t: [1], "1 values for 2 rows"), (lambda t: 1 / 0, "ModelError"), (lambda t: 5, "not a sequence")]
)
def test_bad_models(model: object, part: str) -> None:
    with pytest.raises(errors.SystemError) as caught:
        make_services(endpoints={"e": model}).invoke_endpoint("e", request((INT4, [1, 2])))
    assert part in str(caught.value.diag.message_detail)


@pytest.mark.parametrize(
    ("answer", "rows"),
    [
        (pa.array([{"score": 0.5, "label": 1}, None]), ["0.5,1", ""]),
        (pa.array([[1, 2], None, []]), ["1,2", "", ""]),
        (np.array([[1.5, 2], [3, 4]]), ["1.5,2", "3,4"]),
        ([(1, "a"), (2, "b")], ["1,a", "2,b"]),
        (np.array([True, False]), ["t", "f"]),
        (pa.chunked_array([[1], [2]]), ["1", "2"]),
        (np.array([[0.5], [0.25]], np.float32), ["0.5", "0.25"]),
        ([None, "x"], ["", "x"]),
        (("a", 1, None), ["a", "1", ""]),
    ],
)
def test_answers_of_models(answer: object, rows: list[str]) -> None:
    services = make_services(endpoints={"e": lambda table: answer})
    assert services.invoke_endpoint("e", request((INT4, [0] * len(rows)))).to_pylist() == rows


def test_large_bodies_are_split() -> None:
    services = make_services(endpoints={"e": Callable(lambda t: t.column(1), content="csv")})
    made = request((TEXT, ["x" * 1_000_000] * 14), (INT4, list(range(14))))
    assert services.invoke_endpoint("e", made).to_pylist() == [str(i) for i in range(14)]
    assert [r.items for r in services.log.records()] == [6, 6, 2]


def test_models() -> None:
    random = np.random.default_rng(1)
    x = random.normal(size=(300, 2))
    table = pa.table({"y": 3 * x[:, 0] - x[:, 1] + 1, "a": x[:, 0], "b": x[:, 1]})
    answers = make_services(endpoints={"l": LinearLearner(table)}).invoke_endpoint("l", request((FLOAT8, [1.0]), (FLOAT8, [2.0])))
    assert abs(float(answers[0].as_py()) - 2) < 0.01
    scores = RandomCutForest(table.select(["a", "b"]), trees=50).scores(np.array([[0.0, 0.0], [8.0, 8.0]]))
    assert scores[1] > 2 * scores[0]


def test_boto_errors() -> None:
    client = boto3.client("comprehend", region_name="us-east-1", aws_access_key_id="x", aws_secret_access_key="x")
    with Stubber(client) as stub:
        stub.add_client_error("batch_detect_sentiment", "TextSizeLimitExceededException", "too long")
        with pytest.raises(Failure, match="too long"):
            BotoComprehend(client).batch_detect_sentiment(["x"], "en")
