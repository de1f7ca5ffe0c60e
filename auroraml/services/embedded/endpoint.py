"""Endpoint: something behind an endpoint's name; Callable: any Python function given a request's rows."""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Callable as Function
from typing import Self, Unpack

import pyarrow as pa
import pyarrow.csv as pacsv

from auroraml.errors import DatabaseError
from auroraml.services.embedded.hosting import Hosting, HostingOptions
from auroraml.services.protocols import ModelFailure, Response, ServiceFailure, Waiting
from auroraml.services.request import Request
from auroraml.services.response import joined_lines, one_a_row

ACCOUNT = re.compile(r"\d{12}")
_READ = pacsv.ReadOptions(autogenerate_column_names=True)
_CONVERT = pacsv.ConvertOptions(strings_can_be_null=True, quoted_strings_can_be_null=False, null_values=[""])
_PLAIN, _QUOTED = (pacsv.ParseOptions(newlines_in_values=quoted, ignore_empty_lines=False) for quoted in (False, True))


class Endpoint(ABC):
    """A model that answers requests; `content` says whether it reads a request's "arrow" rows or its "csv" body."""

    content: str = "arrow"
    waits: Waiting = Waiting.PERHAPS
    account: str = ""  # whose it is; empty: the account that calls go to
    region: str = ""  # where it is; empty: the cluster's Region
    instance_type: str = ""  # what it would run on at Amazon; empty: the price list's default
    hosting: Hosting | None = None  # what it runs on in simulation; None: calls go straight to it

    def __init__(self, **options: Unpack[HostingOptions]) -> None:
        self.host(options)

    def host(self, options: HostingOptions) -> None:
        """Say where it runs."""
        self.instance_type = options.get("instance_type", self.instance_type)
        if options.keys() - {"instance_type"}:
            self.hosting = Hosting.of(options)

    def abandon(self, thread: int) -> None:  # noqa: B027 - most endpoints hold nothing that could be closed
        """Nobody waits any more for the call that `thread` makes: close what it waits on, if that can be closed."""

    def at(self, *, account: str = "", region: str = "", instance_type: str = "") -> Self:
        """Say in which account and Region it is (a cluster elsewhere does not find it), and what it runs on (decides its price)."""
        if account and not ACCOUNT.fullmatch(account):
            raise ValueError(f"account {account!r} is not twelve digits")
        self.account, self.region, self.instance_type = account, region, instance_type or self.instance_type
        return self

    @abstractmethod
    def invoke(self, request: Request) -> Response:
        """One text a row; raises ServiceFailure."""


class Callable(Endpoint):
    """A function of a request's rows (a pyarrow.Table with columns arg0, arg1, ...) to one value a row: a sequence, numpy or Arrow.

    With content="csv" the rows go through text/csv both ways, as with Amazon's endpoints: what was 0.50 arrives as 0.5.
    """

    def __init__(self, function: Function[[pa.Table], object], *, content: str = "arrow", **options: Unpack[HostingOptions]) -> None:
        super().__init__(**options)
        if content not in ("arrow", "csv"):
            raise ValueError("content is arrow or csv")
        self.function = function
        self.content = content

    def invoke(self, request: Request) -> Response:
        """The function's values as texts; its exceptions become ModelError with the original as their cause."""
        if self.content == "arrow":
            return Response(rows=one_a_row(called(self.function, request.table), request.n))
        table = read_csv(request.body)
        texts = one_a_row(called(self.function, table), request.n)
        return Response(body=joined_lines(texts.values))


def called(function: Function[[pa.Table], object], table: pa.Table) -> object:
    """The function's answer; whatever a model raises is the service's ModelError."""
    try:
        return function(table)
    except (ServiceFailure, DatabaseError):
        raise
    except TimeoutError as error:
        raise ModelFailure(0, f"Your model timed out: {error}") from error
    except Exception as error:
        raise ModelFailure(500, f"{type(error).__name__}: {error}") from error


def read_csv(body: bytes) -> pa.Table:
    """A text/csv request as columns arg0, arg1, ... of the types its fields look like; an empty field is NULL."""
    source, parse = pa.BufferReader(body + b"\n"), _QUOTED if b'"' in body else _PLAIN
    try:
        if len(body) < _READ.block_size:  # types are found in the first block, here the only one: the streaming reader starts no threads
            with pacsv.open_csv(source, _READ, parse, _CONVERT) as reader:
                table = reader.read_all()
        else:
            table = pacsv.read_csv(source, _READ, parse, _CONVERT)
    except pa.ArrowInvalid as error:
        raise ModelFailure(415, str(error)) from error
    return table.rename_columns([f"arg{i}" for i in range(table.num_columns)])
