"""The emulator's own functions as the first thing that a program asks for."""

from __future__ import annotations

import subprocess
import sys

import pytest


@pytest.mark.parametrize(
    "call", ["reset_bill()", "reset_service_calls()", "set_faults('comprehend', '{}')", "simulate_rows(NULL, 1)", "statistics_query()"]
)
def test_it_is_found_before_any_view_was_read(call: str) -> None:
    program = f"import auroraml; print(len(auroraml.connect(user='rdsadmin').execute({f'SELECT auroraml.{call}'!r}).fetchall()))"
    assert subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout == "1\n"
