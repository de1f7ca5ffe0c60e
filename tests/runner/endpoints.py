"""The endpoints that golden files call: models that answer, and models that fail in every way a service can."""

from __future__ import annotations

from collections.abc import Callable as Function
from typing import Unpack

import pyarrow as pa
import pyarrow.compute as pc

from auroraml.services.embedded.endpoint import Callable, Endpoint
from auroraml.services.embedded.faults import Faults
from auroraml.services.embedded.hosting import HostingOptions, Latency
from auroraml.services.protocols import Response, ServiceFailure
from auroraml.services.request import Request


def first(rows: pa.Table) -> list[object]:
    """The first argument of each row, 0 for NULL."""
    return ["0" if value is None else str(value) for value in rows.column(0).to_pylist()]


def length(rows: pa.Table) -> pa.Array:
    """The length of the first argument."""
    return pc.utf8_length(rows.column(0).cast(pa.string())).combine_chunks()


def guide_model(rows: pa.Table) -> list[object]:
    """The guide's sagemaker_model_endpoint_name: the sum of an array (a regression), or a category from 0 to 6 of a number and a day."""
    if pa.types.is_list(rows.column(0).type) or pa.types.is_large_list(rows.column(0).type):
        return [sum(value or 0.0 for value in array) for array in rows.column(0).to_pylist()]
    days = [day.day if day is not None else 0 for day in rows.column(1).to_pylist()]
    kinds = [0 if kind is None else kind for kind in rows.column(0).to_pylist()]
    extra = rows.column(2).to_pylist() if rows.num_columns > 2 else [0.0] * rows.num_rows
    return [(kind + day + int(amount)) % 7 for kind, day, amount in zip(kinds, days, extra, strict=True)]


def forecast(rows: pa.Table) -> list[str]:
    """The guide's endpt_name, as its cast to a composite type needs it: each pair of outputs in parentheses."""
    return [f"({pair})" for pair in pairs(rows)]


def pairs(rows: pa.Table) -> list[str]:
    """Two outputs a row as models write them: a,b."""
    flow, debt = rows.column(0).to_pylist(), rows.column(1).to_pylist()
    return [f"{float(a) / 1000},{float(b) / 100}" for a, b in zip(flow, debt, strict=True)]


class Body(Endpoint):
    """Answers with what it was sent: the whole text/csv body for each row, or each row's own line."""

    content = "csv"

    def __init__(self, *, whole: bool) -> None:
        self.whole = whole

    def invoke(self, request: Request) -> Response:
        """The body, or the lines of it."""
        text = request.body.decode()
        lines = [text] * request.n if self.whole else text.split("\n")
        return Response(rows=pa.array(lines, pa.large_string()))


class Short(Endpoint):
    """Answers with two lines whatever was asked."""

    def invoke(self, request: Request) -> Response:
        """Two."""
        return Response(body=b"1\n2")


class Binary(Endpoint):
    """Answers with bytes that are no text."""

    def invoke(self, request: Request) -> Response:
        """Not UTF-8."""
        return Response(body=b"\xff\xfe")


class Csv(Endpoint):
    """A container that reads and writes text/csv: what it answers is made of its request's lines."""

    content = "csv"

    def __init__(self, answer: Function[[list[str]], str]) -> None:
        self.answer = answer

    def invoke(self, request: Request) -> Response:
        """The body that the lines become."""
        return Response(body=self.answer(request.body.decode().split("\n")).encode())


def size_of_request(rows: pa.Table) -> list[int]:
    """How many rows the request had."""
    return [rows.num_rows] * rows.num_rows


class Joined:
    """What PostgreSQL's concat_ws makes of a row: its arguments in text form, NULLs left out, the endpoint's name between them."""

    def __init__(self, name: str) -> None:
        self.name = name

    def __call__(self, rows: pa.Table) -> list[str]:
        columns = [column.to_pylist() for column in rows.columns]
        return [self.name.join(str(value) for value in row if value is not None) for row in zip(*columns, strict=True)]


def fault(code: str, message: str) -> object:
    """An endpoint that always fails."""

    def answer(rows: pa.Table) -> object:
        raise ServiceFailure(code, message)

    return answer


def slow(rows: pa.Table) -> object:
    """A container that does not answer in time."""
    raise TimeoutError("no answer within 60 seconds")


def late_fault(rows: pa.Table) -> list[int]:
    """Fails for a request that holds 13."""
    if 13 in rows.column(0).to_pylist():
        raise ValueError("13 is not served here")
    return rows.column(0).to_pylist()  # type: ignore[no-any-return] # pyarrow is untyped


class ThrottledOnce:
    """Throttles the first attempt of every request."""

    def __init__(self) -> None:
        self.throttled = False

    def __call__(self, rows: pa.Table) -> list[int]:
        self.throttled = not self.throttled
        if self.throttled:
            raise ServiceFailure("ThrottlingException", "Rate exceeded")
        return rows.column(0).to_pylist()  # type: ignore[no-any-return] # pyarrow is untyped


def instances(count: int, **options: Unpack[HostingOptions]) -> Endpoint:
    """A model on so many instances that answer one request at a time."""
    usual: HostingOptions = {
        "instances": count,
        "latency": Latency(base=0.02, per_row=0.001),
        "concurrency": 1,
        "routing": "LEAST_OUTSTANDING_REQUESTS",
    }
    usual.update(options)
    return Callable(first, **usual)


def endpoints() -> dict[str, object]:
    """All endpoints by name, made anew for each database."""
    return {
        "first-endpoint": first, "length-endpoint": length, "anomaly-endpoint": length, "echo-endpoint": first,
        "sagemaker_model_endpoint_name": guide_model, "endpt_name": forecast, "pair-endpoint": pairs, "size-endpoint": size_of_request,
        "body-endpoint": Body(whole=True), "lines-endpoint": Body(whole=False), "binary-endpoint": Binary(), "short-endpoint": Short(),
        "csv-endpoint": Csv("\n".join), "newline-endpoint": Csv(lambda lines: "\n".join(lines) + "\n"),
        "crlf-endpoint": Csv(lambda lines: "\r\n".join(lines) + "\r\n"), "items-endpoint": Csv(",".join),
        "items-newline-endpoint": Csv(lambda lines: ",".join(lines) + "\n"), "nothing-endpoint": Csv(lambda lines: ""),
        "quoted-endpoint": Csv(lambda lines: "\n".join(f'"{line}"' for line in lines)), "width-endpoint": Csv(lambda lines: "\n".join(str(len(line)) for line in lines)),
        "0": Joined("0"), "x": Joined("x"),
        "half-endpoint": lambda rows: [0.5] * rows.num_rows,
        "empty-endpoint": lambda rows: [""] * rows.num_rows,
        "json-endpoint": lambda rows: ["[0.5]"] * rows.num_rows,
        "mismatch-endpoint": lambda rows: [1] * (rows.num_rows + 1),
        "broken-endpoint": lambda rows: 42,
        "raising-endpoint": late_fault,
        "model-error-endpoint": fault("ModelError", 'Received server error (500) from primary with message "no model". See the log.'),
        "throttled-endpoint": fault("ThrottlingException", "Rate exceeded"),
        "throttled-once-endpoint": ThrottledOnce(),
        "slow-endpoint": slow,
        "forbidden-endpoint": fault("AccessDeniedException", "User is not authorized to perform: sagemaker:InvokeEndpoint"),
        "timed-endpoint": Callable(first, latency=0.036, instance_type="ml.c5.xlarge"),
        "one-instance": instances(1), "two-instances": instances(2), "four-instances": instances(4),
        "random-instances": instances(4, routing="RANDOM", latency=Latency(base=0.02, per_row=0.001, distribution="lognormal", spread=0.3, seed=7)),
        "short-queue": instances(1, max_queue=3), "no-queue": instances(1, max_queue=0),
        "throttling-instances": instances(2, faults=Faults(throttle=0.2, seed=4)),
        "elsewhere-account-endpoint": Callable(first).at(account="777788889999"),
        "elsewhere-region-endpoint": Callable(first).at(region="us-west-2"),
        "not-ready-endpoint": fault("ModelNotReadyException", "Model is not ready"),
    }  # fmt: skip
