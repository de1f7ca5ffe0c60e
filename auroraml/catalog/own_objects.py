"""The schema auroraml: views and functions of the emulator itself. They can be read and called, but no catalog lists them, as Aurora has none."""

from __future__ import annotations

from dataclasses import replace

from auroraml.ir.objects import Function, Parameter, Schema
from auroraml.types.table import INT4, INT8, JSONB, REGCLASS, TEXT, VOID

NAME = "auroraml"
SCHEMA = Schema(oid=9_100, name=NAME, acl=((10, "UC", 10), (0, "U", 10)))
_BILL = ("service:text operation:text target:text calls:int8 retries:int8 failures:int8 rows:int8 units:int8 input_tokens:int8 output_tokens:int8 "
         "seconds:float8 amount:numeric currency:text")  # fmt: skip
_CALLS = ("call_id:int8 pid:int4 statement:text worker:int4 batch:int4 service:text operation:text target:text items:int4 request_bytes:int8 "
          "response_bytes:int8 attempts:int4 status:text error:text started_at:timestamptz milliseconds:float8 units:int8 cost:numeric currency:text "
          "start_ms:float8 instance:int4 queued_ms:float8 attempt_times:jsonb")  # fmt: skip
RELATIONS: tuple[tuple[int, str, str, str, int, str], ...] = (  # as system_data.RELATIONS
    (9_110, NAME, "bill", "v", 9_111, _BILL),
    (9_112, NAME, "session_bill", "v", 9_113, _BILL),
    (9_114, NAME, "statement_bill", "v", 9_115, _BILL),
    (9_118, NAME, "prices", "v", 9_119, "list:text service:text item:text price:numeric currency:text per:text evidence:text date:date source:text"),
    (9_120, NAME, "service_calls", "v", 9_121, _CALLS),
    (9_116, NAME, "budget", "v", 9_117, "budget:numeric spent:numeric held:numeric remaining:numeric currency:text"),
)
RESET_BILL = Function(
    oid=9_101, name="reset_bill", schema=NAME, result=VOID, volatility="v", parallel="r", source="reset_bill", acl=((10, "X", 10), (15_000, "X", 10)),
    description="begin a new bill for the database",
)  # fmt: skip
RESET_SERVICE_CALLS = replace(
    RESET_BILL, oid=9_102, name="reset_service_calls", source="reset_service_calls", description="forget the service calls made so far"
)
SET_FAULTS = replace(
    RESET_BILL, oid=9_103, name="set_faults", source="set_faults", strict=True, description="make calls of an endpoint, a model or comprehend go wrong",
    parameters=(Parameter(name="target", type=TEXT), Parameter(name="faults", type=JSONB)),
)  # fmt: skip
SET_ENDPOINT_STATUS = replace(
    RESET_BILL, oid=9_104, name="set_endpoint_status", source="set_endpoint_status", strict=True, description="give an endpoint another status",
    parameters=(Parameter(name="endpoint_name", type=TEXT), Parameter(name="status", type=TEXT)),
)  # fmt: skip
LOAD_STATISTICS = Function(
    oid=9_105, name="load_statistics", schema=NAME, result=INT4, volatility="v", strict=True, source="load_statistics",
    parameters=(Parameter(name="document", type=JSONB),), description="plan with a server's statistics",
)  # fmt: skip
STATISTICS_QUERY = Function(
    oid=9_106, name="statistics_query", schema=NAME, result=TEXT, volatility="i", parallel="s", source="statistics_query",
    description="the query that exports a server's statistics",
)  # fmt: skip
SIMULATE_ROWS = Function(
    oid=9_107, name="simulate_rows", schema=NAME, result=INT8, volatility="v", source="simulate_rows",
    parameters=(Parameter(name="relation", type=REGCLASS), Parameter(name="rows", type=INT8)),
    description="describe a table by statistics of so many rows",
)  # fmt: skip
FUNCTIONS = {
    function.oid: function
    for function in (RESET_BILL, RESET_SERVICE_CALLS, SET_FAULTS, SET_ENDPOINT_STATUS, LOAD_STATISTICS, STATISTICS_QUERY, SIMULATE_ROWS)
}
