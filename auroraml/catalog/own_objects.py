"""The schema auroraml: views and functions of the emulator itself. They can be read and called, but no catalog lists them, as Aurora has none."""

from __future__ import annotations

from auroraml.ir.objects import Function, Schema
from auroraml.types.table import VOID

NAME = "auroraml"
SCHEMA = Schema(oid=9_100, name=NAME, acl=((10, "UC", 10), (0, "U", 10)))
_BILL = ("service:text operation:text target:text calls:int8 retries:int8 failures:int8 rows:int8 units:int8 input_tokens:int8 output_tokens:int8 "
         "seconds:float8 amount:numeric currency:text")  # fmt: skip
RELATIONS: tuple[tuple[int, str, str, str, int, str], ...] = (  # as system_data.RELATIONS
    (9_110, NAME, "bill", "v", 9_111, _BILL),
    (9_112, NAME, "session_bill", "v", 9_113, _BILL),
    (9_114, NAME, "statement_bill", "v", 9_115, _BILL),
    (9_118, NAME, "prices", "v", 9_119, "list:text service:text item:text price:numeric currency:text per:text evidence:text date:date source:text"),
    (9_116, NAME, "budget", "v", 9_117, "budget:numeric spent:numeric held:numeric remaining:numeric currency:text"),
)
RESET_BILL = Function(
    oid=9_101, name="reset_bill", schema=NAME, result=VOID, volatility="v", parallel="r", source="reset_bill", acl=((10, "X", 10), (15_000, "X", 10)),
    description="begin a new bill for the database",
)  # fmt: skip
FUNCTIONS = {function.oid: function for function in (RESET_BILL,)}
